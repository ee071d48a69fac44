//! Which user an identity signs in: a new, an invited or an existing one.

use chrono::TimeDelta;
use curfew::config::policy::Registration;
use serde_json::{Value, json};

use super::{Jar, VERIFY, ada, begin, begun, call_back, come_back, count, eve, setup, sign_in, start_as};
use crate::{
    test_app::fake_provider::FakeProvider,
    test_app::{LOGIN, ME, PASSWORD, TestApp, Tokens, claims},
};

#[tokio::test]
async fn an_address_links_an_identity_only_if_both_sides_verified_it() {
    let (app, provider) = setup().await;
    let user = app.owner("ada@example.com").await;
    let person =
        |verified: Value| json!({"sub": "1", "email": "ada@example.com", "email_verified": verified});
    for unproven in [json!(false), Value::Null, json!("yes"), json!(1)] {
        sign_in(&app, &provider, &person(unproven)).await.assert_problem("email_not_verified");
    }
    app.execute("UPDATE users SET email_verified_at = NULL").await.unwrap();
    sign_in(&app, &provider, &person(json!(true))).await.assert_problem("oauth_link_required");
    assert_eq!(count(&app, "identities").await, 0);
    let verified = "UPDATE users SET email_verified_at = created_at";
    app.execute(verified).await.unwrap();
    let response = sign_in(&app, &provider, &person(json!("true"))).await;
    assert_eq!(response.body["is_new_user"], false);
    assert_eq!(claims(&response.tokens().access)["sub"], user.id.to_string());
    assert_eq!(app.audit_count("user.identity_linked").await, 1);
    app.execute("UPDATE users SET is_active = FALSE").await.unwrap();
    sign_in(&app, &provider, &person(json!(true))).await.assert_problem("invalid_credentials");
}

#[tokio::test]
async fn refused_consent_and_closed_registration_are_told_apart() {
    let (app, provider) = setup().await;
    let begun = begin(&app).await;
    let body = json!({"state": begun.request["state"], "error": "access_denied"});
    call_back(&app, "example", &begun.cookie, &body).await.assert_problem("oauth_denied");
    call_back(&app, "example", &begun.cookie, &body).await.assert_problem("oauth_state_invalid");
    let neither = json!({"state": begun.request["state"]});
    call_back(&app, "example", &begun.cookie, &neither).await.assert_problem("validation_failed");
    let app = app.replica_with(|config| config.policy.registration = Registration::Closed);
    sign_in(&app, &provider, &ada()).await.assert_problem("registration_closed");
    assert_eq!(count(&app, "users").await, 0);
}

#[tokio::test]
async fn an_unverified_provider_address_is_verified_by_a_message() {
    let (app, provider) = setup().await;
    let mut browser = Jar::default();
    let person = json!({"sub": "1", "email": "ada@example.com", "name": "Ada"});
    browser.sign_in(&app, &provider, &person).await.assert_problem("email_not_verified");
    assert_eq!(count(&app, "users").await, 0);
    let mail = app.email_to("ada@example.com").await;
    assert!(mail.text.contains("signed in with Example and wants to open an account"), "{}", mail.text);
    assert_eq!(browser.verify(&app, &mail.token("/verify-email")).await.status, 200);
    let told = app.email_to("ada@example.com").await;
    assert_eq!(told.subject, "A new way to sign in was added");
    assert_eq!(linked(&app).await, ("example".to_owned(), "registration".to_owned()));
    let response = sign_in(&app, &provider, &person).await;
    assert_eq!(response.body["is_new_user"], false, "{}", response.text);
    let me = app.get(ME).bearer(&response.tokens().access).send().await.body;
    assert_eq!(me["account"]["name"], "Ada’s account");
}

