//! The client, the store and the other tabs together.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use chrono::TimeDelta;
use curfew_shared::{
    error::ErrorCode,
    route::api::{CHANGE_EMAIL, LOGIN_JSON, LOGOUT, ME, REAUTHENTICATE, REFRESH},
};
use gloo_timers::callback::Timeout;
use serde_json::json;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test as test;
use yew::prelude::*;

use super::{
    screen::{Screen, until},
    server::{Fate, SESSION, Server, access_token, token_of, tokens},
};
use curfew_frontend::{
    api::{
        failure::{ConnectionProblem, Failure},
        profile,
    },
    browser::{clock, lock, storage},
    session::{
        auth_state::{AuthState, Phase, RefreshTrigger, SignOutReason},
        client::Client,
        tab_sync::{TabMessage, TabSync},
        use_client::{ClientProvider, use_client},
    },
};

#[derive(Clone, PartialEq, Properties)]
struct TabProps {
    initial: AuthState,
    client: Rc<RefCell<Option<Client>>>,
}

/// What a tab has at its root, less the pages and the timers.
#[component]
fn Tab(props: &TabProps) -> Html {
    html! {
        <ClientProvider initial={props.initial.clone()}><Lend ..props.clone() /></ClientProvider>
    }
}

#[component]
fn Lend(props: &TabProps) -> Html {
    *props.client.borrow_mut() = Some(use_client());
    Html::default()
}

async fn open_tab() -> (Screen<Tab>, Client) {
    let props = TabProps { initial: AuthState::new(Phase::Starting), client: Rc::default() };
    let screen = Screen::<Tab>::show(props.clone());
    let client = until("the client", || props.client.borrow().clone()).await;
    (screen, client)
}

async fn open_signed_in_tab() -> (Screen<Tab>, Client) {
    let (screen, client) = open_tab().await;
    client.sign_in("ada@example.com".into(), "secret".into()).await.unwrap();
    assert!(client.store().read(|state| state.session().is_some()));
    (screen, client)
}

fn reason(client: &Client) -> Option<SignOutReason> {
    client.store().read(|state| match state.phase {
        Phase::SignedOut { reason, .. } => Some(reason),
        _ => None,
    })
}

#[test]
async fn the_cookie_alone_restores_a_session() {
    let server = Server::start(|_, _| Fate::Well);
    let (_screen, client) = open_tab().await;
    client.refresh(RefreshTrigger::UserActivity).await;
    let name = client.store().read(|state| state.session().map(|session| session.user.name.clone()));
    assert_eq!(name.as_deref(), Some("Ada"));
    assert_eq!(server.calls(REFRESH)[0].body, r#"{"passive":false}"#);
    assert_eq!(server.calls(REFRESH)[0].bearer, None);
}

#[test]
async fn a_session_in_the_page_leaves_no_token_in_storage() {
    let _server = Server::start(|_, _| Fate::Well);
    let (_screen, client) = open_signed_in_tab().await;
    client.refresh(RefreshTrigger::Background).await;
    let storage = web_sys::window().unwrap().local_storage().unwrap().unwrap();
    assert_eq!(storage.length().unwrap(), 1);
    let trace = storage::get("curfew.session").unwrap();
    assert!(trace.strip_prefix("open ").is_some_and(|until| until.parse::<u64>().is_ok()), "{trace}");
}

#[test]
async fn any_number_of_calls_with_a_lapsed_token_refresh_once() {
    let has_lapsed = Rc::new(Cell::new(false));
    let server = {
        let has_lapsed = Rc::clone(&has_lapsed);
        let first = format!("Bearer {}", access_token(1));
        Server::start(move |call, _| {
            if has_lapsed.get() && call.bearer.as_ref() == Some(&first) {
                Fate::Refused(ErrorCode::AccessTokenExpired)
            } else {
                Fate::Well
            }
        })
    };
    let (_screen, client) = open_signed_in_tab().await;
    has_lapsed.set(true);
    let answers = Rc::new(Cell::new(0));
    for _ in 0..5 {
        let (client, answers) = (client.clone(), Rc::clone(&answers));
        spawn_local(async move {
            client.me().await.unwrap();
            answers.set(answers.get() + 1);
        });
    }
    until("five answers", || (answers.get() == 5).then_some(())).await;
    assert_eq!(server.calls(REFRESH).len(), 1);
    assert_eq!(server.calls(ME).len(), 1 + 5 + 5, "at the sign-in, in vain, again");
}

#[test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let server = Server::start(
        |call, before| {
            if call.path == REFRESH && before < 2 { Fate::Lost } else { Fate::Well }
        },
    );
    let (_screen, client) = open_signed_in_tab().await;
    client.refresh(RefreshTrigger::UserActivity).await;
    assert!(storage::get("curfew.refresh").is_some(), "a reload or another tab finds it");
    assert_eq!(
        client.store().read(|state| state.outage.map(|outage| (outage.problem, outage.attempts))),
        Some((ConnectionProblem::Unreachable, 1))
    );
    assert!(client.store().read(|state| state.session().is_some()), "silence signs nobody out");
    client.refresh(RefreshTrigger::UserActivity).await;
    client.refresh(RefreshTrigger::UserActivity).await;
    client.refresh(RefreshTrigger::UserActivity).await;
    let keys: Vec<_> = server.calls(REFRESH).into_iter().map(|call| call.idempotency_key.unwrap()).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys[0] == keys[1] && keys[1] == keys[2], "until an answer came");
    assert_ne!(keys[2], keys[3], "and not after");
    assert!(storage::get("curfew.refresh").is_none());
    assert_eq!(client.store().read(|state| state.outage), None);
}

