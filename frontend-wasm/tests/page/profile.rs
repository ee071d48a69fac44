//! The page on which everybody changes what is theirs.

use std::{cell::Cell, rc::Rc};

use curfew_shared::{
    error::ErrorCode,
    id::IdentityId,
    oauth::{Identity, IdentityList},
    route::{
        api::{
            ACCOUNT, ACCOUNT_CLOSE, CHANGE_EMAIL, CHANGE_PASSWORD, IDENTITIES, IDENTITY, LEAVE, LOGOUT,
            OAUTH_PROVIDERS,
        },
        page,
    },
};
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{has_focus, open},
    server::{Call, Fate, Server},
};
use curfew_frontend::browser::clock;

fn identity(number: u128) -> Identity {
    Identity {
        id: IdentityId(Uuid::from_u128(number)),
        provider: "example".into(),
        email: Some(format!("{number}@example.com")),
        linked_at: clock::now(),
        last_used_at: None,
    }
}

/// A server at which Ada has linked so many identities; all else meets `fate`.
fn server(
    count: Rc<Cell<u128>>,
    has_password: bool,
    fate: impl Fn(&Call, usize) -> Fate + 'static,
) -> Server {
    Server::start(move |call: &Call, before| match call.path.as_str() {
        IDENTITIES => {
            let identities = (1..=count.get()).map(identity).collect();
            Fate::Says(json!(IdentityList { identities, has_password }))
        }
        OAUTH_PROVIDERS => Fate::Says(json!({"providers": [], "registration_open": true})),
        path if path.starts_with("/users/") || path == CHANGE_PASSWORD => fate(call, before),
        _ => Fate::Well,
    })
}

#[test]
async fn another_address_counts_once_its_link_is_opened() {
    let _server = server(Rc::default(), true, |call, before| {
        assert_eq!(call.path, CHANGE_EMAIL);
        if before == 0 { Fate::RefusedFor(ErrorCode::TooManyRequests, 600) } else { Fate::Well }
    });
    let screen = open(page::PROFILE);
    screen.type_into("#new_email", "new@example.com").await;
    screen.click("#change-email-submit").await;
    screen.sees("#change-email-alert", "Too many attempts. Try again in 10 minutes.").await;
    screen.holds("#new_email", "new@example.com").await;
    screen.click("#change-email-submit").await;
    screen.reads("#change-email-done", "on its way to new@example.com").await;
    screen.reads("#change-email-done", "your address stays ada@example.com").await;
    screen.sees("#present-email", "ada@example.com").await;
}

#[test]
async fn a_password_is_changed_and_what_is_wrong_with_it_stands_at_it() {
    let _server = server(Rc::default(), true, |_, before| match before {
        0 => Fate::Invalid("current_password", "This is not your password."),
        1 => Fate::Invalid("new_password", "This password is too easy to guess."),
        _ => Fate::Says(json!({"revoked_count": 1, "identity_count": 2, "invite_count": 1})),
    });
    let screen = open(page::PROFILE);
    let username = screen.input("#change-password-form input[autocomplete=username]").await;
    assert_eq!(username.value(), "ada@example.com");
    screen.type_into("#current_password", "wrong").await;
    screen.type_into("#new_password", "password1234").await;
    screen.press("#change-password-submit").await;
    screen.sees("#current_password-error", "This is not your password.").await;
    screen.press("#change-password-submit").await;
    screen.sees("#new_password-error", "This password is too easy to guess.").await;
    has_focus("#new_password").await;
    screen.press("#change-password-submit").await;
    screen.sees("#change-password-done", "Your new password is set. 1 other session ended.").await;
    has_focus("#password-title").await;
    screen.lacks("#change-password-form").await;
    screen.reads("#still-linked", "You can still sign in with 2 linked accounts.").await;
    screen.reads("#still-invited", "1 invitation of yours can still be accepted.").await;
    screen.find("#still-invited a[href='/account/members']").await;
}

