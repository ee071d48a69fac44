//! The root: the router, the client, the frame around every page, and who may see which page.

mod confirm;
mod dock;
mod nav;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::{prelude::*, query::Raw};

use self::{confirm::Confirm, dock::Dock, nav::Nav};
use crate::{
    browser::clock,
    components::{Layout, SignOutState, start_screen},
    hooks::{ClientProvider, ToastProvider, use_client},
    pages::{
        Account, Audit, Disown, ForgotPassword, Home, Invite, Login, Members, NotFound, OauthCallback,
        OwnersOnly, Profile, Register, ResetPassword, Security, Sessions, VerifyEmail, connection_notice,
    },
    route::{LoginQuery, Route, SESSION_EXPIRED, destination},
    store::{
        auth::{AuthAction, AuthState, Phase, SignOut, TroubleKind},
        trace::{self, Trace},
    },
};

/// The page.
#[component]
pub fn App() -> Html {
    html! {
        <BrowserRouter>
            <Start />
        </BrowserRouter>
    }
}

#[component]
fn Start() -> Html {
    let route = use_route::<Route>().unwrap_or(Route::NotFound);
    let initial = use_state(move || initial_state(trace::find(), route));
    html! {
        <ClientProvider initial={(*initial).clone()}>
            <ToastProvider><Frame /></ToastProvider>
        </ClientProvider>
    }
}

/// What the page knows before it has asked. The cookie, which it cannot see, is the truth: it asks
/// wherever a session is needed, elsewhere only if one has left its trace.
fn initial_state(trace: Option<Trace>, route: Route) -> AuthState {
    match trace {
        Some(Trace::Closing) => AuthState::signed_out(SignOut::Unconfirmed),
        Some(Trace::Open { .. }) => AuthState::new(Phase::Starting),
        None if route.needs_session() => AuthState::new(Phase::Starting),
        None => AuthState::signed_out(SignOut::NoSession),
    }
}

#[component]
fn Frame() -> Html {
    let client = use_client();
    let sign_out = use_state(SignOutState::default);
    let route = use_route::<Route>().unwrap_or(Route::NotFound);

    let on_sign_out = {
        let (client, sign_out) = (client.clone(), sign_out.clone());
        Callback::from(move |()| {
            if *sign_out == SignOutState::Busy {
                return;
            }
            let (client, sign_out) = (client.clone(), sign_out.clone());
            sign_out.set(SignOutState::Busy);
            spawn_local(async move {
                let told = client.sign_out().await.is_ok();
                sign_out.set(if told { SignOutState::Idle } else { SignOutState::Failed });
            });
        })
    };
    let on_sign_out_here = {
        let (client, sign_out) = (client.clone(), sign_out.clone());
        Callback::from(move |()| {
            client.sign_out_here();
            sign_out.set(SignOutState::Idle);
        })
    };
    let on_retry = {
        let client = client.clone();
        Callback::from(move |()| client.store().dispatch(AuthAction::RetryNow { at: clock::now() }))
    };

    let state = client.store().read(Clone::clone);
    {
        let sign_out = sign_out.setter();
        use_effect_with(state.session().map(|session| session.id), move |_| sign_out.set(SignOutState::Idle));
    }
    let person = state.session().map(|session| AttrValue::from(session.user.name.clone()));
    let trouble = state.trouble.map(|trouble| trouble.kind);
    let notice =
        trouble.filter(|_| person.is_some()).map(|trouble| AttrValue::from(connection_notice(trouble)));

    let content = match (&state.phase, route) {
        (_, Route::NotFound) => html! { <NotFound /> },
        (Phase::Starting, _) => {
            let trouble = trouble.map(|kind| match kind {
                TroubleKind::Offline => "You’re offline",
                TroubleKind::Unreachable => "Curfew can’t be reached",
                TroubleKind::Unavailable => "Curfew can’t answer for the moment",
            });
            start_screen(trouble, &on_retry)
        }
        // For everybody, signed in or not.
        (_, Route::Register) => html! { <Register /> },
        (_, Route::ForgotPassword) => html! { <ForgotPassword /> },
        (_, Route::ResetPassword) => html! { <ResetPassword /> },
        (_, Route::VerifyEmail) => html! { <VerifyEmail /> },
        (_, Route::Disown) => html! { <Disown /> },
        (_, Route::Invite | Route::InviteToken { .. }) => html! { <Invite /> },
        (_, Route::OauthCallback { .. }) => html! { <OauthCallback /> },
        // A key of its own for each session: nothing of one person's is ever shown to the next.
        (Phase::SignedIn(session), route) => {
            let key = format!("{} {}", session.id, route.to_path());
            match route {
                Route::Home => html! { <Home key={key.clone()} /> },
                Route::Account => html! { <Account key={key.clone()} /> },
                Route::Security | Route::Audit | Route::Members if !state.is_owner() => {
                    html! { <OwnersOnly key={key.clone()} /> }
                }
                Route::Security => html! { <Security key={key.clone()} /> },
                Route::Audit => html! { <Audit key={key.clone()} /> },
                Route::Profile => html! { <Profile key={key.clone()} /> },
                Route::Sessions => html! { <Sessions key={key.clone()} /> },
                Route::Members => html! { <Members key={key.clone()} /> },
                _ => html! { <GoOn /> },
            }
        }
        (Phase::SignedOut { .. }, Route::Login) => html! { <Login /> },
        (Phase::SignedOut { reason, .. }, _) => html! { <GoToSignIn reason={*reason} /> },
    };
    html! {
        <Layout
            nav={person.as_ref().map(|_| html! { <Nav {route} /> }).unwrap_or_default()}
            dock={html! { <><Dock /><Confirm /></> }} {person} sign_out={*sign_out}
            {on_sign_out} {on_sign_out_here} {notice} {on_retry} children={content}
        />
    }
}

