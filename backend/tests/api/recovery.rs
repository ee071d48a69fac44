//! `POST /auth/forgot-password`, `/auth/reset-password`, `/auth/disown`.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::json;

use crate::test_app::{Answer, LOGIN, ME, PASSWORD, TestApp, Tokens, User, slow};

const FORGOT: &str = "/api/v1/auth/forgot-password";
const RESET: &str = "/api/v1/auth/reset-password";
const DISOWN: &str = "/api/v1/auth/disown";
const NEW: &str = "seven purple kangaroos hum";

async fn forget(app: &TestApp, email: &str) -> Answer {
    app.post(FORGOT).json(&json!({"email": email})).send().await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    app.post(RESET).json(&json!({"token": token, "password": password})).send().await
}

async fn sign_in_with(app: &TestApp, user: &User, password: &str) -> Answer {
    app.post(LOGIN).json(&json!({"email": user.email, "password": password})).send().await
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_every_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let sessions = [app.sign_in(&owner).await, app.sign_in(&owner).await];
    assert_eq!(forget(&app, "Ada@example.com").await.status, 202);
    let token = app.mail().await.token("/reset-password");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    for tokens in &sessions {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
        app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    }
    sign_in_with(&app, &owner, PASSWORD).await.assert_problem("invalid_credentials");
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    assert_eq!(app.audit("user.password_reset").await, 1);
    assert_eq!(app.mail().await.subject, "Your password was changed");
    // Once.
    reset(&app, &token, "another good password").await.assert_problem("invalid_link");
}

#[tokio::test]
async fn nobody_learns_whether_the_address_is_known() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let known = forget(&app, "ada@example.com").await;
    let unknown = forget(&app, "eve@example.com").await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    assert_eq!(app.mail().await.to, "ada@example.com");
}

#[tokio::test]
async fn a_link_is_useless_once_the_password_changed_or_an_hour_passed() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let first = app.mail().await;
    forget(&app, "ada@example.com").await;
    let second = app.mail().await;
    assert_eq!(reset(&app, &second.token("/reset-password"), NEW).await.status, 204);
    reset(&app, &first.token("/reset-password"), PASSWORD).await.assert_problem("invalid_link");
    app.mail().await;
    forget(&app, "ada@example.com").await;
    let late = app.mail().await.token("/reset-password");
    app.wait(TimeDelta::hours(1));
    reset(&app, &late, PASSWORD).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_password_that_is_no_good_leaves_the_link_good() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.mail().await.token("/reset-password");
    let answer = reset(&app, &token, "ada@example.com").await;
    answer.assert_problem("validation_failed");
    assert_eq!(answer.body["errors"][0]["code"], "too_common");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
}

#[tokio::test]
async fn of_two_who_follow_a_link_at_once_one_sets_the_password() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.mail().await.token("/reset-password");
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
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_can_be_disowned() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    assert!(app.mails().await.is_empty(), "the first device is no news");
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
    app.wait(TimeDelta::seconds(1));
    let mail = app.mail().await;
    assert!(mail.text.contains("Firefox on Windows"), "{}", mail.text);
    let token = mail.token("/not-me");
    let answer = app.post(DISOWN).json(&json!({"token": token})).send().await;
    assert_eq!(answer.body["revoked_count"], 2, "{}", answer.text);
    for tokens in [&own, &thief] {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
    }
    assert_eq!(app.audit("user.sign_in_disowned").await, 1);
    app.post(DISOWN).json(&json!({"token": token})).send().await.assert_problem("invalid_link");
    // The answer lets nobody in: whoever has the message need not have the mailbox.
    assert_eq!(answer.body, json!({"revoked_count": 2}));
    let reset_token = app.mail_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
}

#[tokio::test]
async fn a_link_of_one_kind_is_none_of_another() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    forget(&app, "ada@example.com").await;
    let token = app.mail().await.token("/reset-password");
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

/// A message about a sign-in on another device than the first, and the tokens of that sign-in.
async fn theft(app: &TestApp, owner: &User) -> (Tokens, String) {
    app.sign_in(owner).await;
    app.wait(TimeDelta::minutes(1));
    let thief = as_thief(app, owner).await.tokens();
    app.wait(TimeDelta::seconds(1));
    let token = app.mail().await.token("/not-me");
    (thief, token)
}

