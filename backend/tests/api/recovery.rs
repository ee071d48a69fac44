//! `POST /auth/forgot-password`, `/auth/reset-password`, `/auth/disown`.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::json;

use crate::test_app::{LOGIN, ME, PASSWORD, TestApp, TestResponse, Tokens, User, slow_body};

const FORGOT: &str = "/api/v1/auth/forgot-password";
const RESET: &str = "/api/v1/auth/reset-password";
const DISOWN: &str = "/api/v1/auth/disown";
const NEW: &str = "seven purple kangaroos hum";

async fn forget(app: &TestApp, email: &str) -> TestResponse {
    app.post(FORGOT).json(&json!({"email": email})).send().await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> TestResponse {
    app.post(RESET).json(&json!({"token": token, "password": password})).send().await
}

async fn sign_in_with(app: &TestApp, user: &User, password: &str) -> TestResponse {
    app.post(LOGIN).json(&json!({"email": user.email, "password": password})).send().await
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_every_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let sessions = [app.sign_in(&owner).await, app.sign_in(&owner).await];
    assert_eq!(forget(&app, "Ada@example.com").await.status, 202);
    let token = app.only_email().await.token("/reset-password");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    for tokens in &sessions {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
        app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    }
    sign_in_with(&app, &owner, PASSWORD).await.assert_problem("invalid_credentials");
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    assert_eq!(app.audit_count("user.password_reset").await, 1);
    assert_eq!(app.only_email().await.subject, "Your password was changed");
    // The link works once.
    reset(&app, &token, "another good password").await.assert_problem("invalid_link");
}

#[tokio::test]
async fn the_response_does_not_reveal_whether_an_address_is_known() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let known = forget(&app, "ada@example.com").await;
    let unknown = forget(&app, "eve@example.com").await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    assert_eq!(app.only_email().await.to, "ada@example.com");
}

#[tokio::test]
async fn a_reset_link_expires_after_an_hour_or_a_password_change() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let first = app.only_email().await;
    forget(&app, "ada@example.com").await;
    let second = app.only_email().await;
    assert_eq!(reset(&app, &second.token("/reset-password"), NEW).await.status, 204);
    reset(&app, &first.token("/reset-password"), PASSWORD).await.assert_problem("invalid_link");
    app.only_email().await;
    forget(&app, "ada@example.com").await;
    let late = app.only_email().await.token("/reset-password");
    app.advance(TimeDelta::hours(1));
    reset(&app, &late, PASSWORD).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_rejected_password_does_not_use_up_the_link() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.only_email().await.token("/reset-password");
    let response = reset(&app, &token, "ada@example.com").await;
    response.assert_problem("validation_failed");
    assert_eq!(response.body["errors"][0]["code"], "too_common");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
}

#[tokio::test]
async fn only_one_of_two_concurrent_resets_sets_the_password() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.only_email().await.token("/reset-password");
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
    assert!(app.sent_emails().await.is_empty());
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_can_be_disowned() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    assert!(app.sent_emails().await.is_empty(), "the first device is no news");
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
    app.advance(TimeDelta::seconds(1));
    let mail = app.only_email().await;
    assert!(mail.text.contains("Firefox on Windows"), "{}", mail.text);
    let token = mail.token("/not-me");
    let response = app.post(DISOWN).json(&json!({"token": token})).send().await;
    assert_eq!(response.body["revoked_count"], 2, "{}", response.text);
    for tokens in [&own, &thief] {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
    }
    assert_eq!(app.audit_count("user.sign_in_disowned").await, 1);
    app.post(DISOWN).json(&json!({"token": token})).send().await.assert_problem("invalid_link");
    // The response signs nobody in: the message may have been forwarded.
    assert_eq!(response.body, json!({"revoked_count": 2}));
    let reset_token = app.email_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
}

#[tokio::test]
async fn a_link_of_one_kind_does_not_work_as_another() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.only_email().await.token("/reset-password");
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

/// Signs a thief in on another device; returns his tokens and the link in the owner's message.
async fn theft(app: &TestApp, owner: &User) -> (Tokens, String) {
    app.sign_in(owner).await;
    app.advance(TimeDelta::minutes(1));
    let thief = as_thief(app, owner).await.tokens();
    app.advance(TimeDelta::seconds(1));
    let token = app.only_email().await.token("/not-me");
    (thief, token)
}

