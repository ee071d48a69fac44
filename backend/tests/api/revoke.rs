//! `POST /accounts/me/security/revoke-sessions`.

use std::sync::Arc;

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::test_app::{LOGIN, ME, REVOKE, SECURITY, TestApp, Tokens, User, slow_body};

async fn revoke(app: &TestApp, tokens: &Tokens, body: Value) -> i64 {
    let response = app.post(REVOKE).bearer(&tokens.access).json(&body).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.body["revoked_count"].as_i64().unwrap()
}

/// An account with an owner who signed in twice, and an engineer who signed in once.
async fn owner_and_member(app: &TestApp) -> (User, [Tokens; 2], Tokens) {
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", Role::Engineer).await;
    let own = [app.sign_in(&owner).await, app.sign_in(&owner).await];
    (owner, own, app.sign_in(&bob).await)
}

#[tokio::test]
async fn all_ends_every_session_the_callers_too() {
    let app = TestApp::new().await;
    let (_, [own, second], bob) = owner_and_member(&app).await;
    assert_eq!(revoke(&app, &own, json!({"scope": "all"})).await, 3);
    for tokens in [&own, &second, &bob] {
        app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    }
    for tokens in [&second, &bob] {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
    }
    // The caller's access token survives, and a second call ends nothing more.
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    assert_eq!(revoke(&app, &own, json!({"scope": "all"})).await, 0);
    app.advance(TimeDelta::minutes(5));
    app.get(ME).bearer(&own.access).send().await.assert_problem("access_token_expired");
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM sessions WHERE revoked_at IS NULL").await, 0);
}

#[tokio::test]
async fn a_missing_body_means_all() {
    let app = TestApp::new().await;
    let (_, [own, _], _) = owner_and_member(&app).await;
    let response = app.post(REVOKE).bearer(&own.access).send().await;
    assert_eq!(response.body, json!({"revoked_count": 3}));
}

#[tokio::test]
async fn others_keeps_every_session_of_the_caller() {
    let app = TestApp::new().await;
    let (_, [own, second], bob) = owner_and_member(&app).await;
    assert_eq!(revoke(&app, &own, json!({"scope": "others"})).await, 1);
    app.refresh(&bob.refresh).await.assert_problem("invalid_refresh_token");
    app.get(ME).bearer(&bob.access).send().await.assert_problem("session_revoked");
    assert_eq!(app.refresh(&own.refresh).await.status, 200);
    assert_eq!(app.refresh(&second.refresh).await.status, 200);
    assert_eq!(revoke(&app, &own, json!({"scope": "others"})).await, 0);
}

#[tokio::test]
async fn another_account_is_neither_touched_nor_counted() {
    let app = TestApp::new().await;
    let (_, [own, _], _) = owner_and_member(&app).await;
    let stranger = app.owner("stranger@other.example").await;
    let theirs = app.sign_in(&stranger).await;
    assert_eq!(revoke(&app, &own, json!({"scope": "all"})).await, 3);
    assert_eq!(app.get(ME).bearer(&theirs.access).send().await.status, 200);
    assert_eq!(app.refresh(&theirs.refresh).await.status, 200);
}

#[tokio::test]
async fn ended_sessions_are_not_counted_or_stamped_again() {
    let app = TestApp::new().await;
    let (owner, [own, second], bob) = owner_and_member(&app).await;
    app.post("/api/v1/auth/logout").bearer(&bob.refresh).send().await;
    app.set_time(second.idle_expires_at);
    let now = app.sign_in(&owner).await;
    assert_eq!(revoke(&app, &now, json!({})).await, 1, "the others idled out or signed out");
    let reason: String =
        app.query_value("SELECT revoked_reason FROM sessions WHERE revoked_reason = 'signed_out'").await;
    assert_eq!(reason, "signed_out");
    app.refresh(&own.refresh).await.assert_problem("session_expired_idle");
}

