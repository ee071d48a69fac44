//! `POST /auth/logout`.

use chrono::TimeDelta;
use serde_json::json;

use crate::test_app::{LOGOUT, ME, TestApp};

#[tokio::test]
async fn signing_out_ends_the_session_access_token_included() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (tokens, other) = (app.sign_in(&owner).await, app.sign_in(&owner).await);
    let response = app.post(LOGOUT).json(&json!({"refresh_token": tokens.refresh})).send().await;
    assert_eq!(response.status, 204);
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
    assert_eq!(app.get(ME).bearer(&other.access).send().await.status, 200, "the other device stays");
    assert_eq!(app.audit_count("session.signed_out").await, 1);
}

#[tokio::test]
async fn either_token_as_a_bearer_token_signs_out() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    assert_eq!(app.post(LOGOUT).bearer(&tokens.access).send().await.status, 204);
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    let tokens = app.sign_in(&owner).await;
    assert_eq!(app.post(LOGOUT).bearer(&tokens.refresh).send().await.status, 204);
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
}

#[tokio::test]
async fn signing_out_twice_or_too_late_is_no_error() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    assert_eq!(app.post(LOGOUT).bearer(&tokens.refresh).send().await.status, 204);
    assert_eq!(app.post(LOGOUT).bearer(&tokens.refresh).send().await.status, 204);
    assert_eq!(app.audit_count("session.signed_out").await, 1);
    let tokens = app.sign_in(&owner).await;
    app.advance(TimeDelta::days(30));
    assert_eq!(app.post(LOGOUT).bearer(&tokens.refresh).send().await.status, 204);
    assert_eq!(app.audit_count("session.signed_out").await, 1, "it had ended by itself");
}

#[tokio::test]
async fn a_used_token_still_signs_out() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let second = app.refresh(&first.refresh).await.tokens();
    assert_eq!(app.post(LOGOUT).bearer(&first.refresh).send().await.status, 204);
    app.refresh(&second.refresh).await.assert_problem("invalid_refresh_token");
}

#[tokio::test]
async fn without_a_genuine_token_nothing_is_signed_out() {
    let app = TestApp::new().await;
    app.post(LOGOUT).send().await.assert_problem("invalid_refresh_token");
    app.post(LOGOUT).bearer("x").send().await.assert_problem("invalid_refresh_token");
}
