//! The page on which owners set the session policy and end sessions.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use chrono::{DateTime, TimeDelta};
use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    id::UserId,
    policy::{Bounds, Policy, PolicyOverride, resolve},
    route::{
        api::{LOGOUT, ME, REVOKE_SESSIONS, SECURITY},
        page,
    },
    security::{ActiveUser, PolicyView, Preset, PresetName, SecurityResponse},
};
use serde_json::{Value, json};
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{Event, EventInit};

use super::{
    screen::{Screen, is_at, open, until},
    server::{Call, Fate, Server, me},
};
use curfew_frontend::{App, browser::storage};

/// The settings with these overrides, and so many people signed in.
pub fn settings(idle: Value, absolute: Value, people: u64) -> Fate {
    let minutes = |value: Value| serde_json::from_value::<Option<u32>>(value).unwrap();
    let set = PolicyOverride { idle_minutes: minutes(idle), absolute_minutes: minutes(absolute) };
    let strict = PolicyOverride::default();
    let policy = PolicyView {
        set,
        effective: resolve(set, Policy::STRICT),
        default: Policy::STRICT,
        bounds: Bounds::WIDEST,
        presets: vec![Preset { name: PresetName::Strict, idle_minutes: None, absolute_minutes: None }],
        preset: if set == strict { PresetName::Strict } else { PresetName::Custom },
    };
    let user = |number: u64| ActiveUser {
        user_id: UserId(Uuid::from_u128(number.into())),
        name: format!("Person {number}"),
        email: format!("{number}@example.com"),
        last_login_at: DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
        session_count: 1,
        is_caller: number == 1,
    };
    let active_users = (1..=people).map(user).collect();
    Fate::Says(json!(SecurityResponse { policy, active_users, active_user_count: people }))
}

fn strict(people: u64) -> Fate {
    settings(json!(null), json!(null), people)
}

fn own(people: u64) -> Fate {
    settings(json!(60), json!(240), people)
}

/// A server that answers what is asked of the settings by `get` and what is saved by `patch`.
fn server(get: impl Fn(usize) -> Fate + 'static, patch: impl Fn(usize) -> Fate + 'static) -> Server {
    let gets = Cell::new(0);
    let patches = Cell::new(0);
    let next = |count: &Cell<usize>| count.replace(count.get() + 1);
    Server::start(move |call: &Call, _| match (call.path.as_str(), call.method.as_str()) {
        (SECURITY, "GET") => get(next(&gets)),
        (SECURITY, _) => patch(next(&patches)),
        (REVOKE_SESSIONS, _) => Fate::Says(json!({"revoked_count": 1})),
        _ => Fate::Well,
    })
}

async fn type_own_numbers(screen: &Screen<App>) {
    screen.click("#preset-custom").await;
    for (selector, text) in [("#idle_minutes", "60"), ("#absolute_minutes", "240")] {
        until("an input that can be typed into", || screen.query(&format!("{selector}:enabled"))).await;
        screen.type_into(selector, text).await;
        tell("input", &screen.find(selector).await.into());
    }
    screen.sees("#absolute_minutes-reading", "minutes = 4 hours").await;
}

fn tell(event: &str, target: &web_sys::EventTarget) {
    let init = EventInit::new();
    init.set_bubbles(true);
    target.dispatch_event(&Event::new_with_event_init_dict(event, &init).unwrap()).unwrap();
}

#[test]
async fn people_are_counted_anew_when_it_matters_and_what_is_typed_stays() {
    let server = server(|before| strict(2 + before as u64), |_| Fate::Well);
    let screen = open(page::SECURITY);
    screen.sees("#active-users-summary", "2 people are signed in.").await;
    type_own_numbers(&screen).await;
    screen.click("#revoke-others").await;
    screen.sees("#revoke-sessions-confirm", "Sign out 2 people").await;
    screen.click("#revoke-sessions-cancel").await;
    tell("visibilitychange", &web_sys::window().unwrap().document().unwrap().into());
    screen.sees("#active-users-summary", "4 people are signed in.").await;
    screen.holds("#idle_minutes", "60").await;
    assert_eq!(server.calls(SECURITY).len(), 3);
}

#[test]
async fn when_nobody_else_is_left_the_question_says_so() {
    let _server = server(|before| strict(if before == 0 { 2 } else { 1 }), |_| Fate::Well);
    let screen = open(page::SECURITY);
    screen.click("#revoke-others").await;
    screen.sees("#revoke-sessions-body", "Nobody else is signed in.").await;
}