#[tokio::test]
async fn each_call_is_one_audit_event() {
    let app = TestApp::new().await;
    let (_, [own, _], _) = owner_and_member(&app).await;
    revoke(&app, &own, json!({"scope": "others"})).await;
    app.advance(TimeDelta::seconds(1));
    revoke(&app, &own, json!({"scope": "all"})).await;
    let events =
        app.get("/api/v1/accounts/me/audit-events?kind=account.sessions_revoked_bulk").bearer(&own.access);
    let events = events.send().await.body["events"].clone();
    let payloads: Vec<_> = events.as_array().unwrap().iter().map(|event| event["payload"].clone()).collect();
    assert_eq!(
        payloads,
        [json!({"scope": "all", "revoked_count": 2}), json!({"scope": "others", "revoked_count": 1})]
    );
}

#[tokio::test]
async fn bad_scopes_are_refused() {
    let app = TestApp::new().await;
    let (_, [own, _], _) = owner_and_member(&app).await;
    for body in [json!({"scope": "mine"}), json!({"scope": null}), json!({"scopes": "all"}), json!("all")] {
        app.post(REVOKE).bearer(&own.access).json(&body).send().await.assert_problem("validation_failed");
    }
    assert_eq!(app.audit_count("account.sessions_revoked_bulk").await, 0);
}

