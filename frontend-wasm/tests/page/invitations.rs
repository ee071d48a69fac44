//! The card on which owners invite somebody.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use chrono::TimeDelta;
use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    id::InviteId,
    invite::{DeliveryProblem, InviteDelivery, InvitePage, InviteSummary},
    route::{
        api::{INVITE, INVITE_LINK, INVITE_RESEND, INVITES, MEMBERS},
        page,
    },
};
use js_sys::{Function, Object, Reflect};
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::HtmlSelectElement;

use super::{
    fresh,
    screen::{Screen, has_focus, open, until},
    server::{Call, Fate, Server},
};
use curfew_frontend::{App, browser::clock};

fn invite(number: u128) -> InviteSummary {
    let now = clock::now();
    InviteSummary {
        id: InviteId(Uuid::from_u128(number)),
        email: format!("{number}@example.com"),
        role: Role::Viewer,
        invited_by: Some("Ada".into()),
        created_at: now,
        sent_at: now,
        expires_at: now + TimeDelta::days(7),
        delivery: InviteDelivery::Sent,
        delivery_problem: None,
    }
}

fn address(template: &str, number: u128) -> String {
    template.replace("{id}", &InviteId(Uuid::from_u128(number)).to_string())
}

type Open = Rc<RefCell<Vec<u128>>>;

/// A server with these open invitations, on pages of two; what is done to them meets `fate`.
fn server(open: &Open, fate: impl Fn(&Call, usize) -> Fate + 'static) -> Server {
    let open = Rc::clone(open);
    Server::start(move |call: &Call, before| {
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        match (path, call.method.as_str()) {
            (MEMBERS, _) => Fate::Says(json!({"members": [], "member_count": 0})),
            (INVITES, "GET") => {
                let after =
                    query.strip_prefix("cursor=").map_or(0, |id| id.parse::<Uuid>().unwrap().as_u128());
                let mut invites: Vec<_> = open
                    .borrow()
                    .iter()
                    .filter(|number| **number > after)
                    .take(3)
                    .map(|it| invite(*it))
                    .collect();
                let next_cursor = (invites.len() > 2).then(|| {
                    invites.truncate(2);
                    invites[1].id
                });
                Fate::Says(json!(InvitePage { invites, next_cursor }))
            }
            (path, _) if path.starts_with(INVITES) => fate(call, before),
            _ => Fate::Well,
        }
    })
}

fn rows(screen: &Screen<App>) -> u32 {
    screen.query("#invites").map_or(0, |list| list.child_element_count())
}