async fn as_thief(app: &TestApp, owner: &User) -> Answer {
    let body = json!({"email": owner.email, "password": PASSWORD});
    app.post(LOGIN).header("user-agent", "thief/1").json(&body).send().await
}

async fn disown(app: &TestApp, token: &str) -> Answer {
    app.post(DISOWN).json(&json!({"token": token})).send().await
}

#[tokio::test]
async fn a_disowned_thief_has_nothing_left_to_come_back_with() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, token) = theft(&app, &owner).await;
    // He is fresh, and prepares three ways back.
    let body = json!({"email": "thief@evil.example"});
    let call = app.post("/api/v1/users/me/email").bearer(&thief.access).json(&body);
    assert_eq!(call.send().await.status, 202);
    let address_link = app.mail_to("thief@evil.example").await.token("/verify-email");
    let body = json!({"email": "friend@evil.example", "role": "owner"});
    let call = app.post("/api/v1/accounts/me/invites").bearer(&thief.access).json(&body);
    assert_eq!(call.send().await.status, 201);
    let invitation = app.mail_to("friend@evil.example").await.token("/invite");
    let now = app.now().to_rfc3339();
    let link = format!(
        "INSERT INTO identities (id, user_id, issuer, subject, email, linked_at) \
         SELECT id, id, 'https://idp.example', 'thief', NULL, '{now}' FROM users WHERE email = 'ada@example.com'"
    );
    app.execute(&link).await.unwrap();

    let answer = disown(&app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    app.post("/api/v1/auth/verify-email")
        .json(&json!({"token": address_link}))
        .send()
        .await
        .assert_problem("invalid_link");
    app.get(&format!("/api/v1/invites/{invitation}")).send().await.assert_problem("invalid_link");
    assert_eq!(app.value::<i64>("SELECT count(*) FROM identities").await, 0);
    as_thief(&app, &owner).await.assert_problem("invalid_credentials");
    let payload: String = app
        .value("SELECT CAST(payload AS text) FROM audit_events WHERE kind = 'user.sign_in_disowned'")
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
    // Its owner goes on.
    let reset_token = app.mail_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
}

#[tokio::test]
async fn a_thief_cannot_disarm_the_link() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, token) = theft(&app, &owner).await;
    // He signs in once more, which is no news, and out of the session that the message is about.
    let second = as_thief(&app, &owner).await.tokens();
    assert!(app.mails().await.is_empty());
    app.post("/api/v1/auth/logout").bearer(&thief.refresh).send().await;
    app.wait(TimeDelta::days(6));
    assert_eq!(disown(&app, &token).await.status, 200);
    app.get(ME).bearer(&second.access).send().await.assert_problem("access_token_expired");
    as_thief(&app, &owner).await.assert_problem("invalid_credentials");
    disown(&app, &token).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn after_a_recovery_the_next_device_is_news_again() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (_, token) = theft(&app, &owner).await;
    assert_eq!(disown(&app, &token).await.status, 200);
    let reset_token = app.mail_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    app.mails().await;
    // Where the password was set is known, where it is used next is not.
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    assert!(app.mails().await.is_empty());
    let body = json!({"email": owner.email, "password": NEW});
    app.post(LOGIN).header("user-agent", "thief/1").json(&body).send().await.tokens();
    assert_eq!(app.mail().await.subject, "You signed in on a new device");
}

#[tokio::test]
async fn a_link_to_a_new_address_is_for_the_password_of_then() {
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
    let sent = app.mail_to("new@example.com").await.token("/verify-email");
    change(PASSWORD, NEW).await;
    let call = app.post("/api/v1/auth/verify-email").json(&json!({"token": sent}));
    call.send().await.assert_problem("invalid_link");
    // The mail server is away, and the password changes meanwhile: a link that is good for nothing is not sent.
    app.mails().await;
    ask().await;
    change(NEW, PASSWORD).await;
    assert!(app.mails().await.iter().all(|mail| mail.to != "new@example.com"));
}

