//! Delivery of an invitation's message, and the link that an owner copies.

use chrono::TimeDelta;
use curfew::{jobs::mailer, store::invites};
use curfew_shared::{auth::Role, invite::DeliveryProblem};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    mail::{server, smtp, waiting},
    test_app::{LOGIN, ME, PASSWORD, TestApp, TestResponse, Tokens, User},
};

const INVITES: &str = "/api/v1/accounts/me/invites";
const BOB: &str = "bob@example.com";

/// An owner with an open invitation.
struct Inviting {
    app: TestApp,
    owner: User,
    tokens: Tokens,
    path: String,
}

impl Inviting {
    async fn begin() -> Self {
        let app = TestApp::new().await;
        let owner = app.owner("ada@example.com").await;
        let tokens = app.sign_in(&owner).await;
        let body = json!({"email": BOB, "role": "engineer"});
        let made = app.post(INVITES).bearer(&tokens.access).json(&body).send().await;
        assert_eq!(
            (&made.body["delivery"], &made.body["delivery_problem"]),
            (&json!("queued"), &Value::Null)
        );
        let path = format!("{INVITES}/{}", made.body["id"].as_str().unwrap());
        Self { app, owner, tokens, path }
    }

    /// The delivery status and problem that the owner sees.
    async fn delivery(&self) -> Value {
        let tokens = self.app.sign_in(&self.owner).await;
        let invite = self.app.get(INVITES).bearer(&tokens.access).send().await.body["invites"][0].clone();
        json!([invite["delivery"], invite["delivery_problem"]])
    }

    /// Attempts delivery with a mail server that replies `verdict` to RCPT.
    async fn deliver(&self, verdict: &'static str) {
        mailer::deliver(&self.app.app, &smtp(&self.app, server(verdict).await)).await.unwrap();
    }

    async fn resend(&self) -> TestResponse {
        let tokens = self.app.sign_in(&self.owner).await;
        let again = self.app.post(&format!("{}/resend", self.path)).bearer(&tokens.access).send().await;
        assert_eq!(again.status, 200, "{}", again.text);
        again
    }

    async fn ask_for_link(&self) -> TestResponse {
        self.app.post(&format!("{}/link", self.path)).bearer(&self.tokens.access).send().await
    }

    /// The token of the link that the owner copies.
    async fn copied(&self) -> String {
        let response = self.ask_for_link().await;
        assert_eq!(response.status, 200, "{}", response.text);
        let url = response.body["url"].as_str().unwrap();
        url.strip_prefix("https://curfew.example/invite#").unwrap().to_owned()
    }

    async fn accept(&self, token: &str) -> TestResponse {
        let body = json!({"name": "Bob", "password": PASSWORD});
        self.app.post(&format!("/api/v1/invites/{token}/accept")).json(&body).send().await
    }

    async fn has_proven(&self) -> bool {
        let sql = "SELECT count(email_verified_at) FROM users WHERE email = 'bob@example.com'";
        self.app.query_value::<i64>(sql).await == 1
    }
}

#[tokio::test]
async fn an_owner_sees_a_refused_message_and_the_end_of_retries() {
    let inviting = Inviting::begin().await;
    inviting.deliver("550 no such user").await;
    assert_eq!(inviting.delivery().await, json!(["delayed", "refused"]));
    for _ in 0..7 {
        assert_eq!(inviting.delivery().await, json!(["delayed", "refused"]));
        inviting.app.advance(TimeDelta::hours(4));
        inviting.deliver("550 no such user").await;
    }
    assert_eq!(waiting(&inviting.app).await, 0);
    assert_eq!(inviting.delivery().await, json!(["failed", "refused"]));
    let again = inviting.resend().await.body;
    assert_eq!((&again["delivery"], &again["delivery_problem"]), (&json!("queued"), &Value::Null));
    assert_eq!(inviting.delivery().await, json!(["queued", null]));
    inviting.deliver("250 ok").await;
    assert_eq!(inviting.delivery().await, json!(["sent", null]));
}

#[tokio::test]
async fn a_failing_mail_server_and_a_refused_address_are_told_apart() {
    let inviting = Inviting::begin().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    mailer::deliver(&inviting.app.app, &smtp(&inviting.app, closed)).await.unwrap();
    assert_eq!(inviting.delivery().await, json!(["delayed", "unavailable"]));
    // A temporary failure, failed authentication, a refused address, and at last success.
    for (verdict, delivery) in [
        ("451 come back", json!(["delayed", "unavailable"])),
        ("535 wrong password", json!(["delayed", "unavailable"])),
        ("553 no such address", json!(["delayed", "refused"])),
        ("250 ok", json!(["sent", null])),
    ] {
        inviting.app.advance(TimeDelta::hours(4));
        inviting.deliver(verdict).await;
        assert_eq!(inviting.delivery().await, delivery, "{verdict}");
    }
}

#[tokio::test]
async fn a_replaced_message_does_not_affect_its_successor() {
    let inviting = Inviting::begin().await;
    let app = &inviting.app;
    inviting.deliver("550 no such user").await;
    let first = app.query_value::<uuid::Uuid>("SELECT id FROM mails").await;
    inviting.resend().await;
    assert_eq!(waiting(app).await, 1, "the first is not sent any more");
    let database = &app.app.database.write;
    // The first message was being sent when it was replaced.
    invites::set_delivery_problem(database, first, Some(DeliveryProblem::Refused)).await.unwrap();
    assert_eq!(inviting.delivery().await, json!(["queued", null]));
    inviting.deliver("250 ok").await;
    invites::set_delivery_problem(database, first, Some(DeliveryProblem::Refused)).await.unwrap();
    assert_eq!(inviting.delivery().await, json!(["sent", null]));
}