async fn as_thief(app: &TestApp, owner: &User) -> TestResponse {
    let body = json!({"email": owner.email, "password": PASSWORD});
    app.post(LOGIN).header("user-agent", "thief/1").json(&body).send().await
}

async fn disown(app: &TestApp, token: &str) -> TestResponse {
    app.post(DISOWN).json(&json!({"token": token})).send().await
}

#[tokio::test]
async fn a_disowned_thief_has_no_way_back() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, token) = theft(&app, &owner).await;
    // His sign-in is recent, and he prepares three ways back.
    let body = json!({"email": "thief@evil.example"});
    let call = app.post("/api/v1/users/me/email").bearer(&thief.access).json(&body);
    assert_eq!(call.send().await.status, 202);
    let address_link = app.email_to("thief@evil.example").await.token("/verify-email");
    let body = json!({"email": "friend@evil.example", "role": "owner"});
    let call = app.post("/api/v1/accounts/me/invites").bearer(&thief.access).json(&body);
    assert_eq!(call.send().await.status, 201);
    let invitation = app.email_to("friend@evil.example").await.token("/invite");
    let now = app.now().to_rfc3339();
    let link = format!(
        "INSERT INTO identities (id, user_id, issuer, subject, email, linked_at) \
         SELECT id, id, 'https://idp.example', 'thief', NULL, '{now}' FROM users WHERE email = 'ada@example.com'"
    );
    app.execute(&link).await.unwrap();

    let response = disown(&app, &token).await;
    assert_eq!(response.status, 200, "{}", response.text);
    app.post("/api/v1/auth/verify-email")
        .json(&json!({"token": address_link}))
        .send()
        .await
        .assert_problem("invalid_link");
    app.get(&format!("/api/v1/invites/{invitation}")).send().await.assert_problem("invalid_link");
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM identities").await, 0);
    as_thief(&app, &owner).await.assert_problem("invalid_credentials");
    let payload: String = app
        .query_value("SELECT CAST(payload AS text) FROM audit_events WHERE kind = 'user.sign_in_disowned'")
        .await;
    let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
    let address = "ada@example.com";
    assert_eq!(
        payload,
        json!({
            "revoked_count": 2, "unlinked_count": 1, "revoked_invite_count": 1,
            "old_email": address, "email": address,
        })
    );
    // The owner continues.
    let reset_token = app.email_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
}

#[tokio::test]
async fn a_thief_cannot_disarm_the_link() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, token) = theft(&app, &owner).await;
    // He signs in again, which sends no message, and signs out of the first session.
    let second = as_thief(&app, &owner).await.tokens();
    assert!(app.sent_emails().await.is_empty());
    app.post("/api/v1/auth/logout").bearer(&thief.refresh).send().await;
    app.advance(TimeDelta::days(6));
    assert_eq!(disown(&app, &token).await.status, 200);
    app.get(ME).bearer(&second.access).send().await.assert_problem("access_token_expired");
    as_thief(&app, &owner).await.assert_problem("invalid_credentials");
    disown(&app, &token).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn after_a_recovery_every_device_counts_as_new() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (_, token) = theft(&app, &owner).await;
    assert_eq!(disown(&app, &token).await.status, 200);
    let reset_token = app.email_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    app.sent_emails().await;
    // The device that reset the password is known; the next one is new.
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    assert!(app.sent_emails().await.is_empty());
    let body = json!({"email": owner.email, "password": NEW});
    app.post(LOGIN).header("user-agent", "thief/1").json(&body).send().await.tokens();
    assert_eq!(app.only_email().await.subject, "You signed in on a new device");
}

#[tokio::test]
async fn a_link_to_a_new_address_is_bound_to_the_current_password() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let body = json!({"email": "new@example.com"});
    let ask = || app.post("/api/v1/users/me/email").bearer(&tokens.access).json(&body).send();
    let change = async |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        let call = app.post("/api/v1/auth/change-password").bearer(&tokens.access).json(&body);
        assert_eq!(call.send().await.status, 200);
    };
    ask().await;
    let sent = app.email_to("new@example.com").await.token("/verify-email");
    change(PASSWORD, NEW).await;
    let call = app.post("/api/v1/auth/verify-email").json(&json!({"token": sent}));
    call.send().await.assert_problem("invalid_link");
    // The mail server is unreachable while the password changes: an outdated link is not sent.
    app.sent_emails().await;
    ask().await;
    change(NEW, PASSWORD).await;
    assert!(app.sent_emails().await.iter().all(|mail| mail.to != "new@example.com"));
}

