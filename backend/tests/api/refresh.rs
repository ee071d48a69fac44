//! `POST /auth/refresh`: what a refresh keeps, when it fails, and with which code.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::{Value, json};

use crate::test_app::{LOGIN, PASSWORD, REFRESH, TestApp, claims, forge, token_part};

#[tokio::test]
async fn a_refresh_keeps_the_snapshot_and_restarts_the_idle_window() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    let begun = claims(&first.refresh);
    let mut tokens = first.clone();
    for round in 1..=20 {
        app.advance(TimeDelta::hours(10));
        tokens = app.refresh(&tokens.refresh).await.tokens();
        let now = claims(&tokens.refresh);
        for claim in ["auth_time", "idle_max", "abs_max", "sub", "iss", "aud"] {
            assert_eq!(now[claim], begun[claim], "{claim}");
        }
        assert_eq!(now["exp"], app.now().timestamp() + 259_200);
        assert_eq!(now["exp"].as_i64(), now["iat"].as_i64().map(|iat| iat + 259_200));
        assert!(now["jti"].as_str().unwrap().ends_with(&format!(".{round}")));
        assert_eq!(tokens.absolute_expires_at, first.absolute_expires_at, "never moves");
        assert_eq!(claims(&tokens.access)["auth_time"], begun["auth_time"]);
    }
    assert_eq!(
        app.query_value::<i64>("SELECT count(*) FROM sessions").await,
        1,
        "one row for its whole life"
    );
}

#[tokio::test]
async fn the_idle_window_ends_the_session_at_its_last_second() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let other = app.sign_in(&owner).await;
    app.set_time(tokens.idle_expires_at - TimeDelta::milliseconds(1));
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
    app.set_time(other.idle_expires_at);
    let response = app.refresh(&other.refresh).await;
    response.assert_problem("session_expired_idle");
    assert_eq!(response.header("www-authenticate"), r#"Bearer realm="curfew", error="invalid_token""#);
}

#[tokio::test]
async fn the_absolute_window_ends_the_session_at_the_boundary_and_the_end_is_committed() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let begun = app.sign_in(&owner).await;
    let mut tokens = begun.clone();
    for _ in 0..6 {
        app.advance(TimeDelta::days(2));
        tokens = app.refresh(&tokens.refresh).await.tokens();
    }
    app.set_time(begun.absolute_expires_at);
    assert_eq!(claims(&tokens.refresh)["auth_time"].as_i64().unwrap() + 1_209_600, app.now().timestamp());
    app.refresh(&tokens.refresh).await.assert_problem("session_expired_absolute");
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    // The token is consumed and the session revoked, although the response was an error.
    assert_eq!(app.query_value::<i64>("SELECT generation FROM sessions").await, 7);
    assert_eq!(app.query_value::<String>("SELECT revoked_reason FROM sessions").await, "expired");
    assert_eq!(app.audit_count("session.expired").await, 1);
}

#[tokio::test]
async fn a_second_before_the_absolute_end_the_session_still_lives() {
    let app =
        TestApp::with_flags(&["--idle-minutes-default", "60", "--absolute-minutes-default", "60"]).await;
    let owner = app.owner("ada@example.com").await;
    let begun = app.sign_in(&owner).await;
    app.set_time(begun.absolute_expires_at - TimeDelta::seconds(1));
    let tokens = app.refresh(&begun.refresh).await.tokens();
    assert_eq!(tokens.absolute_expires_at, begun.absolute_expires_at);
    app.advance(TimeDelta::seconds(1));
    app.refresh(&tokens.refresh).await.assert_problem("session_expired_absolute");
}

