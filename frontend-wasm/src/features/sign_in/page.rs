//! The sign-in page.

use curfew_shared::oauth::{OauthPurpose, ProvidersResponse};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::sign_in_form::{Credentials, SignInForm};
use crate::{
    api::{oauth, request::send, use_request::use_request},
    features::{form_status::form_status, messages, nav_link::NavLink, return_path},
    route::{LoginQuery, Route, SESSION_EXPIRED},
    session::{
        auth_state::{Phase, SignOutReason},
        client::Client,
        use_client::use_client,
    },
    ui::{
        form::FormStatus,
        live_region::LiveRegion,
        provider_buttons::ProviderButtons,
        use_document_title::{Focus, use_document_title},
    },
};

/// Signs someone in. The shell around it sees the store change and navigates.
#[component]
pub fn Login() -> Html {
    use_document_title("Sign in", Focus::To("#email"));
    let client = use_client();
    let sign_in = use_request::<()>();
    let leaving = use_request::<()>();
    let providers = use_state(|| None::<ProvidersResponse>);
    {
        let providers = providers.setter();
        // Without a response the form for the password is there all the same.
        use_effect_with((), move |()| {
            spawn_local(async move { providers.set(send(oauth::providers()).await.ok()) });
        });
    }
    let query = use_location().map(|location| LoginQuery::read(location.query_str())).unwrap_or_default();
    let on_submit = sign_in.callback(&client, |client: Client, credentials: Credentials| async move {
        client.sign_in(credentials.email.trim().to_owned(), credentials.password).await
    });
    let on_provider = {
        let context = (client.clone(), query.next.clone());
        leaving.callback(&context, |(client, next), provider: String| async move {
            match next {
                Some(next) => return_path::set(&next),
                None => drop(return_path::take()),
            }
            client.go_to_provider(&provider, OauthPurpose::SignIn, None).await
        })
    };
    let is_pending = client
        .store()
        .read(|state| matches!(state.phase, Phase::SignedOut { reason: SignOutReason::Unconfirmed, .. }));
    let banner = if is_pending {
        Some(
            "You are signed out here. The server still has to be told; that happens by itself as soon as it can be reached.",
        )
    } else if query.reason.as_deref() == Some(SESSION_EXPIRED) {
        Some("Your session has expired. Sign in again to go on where you were.")
    } else {
        None
    };
    let FormStatus { is_busy, alert, errors } = form_status(&sign_in, messages::sign_in_failure);
    let providers = providers.as_ref();

    html! {
        <div class="sign-in">
            <h1 tabindex="-1">{ "Sign in" }</h1>
            <LiveRegion id="banner" text={banner} />
            <div class="card">
                <SignInForm {is_busy} {alert} {errors} {on_submit} />
                <p class="aside"><NavLink to={Route::ForgotPassword}>{ "Forgot your password?" }</NavLink></p>
                <LiveRegion id="provider-alert" is_alert=true text={leaving.failure().map(messages::not_done)} />
                if let Some(ways) = providers.filter(|ways| !ways.providers.is_empty()) {
                    <p class="or">{ "or" }</p>
                    <ProviderButtons
                        providers={ways.providers.clone()} action="Sign in with" is_busy={leaving.is_busy()}
                        on_press={on_provider}
                    />
                }
            </div>
            if providers.is_some_and(|ways| ways.registration_open) {
                <p class="aside">
                    { "New here? " }<NavLink to={Route::Register}>{ "Create an account" }</NavLink>
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