#[tokio::test]
async fn no_session_that_the_old_password_opened_survives_a_reset() {
    let app = TestApp::with_flags(&["--password-workers", "4"]).await;
    let owner = app.owner("ada@example.com").await;
    let passwords = [PASSWORD, NEW, "four grey pigeons waltz", "nine quiet otters hum"];
    for pair in passwords.windows(2) {
        forget(&app, "ada@example.com").await;
        let token = app.email_to("ada@example.com").await.token("/reset-password");
        let attempts = (0..6).map(|_| sign_in_with(&app, &owner, pair[0]));
        let (done, responses) =
            tokio::join!(reset(&app, &token, pair[1]), futures_util::future::join_all(attempts));
        assert_eq!(done.status, 204);
        for response in responses.iter().filter(|response| response.status == 200) {
            app.refresh(&response.tokens().refresh).await.assert_problem("invalid_refresh_token");
        }
        app.sent_emails().await;
        app.advance(TimeDelta::hours(6));
    }
}

#[tokio::test]
async fn a_concurrent_reset_and_change_set_one_password() {
    let app = TestApp::with_flags(&["--password-workers", "4"]).await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    forget(&app, "ada@example.com").await;
    let token = app.only_email().await.token("/reset-password");
    let body = json!({"current_password": PASSWORD, "new_password": "nine quiet otters hum"});
    let change = app.post("/api/v1/auth/change-password").bearer(&tokens.access).json(&body).send();
    let (reset, changed) = tokio::join!(reset(&app, &token, NEW), change);
    assert_ne!(reset.status == 204, changed.status == 200, "{} {}", reset.text, changed.text);
    let holds = if reset.status == 204 { NEW } else { "nine quiet otters hum" };
    assert_eq!(sign_in_with(&app, &owner, holds).await.status, 200);
}

#[tokio::test]
async fn a_user_recovers_an_address_changed_by_a_thief() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, news) = theft(&app, &owner).await;
    let body = json!({"email": "thief@evil.example"});
    app.post("/api/v1/users/me/email").bearer(&thief.access).json(&body).send().await;
    let token = app.email_to("thief@evil.example").await.token("/verify-email");
    let verified = app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    assert_eq!(verified.status, 200);
    let changed = app.email_to("ada@example.com").await.token("/not-me");
    // He resets the password through his own address, which does not outdate her link.
    app.advance(TimeDelta::minutes(1));
    forget(&app, "thief@evil.example").await;
    let token = app.email_to("thief@evil.example").await.token("/reset-password");
    assert_eq!(reset(&app, &token, "nine quiet otters hum").await.status, 204);

    let response = disown(&app, &changed).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let by_thief = json!({"email": "thief@evil.example", "password": "nine quiet otters hum"});
    app.post(LOGIN).json(&by_thief).send().await.assert_problem("invalid_credentials");
    let reset_token = app.email_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    // The link works once, and outdates the other link for the same change.
    disown(&app, &changed).await.assert_problem("invalid_link");
    disown(&app, &news).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_thief_cannot_return_by_links_to_his_own_address() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, _) = theft(&app, &owner).await;
    let body = json!({"email": "thief@evil.example"});
    app.post("/api/v1/users/me/email").bearer(&thief.access).json(&body).send().await;
    let token = app.email_to("thief@evil.example").await.token("/verify-email");
    app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    let hers = app.email_to("ada@example.com").await.token("/not-me");
    // A sign-in on another device sends such a message to his own address; then the address changes again.
    let body = json!({"email": "thief@evil.example", "password": PASSWORD});
    app.post(LOGIN).header("user-agent", "thief/2").json(&body).send().await.tokens();
    app.advance(TimeDelta::seconds(1));
    let his = app.email_to("thief@evil.example").await.token("/not-me");
    let body = json!({"email": "second@evil.example"});
    app.post("/api/v1/users/me/email").bearer(&thief.access).json(&body).send().await;
    let token = app.email_to("second@evil.example").await.token("/verify-email");
    app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    let his_second = app.email_to("thief@evil.example").await.token("/not-me");

    let response = disown(&app, &hers).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let mails = app.sent_emails().await;
    let reset_token =
        mails.iter().find(|mail| mail.to == "ada@example.com").unwrap().token("/reset-password");
    let told: Vec<_> = mails.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    let subject = || "You were signed out everywhere".to_owned();
    assert_eq!(told.len(), 2);
    for to in ["ada@example.com", "second@evil.example"] {
        assert!(told.contains(&(to.to_owned(), subject())), "{told:?}");
    }
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    app.advance(TimeDelta::days(1));
    for token in [his, his_second] {
        disown(&app, &token).await.assert_problem("invalid_link");
    }
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    // An older message to her own address is outdated like any other.
    disown(&app, &hers).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn an_address_change_that_waited_fails_once_its_session_has_ended() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let thief = app.sign_in(&owner).await;
    forget(&app, "ada@example.com").await;
    let token = app.only_email().await.token("/reset-password");
    let (body, waited_for, go_on) = slow_body(&json!({"email": "thief@evil.example"}));
    let call = app.post("/api/v1/users/me/email").bearer(&thief.access);
    let held = tokio::spawn(call.header("content-type", "application/json").body(body).send());
    waited_for.await.unwrap();
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    go_on.send(()).unwrap();
    held.await.unwrap().assert_problem("session_revoked");
    assert!(app.sent_emails().await.iter().all(|mail| mail.to == "ada@example.com"));
}