#[tokio::test]
async fn joining_by_a_copied_link_does_not_verify_the_address() {
    let inviting = Inviting::begin().await;
    let app = &inviting.app;
    let response = inviting.ask_for_link().await;
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(app.audit_count("invite.link_copied").await, 1);
    let token = inviting.copied().await;
    assert_eq!(app.get(&format!("/api/v1/invites/{token}")).send().await.body["email"], BOB);
    let joined = inviting.accept(&token).await.tokens();
    assert_eq!(app.refresh(&joined.refresh).await.status, 200);
    assert!(!inviting.has_proven().await);
    let credentials = json!({"email": BOB, "password": PASSWORD});
    app.post(LOGIN).json(&credentials).send().await.tokens();
    // The link of a message verifies the address later.
    app.sent_emails().await;
    app.post("/api/v1/auth/forgot-password").json(&json!({"email": BOB})).send().await;
    let token = app.email_to(BOB).await.token("/reset-password");
    let reset = json!({"token": token, "password": "another good one"});
    assert_eq!(app.post("/api/v1/auth/reset-password").json(&reset).send().await.status, 204);
    assert!(inviting.has_proven().await);
}

#[tokio::test]
async fn an_unverified_address_is_not_notified_of_a_change_or_restored() {
    let inviting = Inviting::begin().await;
    let app = &inviting.app;
    let joined = inviting.accept(&inviting.copied().await).await.tokens();
    app.sent_emails().await;
    let email = json!({"email": "bob@work.example"});
    assert_eq!(
        app.post("/api/v1/users/me/email").bearer(&joined.access).json(&email).send().await.status,
        202
    );
    let token = app.email_to("bob@work.example").await.token("/verify-email");
    let verified = app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    assert!(app.sent_emails().await.is_empty());
    let sql = "SELECT count(email_verified_at) FROM users WHERE email = 'bob@work.example'";
    assert_eq!(app.query_value::<i64>(sql).await, 1);
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM address_changes").await, 0);
}

#[tokio::test]
async fn the_messages_link_verifies_the_address_even_after_a_copy() {
    let inviting = Inviting::begin().await;
    let copied = inviting.copied().await;
    let mailed = inviting.app.email_to(BOB).await.token("/invite");
    inviting.accept(&mailed).await.tokens();
    assert!(inviting.has_proven().await);
    inviting.accept(&copied).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_copied_link_expires_with_the_messages_link() {
    let inviting = Inviting::begin().await;
    let app = &inviting.app;
    let first = inviting.copied().await;
    app.advance(TimeDelta::minutes(2));
    inviting.resend().await;
    inviting.accept(&first).await.assert_problem("invalid_link");
    let second = inviting.copied().await;
    app.advance(TimeDelta::days(7));
    inviting.accept(&second).await.assert_problem("invalid_link");
    let tokens = app.sign_in(&inviting.owner).await;
    let inviting = Inviting { tokens, ..inviting };
    inviting.ask_for_link().await.assert_problem("invalid_link");
    inviting.resend().await;
    let third = inviting.copied().await;
    assert_eq!(inviting.app.delete(&inviting.path).bearer(&inviting.tokens.access).send().await.status, 204);
    inviting.ask_for_link().await.assert_problem("not_found");
    inviting.accept(&third).await.assert_problem("invalid_link");
    assert_eq!(inviting.app.audit_count("invite.link_copied").await, 3, "not for those that were refused");
}

#[tokio::test]
async fn an_owner_copies_only_the_links_of_their_own_invitations() {
    let inviting = Inviting::begin().await;
    let app = &inviting.app;
    let other = app.sign_in(&app.user(inviting.owner.account, "eve@example.com", Role::Owner).await).await;
    let response = app.post(&format!("{}/link", inviting.path)).bearer(&other.access).send().await;
    response.assert_problem("forbidden");
    assert_eq!(app.audit_count("invite.link_copied").await, 0);
}

#[tokio::test]
async fn who_joined_by_a_copied_link_does_not_keep_the_address_from_its_owner() {
    let inviting = Inviting::begin().await;
    let app = &inviting.app;
    let joined = inviting.accept(&inviting.copied().await).await.tokens();
    let id = app.get(ME).bearer(&joined.access).send().await.body["user"]["id"].as_str().unwrap().to_owned();
    let deactivate = app.patch(&format!("/api/v1/accounts/me/members/{id}")).bearer(&inviting.tokens.access);
    assert_eq!(deactivate.json(&json!({"is_active": false})).send().await.status, 204);
    app.sent_emails().await;

    let password = "seven purple kangaroos hum";
    let form = json!({"account_name": "Bob's", "name": "Bob", "email": BOB, "password": password});
    let response = app.post("/api/v1/auth/register").json(&form).send().await;
    let cookie = response.header("set-cookie").split(';').next().unwrap().to_owned();
    let token = app.email_to(BOB).await.token("/verify-email");
    let verify = app.post("/api/v1/auth/verify-email").header("cookie", &cookie);
    let verified = verify.json(&json!({"token": token})).send().await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    let tokens = app.post(LOGIN).json(&json!({"email": BOB, "password": password})).send().await.tokens();
    let me = app.get(ME).bearer(&tokens.access).send().await.body;
    assert_eq!((&me["account"]["name"], &me["user"]["role"]), (&json!("Bob's"), &json!("owner")));
    let placeholder = format!("SELECT count(*) FROM users WHERE email = '{id}@unverified.invalid'");
    assert_eq!(app.query_value::<i64>(&placeholder).await, 1);
}
