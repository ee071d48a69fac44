//! `PATCH /users/me`, `POST /users/me/email`, `/auth/change-password`, `/auth/reauthenticate`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::test_app::{LOGIN, ME, PASSWORD, SECURITY, TestApp, TestResponse, Tokens, claims};

const CHANGE: &str = "/api/v1/auth/change-password";
const REAUTHENTICATE: &str = "/api/v1/auth/reauthenticate";
const EMAIL: &str = "/api/v1/users/me/email";
const NEW: &str = "seven purple kangaroos hum";

async fn post(app: &TestApp, path: &str, tokens: &Tokens, body: Value) -> TestResponse {
    app.post(path).bearer(&tokens.access).json(&body).send().await
}

/// Refreshes after some minutes.
async fn later(app: &TestApp, tokens: Tokens, minutes: i64) -> Tokens {
    app.advance(TimeDelta::minutes(minutes));
    app.refresh(&tokens.refresh).await.tokens()
}

#[tokio::test]
async fn re_authentication_renews_both_windows_and_the_policy() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let policy = json!({"idle_minutes": 60, "absolute_minutes": 240});
    app.patch(SECURITY).bearer(&tokens.access).json(&policy).send().await;
    let tokens = later(&app, tokens, 20).await;
    assert_eq!(claims(&tokens.refresh)["idle_max"], 259_200, "refresh carries the snapshot");
    let response = post(&app, REAUTHENTICATE, &tokens, json!({"password": PASSWORD})).await;
    let renewed = response.tokens();
    let now = app.now();
    assert_eq!(claims(&renewed.refresh)["auth_time"], now.timestamp());
    assert_eq!(claims(&renewed.refresh)["idle_max"], 3_600);
    assert_eq!(claims(&renewed.refresh)["abs_max"], 14_400);
    assert_eq!(renewed.absolute_expires_at, renewed.idle_expires_at + TimeDelta::minutes(180));
    assert_eq!(claims(&renewed.access)["sid"], claims(&tokens.access)["sid"], "the same session");
    // Access tokens from before do not count as reauthenticated.
    let patch = |access: &str| app.patch(SECURITY).bearer(access).json(&policy).send();
    patch(&tokens.access).await.assert_problem("reauthentication_required");
    assert_eq!(app.get(ME).bearer(&tokens.access).send().await.status, 200);
    assert_eq!(patch(&renewed.access).await.status, 200);
    // The old refresh token is consumed; the new one works.
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.refresh(&renewed.refresh).await.status, 200);
    assert_eq!(app.audit_count("user.reauthenticated").await, 1);
}

#[tokio::test]
async fn a_wrong_password_reauthenticates_nobody_and_ends_nothing() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    post(&app, REAUTHENTICATE, &tokens, json!({"password": "wrong"}))
        .await
        .assert_problem("invalid_credentials");
    assert_eq!(app.get(ME).bearer(&tokens.access).send().await.status, 200);
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn sensitive_actions_need_a_sign_in_of_the_last_fifteen_minutes() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.advance(TimeDelta::seconds(899));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    let policy = json!({"idle_minutes": 60, "absolute_minutes": 240});
    assert_eq!(app.patch(SECURITY).bearer(&tokens.access).json(&policy).send().await.status, 200);
    app.advance(TimeDelta::seconds(1));
    app.patch(SECURITY)
        .bearer(&tokens.access)
        .json(&policy)
        .send()
        .await
        .assert_problem("reauthentication_required");
    let renewed = post(&app, REAUTHENTICATE, &tokens, json!({"password": PASSWORD})).await.tokens();
    assert_eq!(app.patch(SECURITY).bearer(&renewed.access).json(&policy).send().await.status, 200);
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions_and_says_so() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (own, other) = (app.sign_in(&owner).await, app.sign_in(&owner).await);
    // The current password suffices, however old the sign-in.
    let own = later(&app, own, 60).await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW});
    let response = post(&app, CHANGE, &own, body).await;
    let expected = json!({"revoked_count": 1, "identity_count": 0, "invite_count": 0});
    assert_eq!(response.body, expected, "{}", response.text);
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    app.refresh(&other.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.only_email().await.subject, "Your password was changed");
    let old = app.post(LOGIN).json(&json!({"email": owner.email, "password": PASSWORD})).send().await;
    old.assert_problem("invalid_credentials");
    assert_eq!(
        app.post(LOGIN).json(&json!({"email": owner.email, "password": NEW})).send().await.status,
        200
    );
}