#[tokio::test]
async fn no_session_that_the_old_password_opened_survives_a_reset() {
    let app = TestApp::with(&["--password-workers", "4"]).await;
    let owner = app.owner("ada@example.com").await;
    let passwords = [PASSWORD, NEW, "four grey pigeons waltz", "nine quiet otters hum"];
    for pair in passwords.windows(2) {
        forget(&app, "ada@example.com").await;
        let token = app.mail_to("ada@example.com").await.token("/reset-password");
        let attempts = (0..6).map(|_| sign_in_with(&app, &owner, pair[0]));
        let (done, answers) =
            tokio::join!(reset(&app, &token, pair[1]), futures_util::future::join_all(attempts));
        assert_eq!(done.status, 204);
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            app.refresh(&answer.tokens().refresh).await.assert_problem("invalid_refresh_token");
        }
        app.mails().await;
        app.wait(TimeDelta::hours(6));
    }
}

#[tokio::test]
async fn of_a_reset_and_a_change_at_once_one_sets_the_password() {
    let app = TestApp::with(&["--password-workers", "4"]).await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    forget(&app, "ada@example.com").await;
    let token = app.mail().await.token("/reset-password");
    let body = json!({"current_password": PASSWORD, "new_password": "nine quiet otters hum"});
    let change = app.post("/api/v1/auth/change-password").bearer(&tokens.access).json(&body).send();
    let (reset, changed) = tokio::join!(reset(&app, &token, NEW), change);
    assert_ne!(reset.status == 204, changed.status == 200, "{} {}", reset.text, changed.text);
    let holds = if reset.status == 204 { NEW } else { "nine quiet otters hum" };
    assert_eq!(sign_in_with(&app, &owner, holds).await.status, 200);
}

#[tokio::test]
async fn whoever_lost_their_address_to_a_thief_gets_it_back() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, news) = theft(&app, &owner).await;
    let body = json!({"email": "thief@evil.example"});
    app.post("/api/v1/users/me/email").bearer(&thief.access).json(&body).send().await;
    let token = app.mail_to("thief@evil.example").await.token("/verify-email");
    let verified = app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    assert_eq!(verified.status, 200);
    let changed = app.mail_to("ada@example.com").await.token("/not-me");
    // He sets a password by his own address, which outdates no link to hers.
    app.wait(TimeDelta::minutes(1));
    forget(&app, "thief@evil.example").await;
    let token = app.mail_to("thief@evil.example").await.token("/reset-password");
    assert_eq!(reset(&app, &token, "nine quiet otters hum").await.status, 204);

    let answer = disown(&app, &changed).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let by_thief = json!({"email": "thief@evil.example", "password": "nine quiet otters hum"});
    app.post(LOGIN).json(&by_thief).send().await.assert_problem("invalid_credentials");
    let reset_token = app.mail_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    // Once; and of the two links that would have done it, the other is outdated as well.
    disown(&app, &changed).await.assert_problem("invalid_link");
    disown(&app, &news).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_thief_does_not_get_back_by_links_to_an_address_of_his_own() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, _) = theft(&app, &owner).await;
    let body = json!({"email": "thief@evil.example"});
    app.post("/api/v1/users/me/email").bearer(&thief.access).json(&body).send().await;
    let token = app.mail_to("thief@evil.example").await.token("/verify-email");
    app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    let hers = app.mail_to("ada@example.com").await.token("/not-me");
    // A message with such a button to his own address, by a sign-in on one more device; and another change.
    let body = json!({"email": "thief@evil.example", "password": PASSWORD});
    app.post(LOGIN).header("user-agent", "thief/2").json(&body).send().await.tokens();
    app.wait(TimeDelta::seconds(1));
    let his = app.mail_to("thief@evil.example").await.token("/not-me");
    let body = json!({"email": "second@evil.example"});
    app.post("/api/v1/users/me/email").bearer(&thief.access).json(&body).send().await;
    let token = app.mail_to("second@evil.example").await.token("/verify-email");
    app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    let his_second = app.mail_to("thief@evil.example").await.token("/not-me");

    let answer = disown(&app, &hers).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mails = app.mails().await;
    let reset_token =
        mails.iter().find(|mail| mail.to == "ada@example.com").unwrap().token("/reset-password");
    let told: Vec<_> = mails.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    let subject = || "You were signed out everywhere".to_owned();
    assert_eq!(told.len(), 2);
    for to in ["ada@example.com", "second@evil.example"] {
        assert!(told.contains(&(to.to_owned(), subject())), "{told:?}");
    }
    assert_eq!(reset(&app, &reset_token, NEW).await.status, 204);
    app.wait(TimeDelta::days(1));
    for token in [his, his_second] {
        disown(&app, &token).await.assert_problem("invalid_link");
    }
    assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
    // A message to her own address that is older than that works no more than any other that is outdated.
    disown(&app, &hers).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_change_of_address_that_waited_for_its_own_end_is_not_asked_for_once_the_session_has_ended() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let thief = app.sign_in(&owner).await;
    forget(&app, "ada@example.com").await;
    let token = app.mail().await.token("/reset-password");
    let (body, waited_for, go_on) = slow(&json!({"email": "thief@evil.example"}));
    let call = app.post("/api/v1/users/me/email").bearer(&thief.access);
    let held = tokio::spawn(call.header("content-type", "application/json").body(body).send());
    waited_for.await.unwrap();
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    go_on.send(()).unwrap();
    held.await.unwrap().assert_problem("session_revoked");
    assert!(app.mails().await.iter().all(|mail| mail.to == "ada@example.com"));
}

