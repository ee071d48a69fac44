//! The sign-in page.

use curfew_shared::error::FieldError;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::words;
use crate::{
    api::Failure,
    components::{Banner, Credentials, SignInForm},
    hooks::{Focus, use_client, use_page},
    route::{LoginQuery, SESSION_EXPIRED},
    store::auth::{Phase, SignOut},
};

#[derive(Clone, PartialEq, Default)]
enum Attempt {
    #[default]
    None,
    Busy,
    Failed(Failure),
}

/// Signs somebody in. Where to go then is for the frame around it, which sees the store change.
#[component]
pub fn Login() -> Html {
    use_page("Sign in", Focus::To("#email"));
    let client = use_client();
    let attempt = use_state(Attempt::default);
    let query = use_location().and_then(|location| location.query::<LoginQuery>().ok()).unwrap_or_default();

    let on_submit = {
        let (client, attempt) = (client.clone(), attempt.clone());
        Callback::from(move |Credentials { email, password }| {
            // A second submit may come before the form has been told of the first.
            if *attempt == Attempt::Busy {
                return;
            }
            let (client, attempt) = (client.clone(), attempt.clone());
            attempt.set(Attempt::Busy);
            spawn_local(async move {
                attempt.set(match client.sign_in(email.trim().to_owned(), password).await {
                    Ok(()) => Attempt::None,
                    Err(failure) => Attempt::Failed(failure),
                });
            });
        })
    };
    let (alert, errors) = match &*attempt {
        Attempt::Failed(failure) => (Some(words::sign_in_failure(failure)), field_errors(failure)),
        Attempt::None | Attempt::Busy => (None, Vec::new()),
    };
    let is_untold = client
        .store()
        .read(|state| matches!(state.phase, Phase::SignedOut { reason: SignOut::Unconfirmed, .. }));
    let banner = if is_untold {
        Some(
            "You are signed out here. The server still has to be told; that happens by itself as soon as it can be reached.",
        )
    } else if query.reason.as_deref() == Some(SESSION_EXPIRED) {
        Some("Your session has expired. Sign in again to go on where you were.")
    } else {
        None
    };

    html! {
        <div class="sign-in">
            <h1 tabindex="-1">{ "Sign in" }</h1>
            <Banner id="banner" message={banner.map(AttrValue::from)} />
            <div class="card">
                <SignInForm
                    is_busy={*attempt == Attempt::Busy}
                    alert={alert.map(AttrValue::from)}
                    {errors}
                    {on_submit}
                />
            </div>
            <p class="hint">
                { "You stay signed in on this device while you use Curfew. A session that is not used ends by \
                   itself; how long that takes is set for your account and shown once you are signed in." }
            </p>
        </div>
    }
}

fn field_errors(failure: &Failure) -> Vec<FieldError> {
    match failure {
        Failure::Refused { problem, .. } => {
            let is_shown = |error: &&FieldError| ["email", "password"].contains(&error.field.as_str());
            problem.errors.iter().filter(is_shown).cloned().collect()
        }
        _ => Vec::new(),
    }
}