#[test]
async fn who_is_invited_is_listed_and_the_next_can_be_typed_at_once() {
    let listed = Open::default();
    let server = {
        let now_open = Rc::clone(&listed);
        server(&listed, move |call, _| {
            if call.path == INVITES {
                now_open.borrow_mut().push(1);
            }
            Fate::Well
        })
    };
    let screen = open(page::MEMBERS);
    screen.find("#invites-empty").await;
    screen.type_into("#invite_email", " 1@example.com ").await;
    screen.choose("#invite_role", "viewer").await;
    screen.press("#invite-submit").await;
    screen.reads("#invite-done", "on its way to 1@example.com").await;
    screen.reads("#invites", "1@example.com").await;
    has_focus("#invite_email").await;
    screen.holds("#invite_email", "").await;
    let role: HtmlSelectElement = screen.find("#invite_role").await.unchecked_into();
    assert_eq!(role.value(), "engineer");
    let posts: Vec<_> = server.calls(INVITES).into_iter().filter(|call| call.method == "POST").collect();
    assert_eq!((posts.len(), posts[0].body.as_str()), (1, r#"{"email":"1@example.com","role":"viewer"}"#));
}

#[test]
async fn a_failure_keeps_what_was_typed_and_says_what_to_do() {
    for (fate, place, words) in [
        (
            Fate::Refused(ErrorCode::AddressTaken),
            "#invite-alert",
            "Someone in this account already uses this address.",
        ),
        (Fate::Refused(ErrorCode::Conflict), "#invite-alert", "Send it again below."),
        (Fate::RefusedFor(ErrorCode::TooManyRequests, 1_800), "#invite-alert", "Try again in 30 minutes."),
        (
            Fate::Invalid("email", "Enter an e-mail address."),
            "#invite_email-error",
            "Enter an e-mail address.",
        ),
        (Fate::Lost, "#invite-alert", "Try again"),
    ] {
        let _server = server(&Open::default(), move |_, _| fate.clone());
        let screen = open(page::MEMBERS);
        screen.type_into("#invite_email", "bob@example.com").await;
        screen.choose("#invite_role", "owner").await;
        screen.click("#invite-submit").await;
        screen.reads(place, words).await;
        screen.holds("#invite_email", "bob@example.com").await;
        let role: HtmlSelectElement = screen.find("#invite_role").await.unchecked_into();
        assert_eq!(role.value(), "owner", "{words}");
    }
}

#[test]
async fn two_presses_invite_once() {
    let server = server(&Open::default(), |_, _| Fate::Held(Box::new(Fate::Well)));
    let screen = open(page::MEMBERS);
    screen.type_into("#invite_email", "bob@example.com").await;
    screen.click("#invite-submit").await;
    screen.click("#invite-submit").await;
    screen.sees("#invite-submit", "Sending…").await;
    screen.click("#invite-submit").await;
    assert_eq!(server.calls(INVITES).iter().filter(|call| call.method == "POST").count(), 1);
}

#[test]
async fn each_is_sent_again_by_itself_and_says_why_not() {
    let resend = address(INVITE_RESEND, 1);
    let server = {
        let resend = resend.clone();
        server(&Rc::new(RefCell::new(vec![1, 2])), move |call, before| match (call.path == resend, before) {
            (true, 0) => Fate::Held(Box::new(Fate::RefusedFor(ErrorCode::TooManyRequests, 60))),
            _ => Fate::Well,
        })
    };
    let screen = open(page::MEMBERS);
    let again = "button[aria-label='Send again: 1@example.com']";
    screen.click(again).await;
    screen.sees(again, "Sending…").await;
    screen.click(again).await;
    screen.click("button[aria-label='Send again: 2@example.com']").await;
    screen.sees("#toast", "The invitation was sent again. Only its new link works.").await;
    server.go_on();
    screen.reads("[data-email='1@example.com'] [role=alert]", "Try again in 60 seconds.").await;
    assert_eq!(server.calls(&resend).len(), 1);
    screen.click(again).await;
    screen.sees("[data-email='1@example.com'] [role=alert]", "").await;
    until("the second", || (server.calls(&resend).len() == 2).then_some(())).await;
}

#[test]
async fn one_is_taken_back_after_a_question_and_the_focus_goes_to_the_next() {
    let listed: Open = Rc::new(RefCell::new(vec![1, 2, 3]));
    let server = {
        let now_open = Rc::clone(&listed);
        server(&listed, move |_, _| {
            now_open.borrow_mut().retain(|number| *number != 2);
            Fate::Well
        })
    };
    let screen = open(page::MEMBERS);
    screen.press("#invites-more").await;
    until("all of them", || (rows(&screen) == 3).then_some(())).await;
    let back = "button[aria-label='Revoke: 2@example.com']";
    screen.press(back).await;
    screen.sees("#take-back-title", "Revoke the invitation to 2@example.com?").await;
    screen.click("#take-back-cancel").await;
    until("the end of the dialog", || screen.query("#take-back:not([open])")).await;
    assert!(server.calls(&address(INVITE, 2)).is_empty());
    screen.press(back).await;
    screen.press("#take-back-confirm").await;
    screen.sees("#toast", "The invitation was revoked.").await;
    until("the others", || (rows(&screen) == 2).then_some(())).await;
    has_focus("li[data-email='3@example.com']").await;
    assert_eq!(server.calls(&address(INVITE, 2))[0].method, "DELETE");
}

#[test]
async fn one_that_was_accepted_meanwhile_is_told_of_and_gone() {
    let listed: Open = Rc::new(RefCell::new(vec![1]));
    let _server = {
        let now_open = Rc::clone(&listed);
        server(&listed, move |_, _| {
            now_open.borrow_mut().clear();
            Fate::Refused(ErrorCode::NotFound)
        })
    };
    let screen = open(page::MEMBERS);
    screen.press("button[aria-label='Revoke: 1@example.com']").await;
    screen.press("#take-back-confirm").await;
    screen.sees("#toast", "This invitation is no longer open. It was accepted or revoked.").await;
    screen.find("#invites-empty").await;
    has_focus("#invitations-title").await;
}

#[test]
async fn each_says_in_words_what_became_of_its_message_and_one_that_waits_is_looked_after() {
    use InviteDelivery::{Delayed, Failed, Queued, Sent};
    let is_sent = Rc::new(Cell::new(false));
    let _server = {
        let is_sent = Rc::clone(&is_sent);
        Server::start(move |call: &Call, _| match call.path.as_str() {
            MEMBERS => Fate::Says(json!({"members": [], "member_count": 0})),
            _ if call.path.starts_with(INVITES) => {
                let first = if is_sent.get() { Sent } else { Queued };
                let (refused, away) = (Some(DeliveryProblem::Refused), Some(DeliveryProblem::Unavailable));
                let states =
                    [(first, None), (Delayed, away), (Delayed, refused), (Failed, refused), (Failed, away)];
                let invites = (1..).zip(states).map(|(number, (delivery, delivery_problem))| InviteSummary {
                    delivery,
                    delivery_problem,
                    ..invite(number)
                });
                Fate::Says(json!(InvitePage { invites: invites.collect(), next_cursor: None }))
            }
            _ => Fate::Well,
        })
    };
    let screen = open(page::MEMBERS);
    let row = |number: u32, part: &str| format!("[data-email='{number}@example.com'] {part}");
    screen.sees(&row(1, ".detail"), "Viewer · being sent").await;
    // At once, so that even on a slow machine one of the early reloads finds it sent.
    is_sent.set(true);
    screen.sees(&row(2, ".detail"), "Viewer · not delivered yet").await;
    screen.sees(&row(4, ".detail"), "Viewer · not delivered").await;
    for (number, words) in [
        (1, ""),
        (
            2,
            "The mail server could not be reached. We keep trying. You can also copy the link and pass it on.",
        ),
        (3, "The mail server refused the address or the message. We keep trying."),
        (
            4,
            "The mail server refused the address or the message. Check the address, send it again, or copy the link",
        ),
        (5, "The mail server could not be reached. Check the address, send it again, or copy the link"),
    ] {
        screen.reads(&row(number, "[role=status]"), words).await;
    }
    screen.reads(&row(1, ".detail"), "Viewer · sent").await;
}

/// Lets `navigator.clipboard` be this until the next test.
fn set_clipboard(clipboard: &JsValue) {
    let navigator = web_sys::window().unwrap().navigator();
    let description = Object::new();
    Reflect::set(&description, &"configurable".into(), &true.into()).unwrap();
    Reflect::set(&description, &"value".into(), clipboard).unwrap();
    Object::define_property(&navigator, &"clipboard".into(), &description);
    fresh::after_test(move || {
        // That of the browser is the prototype's.
        Reflect::delete_property(&navigator, &"clipboard".into()).unwrap();
    });
}

/// A clipboard that answers so.
fn clipboard(answer: &str) -> JsValue {
    let clipboard = Object::new();
    let write = Function::new_with_args("text", &format!("this.text = text; return Promise.{answer}()"));
    Reflect::set(&clipboard, &"writeText".into(), &write).unwrap();
    clipboard.into()
}

const URL: &str = "https://curfew.example/invite#token";

#[test]
async fn its_link_is_copied_once_however_often_it_is_asked_for() {
    let link = address(INVITE_LINK, 1);
    let server =
        server(&Rc::new(RefCell::new(vec![1])), |_, _| Fate::Held(Box::new(Fate::Says(json!({"url": URL})))));
    let screen = open(page::MEMBERS);
    let copied = clipboard("resolve");
    set_clipboard(&copied);
    let button = "button[aria-label='Copy link: 1@example.com']";
    screen.sees(button, "Copy link").await;
    screen.click(button).await;
    screen.sees(button, "Copying…").await;
    screen.click(button).await;
    server.go_on();
    screen.reads("#toast", "Link copied. Anyone who has the link can join.").await;
    assert_eq!(Reflect::get(&copied, &"text".into()).unwrap(), URL);
    let calls = server.calls(&link);
    assert_eq!((calls.len(), calls[0].method.as_str()), (1, "POST"));
    screen.lacks("#invites input").await;
}

#[test]
async fn a_link_that_cannot_be_copied_is_shown_selected() {
    for clipboard in [clipboard("reject"), JsValue::UNDEFINED] {
        let _server = server(&Rc::new(RefCell::new(vec![1])), |_, _| Fate::Says(json!({"url": URL})));
        let screen = open(page::MEMBERS);
        set_clipboard(&clipboard);
        screen.click("button[aria-label='Copy link: 1@example.com']").await;
        let field = "#invites input";
        screen.holds(field, URL).await;
        has_focus(field).await;
        let input = screen.input(field).await;
        assert!(input.read_only());
        let selected = (input.selection_start().unwrap(), input.selection_end().unwrap());
        assert_eq!(selected, (Some(0), Some(u32::try_from(URL.len()).unwrap())));
        screen.reads("#invites", "The browser did not copy the link for 1@example.com. Copy it here:").await;
    }
}

#[test]
async fn the_link_of_one_that_expired_is_not_to_be_had() {
    let listed: Open = Rc::new(RefCell::new(vec![1]));
    let _server = {
        let now_open = Rc::clone(&listed);
        server(&listed, move |_, before| {
            if before == 0 {
                return Fate::Refused(ErrorCode::InvalidLink);
            }
            now_open.borrow_mut().clear();
            Fate::Refused(ErrorCode::NotFound)
        })
    };
    let screen = open(page::MEMBERS);
    let button = "button[aria-label='Copy link: 1@example.com']";
    screen.click(button).await;
    let alert = "[data-email='1@example.com'] [role=alert]";
    screen.reads(alert, "This invitation has expired. Send it again.").await;
    screen.click(button).await;
    screen.sees("#toast", "This invitation is no longer open. It was accepted or revoked.").await;
    screen.find("#invites-empty").await;
}
