//! `POST /auth/forgot-password`, `/auth/reset-password`, `/auth/disown`.

use chrono::TimeDelta;
use serde_json::json;

use crate::test_app::{Answer, LOGIN, ME, PASSWORD, TestApp, User};

const FORGOT: &str = "/api/v1/auth/forgot-password";
const RESET: &str = "/api/v1/auth/reset-password";
const DISOWN: &str = "/api/v1/auth/disown";
const NEW: &str = "seven purple kangaroos hum";

async fn forget(app: &TestApp, email: &str) -> Answer {
    app.post(FORGOT).json(&json!({"email": email})).send().await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    app.post(RESET).json(&json!({"token": token, "password": password})).send().await
}

async fn sign_in_with(app: &TestApp, user: &User, password: &str) -> Answer {
    app.post(LOGIN).json(&json!({"email": user.email, "password": password})).send().await
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_every_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let sessions = [app.sign_in(&owner).await, app.sign_in(&owner).await];
    assert_eq!(forget(&app, "Ada@example.com").await.status, 202);
    let token = app.mail().await.token("/reset-password");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    for tokens in &sessions {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
        app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    }
    sign_in_with(&app, &owner, PASSWORD).await.assert_problem("invalid_credentials");
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    assert_eq!(app.audit("user.password_reset").await, 1);
    assert_eq!(app.mail().await.subject, "Your password was changed");
    // Once.
    reset(&app, &token, "another good password").await.assert_problem("invalid_link");
}

#[tokio::test]
async fn nobody_learns_whether_the_address_is_known() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let known = forget(&app, "ada@example.com").await;
    let unknown = forget(&app, "eve@example.com").await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    assert_eq!(app.mail().await.to, "ada@example.com");
}

#[tokio::test]
async fn a_link_is_useless_once_the_password_changed_or_an_hour_passed() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let [first, second] = app.mails().await.try_into().unwrap();
    assert_eq!(reset(&app, &second.token("/reset-password"), NEW).await.status, 204);
    reset(&app, &first.token("/reset-password"), PASSWORD).await.assert_problem("invalid_link");
    app.mail().await;
    forget(&app, "ada@example.com").await;
    let late = app.mail().await.token("/reset-password");
    app.wait(TimeDelta::hours(1));
    reset(&app, &late, PASSWORD).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_password_that_is_no_good_leaves_the_link_good() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.mail().await.token("/reset-password");
    let answer = reset(&app, &token, "ada@example.com").await;
    answer.assert_problem("validation_failed");
    assert_eq!(answer.body["errors"][0]["code"], "too_common");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
}

#[tokio::test]
async fn of_two_who_follow_a_link_at_once_one_sets_the_password() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.mail().await.token("/reset-password");
    let (one, other) = tokio::join!(reset(&app, &token, NEW), reset(&app, &token, "four grey pigeons waltz"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410]);
}

#[tokio::test]
async fn a_deactivated_user_gets_no_link() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    app.execute("UPDATE users SET is_active = FALSE").await.unwrap();
    assert_eq!(forget(&app, "ada@example.com").await.status, 202);
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_can_be_disowned() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    assert!(app.mails().await.is_empty(), "the first device is no news");
    let thief = app
        .post(LOGIN)
        .header(
            "user-agent",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .json(&json!({"email": owner.email, "password": PASSWORD}))
        .send()
        .await
        .tokens();
    let mail = app.mail().await;
    assert!(mail.text.contains("Firefox on Windows"), "{}", mail.text);
    let token = mail.token("/not-me");
    let answer = app.post(DISOWN).json(&json!({"token": token})).send().await;
    assert_eq!(answer.body["revoked_count"], 2, "{}", answer.text);
    for tokens in [&own, &thief] {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
    }
    assert_eq!(app.audit("user.sign_in_disowned").await, 1);
    app.post(DISOWN).json(&json!({"token": token})).send().await.assert_problem("invalid_link");
    let reset_token = answer.body["reset_token"].as_str().unwrap();
    assert_eq!(reset(&app, reset_token, NEW).await.status, 204);
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
}

#[tokio::test]
async fn a_link_of_one_kind_is_none_of_another() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.mail().await.token("/reset-password");
    app.post(DISOWN).json(&json!({"token": token})).send().await.assert_problem("invalid_link");
    app.post("/api/v1/auth/verify-email")
        .json(&json!({"token": token}))
        .send()
        .await
        .assert_problem("invalid_link");
    app.get(&format!("/api/v1/invites/{token}")).send().await.assert_problem("invalid_link");
    app.get(ME).bearer(&token).send().await.assert_problem("invalid_access_token");
    app.refresh(&token).await.assert_problem("invalid_refresh_token");
}