#[tokio::test]
async fn other_messages_do_not_use_up_the_limit_for_recovery() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let body = json!({"email": "ada@example.com"});
    for _ in 0..6 {
        app.post("/api/v1/auth/resend-verification").json(&body).send().await;
    }
    assert_eq!(forget(&app, "ada@example.com").await.status, 202);
}

#[tokio::test]
async fn the_link_of_a_delayed_message_still_works_for_seven_days() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, _) = theft(&app, &owner).await;
    app.post("/api/v1/users/me/email")
        .bearer(&thief.access)
        .json(&json!({"email": "thief@evil.example"}))
        .send()
        .await;
    let token = app.email_to("thief@evil.example").await.token("/verify-email");
    app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    // The mail server was unreachable for nearly two days.
    app.advance(TimeDelta::hours(47));
    let changed = app.email_to("ada@example.com").await.token("/not-me");
    app.advance(TimeDelta::days(7) - TimeDelta::seconds(2));
    curfew::jobs::sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(disown(&app, &changed).await.status, 200);
    assert_eq!(app.query_value::<String>("SELECT email FROM users").await, "ada@example.com");
}

async fn change_password(app: &TestApp, tokens: &Tokens, current: &str, new: &str) -> TestResponse {
    let body = json!({"current_password": current, "new_password": new});
    app.post("/api/v1/auth/change-password").bearer(&tokens.access).json(&body).send().await
}

/// Changes the user's address and returns the link sent to the former one.
async fn move_to(app: &TestApp, tokens: &Tokens, former: &str, email: &str) -> String {
    let body = json!({"email": email});
    app.post("/api/v1/users/me/email").bearer(&tokens.access).json(&body).send().await;
    let token = app.email_to(email).await.token("/verify-email");
    let verified = app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    app.email_to(former).await.token("/not-me")
}

#[tokio::test]
async fn a_password_change_outdates_older_links_and_sends_a_new_one() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (_, first) = theft(&app, &owner).await;
    let own = app.sign_in(&owner).await;
    assert_eq!(change_password(&app, &own, PASSWORD, NEW).await.status, 200);
    let second = app.only_email().await.token("/not-me");
    disown(&app, &first).await.assert_problem("invalid_link");
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    forget(&app, "ada@example.com").await;
    let link = app.only_email().await.token("/reset-password");
    assert_eq!(reset(&app, &link, PASSWORD).await.status, 204);
    let third = app.only_email().await.token("/not-me");
    disown(&app, &second).await.assert_problem("invalid_link");
    // A thief may have changed the password, so the address gets a new link at the same moment.
    assert_eq!(disown(&app, &third).await.status, 200);
    disown(&app, &third).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_link_restores_an_address_only_once() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, news) = theft(&app, &owner).await;
    let changed = move_to(&app, &thief, "ada@example.com", "thief@evil.example").await;
    assert_eq!(disown(&app, &changed).await.status, 200);
    let link = app.email_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &link, PASSWORD).await.status, 204);
    let own = app.sign_in(&owner).await;
    app.sent_emails().await;
    app.advance(TimeDelta::minutes(1));
    let latest = move_to(&app, &own, "ada@example.com", "ada@new.example").await;
    for used in [changed, news] {
        disown(&app, &used).await.assert_problem("invalid_link");
    }
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    assert_eq!(disown(&app, &latest).await.status, 200);
}

