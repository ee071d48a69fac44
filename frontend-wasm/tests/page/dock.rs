//! The warning and the messages at the edge of the page, with what keeps the session behind them.

use std::{cell::Cell, rc::Rc};

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    error::ErrorCode,
    route::{
        api::{ME, REFRESH, SECURITY},
        page,
    },
};
use serde_json::json;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::HtmlElement;

use super::{
    screen::{Screen, is_at, open, press, until},
    security::settings,
    server::{Call, FAR, Fate, Server, Windows, access_token, me, tokens},
};
use curfew_frontend::{
    App,
    browser::clock,
    session::tab_sync::{TabMessage, TabSync},
};

const HOUR: TimeDelta = TimeDelta::hours(1);

/// Unused, the session ends in a little less than five minutes.
const SOON_IDLE: Windows = (TimeDelta::seconds(299), HOUR);

/// A refresh that leaves the session with these windows.
fn windows(number: u32, windows: Windows) -> Fate {
    Fate::Says(json!(tokens(&access_token(number), windows, clock::now())))
}

/// A server whose first refresh leaves the session about to end; the next ones meet `fate`.
fn server(first: Windows, fate: impl Fn(usize) -> Fate + 'static) -> Server {
    Server::start(move |call: &Call, before| match (call.path.as_str(), before) {
        (REFRESH, 0) => windows(90, first),
        (REFRESH, _) => fate(before),
        (ME, _) => {
            let mut me = me(clock::now());
            me.session.idle_expires_at = me.server_time + first.0;
            me.session.absolute_expires_at = me.server_time + first.1;
            Fate::Says(json!(me))
        }
        (SECURITY, _) => settings(json!(null), json!(null), 2),
        _ => Fate::Well,
    })
}

fn warning(screen: &Screen<App>) -> Option<HtmlElement> {
    screen.query("#session-expiry.filled").map(JsCast::unchecked_into)
}

async fn no_warning(screen: &Screen<App>) {
    until("no warning", || warning(screen).is_none().then_some(())).await;
}

#[test]
async fn the_warning_comes_on_time_though_a_refresh_hangs() {
    let due_in_seconds = (TimeDelta::minutes(5) + TimeDelta::seconds(3), HOUR);
    let server = server(due_in_seconds, |_| Fate::Held(Box::new(Fate::Well)));
    let screen = open(page::HOME);
    screen.find("#session").await;
    come_back();
    until("the refresh", || (server.calls(REFRESH).len() == 2).then_some(())).await;
    assert!(warning(&screen).is_none());
    until("the warning", || warning(&screen)).await;
}

