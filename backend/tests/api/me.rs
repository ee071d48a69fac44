//! `GET /auth/me`, and with it the access token.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::json;

use crate::test_app::{ME, TestApp};

#[tokio::test]
async fn it_tells_who_is_signed_in_where_and_until_when() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let answer = app.get(ME).bearer(&tokens.access).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.body["user"],
        json!({
            "id": owner.id,
            "email": "ada@example.com",
            "name": "Ada Example",
            "role": "owner",
            "has_password": true,
        })
    );
    assert_eq!(answer.body["account"], json!({"id": owner.account, "name": "Example"}));
    assert_eq!(answer.body["session"]["auth_time"], "2026-03-01T09:00:00Z");
    assert_eq!(answer.body["session"]["idle_expires_at"], json!(tokens.idle_expires_at));
    assert_eq!(answer.body["session"]["absolute_expires_at"], json!(tokens.absolute_expires_at));
    assert_eq!(answer.body["server_time"], "2026-03-01T09:00:00.250Z");
}

#[tokio::test]
async fn an_access_token_ends_after_five_minutes() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.wait_until("2026-03-01T09:04:59.999Z".parse().unwrap());
    assert_eq!(app.get(ME).bearer(&tokens.access).send().await.status, 200);
    app.wait(TimeDelta::milliseconds(1));
    app.get(ME).bearer(&tokens.access).send().await.assert_problem("access_token_expired");
}

#[tokio::test]
async fn without_a_good_access_token_there_is_no_answer() {
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
async fn a_user_who_was_deactivated_is_out_at_once() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let viewer = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let tokens = app.sign_in(&viewer).await;
    app.execute("UPDATE users SET is_active = FALSE WHERE email = 'bob@example.com'").await.unwrap();
    app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
}

#[tokio::test]
async fn a_role_is_as_it_is_now_whatever_the_token_says() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.execute("UPDATE users SET role = 'viewer'").await.unwrap();
    let answer = app.get(ME).bearer(&tokens.access).send().await;
    assert_eq!(answer.body["user"]["role"], "viewer");
}