#[tokio::test]
async fn a_link_to_a_former_address_is_outdated_by_an_older_password() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (_, news) = theft(&app, &owner).await;
    let own = app.sign_in(&owner).await;
    assert_eq!(change_password(&app, &own, PASSWORD, NEW).await.status, 200);
    app.sent_emails().await;
    move_to(&app, &own, "ada@example.com", "ada@new.example").await;
    disown(&app, &news).await.assert_problem("invalid_link");
    assert_eq!(app.query_value::<String>("SELECT email FROM users").await, "ada@new.example");
}

const INVITES: &str = "/api/v1/accounts/me/invites";

async fn invite(app: &TestApp, by: &Tokens, email: &str, role: &str) -> String {
    let call = app.post(INVITES).bearer(&by.access).json(&json!({"email": email, "role": role}));
    assert_eq!(call.send().await.status, 201);
    app.email_to(email).await.token("/invite")
}

async fn accept(app: &TestApp, token: &str) -> Tokens {
    app.advance(TimeDelta::seconds(1));
    let body = json!({"name": "Eve", "password": "nine quiet otters hum"});
    app.post(&format!("/api/v1/invites/{token}/accept")).json(&body).send().await.tokens()
}

async fn id_of(app: &TestApp, email: &str) -> uuid::Uuid {
    app.query_value(&format!("SELECT id FROM users WHERE email = '{email}'")).await
}

async fn change(app: &TestApp, by: &Tokens, id: uuid::Uuid, body: serde_json::Value) {
    app.advance(TimeDelta::seconds(1));
    let path = format!("/api/v1/accounts/me/members/{id}");
    let response = app.patch(&path).bearer(&by.access).json(&body).send().await;
    assert_eq!(response.status, 204, "{}", response.text);
}

async fn remove(app: &TestApp, by: &Tokens, id: uuid::Uuid) {
    app.advance(TimeDelta::seconds(1));
    let response = app.delete(&format!("/api/v1/accounts/me/members/{id}")).bearer(&by.access).send().await;
    assert_eq!(response.status, 204, "{}", response.text);
}

/// Each user's address, role and status.
async fn people(app: &TestApp) -> Vec<String> {
    let sql = "SELECT group_concat(line, ';') FROM (SELECT email || ' ' || role || ' ' || \
               CASE WHEN is_active THEN 'in' ELSE 'out' END AS line FROM users ORDER BY email) AS lines";
    let sql = if app.database_url.starts_with("postgres") {
        sql.replace("group_concat", "string_agg")
    } else {
        sql.to_owned()
    };
    app.query_value::<String>(&sql).await.split(';').map(str::to_owned).collect()
}