#[tokio::test]
async fn changing_a_password_takes_the_current_one() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let field = |response: &TestResponse| response.body["errors"][0]["field"].as_str().unwrap().to_owned();
    let response = post(&app, CHANGE, &tokens, json!({"new_password": NEW})).await;
    assert_eq!((field(&response).as_str(), response.status.as_u16()), ("current_password", 422));
    let response =
        post(&app, CHANGE, &tokens, json!({"current_password": "wrong", "new_password": NEW})).await;
    assert_eq!((field(&response).as_str(), response.status.as_u16()), ("current_password", 422));
    let response =
        post(&app, CHANGE, &tokens, json!({"current_password": PASSWORD, "new_password": "short"})).await;
    assert_eq!((field(&response).as_str(), response.status.as_u16()), ("new_password", 422));
    assert_eq!(app.audit_count("user.password_changed").await, 0);
}

#[tokio::test]
async fn a_user_without_a_password_sets_one_after_a_recent_sign_in() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.execute("UPDATE users SET password_hash = NULL").await.unwrap();
    let stale = later(&app, tokens.clone(), 15).await;
    post(&app, CHANGE, &stale, json!({"new_password": NEW}))
        .await
        .assert_problem("reauthentication_required");
    app.set_time(app.now() - TimeDelta::minutes(10));
    assert_eq!(post(&app, CHANGE, &stale, json!({"new_password": NEW})).await.status, 200);
}

#[tokio::test]
async fn changing_a_name_is_audited() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let patch =
        |name: &str| app.patch("/api/v1/users/me").bearer(&tokens.access).json(&json!({"name": name})).send();
    assert_eq!(patch(" Ada Lovelace ").await.body["name"], "Ada Lovelace");
    assert_eq!(patch("Ada Lovelace").await.status, 200);
    assert_eq!(app.audit_count("user.name_changed").await, 1, "no change is no event");
    patch(" ").await.assert_problem("validation_failed");
}

#[tokio::test]
async fn a_new_address_takes_effect_when_its_link_is_followed() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    assert_eq!(post(&app, EMAIL, &tokens, json!({"email": "Countess@example.com"})).await.status, 202);
    let mail = app.only_email().await;
    assert_eq!(mail.to, "countess@example.com");
    assert_eq!(app.get(ME).bearer(&tokens.access).send().await.body["user"]["email"], "ada@example.com");
    let body = json!({"token": mail.token("/verify-email")});
    let response = app.post("/api/v1/auth/verify-email").json(&body).send().await;
    assert_eq!(response.body, json!({"email": "countess@example.com"}), "{}", response.text);
    assert_eq!(app.get(ME).bearer(&tokens.access).send().await.body["user"]["email"], "countess@example.com");
    let told = app.only_email().await;
    assert_eq!(
        (told.to.as_str(), told.subject.as_str()),
        ("ada@example.com", "Your e-mail address was changed")
    );
    app.post("/api/v1/auth/verify-email").json(&body).send().await.assert_problem("invalid_link");
    assert_eq!(app.audit_count("user.email_changed").await, 1);
}

#[tokio::test]
async fn another_users_address_can_be_neither_taken_nor_discovered() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    app.owner("eve@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let taken = post(&app, EMAIL, &tokens, json!({"email": "eve@example.com"})).await;
    let free = post(&app, EMAIL, &tokens, json!({"email": "free@example.com"})).await;
    assert_eq!((taken.status, &taken.text), (free.status, &free.text));
    let mails = app.sent_emails().await;
    let to = |address: &str| mails.iter().find(|mail| mail.to == address).unwrap();
    assert_eq!(to("eve@example.com").subject, "This address is in use already");
    let to_free = to("free@example.com");
    // The address is taken between the message and the link.
    app.user(owner.account, "free@example.com", curfew_shared::auth::Role::Viewer).await;
    let body = json!({"token": to_free.token("/verify-email")});
    app.post("/api/v1/auth/verify-email").json(&body).send().await.assert_problem("address_taken");
}
