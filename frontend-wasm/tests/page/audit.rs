//! The page on which owners read the audit trail.

use std::{cell::Cell, time::Duration};

use chrono::DateTime;
use curfew_shared::{
    audit::{AuditEvent, AuditKind, AuditPage, AuditPerson},
    error::ErrorCode,
    id::{AuditEventId, UserId},
    route::{api::AUDIT_EVENTS, page},
};
use gloo_timers::future::sleep;
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{Event, EventInit, HtmlElement, HtmlInputElement, HtmlSelectElement};

use super::{
    screen::{Screen, focused, has_focus, open, press as typed, until},
    server::{Call, Fate, Server},
};
use curfew_frontend::App;

/// A page of one entry, by a person of this name.
fn entry(number: u128, who: &str, has_more: bool) -> Fate {
    let event = AuditEvent {
        id: AuditEventId(Uuid::from_u128(number)),
        at: DateTime::UNIX_EPOCH,
        kind: AuditKind::SignedIn,
        actor: Some(AuditPerson {
            user_id: UserId(Uuid::from_u128(number)),
            name: Some(who.into()),
            email: None,
        }),
        subject: None,
        session_id: None,
        address: None,
        payload: json!({}),
    };
    let next_cursor = has_more.then_some(event.id);
    Fate::Says(json!(AuditPage { events: vec![event], next_cursor }))
}

/// A server whose trail meets `fate`, given how often it was asked for before.
fn server(fate: impl Fn(usize) -> Fate + 'static) -> Server {
    let asked = Cell::new(0);
    Server::start(move |call: &Call, _| match call.path.split('?').next() {
        Some(AUDIT_EVENTS) => fate(asked.replace(asked.get() + 1)),
        _ => Fate::Well,
    })
}

async fn pick(screen: &Screen<App>, selector: &str, value: &str) {
    let input = screen.find(selector).await;
    match input.dyn_ref::<HtmlInputElement>() {
        Some(input) => input.set_value(value),
        None => input.unchecked_ref::<HtmlSelectElement>().set_value(value),
    }
    let init = EventInit::new();
    init.set_bubbles(true);
    input.dispatch_event(&Event::new_with_event_init_dict("change", &init).unwrap()).unwrap();
}

/// Presses the button as somebody does who has the focus on it.
async fn press(screen: &Screen<App>, selector: &str) {
    let button: HtmlElement = screen.find(selector).await.unchecked_into();
    button.focus().unwrap();
    button.click();
}

async fn focus_is_on(id: &str) {
    until(&format!("the focus on {id}"), || (focused() == id).then_some(())).await;
}

#[test]
async fn reading_on_keeps_its_place() {
    let _server = server(|before| entry(before as u128, "Ada", before < 2));
    let screen = open(page::AUDIT);
    screen.sees("#audit-summary", "1 entry shown; there are more.").await;
    press(&screen, "#audit-more").await;
    screen.sees("#audit-summary", "2 entries shown; there are more.").await;
    has_focus("#audit-more").await;
    press(&screen, "#audit-more").await;
    screen.sees("#audit-summary", "3 entries shown; that is all.").await;
    focus_is_on("audit-summary").await;
}

#[test]
async fn days_in_the_wrong_order_show_nothing_and_offer_nothing() {
    let server = server(|before| entry(before as u128, "Ada", true));
    let screen = open(page::AUDIT);
    pick(&screen, "#audit-from", "2026-11-23").await;
    screen.find("#audit-clear").await;
    screen.find("#audit-more").await;
    pick(&screen, "#audit-to", "2026-11-22").await;
    screen.sees("#audit-to-error", "The last day is before the first.").await;
    screen.lacks("#audit-events li").await;
    screen.sees("#audit-summary", "").await;
    screen.lacks("#audit-more").await;
    let asked = server.count();
    for button in ["#export-csv", "#export-ndjson"] {
        screen.find(&format!("{button}[aria-disabled=true]")).await;
        screen.click(button).await;
    }
    assert_eq!(server.count(), asked);
    press(&screen, "#audit-clear").await;
    screen.sees("#audit-summary", "1 entry shown; there are more.").await;
    focus_is_on("audit-kind").await;
}

#[test]
async fn a_date_that_is_typed_is_asked_for_when_it_is_complete() {
    let server = server(|_| entry(1, "Ada", false));
    let screen = open(page::AUDIT);
    screen.sees("#audit-summary", "1 entry shown; that is all.").await;
    let asked = server.count();
    let input = screen.find("#audit-from").await;
    // As a browser reports a year, digit by digit.
    for day in ["0002-11-23", "0020-11-23", "0202-11-23", "2026-11-23"] {
        typed(&input, "6");
        pick(&screen, "#audit-from", day).await;
    }
    // The page has had the time to ask, had it wanted to.
    sleep(Duration::from_millis(200)).await;
    assert_eq!(server.count(), asked);
    typed(&input, "Enter");
    until("the question", || (server.count() == asked + 1).then_some(())).await;
    screen.sees("#audit-summary", "1 entry shown; that is all.").await;

    // And a year that is none is not asked for when the focus leaves.
    typed(&input, "2");
    pick(&screen, "#audit-from", "0202-11-23").await;
    let input: HtmlElement = input.unchecked_into();
    input.focus().unwrap();
    input.blur().unwrap();
    screen.sees("#audit-from-error", "Enter a whole date.").await;
    assert_eq!(server.count(), asked + 1);
    press(&screen, "#audit-clear").await;
    screen.lacks("#audit-from-error").await;
    screen.holds("#audit-from", "").await;
    until("the question", || (server.count() == asked + 2).then_some(())).await;
}

#[test]
async fn what_did_not_come_is_asked_for_again_and_reading_goes_on_there() {
    let server = server(|before| match before {
        0 => Fate::Refused(ErrorCode::Internal),
        1 => Fate::Held(Box::new(entry(1, "Ada", false))),
        _ => Fate::Well,
    });
    let screen = open(page::AUDIT);
    screen.find("#audit-alert .alert").await;
    press(&screen, "#audit-retry").await;
    screen.find("#audit-retry[aria-disabled=true]").await;
    has_focus("#audit-retry").await;
    server.go_on();
    screen.sees("#audit-summary", "1 entry shown; that is all.").await;
    focus_is_on("audit-loading").await;
}

#[test]
async fn people_are_offered_in_the_order_of_the_readers_language() {
    let names = ["bob", "Ada", "Zoë", "Éva"];
    let _server = server(move |before| entry(before as u128, names[before], before < names.len() - 1));
    let screen = open(page::AUDIT);
    for count in 1..names.len() {
        let shown = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
        screen.sees("#audit-summary", &format!("{shown} shown; there are more.")).await;
        screen.click("#audit-more").await;
    }
    screen.sees("#audit-actor", "AnybodyAdabobÉvaZoë").await;
}
