//! The page on which owners see and change who belongs to the account.

use std::{cell::Cell, rc::Rc};

use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    id::UserId,
    member::{MemberCursor, MemberPage, MemberSummary},
    route::{
        api::{INVITES, ME, MEMBER, MEMBERS},
        page,
    },
};
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{Screen, has_focus, open, until},
    server::{Call, Fate, Server, me},
};
use curfew_frontend::{App, browser::clock};

fn member(number: u128, name: &str, role: Role, session_count: u64) -> MemberSummary {
    MemberSummary {
        id: UserId(Uuid::from_u128(number)),
        name: name.into(),
        email: format!("{}@example.com", name.to_lowercase()),
        role,
        is_active: true,
        last_login_at: None,
        session_count,
        is_caller: number == 1,
    }
}

/// Ada, who looks at it, and Bob.
fn people() -> Fate {
    let members = vec![member(1, "Ada", Role::Owner, 1), member(2, "Bob", Role::Viewer, 2)];
    Fate::Says(json!(MemberPage { members, member_count: 2, next_cursor: None }))
}

fn bob() -> String {
    MEMBER.replace("{id}", &UserId(Uuid::from_u128(2)).to_string())
}

/// A server with these people; what is asked for about Bob meets `fate`.
fn server(fate: impl Fn(usize) -> Fate + 'static) -> Server {
    let bob = bob();
    Server::start(move |call: &Call, before| match call.path.as_str() {
        MEMBERS => people(),
        INVITES => Fate::Says(json!({"invites": []})),
        path if path == bob => fate(before),
        _ => Fate::Well,
    })
}

#[test]
async fn each_is_shown_with_a_part_and_nobody_can_shut_themselves_out() {
    let _server = server(|_| Fate::Well);
    let screen = open(page::MEMBERS);
    screen.sees("#members-summary", "2 people in this account.").await;
    screen.reads("[data-email='ada@example.com']", "Ada (you)").await;
    screen.reads("[data-email='bob@example.com']", "2 live sessions").await;
    let buttons = |email: &str| {
        let row = screen.query(&format!("[data-email='{email}']")).unwrap();
        row.query_selector_all("button").unwrap().length()
    };
    assert_eq!((buttons("ada@example.com"), buttons("bob@example.com")), (0, 3));
    screen.sees("#invites-empty", "There are no open invitations.").await;
}

