//! Whole pages, at their addresses.

use chrono::TimeDelta;
use curfew_shared::{
    error::ErrorCode,
    id::IdentityId,
    oauth::{Identity, IdentityList},
    policy::Policy,
    route::{
        api::{
            CHANGE_EMAIL, IDENTITIES, LOGOUT, ME, OAUTH_PROVIDERS, OAUTH_START, REAUTHENTICATE, REFRESH,
            REGISTER, RESET_PASSWORD, SECURITY,
        },
        page,
    },
};
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{Screen, is_at, open, until},
    security::settings,
    server::{Call, Fate, Server, access_token, me, tokens},
};
use curfew_frontend::{
    App,
    browser::{clock, storage},
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
    screen.find("#sign-in").await;
    is_at("/login?next=%2Faccount%3Fa%3D1%26b%3D%25C3%25A4").await;
    screen.type_into("#email", "ada@example.com").await;
    screen.type_into("#password", "secret").await;
    screen.click("#sign-in").await;
    screen.sees("h1", "Account").await;
    is_at("/account?a=1&b=%C3%A4").await;
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
    screen.holds("#new_email", "new@example.com").await;
    assert_eq!((server.calls(CHANGE_EMAIL).len(), server.calls(REAUTHENTICATE).len()), (1, 0));
}

/// A server at which Ada has no password, and has linked one of two providers.
fn server_without_password(fate: impl Fn(&Call, usize) -> Option<Fate> + 'static) -> Server {
    Server::start(move |call: &Call, before| {
        if let Some(fate) = fate(call, before) {
            return fate;
        }
        let provider = |name: &str| json!({"name": name, "display_name": name, "icon": "key"});
        match call.path.as_str() {
            ME => {
                let mut me = me(clock::now());
                me.user.has_password = false;
                Fate::Says(json!(me))
            }
            CHANGE_EMAIL => Fate::Refused(ErrorCode::ReauthenticationRequired),
            OAUTH_PROVIDERS => Fate::Says(json!({
                "providers": [provider("linked"), provider("other")], "registration_open": true,
            })),
            IDENTITIES => {
                let linked = Identity {
                    id: IdentityId(Uuid::nil()),
                    provider: "linked".into(),
                    email: None,
                    linked_at: clock::now(),
                    last_used_at: None,
                };
                Fate::Says(json!(IdentityList { identities: vec![linked], has_password: false }))
            }
            _ => Fate::Well,
        }
    })
}

const BUTTONS: &str = "#reauthenticate .provider";

#[test]
async fn who_has_no_password_confirms_by_a_linked_provider_and_comes_back_to_the_same_place() {
    let start = OAUTH_START.replace("{provider}", "linked");
    let server = {
        let start = start.clone();
        server_without_password(move |call, _| {
            (call.path == start).then_some(Fate::Refused(ErrorCode::OauthUnavailable))
        })
    };
    let screen = open(&format!("{}?tab=2", page::PROFILE));
    ask_for_another_address(&screen).await;
    screen.reads("#reauthenticate-body", "then do it again").await;
    screen.sees(BUTTONS, "Confirm with linked").await;
    let dialog = screen.find("#reauthenticate").await;
    assert_eq!(dialog.query_selector_all(".provider").unwrap().length(), 1, "not with what is not linked");
    screen.click(BUTTONS).await;
    screen.find("#reauthenticate-alert .alert").await;
    assert_eq!(server.calls(&start).len(), 1);
    assert_eq!(storage::take_from_tab("curfew.next").as_deref(), Some("/account/profile?tab=2"));
    assert!(screen.query("#connection").is_some_and(|notice| notice.text_content().as_deref() == Some("")));
}

#[test]
async fn a_list_of_providers_that_did_not_come_can_be_fetched_again() {
    let _server = server_without_password(|call, before| {
        (call.path == IDENTITIES && before < 2).then_some(Fate::Refused(ErrorCode::Internal))
    });
    let screen = open(page::PROFILE);
    ask_for_another_address(&screen).await;
    screen.find("#reauthenticate-providers-alert .alert").await;
    screen.click("#reauthenticate-providers-retry").await;
    screen.sees(BUTTONS, "Confirm with linked").await;
}

#[test]
async fn whom_no_provider_lets_confirm_can_sign_in_again() {
    let server = server_without_password(|_, _| None);
    let screen = open(page::PROFILE);
    ask_for_another_address(&screen).await;
    screen.click("#reauthenticate-sign-in-again").await;
    screen.find("#sign-in").await;
    assert_eq!(server.calls(LOGOUT).len(), 1);
    is_at("/login?next=%2Faccount%2Fprofile").await;
}

#[test]
async fn what_becomes_of_a_session_that_is_not_used_is_said_beforehand() {
    let server = Server::start(|call, _| match call.path.as_str() {
        REFRESH => Fate::Refused(ErrorCode::InvalidRefreshToken),
        _ => Fate::Well,
    });
    let screen = open(page::LOGIN);
    screen
        .reads(
            ".sign-in > .hint",
            "A session that is not used ends by itself, and what is not saved by then is lost.",
        )
        .await;
    screen.reads(".sign-in > .hint", "shown once you are signed in.").await;
    drop((screen, server));

    let _server = Server::start(|call, _| match call.path.as_str() {
        REFRESH => {
            let minutes = |minutes: u32| TimeDelta::minutes(minutes.into());
            let Policy { idle_minutes, absolute_minutes } = Policy::STRICT;
            let windows = (minutes(idle_minutes), minutes(absolute_minutes));
            Fate::Says(json!(tokens(&access_token(1), windows, clock::now())))
        }
        SECURITY => settings(json!(null), json!(null), 1),
        _ => Fate::Well,
    });
    let screen = open(page::HOME);
    screen.reads("#session", "Ends if unusedin 3 days").await;
    screen.reads("#session", "Ends at the latestin 14 days").await;
    screen
        .reads("#session .hint", "Using Curfew keeps the session alive; a page that is merely open does not.")
        .await;
    screen.reads("#session .hint", "What is not saved when it ends is lost.").await;
    drop(screen);

    let screen = open(page::SECURITY);
    screen
        .reads(
            "#policy-card .lead",
            "A session ends when nobody has used it for a while, and whatever is not saved by then is lost; five \
             minutes before, the page warns.",
        )
        .await;
    screen.reads("#policy-card", "3 days idle, 14 days maximum").await;
}
