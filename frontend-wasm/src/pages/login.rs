//! The sign-in page.

use curfew_shared::{
    error::FieldError,
    oauth::{OauthPurpose, ProvidersResponse},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{oauth_callback::NEXT, words};
use crate::{
    api::{Failure, people, send},
    browser::storage,
    components::{Credentials, SignInForm, provider_buttons},
    hooks::{Focus, use_client, use_page, use_work},
    route::{LoginQuery, Route, SESSION_EXPIRED},
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
    let providers = use_state(|| None::<ProvidersResponse>);
    let leaving = use_work::<()>();
    {
        let providers = providers.setter();
        // Without an answer the form for the password is there all the same.
        use_effect_with((), move |()| {
            spawn_local(async move { providers.set(send(people::providers()).await.ok()) });
        });
    }
    let query = use_location().map(|location| LoginQuery::read(location.query_str())).unwrap_or_default();

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
    let on_provider = {
        let (client, leaving, next) = (client.clone(), leaving.clone(), query.next.clone());
        Callback::from(move |provider: String| {
            let client = client.clone();
            match &next {
                Some(next) => storage::keep_in_tab(NEXT, next),
                None => drop(storage::take_from_tab(NEXT)),
            }
            leaving.run(async move { client.go_to_provider(&provider, OauthPurpose::SignIn, None).await });
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
            { super::status("banner", banner.map(Into::into)) }
            <div class="card">
                <SignInForm
                    is_busy={*attempt == Attempt::Busy} alert={alert.map(AttrValue::from)} {errors}
                    {on_submit}
                />
                <p class="aside">
                    { super::link(Route::ForgotPassword, "", "Forgot your password?".into()) }
                </p>
                { super::alert("provider-alert", leaving.failure().map(words::not_done)) }
                if let Some(ways) = providers.as_ref().filter(|ways| !ways.providers.is_empty()) {
                    <p class="or">{ "or" }</p>
                    { provider_buttons(&ways.providers, "Sign in with", leaving.is_busy(), &on_provider) }
                }
            </div>
            if providers.as_ref().is_some_and(|ways| ways.registration_open) {
                <p class="aside">
                    { "New here? " }{ super::link(Route::Register, "", "Create an account".into()) }
                </p>
            }
            <p class="hint">
                { "You stay signed in on this device while you use Curfew. A session that is not used ends by \
                   itself, and what is not saved by then is lost. How long that takes is set for your account \
                   and shown once you are signed in." }
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
