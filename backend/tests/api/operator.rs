//! The effects of the operator's commands on users.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use curfew::clock::{Clock, SystemClock};
use curfew_shared::auth::Role;
use serde_json::{Value, json};

use crate::test_app::{LOGIN, ME, PASSWORD, REVOKE, SECRET, TestApp, Tokens, User, claims};

const NEW: &str = "seven purple kangaroos hum";

/// An account with two signed-in users, by the command line's clock.
async fn owner_and_member(app: &TestApp) -> (User, Tokens, Tokens) {
    app.set_time(SystemClock.now());
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", Role::Engineer).await;
    (bob.clone(), app.sign_in(&owner).await, app.sign_in(&bob).await)
}

fn run(app: &TestApp, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_curfew"))
        .args(arguments)
        .env_clear()
        .envs([("DATABASE_URL", app.database_url.as_str()), ("CURFEW_SECRET", SECRET)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Runs the built binary on the application's database and returns the lines of JSON that it prints.
fn lines(app: &TestApp, arguments: &[&str], input: &str) -> Vec<Value> {
    let output = run(app, &[arguments, &["--json"]].concat(), input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Like `lines`, for a command that prints one line.
fn curfew(app: &TestApp, arguments: &[&str], input: &str) -> Value {
    let [line] = lines(app, arguments, input).try_into().unwrap();
    line
}

/// The last line of standard error of a failing command.
fn fault(app: &TestApp, arguments: &[&str], input: &str) -> String {
    let output = run(app, arguments, input);
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    format!("{}\n", text.lines().last().unwrap_or_default())
}

async fn assert_signed_out(app: &TestApp, tokens: &Tokens) {
    app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
    app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
}

#[tokio::test]
async fn setting_a_password_ends_the_sessions_and_works_at_once() {
    let app = TestApp::new().await;
    let (bob, ada, signed_in) = owner_and_member(&app).await;
    let attempt = |password: &str| {
        let credentials = json!({"email": bob.email, "password": password});
        app.post(LOGIN).header("user-agent", "elsewhere/1").json(&credentials).send()
    };
    for _ in 0..6 {
        attempt("not the password").await.assert_problem("invalid_credentials");
    }
    attempt("not the password").await.assert_problem("too_many_requests");

    let set = ["user", "set-password", "--email", "Bob@example.com", "--password-stdin"];
    let response = curfew(&app, &set, NEW);
    assert_eq!(response, json!({"user_id": bob.id, "revoked_count": 1}));
    assert_signed_out(&app, &signed_in).await;
    assert_eq!(attempt(NEW).await.status, 200, "whoever guessed before keeps nobody out");
    assert_eq!(app.get(ME).bearer(&ada.access).send().await.status, 200);
    assert_eq!(app.audit_count("operator.password_set").await, 1);
    app.set_time(SystemClock.now());
    let mails = app.sent_emails().await;
    assert!(mails.iter().any(|mail| mail.to == bob.email && mail.subject == "Your password was changed"));
}

#[tokio::test]
async fn a_deactivated_user_is_signed_out_at_once_and_told() {
    let app = TestApp::new().await;
    let (bob, ada, signed_in) = owner_and_member(&app).await;
    let response = curfew(&app, &["user", "deactivate", "--email", &bob.email], "");
    assert_eq!(response, json!({"user_id": bob.id, "revoked_count": 1}));
    assert_signed_out(&app, &signed_in).await;
    let again = app.post(LOGIN).json(&json!({"email": bob.email, "password": PASSWORD})).send().await;
    again.assert_problem("invalid_credentials");
    assert_eq!(app.get(ME).bearer(&ada.access).send().await.status, 200);
    assert_eq!(app.audit_count("operator.user_deactivated").await, 1);
    app.set_time(SystemClock.now());
    assert_eq!(app.only_email().await.to, bob.email);
}

#[tokio::test]
async fn a_deleted_user_is_signed_out_and_told_and_the_address_is_free() {
    let app = TestApp::new().await;
    let (bob, ada, signed_in) = owner_and_member(&app).await;
    let response = curfew(&app, &["user", "delete", "--email", &bob.email], "");
    assert_eq!(response, json!({"user_id": bob.id, "revoked_count": 1}));
    assert_signed_out(&app, &signed_in).await;
    app.user(bob.account, &bob.email, Role::Viewer).await;
    assert_eq!(app.get(ME).bearer(&ada.access).send().await.status, 200);
    assert_eq!(app.audit_count("operator.user_deleted").await, 1);
    app.set_time(SystemClock.now());
    let mail = app.only_email().await;
    assert_eq!(mail.to, bob.email);
    assert!(mail.text.contains("The operator removed you from “Example”"), "{}", mail.text);
}

#[tokio::test]
async fn a_closed_account_has_no_users_and_admits_none() {
    let app = TestApp::new().await;
    let (bob, ada, signed_in) = owner_and_member(&app).await;
    let account = bob.account.to_string();
    let close = ["account", "close", "--account", &account];
    let response = curfew(&app, &close, "");
    assert_eq!(response, json!({"account_id": account, "member_count": 2, "revoked_count": 2}));
    assert_signed_out(&app, &signed_in).await;
    assert_signed_out(&app, &ada).await;
    assert_eq!((app.audit_count("account.closed").await, app.audit_count("member.removed").await), (1, 2));
    app.set_time(SystemClock.now());
    let mails = app.sent_emails().await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails[0].text.contains("The operator closed the account “Example”"), "{}", mails[0].text);
    let create = ["user", "create", "--account", &account, "--email", "eve@example.com", "--name", "Eve"];
    let create = [&create[..], &["--role", "owner", "--password-stdin"]].concat();
    for (arguments, input) in [(&close[..], ""), (&create, NEW)] {
        let words = fault(&app, arguments, input);
        assert_eq!(words, format!("curfew: there is no account {account}, or it was closed\n"));
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_singly_or_by_user() {
    let app = TestApp::new().await;
    let (bob, ada, first) = owner_and_member(&app).await;
    let second = app.sign_in(&bob).await;
    let listed = lines(&app, &["session", "list", "--email", &bob.email], "");
    assert_eq!(listed.len(), 2, "{listed:?}");
    let session = claims(&first.access)["sid"].clone();
    let id = session.as_str().unwrap();
    assert!(listed.iter().any(|listed| listed["session_id"] == session), "{listed:?}");

    let revoke = ["session", "revoke", "--id", id];
    assert_eq!(curfew(&app, &revoke, ""), json!({"revoked_count": 1}));
    assert_signed_out(&app, &first).await;
    assert_eq!(app.get(ME).bearer(&second.access).send().await.status, 200);
    assert_eq!(curfew(&app, &revoke, ""), json!({"revoked_count": 0}));
    let all = ["session", "revoke", "--email", &bob.email];
    assert_eq!(curfew(&app, &all, ""), json!({"revoked_count": 1}));
    assert_signed_out(&app, &second).await;
    assert_eq!(app.get(ME).bearer(&ada.access).send().await.status, 200);
    assert_eq!(app.audit_count("operator.sessions_revoked").await, 2);

    // The caller of a bulk revocation keeps an access token, but not against the operator.
    let all = json!({"scope": "all"});
    assert_eq!(app.post(REVOKE).bearer(&ada.access).json(&all).send().await.body["revoked_count"], 1);
    assert_eq!(app.get(ME).bearer(&ada.access).send().await.status, 200);
    let id = claims(&ada.access)["sid"].clone();
    let revoke = ["session", "revoke", "--id", id.as_str().unwrap()];
    assert_eq!(curfew(&app, &revoke, ""), json!({"revoked_count": 0}));
    assert_signed_out(&app, &ada).await;
}

#[tokio::test]
async fn a_reactivated_user_can_sign_in_again_and_is_told() {
    let app = TestApp::new().await;
    let (bob, ada, _) = owner_and_member(&app).await;
    let zoe = app.user(bob.account, "zoe@example.com", Role::Owner).await;
    let mails = async || {
        // The command line uses the system's clock.
        app.set_time(SystemClock.now());
        app.sent_emails().await
    };
    for (user, told) in [(&bob, 1), (&zoe, 2)] {
        curfew(&app, &["user", "deactivate", "--email", &user.email], "");
        mails().await;
        let response = curfew(&app, &["user", "reactivate", "--email", &user.email], "");
        assert_eq!(response, json!({"user_id": user.id}));
        let mails = mails().await;
        app.sign_in(user).await;
        assert_eq!(mails.len(), told, "{mails:?}");
        let own = mails.iter().find(|mail| mail.to == user.email).unwrap();
        assert_eq!(own.subject, "You have access to “Example” again");
        if told == 2 {
            let other = mails.iter().find(|mail| mail.to == "ada@example.com").unwrap();
            assert!(other.text.contains("zoe@example.com was reactivated by the operator"), "{}", other.text);
        }
    }
    let page = app.get("/api/v1/accounts/me/audit-events?kind=operator.user_reactivated").bearer(&ada.access);
    let events = page.send().await.body["events"].clone();
    assert_eq!(events[0]["payload"], json!({"user_id": zoe.id}));
    assert!(events[0]["actor"].is_null() && events[1]["payload"] == json!({"user_id": bob.id}), "{events}");
}