#[test]
async fn one_of_several_ways_to_sign_in_is_unlinked() {
    let count = Rc::new(Cell::new(2));
    let server = {
        let now_linked = Rc::clone(&count);
        server(count, false, move |_, _| {
            now_linked.set(1);
            Fate::Well
        })
    };
    let screen = open(page::PROFILE);
    let second = format!("[data-id='{}'] button", IdentityId(Uuid::from_u128(2)));
    screen.find(&second).await;
    screen.lacks("#unlink-last").await;
    screen.press(&second).await;
    screen.press("#unlink-confirm").await;
    screen.sees("#toast", "Unlinked. You can no longer sign in with it.").await;
    screen.lacks(&second).await;
    has_focus("#identities li").await;
    screen.reads("#unlink-last", "This is your only way to sign in.").await;
    let address = IDENTITY.replace("{id}", &IdentityId(Uuid::from_u128(2)).to_string());
    assert_eq!(server.calls(&address)[0].method, "DELETE");
}

#[test]
async fn that_it_is_the_only_way_in_is_said_before_and_after() {
    let _server = server(Rc::new(Cell::new(1)), false, |_, _| Fate::Refused(ErrorCode::LastSignInMethod));
    let screen = open(page::PROFILE);
    screen.find("#identities button[aria-describedby=unlink-last]").await;
    screen.click("#identities button").await;
    screen.reads("#unlink-body", "This is your only way to sign in.").await;
    screen.click("#unlink-confirm").await;
    screen.reads("#unlink-alert", "Set a password or link another provider first.").await;
}

#[test]
async fn the_accounts_name_is_changed_and_the_focus_stays_there() {
    let _server = Server::start(|call: &Call, before| match (call.path.as_str(), before) {
        (ACCOUNT, 0) => Fate::Invalid("name", "Leave out web addresses."),
        (ACCOUNT, _) => Fate::Says(json!({
            "id": Uuid::nil(), "name": "Acme", "created_at": clock::now(), "member_count": 1,
        })),
        _ => Fate::Well,
    });
    let screen = open(page::ACCOUNT);
    screen.press("#rename-account-open").await;
    has_focus("#account_name").await;
    screen.holds("#account_name", "Example").await;
    screen.type_into("#account_name", "https://example.com").await;
    screen.press("#rename-account-submit").await;
    screen.sees("#account_name-error", "Leave out web addresses.").await;
    screen.press("#rename-account-submit").await;
    screen.sees("#rename-account-done", "Saved.").await;
    has_focus("#rename-account-open").await;
}

#[test]
async fn who_leaves_is_asked_first_and_then_is_on_the_sign_in_page() {
    let server = server(Rc::default(), true, |call, before| match (call.path.as_str(), before) {
        (LEAVE, 0) => Fate::Refused(ErrorCode::LastOwner),
        _ => Fate::Well,
    });
    let screen = open(page::PROFILE);
    screen.sees("#leave", "Leave Example").await;
    screen.press("#leave").await;
    screen.press("#leaving-cancel").await;
    assert!(server.calls(LEAVE).is_empty());
    screen.press("#leave").await;
    screen.reads("#leaving-body", "Your user is deleted").await;
    screen.press("#leaving-confirm").await;
    screen.reads("#leaving-alert", "Make someone else an owner first, or close the account.").await;
    screen.press("#leaving-confirm").await;
    screen.find("#sign-in").await;
    assert_eq!((server.calls(LEAVE).len(), server.calls(LOGOUT).len()), (2, 1));
}

#[test]
async fn an_account_is_closed_by_who_types_its_name() {
    let server = Server::start(|_: &Call, _| Fate::Well);
    let screen = open(page::ACCOUNT);
    screen.type_into("#closing_name", "Exampel").await;
    screen.press("#close-account-submit").await;
    screen.reads("#close-account-alert", "That is not the account’s name.").await;
    screen.type_into("#closing_name", "Example").await;
    screen.press("#close-account-submit").await;
    screen.reads("#closing-body", "This can’t be undone.").await;
    assert!(server.calls(ACCOUNT_CLOSE).is_empty());
    screen.press("#closing-confirm").await;
    screen.find("#sign-in").await;
    let calls = server.calls(ACCOUNT_CLOSE);
    assert_eq!((calls.len(), calls[0].body.as_str()), (1, r#"{"name":"Example"}"#));
}
