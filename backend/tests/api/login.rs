//! `POST /auth/login` and `/auth/login/json`.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::json;

use crate::test_app::{LOGIN, PASSWORD, TestApp, claims, token_part};

#[tokio::test]
async fn signing_in_embeds_the_snapshot_and_returns_the_deadlines() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let response = app.post(LOGIN).json(&json!({"email": owner.email, "password": PASSWORD})).send().await;
    let tokens = response.tokens();
    let refresh = claims(&tokens.refresh);
    let now = app.now().timestamp();
    assert_eq!(refresh["idle_max"], 259_200);
    assert_eq!(refresh["abs_max"], 1_209_600);
    assert_eq!(refresh["auth_time"], now);
    assert_eq!(refresh["iat"], now);
    assert_eq!(refresh["exp"], now + 259_200);
    assert_eq!(refresh["type"], "refresh");
    assert_eq!(refresh["sub"], json!(owner.id));
    assert!(refresh["jti"].as_str().unwrap().ends_with(".0"));
    assert_eq!(tokens.idle_expires_at.timestamp(), now + 259_200);
    assert_eq!(tokens.absolute_expires_at.timestamp(), now + 1_209_600);
    assert_eq!(response.body["token_type"], "bearer");
    assert_eq!(response.body["expires_in"], 300);
    assert_eq!(response.body["server_time"], "2026-03-01T09:00:00.250Z");
    assert_eq!(response.body["idle_expires_at"], "2026-03-04T09:00:00Z");
    assert_eq!(token_part(&tokens.refresh, 0)["alg"], "HS256");
    assert_eq!(token_part(&tokens.refresh, 0)["typ"], "rt+jwt");

    let access = claims(&tokens.access);
    assert_eq!(access["account_id"], json!(owner.account));
    assert_eq!(access["role"], "owner");
    assert_eq!(access["type"], "access");
    assert_eq!(access["exp"], now + 300);
    assert_eq!(token_part(&tokens.access, 0)["alg"], "EdDSA");
    assert_eq!(token_part(&tokens.access, 0)["typ"], "at+jwt");
    let session = refresh["jti"].as_str().unwrap().split('.').next().unwrap().to_owned();
    assert_eq!(access["sid"], session);
    assert_eq!(app.audit_count("session.signed_in").await, 1);
}

#[tokio::test]
async fn the_password_form_signs_in_as_well() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let body = "grant_type=password&username=Ada%40Example.com&password=correct+horse+battery+staple&scope=";
    let response = app.post("/api/v1/auth/login").form(body).send().await;
    assert!(!response.tokens().refresh.is_empty());
    let wrong = app.post("/api/v1/auth/login").form("username=ada%40example.com&password=wrong").send().await;
    wrong.assert_problem("invalid_credentials");
    let other = app
        .post("/api/v1/auth/login")
        .form("grant_type=client_credentials&username=a&password=b")
        .send()
        .await;
    other.assert_problem("validation_failed");
}

#[tokio::test]
async fn the_password_form_ignores_unknown_parameters_and_refuses_repeated_ones() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let form = |body: String| app.post("/api/v1/auth/login").form(&body).send();
    let good = "username=ada%40example.com&password=correct+horse+battery+staple";
    form(format!("{good}&audience=api&resource=&resource=https%3A%2F%2Fapi.example")).await.tokens();
    for repeated in ["username=ada%40example.com", "password=x", "token_delivery=body&token_delivery=body"] {
        form(format!("{good}&{repeated}")).await.assert_problem("validation_failed");
    }
}

#[tokio::test]
async fn case_and_surrounding_space_of_an_address_do_not_matter() {
    let app = TestApp::new().await;
    app.owner("zoë@example.com").await;
    let response =
        app.post(LOGIN).json(&json!({"email": " ZOË@Example.COM ", "password": PASSWORD})).send().await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn the_response_does_not_reveal_which_credential_is_wrong() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let inactive = app.user(owner.account, "gone@example.com", Role::Viewer).await;
    app.execute("UPDATE users SET is_active = FALSE WHERE email = 'gone@example.com'").await.unwrap();
    let mut responses = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong password"),
        ("nobody@example.com", PASSWORD),
        (inactive.email.as_str(), PASSWORD),
    ] {
        let response = app.post(LOGIN).json(&json!({"email": email, "password": password})).send().await;
        response.assert_problem("invalid_credentials");
        assert_eq!(response.header("www-authenticate"), r#"Bearer realm="curfew""#, "no token was sent");
        responses.push(response.text);
    }
    responses.dedup();
    assert_eq!(responses.len(), 1);
}

