//! The page on which an invitation is accepted.

use chrono::TimeDelta;
use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    invite::InvitationResponse,
    route::{
        api::{INVITATION, INVITATION_ACCEPT},
        page,
    },
};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{has_focus, has_title, open},
    server::{Call, Fate, Server},
};
use curfew_frontend::browser::{clock, storage};

fn invitation(email: &str) -> Fate {
    Fate::Says(json!(InvitationResponse {
        account_name: "Acme".into(),
        invited_by: Some("Ada".into()),
        email: email.into(),
        role: Role::Engineer,
        expires_at: clock::now() + TimeDelta::days(7),
    }))
}

fn accept() -> String {
    INVITATION_ACCEPT.replace("{token}", "secret")
}

/// A server with an invitation for this address; what is asked of it meets `fate`.
fn server(email: &'static str, fate: impl Fn(&Call, usize) -> Option<Fate> + 'static) -> Server {
    let invited = INVITATION.replace("{token}", "secret");
    Server::start(move |call: &Call, before| {
        let is_asked_for = call.path == invited;
        fate(call, before).unwrap_or_else(|| if is_asked_for { invitation(email) } else { Fate::Well })
    })
}

fn address() -> String {
    format!("{}#secret", page::INVITE)
}

#[test]
async fn somebody_joins_and_what_is_refused_stands_at_the_field() {
    let server = server("bob@example.com", |call, before| {
        (call.path == accept() && before == 0)
            .then_some(Fate::Invalid("password", "This password is too easy to guess."))
    });
    let screen = open(&address());
    screen.sees("h1", "Join Acme").await;
    has_focus("h1").await;
    has_title("Join · Curfew").await;
    screen.sees(".lead", "Ada invites bob@example.com to join “Acme” as an engineer.").await;
    let username = screen.input("#accept-form input[autocomplete=username]").await;
    assert_eq!((username.value().as_str(), username.hidden()), ("bob@example.com", true));
    screen.enter("#name", "Bob").await;
    screen.type_into("#password", "password1234").await;
    screen.click("#accept-submit").await;
    screen.sees("#password-error", "This password is too easy to guess.").await;
    screen.holds("#name", "Bob").await;
    screen.click("#accept-submit").await;
    screen.find("#you").await;
    assert_eq!(server.calls(&accept()).len(), 2);
}

#[test]
async fn a_token_in_the_path_opens_the_invitation_too() {
    let server = server("bob@example.com", |_, _| None);
    let screen = open(&format!("{}/secret", page::INVITE));
    screen.sees(".lead", "Ada invites bob@example.com to join “Acme” as an engineer.").await;
    screen.holds("#accept-form input[autocomplete=username]", "bob@example.com").await;
    assert_eq!(server.calls(&INVITATION.replace("{token}", "secret")).len(), 1);
    screen.type_into("#name", "Bob").await;
    screen.type_into("#password", "a few unrelated words").await;
    screen.click("#accept-submit").await;
    screen.find("#you").await;
    assert_eq!(server.calls(&accept()).len(), 1);
}

#[test]
async fn an_invitation_that_did_not_come_can_be_fetched_again_and_a_dead_one_leads_on() {
    let invited = INVITATION.replace("{token}", "secret");
    let _server = server("bob@example.com", move |call, before| {
        (call.path == invited && before == 0).then_some(Fate::Refused(ErrorCode::Internal))
    });
    let screen = open(&address());
    screen.reads("#invite-alert", "Something went wrong on our side.").await;
    screen.sees("h1", "Invitation").await;
    screen.click("#invite-retry").await;
    screen.sees("h1", "Join Acme").await;
    drop(screen);

    for (dead_at, code) in [(INVITATION, ErrorCode::InvalidLink), (INVITATION_ACCEPT, ErrorCode::InvalidLink)]
    {
        let dead = dead_at.replace("{token}", "secret");
        let _server =
            server("bob@example.com", move |call, _| (call.path == dead).then_some(Fate::Refused(code)));
        let screen = open(&address());
        if dead_at == INVITATION_ACCEPT {
            screen.type_into("#name", "Bob").await;
            screen.type_into("#password", "a few unrelated words").await;
            screen.press("#accept-submit").await;
        }
        screen.sees("h1", "This invitation is no longer good").await;
        screen.reads("#invite-alert", "This link is no longer good.").await;
        screen.find("a[href='/login']").await;
        has_focus("h1").await;
    }
}

#[test]
async fn who_is_signed_in_is_told_as_whom_and_what_joining_does() {
    for (email, selector, words) in [
        ("bob@example.com", "#invite-present", "You are signed in as Ada (ada@example.com)."),
        ("ada@example.com", "#invite-own", "It can belong to one account only"),
    ] {
        let _server = server(email, |_, _| None);
        storage::set("curfew.session", "open 9000000000000");
        let screen = open(&address());
        screen.reads(selector, words).await;
        assert_eq!(screen.query("#accept-form").is_some(), email == "bob@example.com");
    }
}
