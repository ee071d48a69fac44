//! A consumed token is presented again: a race, a lost response, or a theft.

use chrono::TimeDelta;
use serde_json::json;

use crate::test_app::{REFRESH, TestApp, Tokens, claims};

const KEY: &str = "0b8f5c0e-3c8e-4c1e-9d3b-0e5d5a1f7c11";
const OTHER_KEY: &str = "6a0a2c52-93b5-4f7c-8b44-2f1c6f0a9d22";

async fn refresh_with(app: &TestApp, tokens: &Tokens, key: &str) -> crate::test_app::TestResponse {
    app.post(REFRESH).bearer(&tokens.refresh).header("idempotency-key", key).send().await
}

#[tokio::test]
async fn within_the_leeway_a_used_token_is_refused_and_nothing_more() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let second = app.refresh(&first.refresh).await.tokens();
    app.advance(TimeDelta::seconds(10));
    app.refresh(&first.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.refresh(&second.refresh).await.status, 200);
    assert_eq!(app.audit_count("session.replay_detected").await, 0);
}

#[tokio::test]
async fn after_the_leeway_a_used_token_revokes_the_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let second = app.refresh(&first.refresh).await.tokens();
    app.advance(TimeDelta::seconds(11));
    app.refresh(&first.refresh).await.assert_problem("invalid_refresh_token");
    app.refresh(&second.refresh).await.assert_problem("invalid_refresh_token");
    app.get("/api/v1/auth/me").bearer(&second.access).send().await.assert_problem("session_revoked");
    assert_eq!(app.query_value::<String>("SELECT revoked_reason FROM sessions").await, "replayed");
    app.refresh(&first.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.audit_count("session.replay_detected").await, 1, "once, however often it is shown");
}

#[tokio::test]
async fn a_stolen_token_is_detected_under_steady_use() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let stolen = app.sign_in(&owner).await;
    let mut tokens = stolen.clone();
    for _ in 0..4 {
        tokens = app.refresh(&tokens.refresh).await.tokens();
        app.advance(TimeDelta::seconds(4));
    }
    // The last rotation was four seconds ago, the theft sixteen.
    app.refresh(&stolen.refresh).await.assert_problem("invalid_refresh_token");
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.audit_count("session.replay_detected").await, 1);
}

#[tokio::test]
async fn an_older_generation_inside_the_leeway_neither_forks_nor_ends_the_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let second = app.refresh(&first.refresh).await.tokens();
    let third = app.refresh(&second.refresh).await.tokens();
    app.refresh(&first.refresh).await.assert_problem("invalid_refresh_token");
    app.refresh(&second.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.refresh(&third.refresh).await.status, 200);
}

#[tokio::test]
async fn the_operator_sets_the_leeway() {
    let app = TestApp::with_flags(&["--replay-leeway-seconds", "0"]).await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let second = app.refresh(&first.refresh).await.tokens();
    app.advance(TimeDelta::milliseconds(1));
    app.refresh(&first.refresh).await.assert_problem("invalid_refresh_token");
    app.refresh(&second.refresh).await.assert_problem("invalid_refresh_token");
}

#[tokio::test]
async fn a_lost_response_is_repeated_for_its_key_until_the_successor_is_used() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let lost = refresh_with(&app, &first, KEY).await.tokens();
    app.advance(TimeDelta::hours(14));
    let again = refresh_with(&app, &first, KEY).await.tokens();
    assert_eq!(claims(&again.refresh), claims(&lost.refresh), "same jti, same deadlines");
    assert_eq!(again.idle_expires_at, lost.idle_expires_at, "the repetition extends nothing");
    assert_eq!(claims(&again.access)["iat"], app.now().timestamp(), "freshly signed");
    let next = refresh_with(&app, &again, OTHER_KEY).await.tokens();
    refresh_with(&app, &first, KEY).await.assert_problem("invalid_refresh_token");
    app.refresh(&next.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.audit_count("session.replay_detected").await, 1, "the successor was used: a replay");
}

#[tokio::test]
async fn another_key_repeats_nothing() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let second = refresh_with(&app, &first, KEY).await.tokens();
    refresh_with(&app, &first, OTHER_KEY).await.assert_problem("invalid_refresh_token");
    app.refresh(&first.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.refresh(&second.refresh).await.status, 200);
    let malformed = refresh_with(&app, &second, "not a uuid").await;
    malformed.assert_problem("validation_failed");
    assert_eq!(malformed.body["errors"][0]["field"], "Idempotency-Key");
}

#[tokio::test]
async fn a_lost_response_is_repeated_after_the_old_token_expired() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    // The token is used a minute before it expires and the response is lost; the laptop wakes the next
    // morning.
    app.set_time(first.idle_expires_at - TimeDelta::minutes(1));
    let lost = refresh_with(&app, &first, KEY).await.tokens();
    app.advance(TimeDelta::hours(14));
    let again = refresh_with(&app, &first, KEY).await.tokens();
    assert_eq!(claims(&again.refresh), claims(&lost.refresh));
    app.refresh(&first.refresh).await.assert_problem("session_expired_idle");
    app.set_time(lost.idle_expires_at);
    refresh_with(&app, &first, KEY).await.assert_problem("session_expired_idle");
}

#[tokio::test]
async fn a_repetition_ends_with_the_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let second = refresh_with(&app, &first, KEY).await.tokens();
    app.post("/api/v1/auth/logout").json(&json!({"refresh_token": second.refresh})).send().await;
    refresh_with(&app, &first, KEY).await.assert_problem("invalid_refresh_token");
}

#[tokio::test]
async fn a_deactivated_user_gets_no_repeated_response() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    refresh_with(&app, &first, KEY).await.tokens();
    app.execute("UPDATE users SET is_active = FALSE").await.unwrap();
    refresh_with(&app, &first, KEY).await.assert_problem("invalid_refresh_token");
}

#[tokio::test]
async fn a_thief_who_refreshes_constantly_is_still_detected() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let victims = app.sign_in(&owner).await;
    let mut thiefs = app.refresh(&victims.refresh).await.tokens();
    for _ in 0..6 {
        app.advance(TimeDelta::seconds(2));
        thiefs = app.refresh(&thiefs.refresh).await.tokens();
    }
    // Every recorded rotation time is recent; the theft was twelve seconds ago.
    app.refresh(&victims.refresh).await.assert_problem("invalid_refresh_token");
    app.refresh(&thiefs.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.audit_count("session.replay_detected").await, 1);
}

#[tokio::test]
async fn a_lost_reauthentication_response_signs_nobody_out() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    app.advance(TimeDelta::minutes(1));
    let call = app.post("/api/v1/auth/reauthenticate").bearer(&first.access).header("idempotency-key", KEY);
    let lost = call.json(&json!({"password": crate::test_app::PASSWORD})).send().await.tokens();
    app.advance(TimeDelta::minutes(5));
    let found = refresh_with(&app, &first, KEY).await.tokens();
    assert_eq!(claims(&found.refresh)["jti"], claims(&lost.refresh)["jti"]);
    assert_eq!(claims(&found.refresh)["auth_time"], claims(&lost.refresh)["auth_time"]);
    assert_eq!(app.refresh(&found.refresh).await.status, 200);
    assert_eq!(app.audit_count("session.replay_detected").await, 0);
}