#[tokio::test]
async fn what_else_is_asked_for_keeps_nobody_from_the_way_back_in() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let body = json!({"email": "ada@example.com"});
    for _ in 0..6 {
        app.post("/api/v1/auth/resend-verification").json(&body).send().await;
    }
    assert_eq!(forget(&app, "ada@example.com").await.status, 202);
}

#[tokio::test]
async fn a_message_that_was_late_is_good_for_its_seven_days_too() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, _) = theft(&app, &owner).await;
    app.post("/api/v1/users/me/email")
        .bearer(&thief.access)
        .json(&json!({"email": "thief@evil.example"}))
        .send()
        .await;
    let token = app.mail_to("thief@evil.example").await.token("/verify-email");
    app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    // The mail server was away for nearly two days.
    app.wait(TimeDelta::hours(47));
    let changed = app.mail_to("ada@example.com").await.token("/not-me");
    app.wait(TimeDelta::days(7) - TimeDelta::seconds(2));
    curfew::jobs::sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(disown(&app, &changed).await.status, 200);
    assert_eq!(app.value::<String>("SELECT email FROM users").await, "ada@example.com");
}

async fn change_password(app: &TestApp, tokens: &Tokens, current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": new});
    app.post("/api/v1/auth/change-password").bearer(&tokens.access).json(&body).send().await
}

/// Gives the user another address, and answers the link that is sent to the former one.
async fn move_to(app: &TestApp, tokens: &Tokens, former: &str, email: &str) -> String {
    let body = json!({"email": email});
    app.post("/api/v1/users/me/email").bearer(&tokens.access).json(&body).send().await;
    let token = app.mail_to(email).await.token("/verify-email");
    let verified = app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    app.mail_to(former).await.token("/not-me")
}

#[tokio::test]
async fn a_link_from_before_the_password_changed_is_outdated_and_the_message_of_the_change_has_another() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (_, first) = theft(&app, &owner).await;
    let own = app.sign_in(&owner).await;
    assert_eq!(change_password(&app, &own, PASSWORD, NEW).await.status, 200);
    let second = app.mail().await.token("/not-me");
    disown(&app, &first).await.assert_problem("invalid_link");
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    forget(&app, "ada@example.com").await;
    let link = app.mail().await.token("/reset-password");
    assert_eq!(reset(&app, &link, PASSWORD).await.status, 204);
    let third = app.mail().await.token("/not-me");
    disown(&app, &second).await.assert_problem("invalid_link");
    // It may have been a thief who changed it: the address is told, at the same moment, with a link that works.
    assert_eq!(disown(&app, &third).await.status, 200);
    disown(&app, &third).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_link_that_gave_an_address_back_does_not_do_so_again_after_a_later_change() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, news) = theft(&app, &owner).await;
    let changed = move_to(&app, &thief, "ada@example.com", "thief@evil.example").await;
    assert_eq!(disown(&app, &changed).await.status, 200);
    let link = app.mail_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &link, PASSWORD).await.status, 204);
    let own = app.sign_in(&owner).await;
    app.mails().await;
    app.wait(TimeDelta::minutes(1));
    let latest = move_to(&app, &own, "ada@example.com", "ada@new.example").await;
    for used in [changed, news] {
        disown(&app, &used).await.assert_problem("invalid_link");
    }
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    assert_eq!(disown(&app, &latest).await.status, 200);
}

