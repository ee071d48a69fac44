//! `/accounts/me/invites` and `/invites/{token}`.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::{Value, json};

use crate::test_app::{ME, PASSWORD, TestApp, TestResponse, Tokens};

const INVITES: &str = "/api/v1/accounts/me/invites";

async fn invite(app: &TestApp, tokens: &Tokens, email: &str) -> TestResponse {
    app.post(INVITES).bearer(&tokens.access).json(&json!({"email": email, "role": "engineer"})).send().await
}

async fn show(app: &TestApp, token: &str) -> TestResponse {
    app.get(&format!("/api/v1/invites/{token}")).send().await
}

async fn accept(app: &TestApp, token: &str) -> TestResponse {
    let body = json!({"name": "Bob", "password": PASSWORD});
    app.post(&format!("/api/v1/invites/{token}/accept")).json(&body).send().await
}

async fn list(app: &TestApp, tokens: &Tokens) -> Vec<Value> {
    app.get(INVITES).bearer(&tokens.access).send().await.body["invites"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_invited_user_sees_who_invites_them_and_joins() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let made = invite(&app, &tokens, " Bob@Example.com").await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(list(&app, &tokens).await, std::slice::from_ref(&made.body));
    let mail = app.only_email().await;
    assert_eq!(
        (mail.to.as_str(), mail.subject.as_str()),
        ("bob@example.com", "Ada Example invites you to “Example”")
    );
    let token = mail.token("/invite");
    assert_eq!(
        show(&app, &token).await.body,
        json!({
            "account_name": "Example",
            "invited_by": "Ada Example",
            "email": "bob@example.com",
            "role": "engineer",
            "expires_at": made.body["expires_at"],
        })
    );
    let joined = accept(&app, &token).await.tokens();
    let me = app.get(ME).bearer(&joined.access).send().await.body;
    assert_eq!((&me["user"]["email"], &me["user"]["role"]), (&json!("bob@example.com"), &json!("engineer")));
    assert_eq!(me["account"]["id"], json!(owner.account));
    accept(&app, &token).await.assert_problem("invalid_link");
    show(&app, &token).await.assert_problem("invalid_link");
    assert!(list(&app, &tokens).await.is_empty());
    assert_eq!((app.audit_count("invite.created").await, app.audit_count("invite.accepted").await), (1, 1));
}

#[tokio::test]
async fn an_invitation_expires_or_is_revoked_or_replaced() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let id = invite(&app, &tokens, "bob@example.com").await.body["id"].as_str().unwrap().to_owned();
    let first = app.only_email().await.token("/invite");
    invite(&app, &tokens, "bob@example.com").await.assert_problem("conflict");
    let again = app.post(&format!("{INVITES}/{id}/resend")).bearer(&tokens.access).send().await;
    assert_eq!(again.status, 200, "{}", again.text);
    let second = app.only_email().await.token("/invite");
    show(&app, &first).await.assert_problem("invalid_link");
    assert_eq!(show(&app, &second).await.status, 200);
    app.advance(TimeDelta::days(7) - TimeDelta::milliseconds(251));
    assert_eq!(show(&app, &second).await.status, 200);
    app.advance(TimeDelta::milliseconds(251));
    accept(&app, &second).await.assert_problem("invalid_link");
    // An expired invitation can be sent again and revoked.
    let tokens = app.sign_in(&owner).await;
    app.sent_emails().await;
    app.post(&format!("{INVITES}/{id}/resend")).bearer(&tokens.access).send().await;
    let third = app.only_email().await.token("/invite");
    assert_eq!(app.delete(&format!("{INVITES}/{id}")).bearer(&tokens.access).send().await.status, 204);
    accept(&app, &third).await.assert_problem("invalid_link");
    app.delete(&format!("{INVITES}/{id}")).bearer(&tokens.access).send().await.assert_problem("not_found");
}

#[tokio::test]
async fn only_one_of_several_concurrent_acceptances_joins() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    invite(&app, &tokens, "bob@example.com").await;
    let token = app.only_email().await.token("/invite");
    let (one, other) = tokio::join!(accept(&app, &token), accept(&app, &token));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
}

#[tokio::test]
async fn only_the_owner_of_a_taken_address_learns_that_it_is_taken() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    app.owner("eve@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let known = invite(&app, &tokens, "eve@example.com").await;
    let unknown = invite(&app, &tokens, "new@example.com").await;
    assert_eq!(known.status, unknown.status);
    let to_eve = app.email_to("eve@example.com").await;
    assert!(to_eve.text.contains("already belongs to an account"), "{}", to_eve.text);
    assert!(!to_eve.text.contains("/invite#"));
    // Within the account it is no secret.
    invite(&app, &tokens, "ada@example.com").await.assert_problem("address_taken");
}

#[tokio::test]
async fn another_accounts_invitation_is_not_found() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let id = invite(&app, &tokens, "bob@example.com").await.body["id"].as_str().unwrap().to_owned();
    let token = app.only_email().await.token("/invite");
    let eve = app.owner("eve@example.com").await;
    let theirs = app.sign_in(&eve).await;
    assert!(list(&app, &theirs).await.is_empty());
    app.delete(&format!("{INVITES}/{id}")).bearer(&theirs.access).send().await.assert_problem("not_found");
    app.post(&format!("{INVITES}/{id}/resend"))
        .bearer(&theirs.access)
        .send()
        .await
        .assert_problem("not_found");
    assert_eq!(show(&app, &token).await.status, 200);
}

#[tokio::test]
async fn an_address_taken_in_the_meantime_cannot_join() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    invite(&app, &tokens, "bob@example.com").await;
    let token = app.only_email().await.token("/invite");
    app.user(owner.account, "bob@example.com", Role::Viewer).await;
    accept(&app, &token).await.assert_problem("address_taken");
    let weak = json!({"name": "", "password": "bob@example.com"});
    let response = app.post(&format!("/api/v1/invites/{token}/accept")).json(&weak).send().await;
    response.assert_problem("validation_failed");
    assert_eq!(response.body["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn inviting_needs_a_recent_sign_in() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let open = invite(&app, &tokens, "open@example.com").await.body["id"].clone();
    app.sent_emails().await;
    app.advance(TimeDelta::minutes(15));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    invite(&app, &tokens, "new@example.com").await.assert_problem("reauthentication_required");
    assert_eq!(list(&app, &tokens).await.len(), 1);
    let again = format!("{INVITES}/{}/resend", open.as_str().unwrap());
    app.post(&again).bearer(&tokens.access).send().await.assert_problem("reauthentication_required");
    assert!(app.sent_emails().await.is_empty());
}

#[tokio::test]
async fn invitations_come_page_by_page() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let mut expected = Vec::new();
    for n in 0..5 {
        app.advance(TimeDelta::seconds(1));
        expected.insert(0, invite(&app, &tokens, &format!("user{n}@example.com")).await.body["id"].clone());
    }
    let mut seen = Vec::new();
    let mut path = format!("{INVITES}?limit=2");
    loop {
        let page = app.get(&path).bearer(&tokens.access).send().await.body;
        seen.extend(page["invites"].as_array().unwrap().iter().map(|invite| invite["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{INVITES}?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, expected);
}