#[tokio::test]
async fn a_user_locked_out_by_an_accomplice_recovers_the_account() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    app.user(owner.account, "dave@example.com", Role::Owner).await;
    let (thief, token) = theft(&app, &owner).await;
    let eve = accept(&app, &invite(&app, &thief, "eve@evil.example", "owner").await).await;
    let max = accept(&app, &invite(&app, &eve, "max@evil.example", "viewer").await).await;
    let open = invite(&app, &eve, "later@evil.example", "owner").await;
    let dave = id_of(&app, "dave@example.com").await;
    change(&app, &eve, dave, json!({"role": "viewer"})).await;
    change(&app, &eve, owner.id.0, json!({"is_active": false})).await;
    app.sent_emails().await;
    assert_eq!(forget(&app, "ada@example.com").await.status, 202);
    assert!(app.sent_emails().await.is_empty(), "she is deactivated");

    let response = disown(&app, &token).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let expected = [
        "ada@example.com owner in",
        "dave@example.com owner in",
        "eve@evil.example owner out",
        "max@evil.example viewer out",
    ];
    assert_eq!(people(&app).await, expected);
    for tokens in [&eve, &max] {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
    }
    app.get(&format!("/api/v1/invites/{open}")).send().await.assert_problem("invalid_link");
    let mails = app.sent_emails().await;
    let of = |to: &str, subject: &str| {
        mails
            .iter()
            .find(|mail| mail.to == to && mail.subject == subject)
            .unwrap_or_else(|| panic!("{mails:?}"))
    };
    for to in ["ada@example.com", "dave@example.com"] {
        let told = of(to, "People of “Example” were changed");
        assert!(told.text.contains("deactivated now: eve@evil.example, max@evil.example."), "{}", told.text);
        assert!(told.text.contains("earlier role again: dave@example.com."), "{}", told.text);
        assert!(told.text.contains("sign in again: ada@example.com."), "{}", told.text);
    }
    of("eve@evil.example", "You no longer have access to “Example”");
    let link = of("ada@example.com", "You were signed out everywhere").token("/reset-password");
    assert_eq!(reset(&app, &link, NEW).await.status, 204);
    let own = sign_in_with(&app, &owner, NEW).await.tokens();
    assert_eq!(app.get("/api/v1/accounts/me/members").bearer(&own.access).send().await.status, 200);
    disown(&app, &token).await.assert_problem("invalid_link");
    assert_eq!(app.audit_count("member.reactivated").await, 1);
    // It reaches nine days back each time.
    let eve = id_of(&app, "eve@evil.example").await;
    change(&app, &own, eve, json!({"is_active": true})).await;
    let news = app
        .sent_emails()
        .await
        .into_iter()
        .find(|mail| mail.to == "ada@example.com" && mail.text.contains("/not-me#"));
    assert_eq!(disown(&app, &news.unwrap().token("/not-me")).await.status, 200);
    assert!(people(&app).await.contains(&"eve@evil.example owner out".to_owned()), "let in within nine days");
}

#[tokio::test]
async fn a_user_removed_by_an_accomplice_returns_despite_a_new_address() {
    for moves in [false, true] {
        let app = TestApp::new().await;
        let owner = app.owner("ada@example.com").await;
        let (thief, token) = theft(&app, &owner).await;
        let link = invite(&app, &thief, "eve@evil.example", "owner").await;
        if moves {
            move_to(&app, &thief, "ada@example.com", "thief@evil.example").await;
        }
        let eve = accept(&app, &link).await;
        remove(&app, &eve, owner.id.0).await;
        app.sent_emails().await;
        let response = disown(&app, &token).await;
        assert_eq!(response.status, 200, "{}", response.text);
        assert_eq!(people(&app).await, ["ada@example.com owner in", "eve@evil.example owner out"]);
        let mails = app.sent_emails().await;
        let told = mails.iter().find(|mail| mail.subject == "You were signed out everywhere").unwrap();
        assert_eq!(told.to, "ada@example.com");
        assert_eq!(reset(&app, &told.token("/reset-password"), NEW).await.status, 204);
        assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
        assert_eq!(id_of(&app, "ada@example.com").await, owner.id.0);
        disown(&app, &token).await.assert_problem("invalid_link");
    }
}

#[tokio::test]
async fn a_restored_user_with_an_unverified_address_stays_unverified() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let proven = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let unproven = app.user(owner.account, "dave@example.com", Role::Viewer).await;
    app.execute("UPDATE users SET email_verified_at = NULL WHERE email = 'dave@example.com'").await.unwrap();
    let (thief, token) = theft(&app, &owner).await;
    let eve = accept(&app, &invite(&app, &thief, "eve@evil.example", "owner").await).await;
    for user in [proven, unproven] {
        remove(&app, &eve, user.id.0).await;
    }
    app.sent_emails().await;
    assert_eq!(disown(&app, &token).await.status, 200);
    let expected = [
        "ada@example.com owner in",
        "bob@example.com viewer in",
        "dave@example.com viewer in",
        "eve@evil.example owner out",
    ];
    assert_eq!(people(&app).await, expected);
    let sql = "SELECT email FROM users WHERE email_verified_at IS NULL";
    assert_eq!(app.query_value::<String>(sql).await, "dave@example.com");
}

