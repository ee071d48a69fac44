//! Concurrent requests: races are impossible by construction (ASVS V15.4.2).

use std::sync::Arc;

use axum::http::StatusCode;
use curfew::passwords::Party;
use curfew_shared::auth::Role;
use serde_json::json;
use tokio::task::JoinSet;

use crate::test_app::{LOGIN, LOGOUT, PASSWORD, REFRESH, REVOKE, TestApp, TestRequest, Tokens, User};

/// Sends `count` concurrent refreshes with one token and returns their statuses.
async fn storm(app: &TestApp, tokens: &Tokens, key: Option<&str>, count: usize) -> Vec<(StatusCode, String)> {
    let mut storm = JoinSet::new();
    let barrier = Arc::new(tokio::sync::Barrier::new(count));
    for _ in 0..count {
        let mut call = app.post(REFRESH).bearer(&tokens.refresh);
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        let barrier = Arc::clone(&barrier);
        storm.spawn(async move {
            barrier.wait().await;
            let response = call.send().await;
            let word = response.body["detail"].as_str().unwrap_or_default().to_owned();
            let jti = response.body["refresh_token"]
                .as_str()
                .map(|token| crate::test_app::claims(token)["jti"].to_string());
            (response.status, jti.unwrap_or(word))
        });
    }
    storm.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_refreshes_with_one_token_exactly_one_succeeds() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let responses = storm(&app, &tokens, None, 100).await;
    let (won, lost): (Vec<_>, Vec<_>) = responses.into_iter().partition(|(status, _)| *status == 200);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|(status, word)| *status == 401 && word == "invalid_refresh_token"), "{lost:?}");
    assert_eq!(app.query_value::<i64>("SELECT generation FROM sessions").await, 1);
    assert_eq!(app.audit_count("session.replay_detected").await, 0, "a race is no theft");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_one_key_all_of_them_get_the_same_successor() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let responses = storm(&app, &tokens, Some("0b8f5c0e-3c8e-4c1e-9d3b-0e5d5a1f7c11"), 20).await;
    assert!(responses.iter().all(|response| *response == responses[0]), "{responses:?}");
    assert_eq!(responses[0].0, 200);
    assert_eq!(app.query_value::<i64>("SELECT generation FROM sessions").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sign_out_that_races_with_refreshes_wins() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    for _ in 0..5 {
        let tokens = app.sign_in(&owner).await;
        let logout = app.post(LOGOUT).json(&json!({"refresh_token": tokens.refresh})).send();
        let (_, logout) = tokio::join!(storm(&app, &tokens, None, 10), logout);
        assert_eq!(logout.status, 204);
    }
    let live: i64 = app.query_value("SELECT count(*) FROM sessions WHERE revoked_at IS NULL").await;
    assert_eq!(live, 0);
}