#[test]
async fn a_policy_that_is_saved_while_sessions_end_stays_saved() {
    let gets = Rc::new(Cell::new(0));
    let server = {
        let gets = Rc::clone(&gets);
        Server::start(move |call: &Call, _| match (call.path.as_str(), call.method.as_str()) {
            (SECURITY, "GET") => {
                gets.set(gets.get() + 1);
                strict(2)
            }
            (SECURITY, _) => own(2),
            (REVOKE_SESSIONS, _) => Fate::Held(Box::new(Fate::Says(json!({"revoked_count": 1})))),
            _ => Fate::Well,
        })
    };
    let screen = open(page::SECURITY);
    type_own_numbers(&screen).await;
    screen.click("#revoke-others").await;
    screen.click("#revoke-sessions-confirm").await;
    screen.sees("#revoke-sessions-confirm", "Signing out…").await;
    screen.click("#policy-save").await;
    screen.sees("#policy-saved", "Saved. It applies from the next sign-in.").await;
    let asked = gets.get();
    server.go_on();
    screen.sees("#toast", "1 session signed out").await;
    until("the count after it", || (gets.get() > asked).then_some(())).await;
    screen.sees("#active-users-summary", "2 people are signed in.").await;
    screen.holds("#idle_minutes", "60").await;
    screen.find("#preset-custom:checked").await;
}

#[test]
async fn a_save_without_an_answer_is_looked_up_as_soon_as_the_server_is_back() {
    for was_saved in [true, false] {
        let _server =
            server(move |before| if before > 0 && was_saved { own(1) } else { strict(1) }, |_| Fate::Lost);
        let screen = open(page::SECURITY);
        type_own_numbers(&screen).await;
        screen.click("#policy-save").await;
        screen.reads("#policy-alert", "may not have been saved").await;
        if was_saved {
            screen.sees("#policy-saved", "Saved. It applies from the next sign-in.").await;
            screen.sees("#policy-alert", "").await;
        } else {
            screen.sees("#policy-alert", "Nothing was saved. Save again.").await;
        }
        screen.holds("#idle_minutes", "60").await;
    }
}

#[test]
async fn a_refusal_says_that_nothing_was_saved_and_a_failure_of_the_servers_does_not() {
    for (code, words) in [
        (ErrorCode::TooManyRequests, "Nothing was saved."),
        (ErrorCode::Internal, "may not have been saved"),
        (ErrorCode::Unavailable, "may not have been saved"),
    ] {
        let _server = server(|_| strict(1), move |_| Fate::Refused(code));
        let screen = open(page::SECURITY);
        screen.click("#preset-custom").await;
        screen.click("#policy-save").await;
        screen.reads("#policy-alert", words).await;
    }
}

#[test]
async fn that_nobody_was_left_to_sign_out_is_said_in_words() {
    let _server = Server::start(|call: &Call, _| match call.path.as_str() {
        SECURITY => strict(2),
        REVOKE_SESSIONS => Fate::Says(json!({"revoked_count": 0})),
        _ => Fate::Well,
    });
    let screen = open(page::SECURITY);
    screen.click("#revoke-others").await;
    screen.click("#revoke-sessions-confirm").await;
    screen.sees("#toast", "Nobody else was signed in.").await;
}

#[test]
async fn whoever_ends_everything_is_out_in_time_though_the_server_hangs() {
    let server = Server::start(|call: &Call, _| match call.path.as_str() {
        SECURITY => strict(2),
        REVOKE_SESSIONS => Fate::Says(json!({"revoked_count": 2})),
        LOGOUT => Fate::Held(Box::new(Fate::Well)),
        _ => Fate::Well,
    });
    let screen = open(page::SECURITY);
    screen.click("#revoke-all").await;
    screen.click("#revoke-sessions-confirm").await;
    screen.sees("#toast", "2 sessions signed out").await;
    screen.find("#revoke-all[aria-disabled=true]").await;
    screen.find("#sign-in").await;
    assert_eq!(server.calls(LOGOUT).len(), 1);
    is_at("/login").await;
}

#[test]
async fn what_was_being_saved_is_there_again_after_the_way_to_a_provider() {
    let _server = server(|_| strict(1), |_| own(1));
    storage::set_in_tab("curfew.policy", "60,240");
    let screen = open(page::SECURITY);
    screen.find("#preset-custom:checked").await;
    screen.holds("#absolute_minutes", "240").await;
    assert_eq!(storage::take_from_tab("curfew.policy"), None, "once");
    screen.click("#policy-save").await;
    screen.sees("#policy-saved", "Saved. It applies from the next sign-in.").await;
    assert_eq!(storage::take_from_tab("curfew.policy"), None, "it is saved now");
}

#[test]
async fn whoever_is_an_owner_no_more_sees_what_others_see() {
    let role = Rc::new(RefCell::new(Role::Owner));
    let _server = {
        let role = Rc::clone(&role);
        Server::start(move |call: &Call, _| match call.path.as_str() {
            SECURITY => {
                *role.borrow_mut() = Role::Engineer;
                Fate::Refused(ErrorCode::OwnerRequired)
            }
            ME => {
                let mut me = me(curfew_frontend::browser::clock::now());
                me.user.role = *role.borrow();
                Fate::Says(json!(me))
            }
            _ => Fate::Well,
        })
    };
    let screen = open(page::SECURITY);
    screen.find("#owners-only").await;
}