#[test]
async fn another_role_is_asked_for_and_holds_once_the_server_agrees() {
    let server = server(|_| Fate::Well);
    let screen = open(page::MEMBERS);
    let select = screen.choose("select[aria-label='Role of Bob']", "engineer").await;
    screen.sees("#member-deed-title", "Make Bob an engineer?").await;
    assert_eq!(select.value(), "viewer", "it shows what is");
    screen.click("#member-deed-cancel").await;
    until("the end of the dialog", || screen.query("#member-deed:not([open])")).await;
    assert!(server.calls(&bob()).is_empty());

    screen.choose("select[aria-label='Role of Bob']", "engineer").await;
    screen.click("#member-deed-confirm.primary").await;
    screen.sees("#toast", "Bob is an engineer now").await;
    let calls = server.calls(&bob());
    assert_eq!((calls.len(), calls[0].method.as_str()), (1, "PATCH"));
    assert_eq!(calls[0].body, r#"{"role":"engineer"}"#);
    assert_eq!(server.calls(MEMBERS).len(), 2, "the list is fetched again");
}

#[test]
async fn what_the_server_refuses_is_said_in_the_dialog_and_can_be_tried_again() {
    let server = server(|before| if before == 0 { Fate::Refused(ErrorCode::LastOwner) } else { Fate::Well });
    let screen = open(page::MEMBERS);
    screen.click("button[aria-label='Remove: Bob']").await;
    screen.reads("#member-deed-body", "2 sessions end at once").await;
    screen.click("#member-deed-confirm.danger").await;
    screen.find("#member-deed-alert.alert").await;
    screen.find("#member-deed[open]").await;
    screen.click("#member-deed-confirm").await;
    screen.sees("#toast", "Bob is removed").await;
    assert!(server.calls(&bob()).iter().all(|call| call.method == "DELETE"));
}

#[test]
async fn a_list_that_did_not_come_can_be_fetched_again() {
    let _server = Server::start(|call, before| match (call.path.as_str(), before) {
        (MEMBERS, 0) => Fate::Refused(ErrorCode::Internal),
        (MEMBERS, _) => people(),
        (INVITES, _) => Fate::Says(json!({"invites": []})),
        _ => Fate::Well,
    });
    let screen = open(page::MEMBERS);
    screen.find("#members-alert .alert").await;
    screen.click("#members-retry").await;
    screen.sees("#members-summary", "2 people in this account.").await;
}

#[test]
async fn once_the_server_has_agreed_the_new_role_is_shown() {
    let bob = bob();
    let _server = Server::start(move |call: &Call, before| match call.path.as_str() {
        MEMBERS => {
            let role = if before == 0 { Role::Viewer } else { Role::Engineer };
            let members = vec![member(1, "Ada", Role::Owner, 1), member(2, "Bob", role, 2)];
            Fate::Says(json!(MemberPage { members, member_count: 2, next_cursor: None }))
        }
        INVITES => Fate::Says(json!({"invites": []})),
        path if path == bob => Fate::Well,
        _ => Fate::Well,
    });
    let screen = open(page::MEMBERS);
    let select = screen.choose("select[aria-label='Role of Bob']", "engineer").await;
    screen.click("#member-deed-confirm").await;
    until("the new role", || (select.value() == "engineer").then_some(())).await;
    assert!(select.is_connected());
}

/// Five people on pages of two; who was removed is there no more.
fn pages(call: &Call, removed: Option<u128>) -> Option<Fate> {
    let query = call.path.strip_prefix(MEMBERS)?;
    if query.starts_with('/') {
        return None;
    }
    let after: u128 = query.strip_prefix("?cursor=").map_or(0, |cursor| cursor.parse().unwrap());
    let people = (1..=5).filter(|number| Some(*number) != removed && *number > after).take(3);
    let mut members: Vec<_> = people
        .map(|number| {
            member(number, ["Ada", "Bob", "Cyd", "Dan", "Eve"][number as usize - 1], Role::Owner, 1)
        })
        .collect();
    let next_cursor = (members.len() > 2).then(|| {
        members.truncate(2);
        MemberCursor(members[1].id.0.as_u128().to_string())
    });
    Some(Fate::Says(json!(MemberPage { members, member_count: 5, next_cursor })))
}

fn names(screen: &Screen<App>) -> String {
    let rows = screen.query("#members").map(|list| list.children());
    let Some(rows) = rows else { return String::new() };
    (0..rows.length())
        .map(|at| rows.item(at).unwrap().get_attribute("data-email").unwrap()[..1].to_owned())
        .collect()
}

#[test]
async fn a_long_list_goes_on_and_stays_as_long_when_somebody_is_removed() {
    let removed = Rc::new(Cell::new(None));
    let server = {
        let removed = Rc::clone(&removed);
        Server::start(move |call: &Call, _| match (pages(call, removed.get()), call.method.as_str()) {
            (Some(page), _) if removed.get().is_some() => Fate::Held(Box::new(page)),
            (Some(page), _) => page,
            (None, "DELETE") => {
                removed.set(Some(3));
                Fate::Says(json!({}))
            }
            _ if call.path == INVITES => Fate::Says(json!({"invites": []})),
            _ => Fate::Well,
        })
    };
    let screen = open(page::MEMBERS);
    screen.press("#members-more").await;
    until("four people", || (names(&screen) == "abcd").then_some(())).await;
    has_focus("#members-more").await;
    screen.press("#members-more").await;
    until("all people", || (names(&screen) == "abcde").then_some(())).await;
    has_focus("#members-loading").await;
    screen.lacks("#members-more").await;

    screen.press("button[aria-label='Remove: Cyd']").await;
    screen.press("#member-deed-confirm").await;
    screen.sees("#toast", "Cyd is removed").await;
    has_focus("button[aria-label='Remove: Cyd']").await;
    assert_eq!(names(&screen), "abcde", "the list stands until the new one is there");
    for _ in 0..3 {
        let asked = server.calls_below(MEMBERS).len();
        server.go_on();
        until("the next page", || {
            (server.calls_below(MEMBERS).len() > asked || names(&screen) == "abde").then_some(())
        })
        .await;
    }
    until("the others", || (names(&screen) == "abde").then_some(())).await;
    has_focus("li[data-email='dan@example.com']").await;
}

#[test]
async fn a_list_that_cannot_be_loaded_anew_stays_and_says_so() {
    let _server = {
        let bob = bob();
        Server::start(move |call: &Call, before| match call.path.as_str() {
            MEMBERS if before == 1 => Fate::Refused(ErrorCode::Internal),
            MEMBERS => people(),
            INVITES => Fate::Says(json!({"invites": []})),
            path if path == bob => Fate::Well,
            _ => Fate::Well,
        })
    };
    let screen = open(page::MEMBERS);
    screen.click("button[aria-label='Deactivate: Bob']").await;
    screen.click("#member-deed-confirm").await;
    screen.reads("#members-alert", "The list may be out of date.").await;
    assert_eq!(names(&screen), "ab");
    screen.click("#members-retry").await;
    screen.sees("#members-alert", "").await;
    assert_eq!(names(&screen), "ab");
}

#[test]
async fn who_was_removed_meanwhile_is_told_of_and_gone() {
    let _server = {
        let bob = bob();
        Server::start(move |call: &Call, before| match call.path.as_str() {
            MEMBERS if before > 0 => {
                let members = vec![member(1, "Ada", Role::Owner, 1)];
                Fate::Says(json!(MemberPage { members, member_count: 1, next_cursor: None }))
            }
            MEMBERS => people(),
            INVITES => Fate::Says(json!({"invites": []})),
            path if path == bob => Fate::Refused(ErrorCode::NotFound),
            _ => Fate::Well,
        })
    };
    let screen = open(page::MEMBERS);
    screen.click("button[aria-label='Deactivate: Bob']").await;
    screen.click("#member-deed-confirm").await;
    screen.sees("#toast", "Bob no longer belongs to the account").await;
    until("the list without him", || (names(&screen) == "a").then_some(())).await;
    screen.lacks("#member-deed[open]").await;
}

#[test]
async fn what_is_refused_is_said_in_words_that_help() {
    for (fate, words) in [
        (
            Fate::Refused(ErrorCode::LastOwner),
            "Bob is the only active owner. Make somebody else an owner first.",
        ),
        (Fate::RefusedFor(ErrorCode::TooManyRequests, 7_200), "Too many attempts. Try again in 2 hours."),
        (
            Fate::RefusedFor(ErrorCode::Unavailable, 5),
            "Curfew can’t do that for the moment. Try again in 5 seconds.",
        ),
    ] {
        let _server = server(move |_| fate.clone());
        let screen = open(page::MEMBERS);
        screen.click("button[aria-label='Deactivate: Bob']").await;
        screen.click("#member-deed-confirm").await;
        screen.sees("#member-deed-alert", words).await;
        screen.find("#member-deed[open]").await;
    }
}

#[test]
async fn an_owner_who_gives_it_up_is_asked_and_then_sees_what_others_see() {
    let is_owner = Rc::new(Cell::new(true));
    let _server = {
        let is_owner = Rc::clone(&is_owner);
        let ada = MEMBER.replace("{id}", &UserId(Uuid::from_u128(1)).to_string());
        Server::start(move |call: &Call, _| match call.path.as_str() {
            MEMBERS => people(),
            INVITES => Fate::Says(json!({"invites": []})),
            ME => {
                let mut me = me(clock::now());
                me.user.role = if is_owner.get() { Role::Owner } else { Role::Viewer };
                Fate::Says(json!(me))
            }
            path if path == ada => {
                is_owner.set(false);
                Fate::Well
            }
            _ => Fate::Well,
        })
    };
    let screen = open(page::MEMBERS);
    screen.choose("select[aria-label='Role of Ada']", "viewer").await;
    screen.sees("#member-deed-title", "Make yourself a viewer?").await;
    screen.reads("#member-deed-body", "You can no longer administer the account").await;
    screen.reads("#member-deed-body", "Pending invitations from this person").await;
    screen.click("#member-deed-confirm").await;
    screen.find("#owners-only").await;
}
