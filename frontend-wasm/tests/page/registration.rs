//! The pages on which somebody asks for an account and verifies an address.

use curfew_shared::{
    error::ErrorCode,
    route::{
        api::{OAUTH_PROVIDERS, REGISTER, RESEND_VERIFICATION, VERIFY_EMAIL},
        page,
    },
};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{Screen, has_focus, has_title, open, until},
    server::{Fate, Server},
};

const TYPED: [(&str, &str); 3] =
    [("#account_name", "Example"), ("#name", "Ada"), ("#email", "ada@example.com")];

/// A server that answers `path` so.
fn server(path: &'static str, fate: impl Fn(usize) -> Fate + 'static) -> Server {
    Server::start(move |call, before| if call.path == path { fate(before) } else { Fate::Well })
}

async fn fill_in(screen: &Screen<curfew_frontend::App>) {
    for (input, text) in TYPED {
        screen.enter(input, text).await;
    }
    screen.enter("#password", "a few unrelated words").await;
}

async fn is_filled_in(screen: &Screen<curfew_frontend::App>, password: &str) {
    for (input, text) in TYPED {
        screen.holds(input, text).await;
    }
    screen.holds("#password", password).await;
}

#[test]
async fn what_was_typed_outlives_a_refusal_and_a_reload_but_for_the_password() {
    let _server = server(REGISTER, |_| Fate::RefusedFor(ErrorCode::TooManyRequests, 1_800));
    let screen = open(page::REGISTER);
    fill_in(&screen).await;
    screen.click("#register-submit").await;
    screen.sees("#register-alert", "Too many attempts. Try again in 30 minutes.").await;
    is_filled_in(&screen, "a few unrelated words").await;
    drop(screen);
    is_filled_in(&open(page::REGISTER), "").await;
}

#[test]
async fn what_is_wrong_with_a_password_stands_at_it_beside_the_rule() {
    let _server = server(REGISTER, |_| Fate::Invalid("password", "This password is too easy to guess."));
    let screen = open(page::REGISTER);
    fill_in(&screen).await;
    screen.click("#register-submit").await;
    screen.sees("#password-error", "This password is too easy to guess.").await;
    let password = screen.input("#password").await;
    assert_eq!(password.get_attribute("aria-describedby").as_deref(), Some("password-hint password-error"));
    assert_eq!(password.get_attribute("autocomplete").as_deref(), Some("new-password"));
    screen.reads("#password-hint", "At least 12 characters.").await;
    has_focus("#password").await;
}

#[test]
async fn where_the_message_went_is_a_view_of_its_own_from_which_one_comes_back_to_what_was_typed() {
    let server = server(RESEND_VERIFICATION, |before| {
        if before == 0 { Fate::RefusedFor(ErrorCode::TooManyRequests, 60) } else { Fate::Well }
    });
    let screen = open(page::REGISTER);
    fill_in(&screen).await;
    screen.press("#register-submit").await;
    screen.sees("h1", "Look into your mail").await;
    has_focus("h1").await;
    has_title("Look into your mail · Curfew").await;
    screen.click("#resend").await;
    screen.sees("#register-alert", "Too many attempts. Try again in 60 seconds.").await;
    screen.click("#resend").await;
    screen.sees("#register-again", "Sent again.").await;
    assert_eq!(server.calls(RESEND_VERIFICATION).len(), 2);
    screen.press("#other-address").await;
    screen.sees("h1", "Create an account").await;
    has_focus("h1").await;
    is_filled_in(&screen, "").await;
    drop(screen);
    let again = open(page::REGISTER);
    again.holds("#email", "").await;
}

#[test]
async fn where_registration_is_closed_that_is_said_at_once() {
    let _server =
        server(OAUTH_PROVIDERS, |_| Fate::Says(json!({"providers": [], "registration_open": false})));
    let screen = open(page::REGISTER);
    screen.sees("h1", "New accounts are by invitation only").await;
    screen.sees("#register-closed", "Ask an owner of the account to invite you.").await;
    screen.lacks("#register-form").await;
}

