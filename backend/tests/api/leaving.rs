//! `POST /users/me/leave` and `POST /accounts/me/close`.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::{Value, json};

use crate::test_app::{LOGIN, ME, PASSWORD, TestApp, TestResponse, Tokens, User};

const LEAVE: &str = "/api/v1/users/me/leave";
const CLOSE: &str = "/api/v1/accounts/me/close";
const INVITES: &str = "/api/v1/accounts/me/invites";

async fn leave(app: &TestApp, tokens: &Tokens) -> TestResponse {
    app.post(LEAVE).bearer(&tokens.access).send().await
}

async fn close(app: &TestApp, tokens: &Tokens, name: &str) -> TestResponse {
    app.post(CLOSE).bearer(&tokens.access).json(&json!({"name": name})).send().await
}

async fn assert_signed_out(app: &TestApp, user: &User, tokens: &Tokens) {
    app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    let credentials = json!({"email": user.email, "password": PASSWORD});
    let known = app.post(LOGIN).json(&credentials).send().await;
    let unknown = json!({"email": "nobody@example.com", "password": PASSWORD});
    let unknown = app.post(LOGIN).json(&unknown).send().await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    known.assert_problem("invalid_credentials");
}

/// Sends an invitation and returns its token.
async fn invite(app: &TestApp, owner: &Tokens, email: &str) -> String {
    app.sent_emails().await;
    let body = json!({"email": email, "role": "viewer"});
    assert_eq!(app.post(INVITES).bearer(&owner.access).json(&body).send().await.status, 201);
    app.email_to(email).await.token("/invite")
}

async fn accept(app: &TestApp, token: &str) -> TestResponse {
    let body = json!({"name": "Guest", "password": PASSWORD});
    app.post(&format!("/api/v1/invites/{token}/accept")).json(&body).send().await
}

async fn count(app: &TestApp, what: &str) -> i64 {
    app.query_value(&format!("SELECT count(*) FROM {what}")).await
}

#[tokio::test]
async fn leaving_deletes_the_user_sessions_and_invitations_and_is_confirmed() {
    let app = TestApp::new().await;
    let ada = app.owner("ada@example.com").await;
    let bob = app.user(ada.account, "bob@example.com", Role::Owner).await;
    let (own, theirs, more) = (app.sign_in(&ada).await, app.sign_in(&bob).await, app.sign_in(&bob).await);
    let token = invite(&app, &theirs, "guest@example.com").await;
    assert_eq!(leave(&app, &theirs).await.status, 204);
    assert_signed_out(&app, &bob, &theirs).await;
    assert_signed_out(&app, &bob, &more).await;
    accept(&app, &token).await.assert_problem("invalid_link");
    let mail = app.email_to("bob@example.com").await;
    assert_eq!(mail.subject, "You no longer have access to “Example”");
    assert!(mail.text.contains("You left “Example” on"), "{}", mail.text);
    let page = app.get("/api/v1/accounts/me/audit-events?kind=member.left").bearer(&own.access).send().await;
    let event = &page.body["events"][0];
    let snapshot =
        json!({"user_id": bob.id, "name": "Ada Example", "email": "bob@example.com", "revoked_count": 2});
    assert_eq!(event["payload"], snapshot);
    let gone = json!({"user_id": bob.id, "name": null, "email": null});
    assert_eq!((&event["actor"], &event["subject"]), (&gone, &gone));
    // The address is free, in this account and in others.
    app.user(ada.account, "bob@example.com", Role::Viewer).await;
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
}

#[tokio::test]
async fn owners_are_told_only_when_another_owner_leaves() {
    let app = TestApp::new().await;
    let ada = app.owner("ada@example.com").await;
    let bob = app.user(ada.account, "bob@example.com", Role::Owner).await;
    let zoe = app.user(ada.account, "zoe@example.com", Role::Viewer).await;
    let told = async |user: &User| {
        let tokens = app.sign_in(user).await;
        app.sent_emails().await;
        assert_eq!(leave(&app, &tokens).await.status, 204);
        let mut mails = app.sent_emails().await;
        mails.sort_by(|one, other| one.to.cmp(&other.to));
        mails
    };
    let mails = told(&zoe).await;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["zoe@example.com"]);
    let mails = told(&bob).await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    let news = &mails[0];
    assert_eq!((news.to.as_str(), news.subject.as_str()), ("ada@example.com", "An owner left “Example”"));
    assert!(news.text.contains("bob@example.com left the account, on"), "{}", news.text);
    assert!(!news.text.contains("/not-me"), "{}", news.text);
}