/// The provider of the only linked identity, and how it was linked.
async fn linked(app: &TestApp) -> (String, String) {
    let payload: String = app
        .query_value("SELECT CAST(payload AS TEXT) FROM audit_events WHERE kind = 'user.identity_linked'")
        .await;
    let payload: Value = serde_json::from_str(&payload).unwrap();
    let id: uuid::Uuid = serde_json::from_value(payload["identity_id"].clone()).unwrap();
    assert_eq!(app.query_value::<uuid::Uuid>("SELECT id FROM identities").await, id);
    let word = |name: &str| payload[name].as_str().unwrap().to_owned();
    (word("provider"), word("by"))
}

#[tokio::test]
async fn an_address_is_verified_only_in_the_browser_of_the_sign_in() {
    let (app, provider) = setup().await;
    let (mut eve, mut ada) = (Jar::default(), Jar::default());
    // Eve's tenant claims Ada's address; Ada is notified.
    let claimed = json!({"sub": "eve", "email": "ada@example.com", "name": "Eve"});
    eve.sign_in(&app, &provider, &claimed).await.assert_problem("email_not_verified");
    let cookie = eve.0.iter().find(|(name, _)| name == "__Host-curfew_registration").unwrap();
    let kept: String = app.query_value("SELECT browser_hash FROM registrations").await;
    assert_ne!(kept, cookie.1);
    let token = app.email_to("ada@example.com").await.token("/verify-email");
    ada.verify(&app, &token).await.assert_problem("wrong_browser");
    // Not even if Ada's browser has a registration of its own.
    let own = json!({"sub": "ada", "email": "ada@example.com"});
    ada.sign_in(&app, &provider, &own).await.assert_problem("email_not_verified");
    ada.verify(&app, &token).await.assert_problem("wrong_browser");
    assert_eq!(count(&app, "users").await, 0);
    let own = app.email_to("ada@example.com").await.token("/verify-email");
    assert_eq!(ada.verify(&app, &own).await.status, 200);
    assert_eq!(app.query_value::<String>("SELECT subject FROM identities").await, "ada");
    // The claim comes too late.
    eve.verify(&app, &token).await.assert_problem("address_taken");
    assert_eq!(count(&app, "identities").await, 1);
}

#[tokio::test]
async fn another_users_identity_is_not_linked_to_ones_own_registration() {
    let (app, provider) = setup().await;
    let form =
        json!({"account_name": "Acme", "name": "Ada", "email": "ada@example.com", "password": PASSWORD});
    let mut ada = Jar::default();
    ada.take(&app.post("/api/v1/auth/register").json(&form).send().await);
    app.advance(TimeDelta::seconds(1));
    let claimed = json!({"sub": "eve", "email": "ada@example.com", "name": "Eve"});
    sign_in(&app, &provider, &claimed).await.assert_problem("email_not_verified");
    app.sent_emails().await;
    // Ada asks for her message again, in another browser and in her own.
    for cookies in ["a=b", &ada.header()] {
        let again = app.post("/api/v1/auth/resend-verification").header("cookie", cookies);
        assert_eq!(again.json(&json!({"email": "ada@example.com"})).send().await.status, 202);
        let mail = app.only_email().await;
        assert!(mail.text.contains("registered an account with this address"), "{}", mail.text);
        app.advance(TimeDelta::minutes(10));
    }
    let again = app.post("/api/v1/auth/resend-verification").json(&json!({"email": "ada@example.com"}));
    assert_eq!(again.send().await.status, 202);
    let token = app.only_email().await.token("/verify-email");
    let body = json!({"token": token, "password": PASSWORD});
    assert_eq!(app.post(VERIFY).json(&body).send().await.status, 200, "from anywhere");
    assert_eq!(count(&app, "identities").await, 0);
    assert_eq!(
        app.query_value::<String>("SELECT subject FROM registrations").await,
        "eve",
        "runs out by itself"
    );
}