#[test]
async fn a_verified_address_is_told_to_who_is_signed_in_and_to_who_is_not() {
    for (is_signed_in, way_on) in [(true, "Go on"), (false, "Sign in")] {
        let server = server(VERIFY_EMAIL, |_| Fate::Says(json!({"email": "ada@example.com"})));
        if is_signed_in {
            curfew_frontend::browser::storage::set("curfew.session", "open 9000000000000");
        }
        let screen = open(&format!("{}#secret", page::VERIFY_EMAIL));
        screen.press("#verify").await;
        screen.sees("#verified", "ada@example.com is verified.").await;
        screen.sees("a.button", way_on).await;
        has_focus("h1").await;
        assert_eq!(server.calls(VERIFY_EMAIL)[0].body, r#"{"token":"secret"}"#);
    }
}

#[test]
async fn in_another_browser_a_password_is_chosen_before_the_address_is_verified() {
    let server = server(VERIFY_EMAIL, |before| match before {
        0 => Fate::Invalid("password", "Choose a password."),
        1 => Fate::RefusedFor(ErrorCode::TooManyRequests, 60),
        2 => Fate::Invalid("password", "This password is too easy to guess."),
        _ => Fate::Says(json!({"email": "ada@example.com"})),
    });
    let screen = open(&format!("{}#secret", page::VERIFY_EMAIL));
    screen.press("#verify").await;
    screen.sees("h1", "Choose your password").await;
    has_focus("h1").await;
    assert!(screen.query("#password-error, #verify").is_none(), "nothing was wrong yet");
    let password = screen.input("#password").await;
    assert_eq!(password.get_attribute("autocomplete").as_deref(), Some("new-password"));
    screen.type_into("#password", "a few unrelated words").await;
    screen.press("#verify-submit").await;
    screen.sees("#verify-alert", "Too many attempts. Try again in 60 seconds.").await;
    screen.press("#verify-submit").await;
    screen.sees("#password-error", "This password is too easy to guess.").await;
    screen.press("#verify-submit").await;
    screen.sees("#verified", "ada@example.com is verified.").await;
    let calls = server.calls(VERIFY_EMAIL);
    assert_eq!(calls[0].body, r#"{"token":"secret"}"#);
    assert_eq!(calls[3].body, r#"{"token":"secret","password":"a few unrelated words"}"#);
}

#[test]
async fn a_verification_that_fails_leads_on() {
    for (code, words) in [
        (ErrorCode::InvalidLink, "This link is no longer good."),
        (ErrorCode::AddressTaken, "Sign in with it, or use another."),
        (ErrorCode::IdentityTaken, "Unlink it there first."),
    ] {
        let _server = server(VERIFY_EMAIL, move |_| Fate::Refused(code));
        let screen = open(&format!("{}#secret", page::VERIFY_EMAIL));
        screen.press("#verify").await;
        screen.reads("#verify-alert", words).await;
        screen.sees("h1", "That did not work").await;
        has_focus("h1").await;
        screen.lacks("#verify").await;
        screen.find("a[href='/register']").await;
    }
    let _server = server(VERIFY_EMAIL, |_| Fate::Refused(ErrorCode::WrongBrowser));
    let screen = open(&format!("{}#secret", page::VERIFY_EMAIL));
    screen.press("#verify").await;
    screen.reads("#verify-alert", "Open this link in the browser in which you signed in").await;
    screen.find("#verify").await;
}

#[test]
async fn a_link_without_its_secret_says_so_until_another_is_followed() {
    for address in [page::VERIFY_EMAIL, page::RESET_PASSWORD, page::DISOWN, page::INVITE] {
        let _server = Server::start(|_, _| Fate::Well);
        let screen = open(address);
        screen.sees("h1", "This link is incomplete").await;
        screen.find("#link-incomplete").await;
        has_title("This link is incomplete · Curfew").await;
        screen.lacks("button.primary, form").await;
    }
    let _server = Server::start(|_, _| Fate::Well);
    let screen = open(page::VERIFY_EMAIL);
    screen.find("#link-incomplete").await;
    let location = web_sys::window().unwrap().location();
    location.set_hash("secret").unwrap();
    screen.find("#verify").await;
    until("an address without it", || (location.hash().unwrap().is_empty()).then_some(())).await;
}
