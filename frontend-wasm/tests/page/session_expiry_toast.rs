//! The warning that the session is about to end.

use std::{cell::RefCell, rc::Rc};

use chrono::TimeDelta;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{HtmlElement, MutationObserver, MutationObserverInit};
use yew::Callback;

use super::{
    fresh,
    screen::{Screen, has_focus, press, until},
};
use curfew_frontend::{
    app::session_expiry_toast::{SessionExpiryToast, SessionExpiryToastProps},
    browser::clock,
    session::expiry::{Reason, SessionExpiry, Warning},
};

type Clicks = Rc<RefCell<Vec<&'static str>>>;

fn ends_in(seconds: i64, reason: Reason) -> SessionExpiry {
    let deadline = clock::now() + TimeDelta::seconds(seconds);
    SessionExpiry { warning: Warning::Soon, reason, deadline }
}

fn props(expiry: impl Into<Option<SessionExpiry>>) -> (SessionExpiryToastProps, Clicks) {
    let clicks = Clicks::default();
    let remember = |what: &'static str| {
        let clicks = Rc::clone(&clicks);
        Callback::from(move |()| clicks.borrow_mut().push(what))
    };
    let props = SessionExpiryToastProps {
        expiry: expiry.into(),
        clock_ahead: TimeDelta::zero(),
        is_busy: false,
        error: None,
        on_stay: remember("stay"),
        on_sign_in: remember("sign in"),
        on_dismiss: remember("dismiss").reform(|_| ()),
    };
    (props, clicks)
}

type Toast = Screen<SessionExpiryToast>;

async fn is_gone(screen: &Toast) {
    screen.lacks(".filled").await;
    assert!(screen.query("button").is_none() && screen.query("[role=timer]").is_none());
    screen.sees("#session-expiry-message", "").await;
}

#[test]
async fn the_idle_warning_is_amber_and_offers_to_stay() {
    let (shown, clicks) = props(ends_in(299, Reason::Idle));
    let screen = Toast::show(shown);
    screen.find("#session-expiry.warn[role=region]").await;
    screen.sees("#stay-signed-in", "Stay signed in").await;
    screen.lacks("#sign-in-now").await;
    screen.click("#stay-signed-in").await;
    assert_eq!(*clicks.borrow(), ["stay"]);
}

#[test]
async fn the_absolute_warning_is_cyan_and_offers_to_sign_in() {
    let (shown, clicks) = props(ends_in(299, Reason::Absolute));
    let screen = Toast::show(shown);
    screen.find("#session-expiry.info[role=region]").await;
    screen.sees("#sign-in-now", "Sign in now").await;
    screen.lacks("#stay-signed-in").await;
    screen.click("#sign-in-now").await;
    assert_eq!(*clicks.borrow(), ["sign in"]);
}

#[test]
async fn far_from_the_end_there_is_an_empty_region_and_nothing_else() {
    let (shown, _) = props(SessionExpiry { warning: Warning::None, ..ends_in(900, Reason::Idle) });
    let mut screen = Toast::show(shown.clone());
    let region = screen.find("#session-expiry-message[role=status]").await;
    is_gone(&screen).await;
    screen.update(SessionExpiryToastProps { expiry: Some(ends_in(299, Reason::Idle)), ..shown });
    screen.find(".filled").await;
    assert!(region.is_connected(), "the same region, not a new one");
    assert!(region.text_content().unwrap().contains("ends soon"));
}

#[test]
async fn the_countdown_runs_outside_the_live_region_which_speaks_once() {
    let (hidden, _) = props(None);
    let mut screen = Toast::show(hidden.clone());
    let region = screen.find("#session-expiry-message").await;
    let changes = Rc::new(RefCell::new(0));
    let on_change = {
        let changes = Rc::clone(&changes);
        wasm_bindgen::prelude::Closure::<dyn FnMut()>::new(move || *changes.borrow_mut() += 1)
    };
    let observer = MutationObserver::new(on_change.as_ref().unchecked_ref()).unwrap();
    let init = MutationObserverInit::new();
    init.set_child_list(true);
    init.set_subtree(true);
    init.set_character_data(true);
    observer.observe_with_options(&region, &init).unwrap();
    screen.update(SessionExpiryToastProps { expiry: Some(ends_in(200, Reason::Idle)), ..hidden });
    let first = screen.find("[role=timer]").await.text_content().unwrap();
    for _ in 0..2 {
        let last = screen.find("[role=timer]").await.text_content();
        until("a second to pass", || {
            (screen.query("[role=timer]").and_then(|timer| timer.text_content()) != last).then_some(())
        })
        .await;
    }
    assert!(first.starts_with("Time left: 3:"), "{first}");
    assert_eq!(*changes.borrow(), 1);
    assert!(region.query_selector("button, [role=timer]").unwrap().is_none());
    observer.disconnect();
}

#[test]
async fn the_last_minute_is_said_once_more() {
    let (shown, _) = props(ends_in(59, Reason::Idle));
    let screen = Toast::show(shown);
    screen
        .sees(
            "#session-expiry-message",
            "Your session ends in less than a minute, because it is not being used.",
        )
        .await;
}

#[test]
async fn it_is_dismissed_by_button_and_by_escape_which_is_then_nobody_elses() {
    let expiry = ends_in(299, Reason::Idle);
    let (shown, clicks) = props(expiry);
    let screen = Toast::show(shown);
    screen.click("#session-expiry-dismiss").await;
    assert_eq!(*clicks.borrow(), ["dismiss"]);
    let escape = press(&screen.find("#stay-signed-in").await, "Escape");
    assert!(escape.default_prevented(), "it does not close a dialog that the warning stands in");
    assert_eq!(*clicks.borrow(), ["dismiss", "dismiss"]);
}

#[test]
async fn it_never_takes_the_focus_and_gives_back_what_it_had() {
    fresh::begin();
    let document = web_sys::window().unwrap().document().unwrap();
    let elsewhere: HtmlElement = document.create_element("button").unwrap().unchecked_into();
    elsewhere.set_id("elsewhere");
    document.body().unwrap().append_child(&elsewhere).unwrap();
    elsewhere.focus().unwrap();
    let (shown, _) = props(ends_in(299, Reason::Idle));
    let mut screen = Toast::show(shown.clone());
    let dismiss: HtmlElement = screen.find("#session-expiry-dismiss").await.unchecked_into();
    has_focus("#elsewhere").await;
    dismiss.focus().unwrap();
    screen.update(SessionExpiryToastProps { expiry: None, ..shown });
    has_focus("#elsewhere").await;
    elsewhere.remove();
}

#[test]
async fn work_and_failure_are_shown_and_nothing_is_asked_for_twice() {
    let (shown, clicks) = props(ends_in(299, Reason::Idle));
    let busy = SessionExpiryToastProps { is_busy: true, ..shown.clone() };
    let mut screen = Toast::show(busy);
    screen.sees("#stay-signed-in", "Extending…").await;
    screen.click("#stay-signed-in").await;
    assert!(clicks.borrow().is_empty());
    screen.sees("#session-expiry-alert[role=alert]", "").await;
    screen.update(SessionExpiryToastProps { error: Some("You're offline.".into()), ..shown });
    screen.sees("#session-expiry-alert", "You're offline.").await;
    screen.sees("#stay-signed-in", "Stay signed in").await;
}
