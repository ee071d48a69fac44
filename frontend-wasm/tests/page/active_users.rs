//! Who is signed in.

use std::{cell::RefCell, rc::Rc};

use chrono::{DateTime, TimeDelta};
use curfew_shared::{
    id::UserId,
    security::{ActiveUser, RevokeScope},
};
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test as test;
use yew::Callback;

use super::screen::Screen;
use curfew_frontend::features::security::active_users::{ActiveUsers, ActiveUsersProps};

type Asked = Rc<RefCell<Vec<RevokeScope>>>;

fn user(number: u128, is_caller: bool, session_count: u64) -> ActiveUser {
    ActiveUser {
        user_id: UserId(Uuid::from_u128(number)),
        name: format!("Person {number}"),
        email: format!("{number}@example.com"),
        last_login_at: DateTime::UNIX_EPOCH,
        session_count,
        is_caller,
    }
}

fn props(users: Vec<ActiveUser>, count: u64) -> (ActiveUsersProps, Asked) {
    let asked = Asked::default();
    let on_revoke = {
        let asked = Rc::clone(&asked);
        Callback::from(move |scope| asked.borrow_mut().push(scope))
    };
    let now = DateTime::UNIX_EPOCH + TimeDelta::hours(2);
    (ActiveUsersProps { users, count, now, is_locked: false, on_revoke }, asked)
}

#[test]
async fn alone_there_is_nobody_else_to_sign_out() {
    let (shown, asked) = props(vec![user(1, true, 1)], 1);
    let screen = Screen::<ActiveUsers>::show(shown);
    screen.sees("#active-users-summary", "Only you are signed in.").await;
    screen.lacks("#revoke-others").await;
    screen.sees("#active-users .name", "Person 1 (you)").await;
    assert!(!screen.find("#active-users").await.text_content().unwrap().contains("session"));
    screen.click("#revoke-all.danger-soft").await;
    assert_eq!(*asked.borrow(), [RevokeScope::All]);
}

#[test]
async fn several_are_counted_and_told_of_with_the_exact_time_at_hand() {
    let (shown, asked) = props(vec![user(2, false, 3), user(1, true, 1)], 2);
    let screen = Screen::<ActiveUsers>::show(shown);
    screen.sees("#active-users-summary", "2 people are signed in.").await;
    screen.sees("#active-users .name", "Person 2").await;
    screen.reads("#active-users .when", "3 sessions").await;
    screen.sees("#active-users time[datetime='1970-01-01T00:00:00Z'][title]", "2 hours ago").await;
    screen.click("#revoke-others").await;
    assert_eq!(*asked.borrow(), [RevokeScope::Others]);
}

#[test]
async fn it_is_said_how_many_are_not_shown() {
    let users = (1..=100).map(|number| user(number, false, 1)).collect();
    let (shown, _) = props(users, 117);
    let screen = Screen::<ActiveUsers>::show(shown);
    screen
        .sees(
            "#active-users-summary",
            "117 people are signed in. The 100 who signed in last are listed; 17 more are not shown.",
        )
        .await;
    screen.find("#revoke-others").await;
}
