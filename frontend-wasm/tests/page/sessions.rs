//! The page on which everybody sees and ends their own sessions.

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    error::ErrorCode,
    id::SessionId,
    route::{
        api::{ME, REFRESH, REVOKE_OTHERS, SESSION, SESSIONS},
        page,
    },
    session::{DeviceKind, OwnSession, OwnSessionPage},
};
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{has_focus, open, until},
    server::{self, Call, FAR, Fate, Server, access_token, me, tokens},
};
use curfew_frontend::browser::clock;

const OTHER: SessionId = SessionId(Uuid::from_u128(4));

fn session(id: SessionId, browser: Option<&str>, now: DateTime<Utc>) -> OwnSession {
    OwnSession {
        id,
        is_current: id == server::SESSION,
        browser: browser.map(Into::into),
        os: browser.map(|_| "Linux".into()),
        device: if browser.is_some() { DeviceKind::Computer } else { DeviceKind::Other },
        address: Some("192.0.2.1".into()),
        signed_in_at: now,
        last_seen_at: now,
        idle_expires_at: now + TimeDelta::minutes(15),
        absolute_expires_at: now + TimeDelta::minutes(if browser.is_some() { 60 } else { 15 }),
    }
}

/// This browser and a program, or this browser alone.
fn list(has_other: bool) -> Fate {
    let now = clock::now();
    let mut sessions = vec![session(server::SESSION, Some("Firefox"), now)];
    if has_other {
        sessions.push(session(OTHER, None, now));
    }
    let session_count = sessions.len() as u64;
    Fate::Says(json!(OwnSessionPage { sessions, session_count, next_cursor: None, server_time: now }))
}

fn other() -> String {
    SESSION.replace("{id}", &OTHER.to_string())
}

/// A server where the other session is gone once the list is asked for again.
fn server(fate: impl Fn(usize) -> Fate + 'static) -> Server {
    let other = other();
    Server::start(move |call: &Call, before| match call.path.as_str() {
        SESSIONS => list(before == 0),
        REVOKE_OTHERS => Fate::Says(json!({"revoked_count": 1})),
        path if path == other => fate(before),
        _ => Fate::Well,
    })
}

#[test]
async fn each_says_what_it_is_and_when_it_ends_and_only_others_can_be_ended_here() {
    let _server = server(|_| Fate::Well);
    let screen = open(page::SESSIONS);
    let this = format!("[data-id='{}']", server::SESSION);
    screen.reads(&this, "Firefox on Linux").await;
    screen.reads(&this, "this device").await;
    screen.reads(&this, "unless it is used").await;
    let that = format!("[data-id='{OTHER}']");
    screen.reads(&that, "A program that does not name itself").await;
    screen.reads(&that, "whatever happens").await;
    screen.lacks(&format!("{this} button")).await;
    screen.find(&format!("{that} button")).await;
}

#[test]
async fn one_is_ended_after_a_question_and_a_refusal_is_said_there() {
    let server = server(|before| if before == 0 { Fate::Refused(ErrorCode::Internal) } else { Fate::Well });
    let screen = open(page::SESSIONS);
    screen.click(&format!("[data-id='{OTHER}'] button")).await;
    screen.sees("#end-session-title", "Sign this device out?").await;
    screen.click("#end-session-cancel").await;
    until("the end of the dialog", || screen.query("#end-session:not([open])")).await;
    assert!(server.calls(&other()).is_empty());

    screen.click(&format!("[data-id='{OTHER}'] button")).await;
    screen.click("#end-session-confirm").await;
    screen.find("#end-session-alert.alert").await;
    screen.click("#end-session-confirm").await;
    screen.sees("#toast", "1 session signed out").await;
    screen.sees("#sessions-summary", "Only this device is signed in.").await;
    assert!(server.calls(&other()).iter().all(|call| call.method == "DELETE"));
    screen.find(".dock #toast").await;
}

#[test]
async fn all_others_are_ended_at_once() {
    let server = server(|_| Fate::Well);
    let screen = open(page::SESSIONS);
    screen.click("#end-others").await;
    screen.sees("#end-session-body", "1 other session will end at once. You stay signed in here.").await;
    screen.click("#end-session-confirm").await;
    screen.sees("#toast", "1 session signed out").await;
    screen.sees("#sessions-summary", "Only this device is signed in.").await;
    assert_eq!(server.calls(REVOKE_OTHERS).len(), 1);
}

