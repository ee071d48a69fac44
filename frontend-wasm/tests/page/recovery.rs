//! The pages by which somebody gets back in.

use curfew_shared::{
    error::ErrorCode,
    route::{
        api::{DISOWN, FORGOT_PASSWORD, RESET_PASSWORD},
        page,
    },
};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{has_focus, has_title, open},
    server::{Fate, Server},
};

/// A server that answers `path` so.
fn server(path: &'static str, fate: impl Fn(usize) -> Fate + 'static) -> Server {
    Server::start(move |call, before| if call.path == path { fate(before) } else { Fate::Well })
}

#[test]
async fn who_asks_too_often_is_told_how_long_to_wait_and_keeps_what_was_typed() {
    let _server = server(FORGOT_PASSWORD, |before| match before {
        0 => Fate::RefusedFor(ErrorCode::TooManyRequests, 3_600),
        _ => Fate::Well,
    });
    let screen = open(page::FORGOT_PASSWORD);
    screen.enter("#email", "ada@example.com").await;
    screen.click("#forgot-submit").await;
    screen.sees("#forgot-alert", "Too many attempts. Try again in an hour.").await;
    drop(screen);
    let screen = open(page::FORGOT_PASSWORD);
    screen.holds("#email", "ada@example.com").await;
    screen.press("#forgot-submit").await;
    screen.sees("#forgot-sent", "ada@example.com").await;
    has_focus("h1").await;
    has_title("Look into your mail · Curfew").await;
    screen.press("#other-address").await;
    screen.holds("#email", "ada@example.com").await;
    has_focus("h1").await;
}

#[test]
async fn a_new_password_is_set_and_the_way_on_told() {
    let _server = server(RESET_PASSWORD, |before| match before {
        0 => Fate::Invalid("password", "Use at least 12 characters."),
        _ => Fate::Well,
    });
    let screen = open(&format!("{}#secret", page::RESET_PASSWORD));
    let password = screen.input("#password").await;
    assert_eq!(password.get_attribute("autocomplete").as_deref(), Some("new-password"));
    assert_eq!(password.get_attribute("aria-describedby").as_deref(), Some("password-hint"));
    screen.type_into("#password", "short").await;
    screen.click("#reveal").await;
    screen.find("#password[type=text]").await;
    screen.press("#reset-submit").await;
    screen.sees("#password-error", "Use at least 12 characters.").await;
    screen.find("#password[type=password]").await;
    screen.press("#reset-submit").await;
    screen.sees("#reset-done", "Your new password is set.").await;
    screen.sees("h1", "Your password is set").await;
    has_focus("h1").await;
    has_title("Your password is set · Curfew").await;
}

#[test]
async fn a_link_that_has_served_is_told_of_under_a_heading_of_its_own() {
    let _server = server(RESET_PASSWORD, |_| Fate::Refused(ErrorCode::InvalidLink));
    let screen = open(&format!("{}#secret", page::RESET_PASSWORD));
    screen.type_into("#password", "a few unrelated words").await;
    screen.press("#reset-submit").await;
    screen.sees("#reset-alert", "This link is no longer good.").await;
    screen.sees("h1", "Ask for a new link").await;
    has_focus("h1").await;
}

#[test]
async fn a_sign_in_is_disowned_and_the_way_back_in_comes_by_mail() {
    let server = server(DISOWN, |before| match before {
        0 => Fate::RefusedFor(ErrorCode::Unavailable, 5),
        _ => Fate::Says(json!({"revoked_count": 2})),
    });
    let screen = open(&format!("{}#secret", page::DISOWN));
    screen.press("#disown").await;
    screen.sees("#disown-alert", "Curfew can’t do that for the moment. Try again in 5 seconds.").await;
    screen.press("#disown").await;
    screen.sees("#disowned", "Signed out everywhere: 2 sessions ended.").await;
    screen.sees("h1", "Check your email").await;
    has_focus("h1").await;
    has_title("Check your email · Curfew").await;
    screen.find("a[href='/forgot-password']").await;
    screen.lacks("#password").await;
    assert!(server.calls(RESET_PASSWORD).is_empty(), "the link alone sets no password");
}

#[test]
async fn what_cannot_be_disowned_any_more_leads_to_a_new_password() {
    let _server = server(DISOWN, |_| Fate::Refused(ErrorCode::InvalidLink));
    let screen = open(&format!("{}#secret", page::DISOWN));
    screen.press("#disown").await;
    screen.sees("#disown-alert", "This link is no longer good.").await;
    screen.find("a[href='/forgot-password']").await;
    has_focus("h1").await;
}
