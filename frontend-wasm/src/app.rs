//! The root: the router, the client, the layout around every page, and who may see which page.

pub mod crash_screen;
pub mod nav;
pub mod reauth_dialog;
pub mod redirects;
pub mod session_expiry_toast;
pub mod status_dock;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use self::{
    nav::Nav,
    reauth_dialog::ReauthDialog,
    redirects::{RedirectSignedIn, RedirectToLogin},
    status_dock::StatusDock,
};
use crate::{
    api::failure::ConnectionProblem,
    browser::clock,
    features::{
        account::page::Account,
        audit::page::Audit,
        home::page::Home,
        invitation::page::Invite,
        members::page::Members,
        messages::connection_notice,
        not_found::NotFound,
        own_sessions::page::Sessions,
        owners_only::OwnersOnly,
        profile::page::Profile,
        recovery::{disown::Disown, forgot_password::ForgotPassword, reset_password::ResetPassword},
        registration::{register::Register, verify_email::VerifyEmail},
        security::page::Security,
        sign_in::{oauth_callback::OauthCallback, page::Login},
    },
    route::Route,
    session::{
        auth_state::{AuthAction, AuthState, Phase, SignOutReason},
        session_marker::{self, SessionMarker},
        use_client::{ClientProvider, use_client},
    },
    ui::{
        layout::{Layout, SignOutState},
        start_screen::StartScreen,
        use_toasts::ToastProvider,
    },
};

/// The page.
#[component]
pub fn App() -> Html {
    html! {
        <BrowserRouter>
            <Root />
        </BrowserRouter>
    }
}

/// The contexts that every page needs.
#[component]
fn Root() -> Html {
    let route = use_route::<Route>().unwrap_or(Route::NotFound);
    let initial = use_state(move || initial_state(session_marker::read(), route));
    html! {
        <ClientProvider initial={(*initial).clone()}>
            <ToastProvider><Shell /></ToastProvider>
        </ClientProvider>
    }
}

/// What the page knows before it has asked the server. Only the cookie decides, which the page cannot see: it asks
/// wherever a session is needed, and elsewhere only if a session has left its marker.
fn initial_state(marker: Option<SessionMarker>, route: Route) -> AuthState {
    match marker {
        Some(SessionMarker::SignOutPending) => AuthState::signed_out(SignOutReason::Unconfirmed),
        Some(SessionMarker::SignedIn { .. }) => AuthState::new(Phase::Starting),
        None if route.needs_session() => AuthState::new(Phase::Starting),
        None => AuthState::signed_out(SignOutReason::NoSession),
    }
}

/// The layout with the page of the current route.
#[component]
fn Shell() -> Html {
    let client = use_client();
    let route = use_route::<Route>().unwrap_or(Route::NotFound);
    let (sign_out, on_sign_out, on_sign_out_here) = use_sign_out();
    let on_retry = {
        let client = client.clone();
        Callback::from(move |()| client.store().dispatch(AuthAction::RetryNow { at: clock::now() }))
    };
    let state = client.store().read(Clone::clone);
    let person = state.session().map(|session| session.user.name.clone());
    let problem = state.outage.map(|outage| outage.problem);
    html! {
        <Layout
            nav={person.as_ref().map(|_| html! { <Nav {route} /> }).unwrap_or_default()}
            dock={html! { <><StatusDock /><ReauthDialog /></> }}
            notice={problem.filter(|_| person.is_some()).map(connection_notice)}
            person={person.map(AttrValue::from)} {sign_out} {on_sign_out} {on_sign_out_here}
            on_retry={&on_retry}
        >
            { page(&state, route, &on_retry) }
        </Layout>
    }
}