/// This session and so many others, on pages of two.
fn pages(call: &Call, others: u32) -> Option<Fate> {
    let query = call.path.strip_prefix(SESSIONS)?;
    if query.starts_with('/') {
        return None;
    }
    let after = query.strip_prefix("?cursor=").map_or(2, |id| id.parse::<Uuid>().unwrap().as_u128());
    let now = clock::now();
    let mut sessions: Vec<_> = (3..=3 + u128::from(others))
        .filter(|number| *number > after)
        .map(|number| session(SessionId(Uuid::from_u128(number)), Some("Firefox"), now))
        .take(3)
        .collect();
    let next_cursor = (sessions.len() > 2).then(|| {
        sessions.truncate(2);
        sessions[1].id
    });
    let session_count = u64::from(others) + 1;
    Some(Fate::Says(json!(OwnSessionPage { sessions, session_count, next_cursor, server_time: now })))
}

#[test]
async fn all_are_counted_though_not_all_are_listed() {
    let _server = Server::start(|call: &Call, _| pages(call, 4).unwrap_or(Fate::Well));
    let screen = open(page::SESSIONS);
    screen.sees("#sessions-summary", "4 other sessions.").await;
    screen.click("#end-others").await;
    screen.sees("#end-session-body", "4 other sessions will end at once. You stay signed in here.").await;
    screen.sees("#end-session-confirm", "Sign out 4 sessions").await;
    screen.click("#end-session-cancel").await;
    let rows = || screen.query("#sessions").map(|list| list.child_element_count());
    assert_eq!(rows(), Some(2));
    screen.press("#sessions-more").await;
    until("the next two", || (rows() == Some(4)).then_some(())).await;
    has_focus("#sessions-more").await;
    screen.press("#sessions-more").await;
    until("all", || (rows() == Some(5)).then_some(())).await;
    has_focus("#sessions-loading").await;
    screen.lacks("#sessions-more").await;
}

#[test]
async fn a_list_that_cannot_be_loaded_anew_stays_and_the_one_that_had_ended_is_no_failure() {
    let other = other();
    let _server = Server::start(move |call: &Call, before| match call.path.as_str() {
        SESSIONS if before == 1 => Fate::Lost,
        SESSIONS => list(before == 0),
        path if path == other => Fate::Refused(ErrorCode::NotFound),
        _ => Fate::Well,
    });
    let screen = open(page::SESSIONS);
    screen.press(&format!("[data-id='{OTHER}'] button")).await;
    screen.click("#end-session-confirm").await;
    screen.sees("#toast", "That session had ended already.").await;
    screen.reads("#sessions-alert", "The list may be out of date.").await;
    screen.find(&format!("[data-id='{OTHER}']")).await;
    has_focus(&format!("[data-id='{OTHER}'] button")).await;
    screen.click("#sessions-retry").await;
    screen.sees("#sessions-summary", "Only this device is signed in.").await;
    has_focus(&format!("[data-id='{}']", server::SESSION)).await;
}

#[test]
async fn when_nothing_is_left_to_end_the_focus_is_on_the_heading() {
    let _server = server(|_| Fate::Well);
    let screen = open(page::SESSIONS);
    screen.press("#end-others").await;
    screen.press("#end-session-confirm").await;
    screen.sees("#sessions-summary", "Only this device is signed in.").await;
    has_focus("h1").await;
}

#[test]
async fn a_device_whose_clock_is_wrong_counts_by_the_servers() {
    let now = || clock::now() + TimeDelta::hours(3);
    let _server = Server::start(move |call: &Call, _| match call.path.as_str() {
        SESSIONS => {
            // The page's now is behind by the way of an answer.
            let at = now() + TimeDelta::seconds(30);
            let sessions = vec![session(server::SESSION, Some("Firefox"), at)];
            let page = OwnSessionPage { sessions, session_count: 1, next_cursor: None, server_time: now() };
            Fate::Says(json!(page))
        }
        REFRESH => Fate::Says(json!(tokens(&access_token(1), FAR, now()))),
        ME => Fate::Says(json!(me(now()))),
        _ => Fate::Well,
    });
    let screen = open(page::SESSIONS);
    let this = format!("[data-id='{}']", server::SESSION);
    screen.reads(&this, "Signed in just now").await;
    screen.reads(&this, "last seen just now").await;
    screen.reads(&this, "Ends in 15 minutes unless it is used").await;
}