#[tokio::test]
async fn leaving_needs_a_recent_sign_in_and_the_last_owner_stays() {
    let app = TestApp::new().await;
    let ada = app.owner("ada@example.com").await;
    let bob = app.user(ada.account, "bob@example.com", Role::Owner).await;
    let zoe = app.user(ada.account, "zoe@example.com", Role::Viewer).await;
    app.post(LEAVE).send().await.assert_problem("invalid_access_token");
    let old = app.sign_in(&zoe).await;
    app.advance(TimeDelta::minutes(15));
    let old = app.refresh(&old.refresh).await.tokens();
    leave(&app, &old).await.assert_problem("reauthentication_required");
    let fresh = app.sign_in(&zoe).await;
    assert_eq!(leave(&app, &fresh).await.status, 204);
    // If two owners leave at once, one stays.
    let (one, other) = (app.sign_in(&ada).await, app.sign_in(&bob).await);
    let (first, second) = tokio::join!(leave(&app, &one), leave(&app, &other));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    for response in [first, second].iter().filter(|response| response.status == 409) {
        response.assert_problem("last_owner");
    }
    assert_eq!(count(&app, "users").await, 1);
}

#[tokio::test]
async fn closing_needs_an_owner_a_recent_sign_in_and_the_accounts_name() {
    let app = TestApp::new().await;
    let ada = app.owner("ada@example.com").await;
    let bob = app.user(ada.account, "bob@example.com", Role::Engineer).await;
    let zoe = app.user(ada.account, "zoe@example.com", Role::Viewer).await;
    app.post(CLOSE).json(&json!({"name": "Example"})).send().await.assert_problem("invalid_access_token");
    for user in [&bob, &zoe] {
        let tokens = app.sign_in(user).await;
        close(&app, &tokens, "Example").await.assert_problem("owner_required");
    }
    let tokens = app.sign_in(&ada).await;
    for name in ["example", "Example account", ""] {
        let response = close(&app, &tokens, name).await;
        response.assert_problem("validation_failed");
        assert_eq!(response.body["errors"][0]["field"], "name", "{name}");
    }
    app.advance(TimeDelta::minutes(15));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    close(&app, &tokens, "Example").await.assert_problem("reauthentication_required");
    assert_eq!(count(&app, "users").await, 3);
    assert_eq!(app.audit_count("account.closed").await, 0);
}

#[tokio::test]
async fn a_closed_account_keeps_only_its_name_and_audit_trail() {
    let app = TestApp::new().await;
    let ada = app.owner("ada@example.com").await;
    let bob = app.user(ada.account, "bob@example.com", Role::Engineer).await;
    let eve = app.owner("eve@other.example").await;
    let (own, theirs, others) = (app.sign_in(&ada).await, app.sign_in(&bob).await, app.sign_in(&eve).await);
    let token = invite(&app, &own, "guest@example.com").await;
    let foreign = invite(&app, &others, "friend@other.example").await;
    let entries = count(&app, "audit_events").await;
    assert_eq!(close(&app, &own, " Example ").await.status, 204);
    assert_signed_out(&app, &ada, &own).await;
    assert_signed_out(&app, &bob, &theirs).await;
    accept(&app, &token).await.assert_problem("invalid_link");
    let mut mails = app.sent_emails().await;
    mails.sort_by(|one, other| one.to.cmp(&other.to));
    let told: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(told, ["ada@example.com", "bob@example.com"]);
    for mail in &mails {
        assert!(mail.text.contains("An owner closed the account “Example” on"), "{}", mail.text);
    }
    // The rows that remain, and those that do not.
    let of_account = |table: &str| {
        format!("{table} WHERE account_id = (SELECT id FROM accounts WHERE closed_at IS NOT NULL)")
    };
    for table in ["users", "sessions", "invites"] {
        assert_eq!(count(&app, &of_account(table)).await, 0, "{table}");
    }
    assert_eq!(count(&app, "audit_events").await, entries + 3);
    assert_eq!((app.audit_count("member.removed").await, app.audit_count("account.closed").await), (2, 1));
    let closed: String =
        app.query_value("SELECT CAST(payload AS TEXT) FROM audit_events WHERE kind = 'account.closed'").await;
    let closed: Value = serde_json::from_str(&closed).unwrap();
    assert_eq!(closed, json!({"name": "Example", "member_count": 2, "revoked_invite_count": 1}));
    // Other accounts are untouched.
    assert_eq!(app.get(ME).bearer(&others.access).send().await.status, 200);
    assert_eq!(accept(&app, &foreign).await.status, 200);
    app.user(eve.account, "ada@example.com", Role::Viewer).await;
}

#[tokio::test]
async fn joining_while_the_account_is_closed_fails_or_is_undone() {
    let app = TestApp::new().await;
    let ada = app.owner("ada@example.com").await;
    let own = app.sign_in(&ada).await;
    let token = invite(&app, &own, "guest@example.com").await;
    let (closed, joined) = tokio::join!(close(&app, &own, "Example"), accept(&app, &token));
    assert_eq!(closed.status, 204, "{}", closed.text);
    assert!(joined.status == 200 || joined.body["detail"] == "invalid_link", "{}", joined.text);
    for table in ["users", "sessions", "invites"] {
        assert_eq!(count(&app, table).await, 0, "{table}");
    }
}