#[tokio::test]
async fn a_token_of_another_kind_or_with_a_bad_signature_is_refused() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.refresh(&tokens.access).await.assert_problem("invalid_refresh_token");
    let tampered = format!("{}x", &tokens.refresh[..tokens.refresh.len() - 1]);
    app.refresh(&tampered).await.assert_problem("invalid_refresh_token");
    app.refresh("").await.assert_problem("invalid_refresh_token");
    app.refresh("not.a.token").await.assert_problem("invalid_refresh_token");
    let missing = app.post(REFRESH).send().await;
    missing.assert_problem("invalid_refresh_token");
    assert_eq!(missing.header("www-authenticate"), r#"Bearer realm="curfew""#, "no token was sent");
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200, "none of it touched the session");
}

#[tokio::test]
async fn every_reason_behind_an_invalid_token_looks_the_same() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (used, revoked) = (app.sign_in(&owner).await, app.sign_in(&owner).await);
    let replayed = app.sign_in(&owner).await;
    app.refresh(&replayed.refresh).await.tokens();
    app.advance(TimeDelta::seconds(11));
    app.refresh(&used.refresh).await.tokens();
    app.post("/api/v1/auth/logout").bearer(&revoked.refresh).send().await;
    let mut unknown = claims(&used.refresh);
    unknown["jti"] = json!("0198d5ad-9dd1-7000-8000-000000000001.0");
    let unknown = forge(&token_part(&used.refresh, 0), &unknown);
    let mut responses = Vec::new();
    for token in [used.refresh.as_str(), &replayed.refresh, &revoked.refresh, &unknown, "malformed"] {
        let response = app.refresh(token).await;
        response.assert_problem("invalid_refresh_token");
        responses.push((response.text.clone(), response.header("www-authenticate").to_owned()));
    }
    responses.dedup();
    assert_eq!(responses.len(), 1);
    assert_eq!(app.audit_count("session.replay_detected").await, 1);
}

#[tokio::test]
async fn the_token_may_come_in_the_body() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let response = app.post(REFRESH).json(&json!({"refresh_token": tokens.refresh})).send().await;
    assert!(!response.tokens().refresh.is_empty());
    assert!(!response.headers.contains_key("set-cookie"));
    let bad = app.post(REFRESH).json(&json!({"refresh_token": "x", "extra": 1})).send().await;
    bad.assert_problem("validation_failed");
}

#[tokio::test]
async fn a_deactivated_user_is_refused_and_nothing_is_consumed() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let viewer = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let tokens = app.sign_in(&viewer).await;
    app.execute("UPDATE users SET is_active = FALSE WHERE email = 'bob@example.com'").await.unwrap();
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(app.query_value::<i64>("SELECT generation FROM sessions").await, 0);
}

#[tokio::test]
async fn a_new_role_is_in_the_next_access_token() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let viewer = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let tokens = app.sign_in(&viewer).await;
    app.execute("UPDATE users SET role = 'engineer' WHERE email = 'bob@example.com'").await.unwrap();
    let refreshed = app.refresh(&tokens.refresh).await.tokens();
    assert_eq!(claims(&refreshed.access)["role"], "engineer");
}

#[tokio::test]
async fn a_passive_refresh_rotates_but_leaves_the_idle_deadline() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let begun = app.sign_in(&owner).await;
    let mut tokens = begun.clone();
    for _ in 0..3 {
        app.advance(TimeDelta::hours(20));
        let response = app.post(REFRESH).bearer(&tokens.refresh).json(&json!({"passive": true})).send().await;
        let next = response.tokens();
        assert_ne!(claims(&next.refresh)["jti"], claims(&tokens.refresh)["jti"]);
        assert_eq!(next.idle_expires_at, begun.idle_expires_at);
        assert_eq!(claims(&next.refresh)["exp"], claims(&begun.refresh)["exp"]);
        tokens = next;
    }
    // An unattended page with running timers expires (NIST SP 800-63B-4 §5.1.2).
    app.set_time(begun.idle_expires_at);
    app.refresh(&tokens.refresh).await.assert_problem("session_expired_idle");
}

