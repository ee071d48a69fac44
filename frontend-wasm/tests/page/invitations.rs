//! The card on which owners invite somebody.

use std::{cell::RefCell, rc::Rc};

use chrono::TimeDelta;
use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    id::InviteId,
    invite::{InvitePage, InviteSummary},
    route::{
        api::{INVITE, INVITE_RESEND, INVITES, MEMBERS},
        page,
    },
};
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::HtmlSelectElement;

use super::{
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
