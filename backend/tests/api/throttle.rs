//! Failed sign-ins and messages asked for count against limits that are kept in the database.

use chrono::TimeDelta;
use serde_json::json;

use crate::test_app::{Answer, LOGIN, PASSWORD, REFRESH, TestApp};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn attempt(app: &TestApp, email: &str, password: &str, agent: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    app.post(LOGIN).header("user-agent", agent).json(&body).send().await
}

fn wait_of(answer: &Answer) -> i64 {
    answer.assert_problem("too_many_requests");
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn wrong_passwords_make_the_next_attempt_wait_longer_and_longer() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let wrong = || attempt(&app, "ada@example.com", "wrong", "thief");
    for _ in 0..6 {
        wrong().await.assert_problem("invalid_credentials");
    }
    for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        // The right password does not get through either.
        let refused = attempt(&app, "ada@example.com", PASSWORD, "thief").await;
        assert_eq!(wait_of(&refused), expected);
        app.wait(TimeDelta::seconds(expected));
        wrong().await.assert_problem("invalid_credentials");
    }
    app.wait(TimeDelta::days(1));
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, "thief").await.status, 200);
}

#[tokio::test]
async fn an_unknown_address_is_throttled_just_the_same() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let mut outcomes = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let answer = attempt(&app, email, "wrong", "thief").await;
            statuses.push((answer.status, answer.text));
        }
        outcomes.push(statuses);
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn nobody_is_kept_out_by_the_failures_of_others() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await.tokens();
    for _ in 0..8 {
        attempt(&app, "ada@example.com", "wrong", "thief").await;
    }
    wait_of(&attempt(&app, "ada@example.com", "wrong", "thief").await);
    // On a device of hers she signs in, and her sessions live on.
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await.status, 200);
    assert_eq!(app.post(REFRESH).bearer(&tokens.refresh).send().await.status, 200);
}

#[tokio::test]
async fn the_right_password_clears_the_count() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    for _ in 0..3 {
        for _ in 0..5 {
            attempt(&app, "ada@example.com", "wrong", "curl").await.assert_problem("invalid_credentials");
        }
        assert_eq!(attempt(&app, "ada@example.com", PASSWORD, "curl").await.status, 200);
    }
}

#[tokio::test]
async fn of_many_attempts_at_once_no_more_get_through_than_one_after_the_other() {
    let app = TestApp::with(&["--password-workers", "8"]).await;
    app.owner("ada@example.com").await;
    let attempts = (0..30).map(|_| attempt(&app, "ada@example.com", "wrong", "thief"));
    let answers = futures_util::future::join_all(attempts).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(tried, 6, "of those that found a place in the queue");
}

#[tokio::test]
async fn many_right_passwords_at_once_are_no_guesses() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let attempts = (0..12).map(|_| attempt(&app, "ada@example.com", PASSWORD, "curl"));
    let answers = futures_util::future::join_all(attempts).await;
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.status == 503));
    assert!(answers.iter().any(|answer| answer.status == 200));
}

#[tokio::test]
async fn many_people_guessed_at_from_one_address_are_throttled_together() {
    let app = TestApp::new().await;
    let mut statuses = Vec::new();
    for n in 0..35 {
        statuses.push(attempt(&app, &format!("user{n}@example.com"), "wrong", "thief").await.status.as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 31);
    assert_eq!(statuses[34], 429);
    app.wait(TimeDelta::hours(1));
    assert_eq!(attempt(&app, "user99@example.com", "wrong", "thief").await.status, 401);
}

#[tokio::test]
async fn messages_to_a_recipient_are_few() {
    let app = TestApp::new().await;
    let ask = || app.post("/api/v1/auth/forgot-password").json(&json!({"email": "ada@example.com"})).send();
    for _ in 0..4 {
        assert_eq!(ask().await.status, 202);
    }
    assert_eq!(wait_of(&ask().await), 60);
    app.wait(TimeDelta::seconds(60));
    assert_eq!(ask().await.status, 202);
    assert_eq!(wait_of(&ask().await), 120);
}

#[tokio::test]
async fn a_device_that_is_known_is_throttled_too_by_itself() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await.tokens();
    for _ in 0..6 {
        attempt(&app, "ada@example.com", "wrong", FIREFOX).await.assert_problem("invalid_credentials");
    }
    wait_of(&attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await);
}

#[tokio::test]
async fn guessing_at_a_password_with_a_stolen_session_is_throttled() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let guess = || {
        let call = app.post("/api/v1/auth/reauthenticate").bearer(&tokens.access);
        call.json(&json!({"password": "wrong"})).send()
    };
    for _ in 0..6 {
        guess().await.assert_problem("invalid_credentials");
    }
    wait_of(&guess().await);
    // Her other device is none the worse for it.
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await.status, 200);
}