#[test]
async fn to_stay_is_a_refresh_for_a_person_and_what_came_of_it_is_said() {
    let server = server(SOON_IDLE, |_| Fate::Well);
    let screen = open(page::HOME);
    // A click that a script makes is no input of which the page thinks anything by itself.
    screen.click("#stay-signed-in").await;
    screen.sees("#toast", "You stay signed in.").await;
    no_warning(&screen).await;
    let calls = server.calls(REFRESH);
    assert_eq!(calls.len(), 2);
    assert!(calls[1].body.contains(r#""passive":false"#));
}

/// A server whose clock is `ahead`. As with the real one, nothing but a person starts the idle window anew,
/// and who comes after it is out.
fn server_with_clock(ahead: &Rc<Cell<TimeDelta>>) -> Server {
    let ahead = Rc::clone(ahead);
    let idle_expires_at = Cell::new(clock::now() + FAR.0);
    let absolute_expires_at = clock::now() + HOUR * 24;
    Server::start(move |call, before| {
        let now = clock::now() + ahead.get();
        if call.path != REFRESH {
            return Fate::Well;
        }
        if now >= idle_expires_at.get() {
            return Fate::Refused(ErrorCode::SessionExpiredIdle);
        }
        if call.body.contains(r#""passive":false"#) {
            idle_expires_at.set(now + FAR.0);
        }
        let number = u32::try_from(before).unwrap() + 90;
        let mut tokens = tokens(&access_token(number), FAR, now);
        (tokens.idle_expires_at, tokens.absolute_expires_at) = (idle_expires_at.get(), absolute_expires_at);
        Fate::Says(json!(tokens))
    })
}

#[test]
async fn who_wants_to_stay_can_do_so_ten_times_in_a_row() {
    let ahead = Rc::new(Cell::new(TimeDelta::zero()));
    let _server = server_with_clock(&ahead);
    let screen = open(page::HOME);
    screen.find("#session").await;
    for _ in 0..10 {
        assert!(warning(&screen).is_none());
        ahead.set(ahead.get() + FAR.0 - TimeDelta::minutes(4));
        come_back();
        until("the warning", || warning(&screen)).await;
        screen.click("#stay-signed-in").await;
        no_warning(&screen).await;
        screen.find("#session").await;
    }
}

#[test]
async fn what_kept_the_session_from_being_extended_is_said_beside_the_button() {
    let _server = server(SOON_IDLE, |before| if before == 1 { Fate::Lost } else { Fate::Well });
    let screen = open(page::HOME);
    let region = screen.find("#session-expiry-alert[role=alert]").await;
    screen.click("#stay-signed-in").await;
    screen.reads("#session-expiry-alert", "could not be extended").await;
    assert!(region.is_connected());
    screen.click("#stay-signed-in").await;
    no_warning(&screen).await;
}

#[test]
async fn what_nothing_extends_is_left_by_signing_in_again() {
    let _server = server((HOUR, TimeDelta::seconds(299)), |_| Fate::Well);
    let screen = open(page::ACCOUNT);
    screen.click("#sign-in-now").await;
    screen.find("#sign-in").await;
    is_at("/login?next=%2Faccount").await;
    no_warning(&screen).await;
}

/// A server at which nothing moves the one deadline.
fn server_with_deadline() -> (Server, DateTime<Utc>) {
    let deadline = clock::now() + TimeDelta::seconds(299);
    let server = Server::start(move |call, before| match call.path.as_str() {
        REFRESH => {
            let number = u32::try_from(before).unwrap() + 90;
            let mut tokens = tokens(&access_token(number), SOON_IDLE, clock::now());
            (tokens.idle_expires_at, tokens.absolute_expires_at) = (deadline + HOUR, deadline);
            Fate::Says(json!(tokens))
        }
        _ => Fate::Well,
    });
    (server, deadline)
}

#[test]
async fn a_dismissed_warning_stays_away_after_a_reload_too() {
    let (_server, _) = server_with_deadline();
    let screen = open(page::HOME);
    screen.click("#session-expiry-dismiss").await;
    no_warning(&screen).await;
    drop(screen);
    let screen = open(page::HOME);
    screen.find("#session").await;
    assert!(warning(&screen).is_none());
}

#[test]
async fn a_new_deadline_is_warned_of_again() {
    let server = server(SOON_IDLE, |_| windows(91, SOON_IDLE));
    let screen = open(page::HOME);
    screen.click("#session-expiry-dismiss").await;
    no_warning(&screen).await;
    come_back();
    until("the refresh", || (server.calls(REFRESH).len() == 2).then_some(())).await;
    until("the warning", || warning(&screen)).await;
}

/// Back from the browser's cache: the page asks whether it missed anything.
fn come_back() {
    js_sys::eval("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))").unwrap();
}

#[test]
async fn a_warning_that_another_tab_dismissed_goes_and_one_of_another_deadline_stays() {
    let (_server, deadline) = server_with_deadline();
    let screen = open(page::HOME);
    until("the warning", || warning(&screen)).await;
    let other_tab = TabSync::open();
    other_tab.broadcast(&TabMessage::WarningDismissed { deadline: deadline + HOUR });
    screen.find("#session").await;
    assert!(warning(&screen).is_some());
    other_tab.broadcast(&TabMessage::WarningDismissed { deadline });
    no_warning(&screen).await;
}

#[test]
async fn a_warning_in_a_dialog_is_dismissed_without_leaving_the_dialog() {
    let _server = server(SOON_IDLE, |_| Fate::Well);
    let screen = open(page::SECURITY);
    until("the warning", || warning(&screen)).await;
    screen.click("#revoke-all").await;
    let dismiss = screen.find("dialog[open] #session-expiry-dismiss").await;
    press(&dismiss, "Escape");
    no_warning(&screen).await;
    screen.find("#revoke-sessions[open]").await;
}
