//! Whole pages, at their addresses.

use curfew_frontend::App;
use curfew_shared::{
    error::ErrorCode,
    route::{
        api::{CHANGE_EMAIL, REAUTHENTICATE, REFRESH, REGISTER, RESET_PASSWORD},
        page,
    },
};
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{Screen, open, until},
    server::{Fate, Server},
};

async fn ask_for_another_address(screen: &Screen<App>) {
    screen.type_into("#new_email", "new@example.com").await;
    screen.click("#change-email-submit").await;
}

fn is_open(screen: &Screen<App>) -> bool {
    screen.query("#reauthenticate").is_some_and(|dialog| dialog.has_attribute("open"))
}

#[test]
async fn an_empty_registration_says_what_is_missing_and_asks_nobody() {
    let server = Server::start(|_, _| Fate::Well);
    let screen = open(page::REGISTER);
    screen.click("#register-submit").await;
    screen.sees("#account_name-error", "Enter a name.").await;
    screen.sees("#password-error", "Choose a password.").await;
    assert!(server.calls(REGISTER).is_empty());
}

#[test]
async fn a_registration_ends_with_where_the_message_went() {
    let server = Server::start(|_, _| Fate::Well);
    let screen = open(page::REGISTER);
    for (input, text) in [
        ("#account_name", "Example"),
        ("#name", "Ada"),
        ("#email", " ada@example.com "),
        ("#password", "a few unrelated words"),
    ] {
        screen.type_into(input, text).await;
    }
    screen.click("#register-submit").await;
    screen.sees("#register-sent", "ada@example.com").await;
    assert_eq!(server.calls(REGISTER).len(), 1);
    assert_eq!(server.calls(REGISTER)[0].bearer, None);
}

#[test]
async fn who_has_to_sign_in_first_comes_back_to_where_they_were() {
    let _server = Server::start(|call, before| {
        if call.path == REFRESH && before == 0 {
            Fate::Refused(ErrorCode::InvalidRefreshToken)
        } else {
            Fate::Well
        }
    });
    let screen = open("/account?a=1&b=%C3%A4");
    let address = || {
        let location = web_sys::window().unwrap().location();
        [location.pathname().unwrap(), location.search().unwrap()].concat()
    };
    screen.find("#sign-in").await;
    assert_eq!(address(), "/login?next=%2Faccount%3Fa%3D1%26b%3D%25C3%25A4");
    screen.type_into("#email", "ada@example.com").await;
    screen.type_into("#password", "secret").await;
    screen.click("#sign-in").await;
    screen.sees("h1", "Account").await;
    assert_eq!(address(), "/account?a=1&b=%C3%A4");
}

#[test]
async fn a_link_that_is_used_up_leads_to_a_new_one() {
    let server = Server::start(|call, _| {
        if call.path == RESET_PASSWORD { Fate::Refused(ErrorCode::InvalidLink) } else { Fate::Well }
    });
    let screen = open(&format!("{}#secret", page::RESET_PASSWORD));
    screen.type_into("#password", "a few unrelated words").await;
    screen.click("#reset-submit").await;
    screen.find("#reset-alert .alert").await;
    screen.sees("a.button", "Ask for a new link").await;
    assert!(server.calls(RESET_PASSWORD)[0].body.contains(r#""token":"secret""#));
}

#[test]
async fn what_needs_a_confirmation_goes_on_by_itself_after_it() {
    let server = Server::start(|call, before| {
        if call.path == CHANGE_EMAIL && before == 0 {
            Fate::Refused(ErrorCode::ReauthenticationRequired)
        } else {
            Fate::Well
        }
    });
    let screen = open(page::PROFILE);
    ask_for_another_address(&screen).await;
    until("the dialog", || is_open(&screen).then_some(())).await;
    screen.type_into("#confirm_password", "secret").await;
    screen.click("#reauthenticate-confirm").await;
    screen.find("#change-email-done .banner").await;
    until("the end of the dialog", || (!is_open(&screen)).then_some(())).await;
    assert_eq!(server.calls(REAUTHENTICATE).len(), 1);
    let calls = server.calls(CHANGE_EMAIL);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].body, calls[1].body);
    assert_ne!(calls[0].bearer, calls[1].bearer, "with the token that the confirmation brought");
}

#[test]
async fn who_does_not_confirm_keeps_what_was_typed_and_changes_nothing() {
    let server = Server::start(|call, _| {
        if call.path == CHANGE_EMAIL {
            Fate::Refused(ErrorCode::ReauthenticationRequired)
        } else {
            Fate::Well
        }
    });
    let screen = open(page::PROFILE);
    ask_for_another_address(&screen).await;
    until("the dialog", || is_open(&screen).then_some(())).await;
    screen.click("#reauthenticate-cancel").await;
    until("the end of the dialog", || (!is_open(&screen)).then_some(())).await;
    assert_eq!(screen.input("#new_email").await.value(), "new@example.com");
    assert_eq!((server.calls(CHANGE_EMAIL).len(), server.calls(REAUTHENTICATE).len()), (1, 0));
}