#[tokio::test]
async fn only_owners_may_and_only_with_an_access_token() {
    let app = TestApp::new().await;
    let (owner, _, engineer) = owner_and_member(&app).await;
    let viewer = app.user(owner.account, "vic@example.com", Role::Viewer).await;
    let viewer = app.sign_in(&viewer).await;
    let calls = || {
        [
            app.get(SECURITY),
            app.request(axum::http::Method::PATCH, SECURITY).json(&json!({"idle_minutes": 60})),
            app.post(REVOKE).json(&json!({"scope": "all"})),
            app.get("/api/v1/accounts/me/audit-events"),
        ]
    };
    for tokens in [&engineer, &viewer] {
        for call in calls() {
            call.bearer(&tokens.access).send().await.assert_problem("owner_required");
        }
    }
    for call in calls() {
        call.send().await.assert_problem("invalid_access_token");
    }
    for call in calls() {
        call.bearer(&engineer.refresh).send().await.assert_problem("invalid_access_token");
    }
    assert_eq!(app.refresh(&engineer.refresh).await.status, 200);
    assert_eq!(app.audit_count("account.sessions_revoked_bulk").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_revocation_that_raced_with_refreshes_no_session_can_refresh() {
    let app = Arc::new(TestApp::new().await);
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(app.sign_in(&owner).await);
    }
    let mut storm = JoinSet::new();
    for session in &sessions {
        let (app, mut token) = (Arc::clone(&app), session.refresh.clone());
        // Each keeps refreshing with the newest token until it is refused.
        storm.spawn(async move {
            loop {
                let response = app.refresh(&token).await;
                if response.status != 200 {
                    response.assert_problem("invalid_refresh_token");
                    return token;
                }
                token = response.tokens().refresh;
            }
        });
    }
    tokio::task::yield_now().await;
    assert_eq!(revoke(&app, &tokens, json!({"scope": "all"})).await, 21);
    for newest in storm.join_all().await {
        app.refresh(&newest).await.assert_problem("invalid_refresh_token");
    }
}

#[tokio::test]
async fn only_the_callers_current_access_token_survives_all() {
    let app = TestApp::new().await;
    let (_, [own, _], _) = owner_and_member(&app).await;
    let stolen = own.access.clone();
    let own = app.refresh(&own.refresh).await.tokens();
    assert_eq!(revoke(&app, &own, json!({"scope": "all"})).await, 3);
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    app.get(ME).bearer(&stolen).send().await.assert_problem("session_revoked");
    app.advance(TimeDelta::minutes(5));
    app.get(ME).bearer(&own.access).send().await.assert_problem("access_token_expired");
}

#[tokio::test]
async fn an_old_sign_in_neither_sets_the_policy_nor_ends_sessions() {
    let app = TestApp::new().await;
    let (_, [own, _], bob) = owner_and_member(&app).await;
    app.advance(TimeDelta::minutes(15));
    let own = app.refresh(&own.refresh).await.tokens();
    for call in [
        app.patch(SECURITY).json(&json!({"idle_minutes": 60, "absolute_minutes": 240})),
        app.post(REVOKE).json(&json!({"scope": "others"})),
    ] {
        call.bearer(&own.access).send().await.assert_problem("reauthentication_required");
    }
    assert_eq!(app.audit_count("account.session_policy_update").await, 0);
    assert_eq!(app.refresh(&bob.refresh).await.status, 200);
}

#[tokio::test]
async fn a_request_that_waited_does_nothing_once_its_session_has_ended() {
    let app = TestApp::new().await;
    let (owner, [own, _], _) = owner_and_member(&app).await;
    let second = app.user(owner.account, "zoe@example.com", Role::Owner).await;
    let second = app.sign_in(&second).await;
    let body = json!({"email": "evil@example.com", "role": "owner"});
    let mut held = Vec::new();
    for (call, body) in [
        (app.post("/api/v1/accounts/me/invites"), body),
        (app.post(REVOKE), json!({"scope": "others"})),
        (app.patch(SECURITY), json!({"idle_minutes": 60, "absolute_minutes": 240})),
    ] {
        let (body, waited_for, go_on) = slow_body(&body);
        let call = call.bearer(&own.access).header("content-type", "application/json").body(body);
        held.push((tokio::spawn(call.send()), go_on));
        waited_for.await.unwrap();
    }
    assert!(revoke(&app, &second, json!({"scope": "others"})).await > 0);
    for (call, go_on) in held {
        go_on.send(()).unwrap();
        call.await.unwrap().assert_problem("session_revoked");
    }
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM invites").await, 0);
    assert_eq!(app.refresh(&second.refresh).await.status, 200);
}

#[tokio::test]
async fn ending_the_callers_sessions_ends_the_surviving_token_too() {
    let app = TestApp::new().await;
    let (owner, [own, _], _) = owner_and_member(&app).await;
    let zoe = app.user(owner.account, "zoe@example.com", Role::Owner).await;
    assert!(revoke(&app, &own, json!({"scope": "all"})).await > 0);
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    let other = app.sign_in(&zoe).await;
    assert_eq!(revoke(&app, &other, json!({"scope": "others"})).await, 0);
    app.get(ME).bearer(&own.access).send().await.assert_problem("session_revoked");

    let own = app.sign_in(&owner).await;
    assert!(revoke(&app, &own, json!({"scope": "all"})).await > 0);
    assert_eq!(revoke(&app, &own, json!({"scope": "all"})).await, 0, "its own second call is answered");
    app.post("/api/v1/auth/logout").bearer(&own.access).send().await;
    app.get(ME).bearer(&own.access).send().await.assert_problem("session_revoked");

    // An owner who signs this user out, and a password change.
    let own = app.sign_in(&owner).await;
    assert!(revoke(&app, &own, json!({"scope": "all"})).await > 0);
    let zoe = app.sign_in(&zoe).await;
    let path = format!("/api/v1/accounts/me/members/{}/revoke-sessions", owner.id);
    assert_eq!(app.post(&path).bearer(&zoe.access).send().await.body["revoked_count"], 0);
    app.get(ME).bearer(&own.access).send().await.assert_problem("session_revoked");

    let own = app.sign_in(&owner).await;
    assert!(revoke(&app, &own, json!({"scope": "all"})).await > 0);
    app.post("/api/v1/auth/forgot-password").json(&json!({"email": owner.email})).send().await;
    let mails = app.sent_emails().await;
    let mail = mails.iter().find(|mail| mail.subject == "Set a new password").unwrap();
    let body = json!({"token": mail.token("/reset-password"), "password": "seven purple kangaroos hum"});
    assert_eq!(app.post("/api/v1/auth/reset-password").json(&body).send().await.status, 204);
    app.get(ME).bearer(&own.access).send().await.assert_problem("session_revoked");

    let body = json!({"email": owner.email, "password": "seven purple kangaroos hum"});
    let own = app.post(LOGIN).json(&body).send().await.tokens();
    assert!(revoke(&app, &own, json!({"scope": "all"})).await > 0);
    let body = json!({"current_password": "seven purple kangaroos hum", "new_password": "eight purple kangaroos hum"});
    let response = app.post("/api/v1/auth/change-password").bearer(&own.access).json(&body).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    app.get(ME).bearer(&own.access).send().await.assert_problem("session_revoked");
}