#[tokio::test]
async fn an_address_verified_by_both_sides_links_and_its_owner_is_told() {
    let (one, two) = (FakeProvider::start().await, FakeProvider::start().await);
    let settings = vec![one.settings("example", ""), two.settings("other", "")];
    let app = TestApp::new().await.replica_with(|config| config.providers = settings);
    let user = app.owner("ada@example.com").await;
    for (provider, name) in [(&one, "example"), (&two, "other")] {
        let begun = begun(&start_as(&app, name, &json!({}), None).await);
        let code = provider.code(&begun.request, &ada(), app.now());
        let body = json!({"state": begun.request["state"], "code": code});
        let response = call_back(&app, name, &begun.cookie, &body).await;
        assert_eq!(claims(&response.tokens().access)["sub"], user.id.to_string());
        let mails = app.sent_emails().await;
        let told: Vec<_> =
            mails.iter().filter(|mail| mail.subject == "A new way to sign in was added").collect();
        assert_eq!(told.len(), 1, "{mails:?}");
        assert_eq!(told[0].to, "ada@example.com");
        let words = "A new way to sign in was added: Example, ada@example.com.";
        assert!(told[0].text.contains(words) && told[0].text.contains("review your profile"), "{mails:?}");
    }
    assert_eq!(count(&app, "users").await, 1);
    let by: String = app
        .query_value(
            "SELECT CAST(payload AS TEXT) FROM audit_events WHERE kind = 'user.identity_linked' LIMIT 1",
        )
        .await;
    assert!(by.contains("address"), "{by}");
    // Later sign-ins with the linked identity send no message.
    sign_in(&app, &one, &ada()).await.tokens();
    assert_eq!(app.sent_emails().await.len(), 0);
}

#[tokio::test]
async fn an_untrusted_provider_verifies_no_address() {
    let provider = FakeProvider::start().await;
    let mut settings = provider.settings("example", "");
    settings.trusts_addresses = false;
    let app = TestApp::new().await.replica_with(|config| config.providers = vec![settings]);
    app.owner("ada@example.com").await;
    sign_in(&app, &provider, &ada()).await.assert_problem("email_not_verified");
    assert_eq!(app.email_to("ada@example.com").await.subject, "You have an account already");
    assert_eq!(count(&app, "identities").await, 0);
}

#[tokio::test]
async fn without_an_address_microsofts_login_name_is_verified_by_mail() {
    let person = json!({"sub": "1", "preferred_username": "ada@example.com", "email_verified": true});
    let (app, provider) = setup().await;
    sign_in(&app, &provider, &person).await.assert_problem("oauth_failed");
    let settings = vec![provider.settings("microsoft", "")];
    let app = app.replica_with(|config| config.providers = settings);
    let begun = begun(&start_as(&app, "microsoft", &json!({}), None).await);
    let code = provider.code(&begun.request, &person, app.now());
    let body = json!({"state": begun.request["state"], "code": code});
    call_back(&app, "microsoft", &begun.cookie, &body).await.assert_problem("email_not_verified");
    assert!(app.email_to("ada@example.com").await.text.contains("/verify-email#"));
}