#[tokio::test]
async fn a_link_to_a_former_address_is_outdated_by_a_password_from_before_the_change() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (_, news) = theft(&app, &owner).await;
    let own = app.sign_in(&owner).await;
    assert_eq!(change_password(&app, &own, PASSWORD, NEW).await.status, 200);
    app.mails().await;
    move_to(&app, &own, "ada@example.com", "ada@new.example").await;
    disown(&app, &news).await.assert_problem("invalid_link");
    assert_eq!(app.value::<String>("SELECT email FROM users").await, "ada@new.example");
}

const INVITES: &str = "/api/v1/accounts/me/invites";

async fn invite(app: &TestApp, by: &Tokens, email: &str, role: &str) -> String {
    let call = app.post(INVITES).bearer(&by.access).json(&json!({"email": email, "role": role}));
    assert_eq!(call.send().await.status, 201);
    app.mail_to(email).await.token("/invite")
}

async fn accept(app: &TestApp, token: &str) -> Tokens {
    app.wait(TimeDelta::seconds(1));
    let body = json!({"name": "Eve", "password": "nine quiet otters hum"});
    app.post(&format!("/api/v1/invites/{token}/accept")).json(&body).send().await.tokens()
}

async fn id_of(app: &TestApp, email: &str) -> uuid::Uuid {
    app.value(&format!("SELECT id FROM users WHERE email = '{email}'")).await
}

