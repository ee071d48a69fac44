//! `GET /auth/me` and access tokens.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::json;

use crate::test_app::{ME, TestApp};

#[tokio::test]
async fn it_returns_the_user_the_account_and_the_deadlines() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let response = app.get(ME).bearer(&tokens.access).send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(
        response.body["user"],
        json!({
            "id": owner.id,
            "email": "ada@example.com",
            "name": "Ada Example",
            "role": "owner",
            "has_password": true,
        })
    );
    assert_eq!(response.body["account"], json!({"id": owner.account, "name": "Example"}));
    assert_eq!(response.body["session"]["auth_time"], "2026-03-01T09:00:00Z");
    assert_eq!(response.body["session"]["idle_expires_at"], json!(tokens.idle_expires_at));
    assert_eq!(response.body["session"]["absolute_expires_at"], json!(tokens.absolute_expires_at));
    assert_eq!(response.body["server_time"], "2026-03-01T09:00:00.250Z");
}

#[tokio::test]
async fn an_access_token_ends_after_five_minutes() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.set_time("2026-03-01T09:04:59.999Z".parse().unwrap());
    assert_eq!(app.get(ME).bearer(&tokens.access).send().await.status, 200);
    app.advance(TimeDelta::milliseconds(1));
    app.get(ME).bearer(&tokens.access).send().await.assert_problem("access_token_expired");
}

#[tokio::test]
async fn an_invalid_access_token_is_refused() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let missing = app.get(ME).send().await;
    missing.assert_problem("invalid_access_token");
    assert_eq!(missing.header("www-authenticate"), r#"Bearer realm="curfew""#);
    let wrong_kind = app.get(ME).bearer(&tokens.refresh).send().await;
    wrong_kind.assert_problem("invalid_access_token");
    assert_eq!(wrong_kind.header("www-authenticate"), r#"Bearer realm="curfew", error="invalid_token""#);
    app.get(ME).header("authorization", "Basic YTpi").send().await.assert_problem("invalid_access_token");
    assert_eq!(
        app.get(ME).header("authorization", &format!("bEARER {}", tokens.access)).send().await.status,
        200
    );
}

#[tokio::test]
async fn a_deactivated_user_is_refused_at_once() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let viewer = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let tokens = app.sign_in(&viewer).await;
    app.execute("UPDATE users SET is_active = FALSE WHERE email = 'bob@example.com'").await.unwrap();
    app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
}

#[tokio::test]
async fn the_current_role_counts_not_the_tokens() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.execute("UPDATE users SET role = 'viewer'").await.unwrap();
    let response = app.get(ME).bearer(&tokens.access).send().await;
    assert_eq!(response.body["user"]["role"], "viewer");
}