#[tokio::test]
async fn surplus_sign_ins_are_refused_and_refreshes_do_not_wait() {
    let app = TestApp::with_flags(&["--password-workers", "1"]).await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    // The only worker is busy meanwhile; at most 64 requests of one user may wait.
    let place = app.app.passwords.enter(Party::Known("test".to_owned())).unwrap();
    let busy = place.turn().await.unwrap();
    let mut storm = JoinSet::new();
    for _ in 0..200 {
        storm.spawn(app.post(LOGIN).json(&json!({"email": owner.email, "password": PASSWORD})).send());
    }
    for _ in 0..200 - 64 {
        let refused = storm.join_next().await.unwrap().unwrap();
        refused.assert_problem("too_many_requests");
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
    assert!(storm.try_join_next().is_none(), "the others wait still");
    drop(busy);
    for response in storm.join_all().await {
        assert_eq!(response.status, 200, "{}", response.text);
    }
}

#[tokio::test]
async fn sixty_four_users_can_sign_in_at_the_same_moment() {
    let app = TestApp::with_flags(&["--password-workers", "1"]).await;
    let owner = app.owner("ada@example.com").await;
    let mut people = Vec::new();
    for n in 1..64 {
        people.push(app.user(owner.account, &format!("user{n}@example.com"), Role::Viewer).await);
    }
    people.push(owner);
    let sign_in =
        |user: &User| app.post(LOGIN).json(&json!({"email": user.email, "password": PASSWORD})).send();
    let responses = futures_util::future::join_all(people.iter().map(sign_in)).await;
    for response in responses {
        assert_eq!(response.status, 200, "{}", response.text);
    }
}

#[tokio::test]
async fn one_users_many_password_checks_block_nobody_else() {
    let app = TestApp::with_flags(&["--password-workers", "1"]).await;
    let owner = app.owner("ada@example.com").await;
    let mallory = app.user(owner.account, "mallory@example.com", Role::Viewer).await;
    let (own, theirs) = (app.sign_in(&owner).await, app.sign_in(&mallory).await);
    let prove = |tokens: &Tokens| {
        let call = app.post("/api/v1/auth/reauthenticate").bearer(&tokens.access);
        call.json(&json!({"password": PASSWORD})).send()
    };
    let place = app.app.passwords.enter(Party::Known("test".to_owned())).unwrap();
    let busy = place.turn().await.unwrap();
    let mut storm = JoinSet::new();
    for _ in 0..60 {
        storm.spawn(prove(&theirs));
    }
    let owners = tokio::spawn(prove(&own));
    let strangers = app.post(LOGIN).json(&json!({"email": owner.email, "password": PASSWORD})).send();
    let strangers = tokio::spawn(strangers);
    // All of them wait for a worker or for others' results.
    while app.query_value::<i64>("SELECT coalesce(sum(in_flight), 0) FROM throttles").await < 6 + 2 {
        tokio::task::yield_now().await;
    }
    drop(busy);
    assert_eq!(owners.await.unwrap().status, 200);
    assert_eq!(strangers.await.unwrap().status, 200);
    for response in storm.join_all().await {
        assert_eq!(response.status, 200, "{}", response.text);
    }
    // The limit ends the series.
    assert_eq!(prove(&theirs).await.status, 200);
    prove(&theirs).await.assert_problem("too_many_requests");
    assert_eq!(prove(&own).await.status, 200);
}

#[tokio::test]
async fn concurrent_member_changes_never_deadlock() {
    let app = TestApp::with_flags(&["--password-workers", "4"]).await;
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    for round in 0..4 {
        let email = format!("bob{round}@example.com");
        let bob = app.user(owner.account, &email, Role::Owner).await;
        let theirs = app.sign_in(&bob).await;
        app.post("/api/v1/auth/forgot-password").json(&json!({"email": email})).send().await;
        let token = app.email_to(&email).await.token("/reset-password");
        let member = format!("/api/v1/accounts/me/members/{}", bob.id);
        let invite = json!({"email": format!("guest{round}@example.com"), "role": "viewer"});
        let cookie = json!({"email": email, "password": PASSWORD, "token_delivery": "cookie"});
        let calls = vec![
            app.post(LOGIN).json(&cookie),
            app.post(LOGIN).json(&json!({"email": email, "password": PASSWORD})),
            app.post("/api/v1/auth/logout").bearer(&theirs.refresh),
            app.post("/api/v1/accounts/me/invites").bearer(&theirs.access).json(&invite),
            app.patch("/api/v1/users/me").bearer(&theirs.access).json(&json!({"name": "Bob"})),
            app.post("/api/v1/users/me/sessions/revoke-others").bearer(&theirs.access),
            app.post("/api/v1/auth/reset-password")
                .json(&json!({"token": token, "password": "seven purple kangaroos hum"})),
            app.post(&format!("{member}/revoke-sessions")).bearer(&own.access),
            app.patch(&member).bearer(&own.access).json(&json!({"role": "viewer"})),
            match round % 2 {
                0 => app.delete(&member).bearer(&own.access),
                _ => app.patch(&member).bearer(&own.access).json(&json!({"is_active": false})),
            },
            app.post(REVOKE).bearer(&own.access).json(&json!({"scope": "others"})),
        ];
        let responses = futures_util::future::join_all(calls.into_iter().map(TestRequest::send)).await;
        for response in responses {
            assert!(!response.status.is_server_error(), "{}", response.text);
        }
    }
}