#[test]
async fn a_repeated_answer_that_renewed_nothing_is_followed_by_one_that_does() {
    let server = Server::start(
        |call, before| {
            if call.path == REFRESH && before == 0 { Fate::Lost } else { Fate::Well }
        },
    );
    let (_screen, client) = open_signed_in_tab().await;
    client.refresh(RefreshTrigger::Background).await;
    client.refresh(RefreshTrigger::UserActivity).await;
    let calls = server.calls(REFRESH);
    let bodies: Vec<_> = calls.iter().map(|call| call.body.as_str()).collect();
    assert_eq!(bodies, [r#"{"passive":true}"#, r#"{"passive":false}"#, r#"{"passive":false}"#]);
    assert_eq!(calls[0].idempotency_key, calls[1].idempotency_key);
    assert_ne!(calls[1].idempotency_key, calls[2].idempotency_key);
}

#[test]
async fn refusals_that_do_not_judge_the_token_keep_the_session_and_the_key() {
    for code in
        [ErrorCode::Unavailable, ErrorCode::TooManyRequests, ErrorCode::Forbidden, ErrorCode::Internal]
    {
        let _server =
            Server::start(move |call, _| if call.path == REFRESH { Fate::Refused(code) } else { Fate::Well });
        let (_screen, client) = open_signed_in_tab().await;
        client.refresh(RefreshTrigger::Background).await;
        assert!(client.store().read(|state| state.session().is_some() && state.outage.is_some()), "{code}");
        assert!(storage::get("curfew.refresh").is_some(), "{code}");
    }
}

#[test]
async fn the_three_endings_are_told_apart_and_leave_nothing_behind() {
    for (code, expected) in [
        (ErrorCode::SessionExpiredIdle, SignOutReason::Expired),
        (ErrorCode::SessionExpiredAbsolute, SignOutReason::Expired),
        (ErrorCode::InvalidRefreshToken, SignOutReason::Refused),
    ] {
        let _server =
            Server::start(move |call, _| if call.path == REFRESH { Fate::Refused(code) } else { Fate::Well });
        let (_screen, client) = open_signed_in_tab().await;
        client.refresh(RefreshTrigger::Background).await;
        assert_eq!(reason(&client), Some(expected), "{code}");
        assert_eq!(web_sys::window().unwrap().local_storage().unwrap().unwrap().length().unwrap(), 0);
        assert_eq!(client.me().await, Err(Failure::SignedOut));
    }
}

#[test]
async fn tabs_share_a_refresh_and_a_sign_out() {
    let server = Server::start(|_, _| Fate::Well);
    let (_first_screen, first) = open_signed_in_tab().await;
    let (_second_screen, second) = open_tab().await;
    second.refresh(RefreshTrigger::UserActivity).await;
    let newest = second.store().read(|state| state.session().unwrap().access_token.clone());
    until("the token in the first tab", || {
        first.store().read(|state| state.session().is_some_and(|s| s.access_token == newest)).then_some(())
    })
    .await;
    second.sign_out().await.unwrap();
    until("the sign-out in the first tab", || reason(&first)).await;
    assert_eq!((reason(&first), reason(&second)), (Some(SignOutReason::ByUser), Some(SignOutReason::ByUser)));
    assert_eq!(server.calls(LOGOUT).len(), 1);
    first.refresh(RefreshTrigger::UserActivity).await;
    assert_eq!(server.calls(REFRESH).len(), 1, "nobody is signed in, so nothing is refreshed");
}

#[test]
async fn the_loser_of_a_race_clears_nothing() {
    // Another tab has got a newer token, and its word comes a moment after this tab's refusal.
    let tabs = TabSync::open();
    let elsewhere = Rc::new(RefCell::new(None));
    let server = {
        let elsewhere = Rc::clone(&elsewhere);
        Server::start(move |call, _| {
            if call.path != REFRESH {
                return Fate::Well;
            }
            if let Some(news) = elsewhere.borrow_mut().take() {
                let tabs = tabs.clone();
                Timeout::new(20, move || tabs.broadcast(&news)).forget();
            }
            Fate::Refused(ErrorCode::InvalidRefreshToken)
        })
    };
    let (_screen, client) = open_signed_in_tab().await;
    let mut session = client.store().read(|state| state.session().cloned().unwrap());
    session.access_token = curfew_frontend::api::access_token::AccessToken::new(access_token(99));
    *elsewhere.borrow_mut() = Some(TabMessage::SignedIn(Box::new(session)));
    client.refresh(RefreshTrigger::Background).await;
    let token = until("the winner's token", || {
        client.store().read(|state| state.session().map(|session| session.access_token.clone()))
    })
    .await;
    assert_eq!(token.expose(), access_token(99));
    assert_eq!(server.calls(REFRESH).len(), 1);
}

#[test]
async fn the_end_of_another_session_is_none_of_this_tabs() {
    let _server = Server::start(|_, _| Fate::Well);
    let (_screen, client) = open_signed_in_tab().await;
    let tabs = TabSync::open();
    let other = curfew_shared::id::SessionId(uuid::Uuid::from_u128(77));
    tabs.broadcast(&TabMessage::Ended { reason: SignOutReason::Expired, session: other });
    tabs.broadcast(&TabMessage::Ended { reason: SignOutReason::ByUser, session: SESSION });
    until("the end", || reason(&client)).await;
    assert_eq!(reason(&client), Some(SignOutReason::ByUser), "the first had no effect");
}

#[test]
async fn a_sign_out_that_the_server_was_not_told_of_is_told_later() {
    let server =
        Server::start(|call, before| if call.path == LOGOUT && before < 2 { Fate::Lost } else { Fate::Well });
    let (_screen, client) = open_signed_in_tab().await;
    assert_eq!(client.sign_out().await, Err(Failure::Unreachable));
    assert!(client.store().read(|state| state.session().is_some()), "the choice is the person's");
    client.sign_out_here();
    assert_eq!(reason(&client), Some(SignOutReason::Unconfirmed));
    client.confirm_sign_out().await;
    assert_eq!(reason(&client), Some(SignOutReason::Unconfirmed), "lost again");
    assert_eq!(storage::get("curfew.session").as_deref(), Some("closing"), "a reload would know");
    client.confirm_sign_out().await;
    assert_eq!(reason(&client), Some(SignOutReason::ByUser));
    assert_eq!(storage::get("curfew.session"), None);
    assert_eq!(server.calls(LOGOUT).len(), 3);
}

#[test]
async fn a_confirmation_with_a_lapsed_token_refreshes_in_its_own_turn() {
    let has_lapsed = format!("Bearer {}", access_token(1));
    let server = Server::start(move |call, _| {
        if call.path == REAUTHENTICATE && call.bearer.as_ref() == Some(&has_lapsed) {
            Fate::Refused(ErrorCode::AccessTokenExpired)
        } else {
            Fate::Well
        }
    });
    let (_screen, client) = open_signed_in_tab().await;
    let answer = begin(async move { client.reauthenticate("secret".into()).await });
    assert_eq!(until("the answer", || answer.take()).await, Ok(()));
    assert_eq!((server.calls(REFRESH).len(), server.calls(REAUTHENTICATE).len()), (1, 2));
}

#[test]
async fn what_came_of_a_confirmation_whose_answer_was_lost_is_asked_for_before_anything_else() {
    let server =
        Server::start(
            |call, before| {
                if call.path == REAUTHENTICATE && before == 0 { Fate::Lost } else { Fate::Well }
            },
        );
    let (_screen, client) = open_signed_in_tab().await;
    assert!(client.reauthenticate("secret".into()).await.is_err());
    assert!(client.store().read(|state| state.session().is_some()), "silence signs nobody out");
    assert_eq!(client.reauthenticate("secret".into()).await, Ok(()));
    let keys = |path| {
        let keys = server.calls(path).into_iter().map(|call| call.idempotency_key.unwrap());
        keys.collect::<Vec<_>>()
    };
    let (proofs, refreshes) = (keys(REAUTHENTICATE), keys(REFRESH));
    // The server may have moved the session on: the refresh by the same key gets it either way.
    assert_eq!(refreshes, [proofs[0].clone()]);
    assert_ne!(proofs[0], proofs[1]);
    assert!(storage::get("curfew.refresh").is_none());
}

/// Lets `work` go on by itself; what comes of it is there later.
fn begin<T: 'static>(work: impl Future<Output = T> + 'static) -> Rc<Cell<Option<T>>> {
    let end = Rc::new(Cell::new(None));
    let end_of_work = Rc::clone(&end);
    spawn_local(async move { end_of_work.set(Some(work.await)) });
    end
}

#[test]
async fn who_confirms_has_signed_in_then_as_far_as_the_page_says() {
    let since = 1_800_000_000;
    let _server = Server::start(move |call, _| match call.path.as_str() {
        REAUTHENTICATE => {
            let token = token_of(&format!(r#"{{"sid":"{SESSION}","auth_time":{since}}}"#), 7);
            let windows = (TimeDelta::minutes(15), TimeDelta::hours(1));
            Fate::Says(json!(tokens(&token, windows, clock::now())))
        }
        _ => Fate::Well,
    });
    let (_screen, client) = open_signed_in_tab().await;
    client.reauthenticate("secret".into()).await.unwrap();
    let auth_time = client.store().read(|state| state.session().unwrap().auth_time);
    assert_eq!(auth_time.timestamp(), since);
}

#[test]
async fn two_calls_that_need_a_confirmation_share_one_question() {
    let _server = Server::start(|call, before| {
        if call.path == CHANGE_EMAIL && before < 2 {
            Fate::Refused(ErrorCode::ReauthenticationRequired)
        } else {
            Fate::Well
        }
    });
    let (_screen, client) = open_signed_in_tab().await;
    let asked = Rc::new(RefCell::new(Vec::new()));
    {
        let asked = Rc::clone(&asked);
        client.prompt().register(Callback::from(move |answer| asked.borrow_mut().push(answer)));
    }
    let change = || {
        let client = client.clone();
        begin(async move { client.send(profile::change_email("new@example.com".into())).await })
    };
    let (one, other) = (change(), change());
    let question = until("the question", || asked.borrow().first().cloned()).await;
    question.resolve(true);
    for answer in [one, other] {
        assert_eq!(until("the answer", || answer.take()).await, Ok(()));
    }
    assert_eq!(asked.borrow().len(), 1);
    let prompt = client.prompt().clone();
    let later = begin(async move { prompt.request().await });
    until("another question", || asked.borrow().get(1).cloned()).await.resolve(false);
    assert!(!until("its answer", || later.take()).await);
}

#[test]
async fn who_has_ended_everything_leaves_in_time_though_another_tab_has_the_turn() {
    let server = Server::start(|_, _| Fate::Well);
    let (_screen, client) = open_signed_in_tab().await;
    let turn = lock::acquire("curfew.cookie", 1_000).await.unwrap();
    client.sign_out_after(20).await;
    assert_eq!(reason(&client), Some(SignOutReason::ByUser));
    assert!(server.calls(LOGOUT).is_empty(), "the dead cookie may stay");
    drop(turn);
}

#[test]
async fn a_refused_sign_in_changes_nothing() {
    let server = Server::start(|_, _| Fate::Refused(ErrorCode::InvalidCredentials));
    let (_screen, client) = open_tab().await;
    let refused = client.sign_in("ada@example.com".into(), "wrong".into()).await;
    assert_eq!(refused.unwrap_err().code(), Some(ErrorCode::InvalidCredentials));
    assert_eq!(client.store().read(|state| state.phase.clone()), Phase::Starting);
    assert_eq!(storage::get("curfew.session"), None);
    assert!(server.calls(LOGIN_JSON)[0].body.contains(r#""token_delivery":"cookie""#));
}