async fn change(app: &TestApp, by: &Tokens, id: uuid::Uuid, body: serde_json::Value) {
    app.wait(TimeDelta::seconds(1));
    let path = format!("/api/v1/accounts/me/members/{id}");
    let answer = app.patch(&path).bearer(&by.access).json(&body).send().await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

async fn remove(app: &TestApp, by: &Tokens, id: uuid::Uuid) {
    app.wait(TimeDelta::seconds(1));
    let answer = app.delete(&format!("/api/v1/accounts/me/members/{id}")).bearer(&by.access).send().await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

/// Each person's address, role and whether they may sign in.
async fn people(app: &TestApp) -> Vec<String> {
    let sql = "SELECT group_concat(line, ';') FROM (SELECT email || ' ' || role || ' ' || \
               CASE WHEN is_active THEN 'in' ELSE 'out' END AS line FROM users ORDER BY email) AS lines";
    let sql = if app.database_url.starts_with("postgres") {
        sql.replace("group_concat", "string_agg")
    } else {
        sql.to_owned()
    };
    app.value::<String>(&sql).await.split(';').map(str::to_owned).collect()
}

#[tokio::test]
async fn whoever_was_locked_out_by_an_accomplice_of_the_thief_gets_the_account_back() {
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
    app.mails().await;
    assert_eq!(forget(&app, "ada@example.com").await.status, 202);
    assert!(app.mails().await.is_empty(), "she is deactivated");

    let answer = disown(&app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
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
    let mails = app.mails().await;
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
    assert_eq!(app.audit("member.reactivated").await, 1);
    // It reaches nine days back every time.
    let eve = id_of(&app, "eve@evil.example").await;
    change(&app, &own, eve, json!({"is_active": true})).await;
    let news = app
        .mails()
        .await
        .into_iter()
        .find(|mail| mail.to == "ada@example.com" && mail.text.contains("/not-me#"));
    assert_eq!(disown(&app, &news.unwrap().token("/not-me")).await.status, 200);
    assert!(people(&app).await.contains(&"eve@evil.example owner out".to_owned()), "let in within nine days");
}

#[tokio::test]
async fn whoever_was_removed_by_an_accomplice_comes_back_even_after_a_change_of_address() {
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
        app.mails().await;
        let answer = disown(&app, &token).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(people(&app).await, ["ada@example.com owner in", "eve@evil.example owner out"]);
        let mails = app.mails().await;
        let told = mails.iter().find(|mail| mail.subject == "You were signed out everywhere").unwrap();
        assert_eq!(told.to, "ada@example.com");
        assert_eq!(reset(&app, &told.token("/reset-password"), NEW).await.status, 204);
        assert_eq!(sign_in_with(&app, &owner, NEW).await.status, 200);
        assert_eq!(id_of(&app, "ada@example.com").await, owner.id.0);
        disown(&app, &token).await.assert_problem("invalid_link");
    }
}

#[tokio::test]
async fn who_had_not_proven_the_address_has_not_when_they_are_brought_back() {
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
    app.mails().await;
    assert_eq!(disown(&app, &token).await.status, 200);
    let expected = [
        "ada@example.com owner in",
        "bob@example.com viewer in",
        "dave@example.com viewer in",
        "eve@evil.example owner out",
    ];
    assert_eq!(people(&app).await, expected);
    let sql = "SELECT email FROM users WHERE email_verified_at IS NULL";
    assert_eq!(app.value::<String>(sql).await, "dave@example.com");
}

#[tokio::test]
async fn a_colleague_whom_the_thief_made_an_owner_is_none_any_more() {
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
async fn an_owner_who_was_dismissed_does_not_come_back_by_the_link() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let dave = app.user(owner.account, "dave@example.com", Role::Owner).await;
    let (_, token) = theft(&app, &owner).await;
    let theirs = app.sign_in(&dave).await;
    app.mails().await;
    change(&app, &theirs, owner.id.0, json!({"is_active": false})).await;
    disown(&app, &token).await.assert_problem("invalid_link");
    assert_eq!(people(&app).await[0], "ada@example.com owner out");
    remove(&app, &theirs, owner.id.0).await;
    disown(&app, &token).await.assert_problem("invalid_link");
    assert_eq!(people(&app).await, ["dave@example.com owner in"]);
    // Nor does somebody whom the person who presses it dismissed herself.
    let zoe = app.user(owner.account, "zoe@example.com", Role::Owner).await;
    change(&app, &theirs, zoe.id.0, json!({"is_active": false})).await;
    let news =
        app.mails().await.into_iter().find(|mail| mail.subject.starts_with("An owner was deactivated"));
    assert_eq!(disown(&app, &news.unwrap().token("/not-me")).await.status, 200);
    assert_eq!(people(&app).await[1], "zoe@example.com owner out");
}

#[tokio::test]
async fn what_was_done_longer_ago_than_a_link_reaches_stays() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    let eve = invite(&app, &own, "eve@example.com", "owner").await;
    accept(&app, &eve).await;
    app.mails().await;
    app.wait(TimeDelta::days(10));
    let (_, token) = theft(&app, &owner).await;
    curfew::jobs::sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(app.value::<i64>("SELECT count(*) FROM membership_changes").await, 0);
    assert_eq!(disown(&app, &token).await.status, 200);
    assert_eq!(people(&app).await, ["ada@example.com owner in", "eve@example.com owner in"]);
}

#[tokio::test]
async fn a_reset_takes_pending_invitations_and_new_identities_back_and_says_so() {
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
    let token = app.mail_to("ada@example.com").await.token("/reset-password");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    app.get(&format!("/api/v1/invites/{link}")).send().await.assert_problem("invalid_link");
    assert_eq!(app.value::<String>("SELECT subject FROM identities").await, "own");
    let mail = app.mail_to("ada@example.com").await;
    let words =
        "1 way to sign in that had been added in the last nine days and 1 pending invitation of yours were";
    assert!(mail.text.contains(words), "{}", mail.text);
}

#[tokio::test]
async fn after_a_change_of_the_password_the_person_is_told_what_can_still_be_used() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (thief, _) = theft(&app, &owner).await;
    let link = invite(&app, &thief, "friend@evil.example", "owner").await;
    let own = app.sign_in(&owner).await;
    let answer = change_password(&app, &own, PASSWORD, NEW).await;
    assert_eq!(answer.body, json!({"revoked_count": 2, "identity_count": 0, "invite_count": 1}));
    let mail = app.mail_to("ada@example.com").await;
    assert!(mail.text.contains("1 pending invitation of yours can still be accepted."), "{}", mail.text);
    // The button takes it back.
    assert_eq!(disown(&app, &mail.token("/not-me")).await.status, 200);
    app.get(&format!("/api/v1/invites/{link}")).send().await.assert_problem("invalid_link");
}