#[tokio::test]
async fn disowning_revokes_an_owner_role_that_the_thief_granted() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let (thief, token) = theft(&app, &owner).await;
    change(&app, &thief, bob.id.0, json!({"role": "owner"})).await;
    let theirs = app.sign_in(&bob).await;
    change(&app, &theirs, owner.id.0, json!({"role": "viewer"})).await;
    assert_eq!(disown(&app, &token).await.status, 200);
    assert_eq!(people(&app).await, ["ada@example.com owner in", "bob@example.com viewer in"]);
    app.get("/api/v1/accounts/me/members")
        .bearer(&theirs.access)
        .send()
        .await
        .assert_problem("owner_required");
}

#[tokio::test]
async fn a_dismissed_owner_does_not_return_by_a_disown_link() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let dave = app.user(owner.account, "dave@example.com", Role::Owner).await;
    let (_, token) = theft(&app, &owner).await;
    let theirs = app.sign_in(&dave).await;
    app.sent_emails().await;
    change(&app, &theirs, owner.id.0, json!({"is_active": false})).await;
    disown(&app, &token).await.assert_problem("invalid_link");
    assert_eq!(people(&app).await[0], "ada@example.com owner out");
    remove(&app, &theirs, owner.id.0).await;
    disown(&app, &token).await.assert_problem("invalid_link");
    assert_eq!(people(&app).await, ["dave@example.com owner in"]);
    // Neither does a user whom the same owner dismissed.
    let zoe = app.user(owner.account, "zoe@example.com", Role::Owner).await;
    change(&app, &theirs, zoe.id.0, json!({"is_active": false})).await;
    let news =
        app.sent_emails().await.into_iter().find(|mail| mail.subject.starts_with("An owner was deactivated"));
    assert_eq!(disown(&app, &news.unwrap().token("/not-me")).await.status, 200);
    assert_eq!(people(&app).await[1], "zoe@example.com owner out");
}

#[tokio::test]
async fn changes_older_than_the_disown_period_are_not_undone() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    let eve = invite(&app, &own, "eve@example.com", "owner").await;
    accept(&app, &eve).await;
    app.sent_emails().await;
    app.advance(TimeDelta::days(10));
    let (_, token) = theft(&app, &owner).await;
    curfew::jobs::sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM membership_changes").await, 0);
    assert_eq!(disown(&app, &token).await.status, 200);
    assert_eq!(people(&app).await, ["ada@example.com owner in", "eve@example.com owner in"]);
}

#[tokio::test]
async fn a_reset_revokes_pending_invitations_and_new_identities() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let identity = async |subject: &str| {
        let id = curfew::entropy::id(app.now()).unwrap();
        let sql = format!(
            "INSERT INTO identities (id, user_id, issuer, subject, email, linked_at) \
             SELECT '{id}', id, 'https://idp.example', '{subject}', NULL, '{}' FROM users",
            app.now().to_rfc3339()
        );
        let sql = if app.database_url.starts_with("postgres") {
            sql
        } else {
            sql.replace(&format!("'{id}'"), &format!("X'{}'", id.simple()))
        };
        app.execute(&sql).await.unwrap();
    };
    // The identity that she joined with.
    identity("own").await;
    let (thief, _) = theft(&app, &owner).await;
    identity("thief").await;
    let link = invite(&app, &thief, "friend@evil.example", "viewer").await;
    forget(&app, "ada@example.com").await;
    let token = app.email_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    app.get(&format!("/api/v1/invites/{link}")).send().await.assert_problem("invalid_link");
    assert_eq!(app.query_value::<String>("SELECT subject FROM identities").await, "own");
    let mail = app.email_to("ada@example.com").await;
    let words =
        "1 way to sign in that had been added in the last nine days and 1 pending invitation of yours were";
    assert!(mail.text.contains(words), "{}", mail.text);
}

#[tokio::test]
async fn the_password_change_message_lists_the_remaining_access() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, _) = theft(&app, &owner).await;
    let link = invite(&app, &thief, "friend@evil.example", "owner").await;
    let own = app.sign_in(&owner).await;
    let response = change_password(&app, &own, PASSWORD, NEW).await;
    assert_eq!(response.body, json!({"revoked_count": 2, "identity_count": 0, "invite_count": 1}));
    let mail = app.email_to("ada@example.com").await;
    assert!(mail.text.contains("1 pending invitation of yours can still be accepted."), "{}", mail.text);
    // The button revokes it.
    assert_eq!(disown(&app, &mail.token("/not-me")).await.status, 200);
    app.get(&format!("/api/v1/invites/{link}")).send().await.assert_problem("invalid_link");
}