#[tokio::test]
async fn an_active_refresh_after_passive_ones_renews_the_idle_window() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let begun = app.sign_in(&owner).await;
    app.advance(TimeDelta::hours(20));
    let passive =
        app.post(REFRESH).bearer(&begun.refresh).json(&json!({"passive": true})).send().await.tokens();
    app.advance(TimeDelta::hours(20));
    let active = app.refresh(&passive.refresh).await.tokens();
    assert_eq!(active.idle_expires_at.timestamp(), app.now().timestamp() + 259_200);
    assert_eq!(active.absolute_expires_at, begun.absolute_expires_at);
}

/// Removes the policy claims, as in tokens issued before policies existed.
fn grandfathered(token: &str) -> Value {
    let mut claims = claims(token);
    for claim in ["auth_time", "idle_max", "abs_max"] {
        claims.as_object_mut().unwrap().remove(claim);
    }
    claims
}

#[tokio::test]
async fn a_token_from_before_policies_rotates_once_into_the_accounts_policy() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.execute("UPDATE accounts SET session_idle_minutes = 60, session_absolute_minutes = 240")
        .await
        .unwrap();
    let mut old = grandfathered(&tokens.refresh);
    let session = old["jti"].as_str().unwrap().split('.').next().unwrap().to_owned();
    old["jti"] = json!(session);
    let old = forge(&token_part(&tokens.refresh, 0), &old);
    app.advance(TimeDelta::hours(30));
    let next = app.refresh(&old).await.tokens();
    let fresh = claims(&next.refresh);
    let now = app.now().timestamp();
    assert_eq!(
        (&fresh["auth_time"], &fresh["idle_max"], &fresh["abs_max"]),
        (&json!(now), &json!(3_600), &json!(14_400))
    );
    assert_eq!(fresh["jti"], format!("{session}.1"));
    assert_eq!(next.absolute_expires_at.timestamp(), now + 14_400);
    app.refresh(&old).await.assert_problem("invalid_refresh_token");
    // From here on it is an ordinary session.
    app.advance(TimeDelta::minutes(50));
    let later = app.refresh(&next.refresh).await.tokens();
    assert_eq!(claims(&later.refresh)["auth_time"], now);
    assert_eq!(later.absolute_expires_at, next.absolute_expires_at);
    let me = app.get("/api/v1/auth/me").bearer(&later.access).send().await;
    assert_eq!(me.body["session"]["absolute_expires_at"], json!(next.absolute_expires_at));
}

#[tokio::test]
async fn a_token_with_only_some_of_the_snapshot_is_malformed() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    for claim in ["auth_time", "idle_max", "abs_max"] {
        let mut some = claims(&tokens.refresh);
        some.as_object_mut().unwrap().remove(claim);
        app.refresh(&forge(&token_part(&tokens.refresh, 0), &some))
            .await
            .assert_problem("invalid_refresh_token");
    }
    for nonsense in [json!(0), json!(-1), json!(i64::MAX)] {
        let mut claims = claims(&tokens.refresh);
        claims["abs_max"] = nonsense;
        app.refresh(&forge(&token_part(&tokens.refresh, 0), &claims))
            .await
            .assert_problem("invalid_refresh_token");
    }
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn an_unreachable_database_is_503_and_ends_no_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.app.database.read.connection().close().await.unwrap();
    app.app.database.write.connection().close().await.unwrap();
    app.refresh(&tokens.refresh).await.assert_problem("unavailable");
    app.get("/api/v1/auth/me").bearer(&tokens.access).send().await.assert_problem("unavailable");
    app.post(LOGIN)
        .json(&json!({"email": owner.email, "password": PASSWORD}))
        .send()
        .await
        .assert_problem("unavailable");
    app.post("/api/v1/auth/logout").bearer(&tokens.refresh).send().await.assert_problem("unavailable");
    app.get("/health/ready").send().await.assert_problem("unavailable");
    assert_eq!(app.get("/health/live").send().await.status, 200);
}
