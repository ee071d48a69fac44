//! Redirects between the sign-in page and the pages that need a session.

use yew::prelude::*;
use yew_router::{prelude::*, query::Raw};

use crate::{
    route::{LoginQuery, Route, SESSION_EXPIRED, destination},
    session::{
        auth_state::{AuthAction, SignOutReason},
        use_client::use_client,
    },
};

/// Props of [`RedirectToLogin`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RedirectToLoginProps {
    pub reason: SignOutReason,
}

/// Leaves a page that needs a session, and keeps its address for afterwards.
#[component]
pub fn RedirectToLogin(props: &RedirectToLoginProps) -> Html {
    let (navigator, location) = (use_navigator(), use_location());
    let client = use_client();
    use_effect_with(props.reason, move |reason| {
        if *reason == SignOutReason::NoSession {
            // The server has not been asked yet: the person came from a page that needs no session.
            client.store().dispatch(AuthAction::Started);
            return;
        }
        let (Some(navigator), Some(location)) = (navigator, location) else { return };
        let is_deliberate = matches!(reason, SignOutReason::ByUser | SignOutReason::Unconfirmed);
        let query = LoginQuery {
            reason: (*reason == SignOutReason::Expired).then(|| SESSION_EXPIRED.to_owned()),
            next: (!is_deliberate).then(|| format!("{}{}", location.path(), location.query_str())),
        };
        // A raw query always serializes.
        let _ = navigator.replace_with_query(&Route::Login, Raw(&query.write()));
    });
    Html::default()
}

/// Leaves the sign-in page for the page that the person wanted.
#[component]
pub fn RedirectSignedIn() -> Html {
    let (navigator, location) = (use_navigator(), use_location());
    use_effect_with((), move |()| {
        let query = location.map(|location| LoginQuery::read(location.query_str())).unwrap_or_default();
        let (route, query) = destination(query.next.as_deref());
        if let Some(navigator) = navigator {
            let _ = navigator.replace_with_query(&route, Raw(&query));
        }
    });
    Html::default()
}
