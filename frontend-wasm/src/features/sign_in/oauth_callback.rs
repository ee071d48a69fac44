//! The page that a provider sends the browser back to.

use curfew_shared::{
    error::ErrorCode,
    oauth::{OauthCallbackRequest, OauthPurpose},
};
use yew::prelude::*;
use yew_router::{prelude::*, query::Raw};

use crate::{
    api::{failure::Failure, use_request::use_request},
    browser::dom,
    features::{messages, nav_link::NavLink, return_path},
    route::{Route, destination},
    session::use_client::use_client,
    ui::{
        live_region::LiveRegion,
        loading::Loading,
        narrow_layout::NarrowLayout,
        use_document_title::{Focus, use_document_title},
        use_toasts::use_toasts,
    },
};

/// Hands in what the provider returned, and navigates on.
#[component]
pub fn OauthCallback() -> Html {
    let client = use_client();
    let navigator = use_navigator();
    let toasts = use_toasts();
    let callback = use_request::<()>();
    let has_failed = callback.failure().is_some();
    use_document_title(if has_failed { "That did not work" } else { "Signing in" }, Focus::Untouched);
    let next = use_state(return_path::take);
    {
        let (client, next, callback) = (client.clone(), next.clone(), callback.clone());
        use_effect_with((), move |()| {
            let (provider, request) = take_response();
            callback.start(async move {
                match client.return_from_provider(&provider, &request).await? {
                    OauthPurpose::Link => toasts.show("Linked. You can sign in with it from now on."),
                    OauthPurpose::Reauthenticate => toasts.show("Confirmed. Go on with what you were doing."),
                    OauthPurpose::SignIn => {}
                }
                let (route, query) = destination(next.as_deref());
                if let Some(navigator) = navigator {
                    let _ = navigator.replace_with_query(&route, Raw(&query));
                }
                Ok(())
            });
        });
    }
    let Some(failure) = callback.failure() else {
        return html! {
            <NarrowLayout title="One moment"><Loading name="oauth" is_busy=true /></NarrowLayout>
        };
    };
    let (to, label) = if client.store().read(|state| state.session().is_some()) {
        (destination(next.as_deref()).0, "Go back")
    } else if failure.code() == Some(ErrorCode::OauthLinkRequired) {
        (Route::Home, "Sign in with the password")
    } else {
        (Route::Home, "Back to sign-in")
    };
    html! {
        <NarrowLayout title="That did not work">
            <LiveRegion id="oauth-alert" is_alert=true text={not_signed_in(failure)} />
            <NavLink {to} class="button primary"><span id="oauth-back">{ label }</span></NavLink>
        </NarrowLayout>
    }
}

/// The provider's name and its response, which is taken out of the address.
fn take_response() -> (String, OauthCallbackRequest) {
    let provider = dom::last_segment().unwrap_or_default();
    let query = dom::take_query();
    let value = |name: &str| query.as_ref().and_then(|query| query.get(name));
    let request = OauthCallbackRequest {
        state: value("state").unwrap_or_default(),
        code: value("code"),
        iss: value("iss"),
        error: value("error"),
        error_description: value("error_description"),
    };
    (provider, request)
}

fn not_signed_in(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::EmailNotVerified) => {
            "The provider does not vouch for your e-mail address, so we sent a message to it. Open the link in it, \
             then sign in again."
                .into()
        }
        Some(ErrorCode::OauthLinkRequired) => {
            "There is a user with this e-mail address already. Sign in with the password once, then link the \
             provider under your profile."
                .into()
        }
        Some(ErrorCode::RegistrationClosed) => {
            "New accounts are by invitation only. If you have a user here, sign in with the password once, then link \
             the provider under your profile."
                .into()
        }
        Some(ErrorCode::InvalidCredentials) => "This user cannot sign in. Ask an owner of the account.".into(),
        Some(ErrorCode::InvalidLink) => {
            "This invitation is no longer good. Ask whoever invited you to send it again.".into()
        }
        Some(ErrorCode::SessionRevoked) => {
            "The session in which you began has ended. Sign in, then begin again.".into()
        }
        _ => messages::not_done(failure),
    }
}