/// The progress of a sign-out, a callback to sign out, and one to sign out here although the server cannot be told.
#[hook]
fn use_sign_out() -> (SignOutState, Callback<()>, Callback<()>) {
    let client = use_client();
    let state = use_state(SignOutState::default);
    {
        let state = state.setter();
        let session = client.store().read(|state| state.session().map(|session| session.id));
        use_effect_with(session, move |_| state.set(SignOutState::Idle));
    }
    let on_sign_out = {
        let (client, state) = (client.clone(), state.clone());
        Callback::from(move |()| {
            if *state == SignOutState::Busy {
                return;
            }
            let (client, state) = (client.clone(), state.clone());
            state.set(SignOutState::Busy);
            spawn_local(async move {
                let is_done = client.sign_out().await.is_ok();
                state.set(if is_done { SignOutState::Idle } else { SignOutState::Failed });
            });
        })
    };
    let on_sign_out_here = {
        let state = state.setter();
        Callback::from(move |()| {
            client.sign_out_here();
            state.set(SignOutState::Idle);
        })
    };
    (*state, on_sign_out, on_sign_out_here)
}

/// The page of the route, or what has to come before it.
fn page(state: &AuthState, route: Route, on_retry: &Callback<()>) -> Html {
    match (&state.phase, route) {
        (_, Route::NotFound) => html! { <NotFound /> },
        (Phase::Starting, _) => {
            let problem = state.outage.map(|outage| match outage.problem {
                ConnectionProblem::Offline => "You’re offline",
                ConnectionProblem::Unreachable => "Curfew can’t be reached",
                ConnectionProblem::Unavailable => "Curfew can’t answer for the moment",
            });
            html! { <StartScreen {problem} {on_retry} /> }
        }
        // These are for everyone, signed in or not.
        (_, Route::Register) => html! { <Register /> },
        (_, Route::ForgotPassword) => html! { <ForgotPassword /> },
        (_, Route::ResetPassword) => html! { <ResetPassword /> },
        (_, Route::VerifyEmail) => html! { <VerifyEmail /> },
        (_, Route::Disown) => html! { <Disown /> },
        (_, Route::Invite | Route::InviteToken { .. }) => html! { <Invite /> },
        (_, Route::OauthCallback { .. }) => html! { <OauthCallback /> },
        (Phase::SignedIn(session), route) => {
            // Each session has a key of its own: nothing of one person's is ever shown to the next.
            let key = session.id.to_string();
            match route {
                Route::Home => html! { <Home {key} /> },
                Route::Account => html! { <Account {key} /> },
                Route::Security | Route::Audit | Route::Members if !state.is_owner() => {
                    html! { <OwnersOnly key={format!("{key} {}", route.to_path())} /> }
                }
                Route::Security => html! { <Security {key} /> },
                Route::Audit => html! { <Audit {key} /> },
                Route::Profile => html! { <Profile {key} /> },
                Route::Sessions => html! { <Sessions {key} /> },
                Route::Members => html! { <Members {key} /> },
                _ => html! { <RedirectSignedIn /> },
            }
        }
        (Phase::SignedOut { .. }, Route::Login) => html! { <Login /> },
        (Phase::SignedOut { reason, .. }, _) => html! { <RedirectToLogin reason={*reason} /> },
    }
}

#[cfg(test)]
mod tests {
    use crate::test;
    use chrono::DateTime;

    use super::*;

    #[test]
    fn the_server_is_asked_where_a_session_is_needed_or_has_left_its_marker() {
        let phase = |marker, route| initial_state(marker, route).phase;
        let asked = Phase::Starting;
        let signed_out = |reason| Phase::SignedOut { reason, ended: None };
        assert_eq!(phase(None, Route::Home), asked);
        assert_eq!(phase(None, Route::Login), signed_out(SignOutReason::NoSession));
        assert_eq!(phase(None, Route::NotFound), signed_out(SignOutReason::NoSession));
        for route in [Route::Home, Route::Login, Route::NotFound] {
            let marker = SessionMarker::SignedIn { until: DateTime::UNIX_EPOCH };
            assert_eq!(phase(Some(marker), route), asked);
            let pending = Some(SessionMarker::SignOutPending);
            assert_eq!(phase(pending, route), signed_out(SignOutReason::Unconfirmed));
        }
    }
}