#[derive(Clone, PartialEq, Properties)]
struct GoToSignInProps {
    reason: SignOut,
}

/// Leaves a page that needs a session, and keeps where it was.
#[component]
fn GoToSignIn(props: &GoToSignInProps) -> Html {
    let (navigator, location) = (use_navigator(), use_location());
    let client = use_client();
    use_effect_with(props.reason, move |reason| {
        if *reason == SignOut::NoSession {
            // Nobody has asked yet: the way here led over a page that needs no session.
            client.store().dispatch(AuthAction::Started);
            return;
        }
        let (Some(navigator), Some(location)) = (navigator, location) else { return };
        let is_deliberate = matches!(reason, SignOut::ByPerson | SignOut::Unconfirmed);
        let query = LoginQuery {
            reason: (*reason == SignOut::Expired).then(|| SESSION_EXPIRED.to_owned()),
            next: (!is_deliberate).then(|| format!("{}{}", location.path(), location.query_str())),
        };
        // What is a query already always makes one.
        let _ = navigator.replace_with_query(&Route::Login, Raw(&query.write()));
    });
    Html::default()
}

/// Leaves the sign-in page for where somebody wanted to go.
#[component]
fn GoOn() -> Html {
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

#[cfg(test)]
mod tests {
    use crate::test;
    use chrono::DateTime;

    use super::*;

    #[test]
    fn the_server_is_asked_where_a_session_is_needed_or_has_left_its_trace() {
        let phase = |trace, route| initial_state(trace, route).phase;
        let asked = Phase::Starting;
        let signed_out = |reason| Phase::SignedOut { reason, ended: None };
        assert_eq!(phase(None, Route::Home), asked);
        assert_eq!(phase(None, Route::Login), signed_out(SignOut::NoSession));
        assert_eq!(phase(None, Route::NotFound), signed_out(SignOut::NoSession));
        for route in [Route::Home, Route::Login, Route::NotFound] {
            assert_eq!(phase(Some(Trace::Open { until: DateTime::UNIX_EPOCH }), route), asked);
            assert_eq!(phase(Some(Trace::Closing), route), signed_out(SignOut::Unconfirmed));
        }
    }
}