#[tokio::test]
async fn an_invited_user_joins_with_the_invited_address() {
    let (app, provider) = setup().await;
    let owner = app.owner("bob@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let invite = json!({"email": "guest@example.com", "role": "viewer"});
    app.post("/api/v1/accounts/me/invites").bearer(&tokens.access).json(&invite).send().await;
    let token = app.email_to("guest@example.com").await.token("/invite");
    let bad = json!({"invite_token": "x"});
    start_as(&app, "example", &bad, None).await.assert_problem("invalid_link");
    let app = app.replica_with(|config| config.policy.registration = Registration::Closed);
    let begin = async || begun(&start_as(&app, "example", &json!({"invite_token": token}), None).await);
    let (one, two) = (begin().await, begin().await);
    let response = come_back(&app, &provider, &one, &ada()).await;
    assert_eq!(response.body["is_new_user"], true, "{}", response.text);
    let me = app.get(ME).bearer(&response.tokens().access).send().await.body;
    assert_eq!(me["user"]["email"], "guest@example.com");
    assert_eq!((&me["user"]["role"], &me["user"]["name"]), (&json!("viewer"), &json!("Ada Lovelace")));
    assert_eq!(me["account"]["id"], owner.account.to_string());
    assert_eq!(app.audit_count("invite.accepted").await, 1);
    let told = app.email_to("guest@example.com").await;
    assert_eq!(told.subject, "A new way to sign in was added", "at the address that was invited");
    assert_eq!(linked(&app).await, ("example".to_owned(), "invitation".to_owned()));
    // The invitation was used.
    come_back(&app, &provider, &two, &eve()).await.assert_problem("invalid_link");
}

/// An owner, and the path and token of one of their invitations.
async fn invite(app: &TestApp, email: &str) -> (Tokens, String, String) {
    let owner = app.owner("bob@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let body = json!({"email": email, "role": "viewer"});
    let made = app.post("/api/v1/accounts/me/invites").bearer(&tokens.access).json(&body).send().await;
    let path = format!("/api/v1/accounts/me/invites/{}", made.body["id"].as_str().unwrap());
    (tokens, path, app.email_to(email).await.token("/invite"))
}

#[tokio::test]
async fn an_existing_user_is_told_so_and_the_invitation_stays_open() {
    let (app, provider) = setup().await;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    let (_, _, token) = invite(&app, "guest@example.com").await;
    let body = json!({"invite_token": token});
    let begin = async || begun(&start_as(&app, "example", &body, None).await);
    let sessions = count(&app, "sessions").await;
    come_back(&app, &provider, &begin().await, &ada()).await.assert_problem("identity_taken");
    assert_eq!(count(&app, "sessions").await, sessions, "nobody was signed in");
    let response = come_back(&app, &provider, &begin().await, &eve()).await;
    assert_eq!(response.body["is_new_user"], true, "{}", response.text);
}

#[tokio::test]
async fn only_the_last_message_of_a_resent_invitation_counts() {
    let (app, provider) = setup().await;
    let (owner, path, token) = invite(&app, "guest@example.com").await;
    let first = begun(&start_as(&app, "example", &json!({"invite_token": token}), None).await);
    app.advance(TimeDelta::minutes(2));
    let again = app.post(&format!("{path}/resend")).bearer(&owner.access).send().await;
    assert_eq!(again.status, 200, "{}", again.text);
    come_back(&app, &provider, &first, &eve()).await.assert_problem("invalid_link");
    let token = app.email_to("guest@example.com").await.token("/invite");
    let last = begun(&start_as(&app, "example", &json!({"invite_token": token}), None).await);
    assert_eq!(come_back(&app, &provider, &last, &eve()).await.status, 200);
}

/// The token of the link that the owner copies.
async fn copy(app: &TestApp, owner: &Tokens, path: &str) -> String {
    let response = app.post(&format!("{path}/link")).bearer(&owner.access).send().await;
    response.body["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
}

async fn reset(app: &TestApp, email: &str) {
    app.sent_emails().await;
    app.post("/api/v1/auth/forgot-password").json(&json!({"email": email})).send().await;
    let token = app.email_to(email).await.token("/reset-password");
    let body = json!({"token": token, "password": "another good one"});
    assert_eq!(app.post("/api/v1/auth/reset-password").json(&body).send().await.status, 204);
}

#[tokio::test]
async fn an_owner_who_abuses_a_copied_link_keeps_no_access_to_the_user() {
    let (app, provider) = setup().await;
    let (owner, path, _) = invite(&app, "ada@example.com").await;
    let token = copy(&app, &owner, &path).await;
    let body = json!({"name": "Ada", "password": PASSWORD});
    app.post(&format!("/api/v1/invites/{token}/accept")).json(&body).send().await.tokens();
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_link_required");
    assert_eq!(count(&app, "identities").await, 0);
    reset(&app, "ada@example.com").await;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    let old = json!({"email": "ada@example.com", "password": PASSWORD});
    app.post(LOGIN).json(&old).send().await.assert_problem("invalid_credentials");
}

#[tokio::test]
async fn an_identity_from_a_copied_link_is_unlinked_on_verification() {
    let (app, provider) = setup().await;
    let (owner, path, _) = invite(&app, "ada@example.com").await;
    let token = copy(&app, &owner, &path).await;
    let begun = begun(&start_as(&app, "example", &json!({"invite_token": token}), None).await);
    assert_eq!(come_back(&app, &provider, &begun, &eve()).await.status, 200);
    assert_eq!(sign_in(&app, &provider, &eve()).await.status, 200);
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_link_required");
    // Longer than the period in which a takeover can be undone.
    app.advance(TimeDelta::days(10));
    reset(&app, "ada@example.com").await;
    assert_eq!(count(&app, "identities").await, 0);
    // The identity now belongs to a different user.
    assert_eq!(sign_in(&app, &provider, &eve()).await.body["is_new_user"], true);
    assert_eq!(sign_in(&app, &provider, &ada()).await.body["is_new_user"], false);
}

#[tokio::test]
async fn disowning_unlinks_an_identity_from_a_copied_link_of_any_age() {
    let (app, provider) = setup().await;
    let (owner, path, _) = invite(&app, "ada@example.com").await;
    let token = copy(&app, &owner, &path).await;
    let begun = begun(&start_as(&app, "example", &json!({"invite_token": token}), None).await);
    assert_eq!(come_back(&app, &provider, &begun, &eve()).await.status, 200);
    app.advance(TimeDelta::days(10));
    app.sent_emails().await;
    let begun = begin(&app).await;
    let code = provider.code(&begun.request, &eve(), app.now());
    let callback = app.post("/api/v1/auth/oauth/example/callback").header("cookie", &begun.cookie);
    let body = json!({"state": begun.request["state"], "code": code});
    callback.header("user-agent", "another/1").json(&body).send().await.tokens();
    let token = app.email_to("ada@example.com").await.token("/not-me");
    app.advance(TimeDelta::minutes(1));
    let disowned = app.post("/api/v1/auth/disown").json(&json!({"token": token})).send().await;
    assert_eq!(disowned.status, 200, "{}", disowned.text);
    assert_eq!(count(&app, "identities").await, 0);
}

#[tokio::test]
async fn a_provider_that_verified_the_invited_address_verifies_it_here() {
    let (app, provider) = setup().await;
    let (owner, path, _) = invite(&app, "ada@example.com").await;
    let token = copy(&app, &owner, &path).await;
    let begun = begun(&start_as(&app, "example", &json!({"invite_token": token}), None).await);
    assert_eq!(come_back(&app, &provider, &begun, &ada()).await.status, 200);
    let proven = "SELECT count(email_verified_at) FROM users WHERE email = 'ada@example.com'";
    assert_eq!(app.query_value::<i64>(proven).await, 1);
}

#[tokio::test]
async fn an_untrusted_provider_cannot_find_out_who_has_an_account() {
    let (app, provider) = setup().await;
    app.owner("ada@example.com").await;
    let claim = |email: &str| json!({"sub": email, "email": email});
    for (code, app) in [
        ("email_not_verified", app),
        ("registration_closed", {
            let closed = TestApp::new().await.replica_with(|config| {
                config.providers = vec![provider.settings("example", "")];
                config.policy.registration = Registration::Closed;
            });
            closed.owner("ada@example.com").await;
            closed
        }),
    ] {
        let known = sign_in(&app, &provider, &claim("ada@example.com")).await;
        let unknown = sign_in(&app, &provider, &claim("nobody@example.com")).await;
        known.assert_problem(code);
        assert_eq!((known.status, known.body), (unknown.status, unknown.body));
    }
}