#[tokio::test]
async fn a_user_with_an_unverified_address_signs_in_by_password() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    app.execute("UPDATE users SET email_verified_at = NULL").await.unwrap();
    let sign_in =
        |password| app.post(LOGIN).json(&json!({"email": "ada@example.com", "password": password})).send();
    sign_in(PASSWORD).await.tokens();
    sign_in("wrong password").await.assert_problem("invalid_credentials");
}

#[tokio::test]
async fn a_weaker_hash_is_replaced_at_sign_in() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let weak = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$";
    let params = argon2::Params::new(64, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let hash =
        argon2::PasswordHasher::hash_password_with_salt(&argon2, PASSWORD.as_bytes(), b"sixteen bytes ok")
            .unwrap()
            .to_string();
    assert_eq!(hash.split('$').nth(3), weak.split('$').nth(3));
    app.execute(&format!("UPDATE users SET password_hash = '{hash}'")).await.unwrap();
    app.sign_in(&owner).await;
    let stored: String = app.query_value("SELECT password_hash FROM users").await;
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    app.sign_in(&owner).await;
}

#[tokio::test]
async fn form_errors_are_reported_per_field() {
    let app = TestApp::new().await;
    let long = "x".repeat(257);
    for (body, field, code, limit) in [
        (json!({"email": "ada@example.com"}), "password", "required", None),
        (json!({"email": "", "password": "x"}), "email", "required", None),
        (json!({"email": "ada", "password": "x"}), "email", "malformed", None),
        (json!({"email": "ada@example.com", "password": ""}), "password", "required", None),
        (json!({"email": "ada@example.com", "password": long}), "password", "too_long", None),
        (json!({"email": format!("{long}@example.com"), "password": "x"}), "email", "too_long", Some(254)),
        (json!({"email": "ada@example.com", "password": "x", "otp": "1"}), "otp", "unknown", None),
        (json!({"email": 1, "password": "x"}), "email", "malformed", None),
        (
            json!({"email": "a@b", "password": "x", "token_delivery": "url"}),
            "token_delivery",
            "malformed",
            None,
        ),
    ] {
        let response = app.post(LOGIN).json(&body).send().await;
        response.assert_problem("validation_failed");
        let error = &response.body["errors"][0];
        assert_eq!((error["field"].as_str(), error["code"].as_str()), (Some(field), Some(code)), "{body}");
        assert_eq!(error["limit"].as_i64(), limit, "{body}");
    }
}

#[tokio::test]
async fn a_sign_in_uses_the_policy_of_the_account() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let before = app.sign_in(&owner).await;
    app.execute("UPDATE accounts SET session_idle_minutes = 60, session_absolute_minutes = 240")
        .await
        .unwrap();
    let after = claims(&app.sign_in(&owner).await.refresh);
    assert_eq!((&after["idle_max"], &after["abs_max"]), (&json!(3_600), &json!(14_400)));
    let kept = claims(&app.refresh(&before.refresh).await.tokens().refresh);
    assert_eq!((&kept["idle_max"], &kept["abs_max"]), (&json!(259_200), &json!(1_209_600)));
}

#[tokio::test]
async fn an_access_token_never_outlives_its_session() {
    let app = TestApp::with_flags(&["--idle-minutes-default", "2", "--absolute-minutes-default", "3"]).await;
    let owner = app.owner("ada@example.com").await;
    let response = app.post(LOGIN).json(&json!({"email": owner.email, "password": PASSWORD})).send().await;
    assert_eq!(response.body["expires_in"], 120);
    app.advance(TimeDelta::seconds(100));
    let response = app.refresh(&response.tokens().refresh).await;
    assert_eq!(response.body["expires_in"], 80, "the absolute deadline is nearer");
}
