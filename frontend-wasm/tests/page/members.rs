//! The page on which owners see and change who belongs to the account.

use curfew_frontend::App;
use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    id::UserId,
    member::{MemberPage, MemberSummary},
    route::{
        api::{INVITES, MEMBER, MEMBERS},
        page,
    },
};
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{Event, EventInit, HtmlSelectElement};

use super::{
    screen::{Screen, open, until},
    server::{Call, Fate, Server},
};

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

async fn choose(screen: &Screen<App>, selector: &str, value: &str) -> HtmlSelectElement {
    let select: HtmlSelectElement = screen.find(selector).await.unchecked_into();
    select.set_value(value);
    let init = EventInit::new();
    init.set_bubbles(true);
    select.dispatch_event(&Event::new_with_event_init_dict("change", &init).unwrap()).unwrap();
    select
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
    let select = choose(&screen, "select[aria-label='Role of Bob']", "engineer").await;
    screen.sees("#member-deed-title", "Make Bob an engineer?").await;
    assert_eq!(select.value(), "viewer", "it shows what is");
    screen.click("#member-deed-cancel").await;
    until("the end of the dialog", || screen.query("#member-deed:not([open])")).await;
    assert!(server.calls(&bob()).is_empty());

    choose(&screen, "select[aria-label='Role of Bob']", "engineer").await;
    screen.click("#member-deed-confirm").await;
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
    screen.click("#member-deed-confirm").await;
    screen.find("#member-deed-alert.alert").await;
    assert!(screen.query("#member-deed[open]").is_some());
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
