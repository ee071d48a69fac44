//! Back from a provider.

use curfew_shared::{
    error::ErrorCode,
    oauth::{OauthCallbackRequest, OauthPurpose},
};
use yew::prelude::*;
use yew_router::{prelude::*, query::Raw};

use super::{alert, link, load_state, narrow, words};
use crate::{
    api::Failure,
    browser::{page, storage},
    hooks::{Focus, use_client, use_page, use_toasts, use_work},
    route::{Route, destination},
};

/// Where to go after the provider; kept while the page is away. A path of this page, no secret.
pub const NEXT: &str = "curfew.next";

/// Hands in what the provider answered, and goes on.
#[component]
pub fn OauthCallback() -> Html {
    let client = use_client();
    let navigator = use_navigator();
    let toasts = use_toasts();
    let work = use_work::<()>();
    let is_refused = work.failure().is_some();
    use_page(if is_refused { "That did not work" } else { "Signing in" }, Focus::Untouched);
    let next = use_state(|| storage::take_from_tab(NEXT));
    {
        let (client, next, work) = (client.clone(), next.clone(), work.clone());
        use_effect_with((), move |()| {
            let provider = page::last_segment().unwrap_or_default();
            let query = page::take_query();
            let value = |name: &str| query.as_ref().and_then(|query| query.get(name));
            let request = OauthCallbackRequest {
                state: value("state").unwrap_or_default(),
                code: value("code"),
                iss: value("iss"),
                error: value("error"),
                error_description: value("error_description"),
            };
            work.run(async move {
                let purpose = client.return_from_provider(&provider, &request).await?;
                match purpose {
                    OauthPurpose::Link => toasts.say("Linked. You can sign in with it from now on."),
                    OauthPurpose::Reauthenticate => toasts.say("Confirmed. Go on with what you were doing."),
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
    let Some(failure) = work.failure() else {
        return narrow("One moment", "", load_state("oauth", true, None, &Callback::noop()));
    };
    let (way_on, words) = if client.store().read(|state| state.session().is_some()) {
        (destination(next.as_deref()).0, "Go back")
    } else if failure.code() == Some(ErrorCode::OauthLinkRequired) {
        (Route::Home, "Sign in with the password")
    } else {
        (Route::Home, "Back to sign-in")
    };
    let content = html! {
        <>
            { alert("oauth-alert", Some(words_for(failure))) }
            { link(way_on, "button primary", html! { <span id="oauth-back">{ words }</span> }) }
        </>
    };
    narrow("That did not work", "", content)
}

fn words_for(failure: &Failure) -> String {
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
        _ => words::not_done(failure),
    }
}
