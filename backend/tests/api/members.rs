//! `/accounts/me` and `/accounts/me/members`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::{Value, json};

use crate::test_app::{LOGIN, ME, PASSWORD, TestApp, TestResponse, Tokens, User};

const ACCOUNT: &str = "/api/v1/accounts/me";
const MEMBERS: &str = "/api/v1/accounts/me/members";

async fn owner_and_member(app: &TestApp) -> (User, Tokens, User, Tokens) {
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", Role::Engineer).await;
    let (own, theirs) = (app.sign_in(&owner).await, app.sign_in(&bob).await);
    (owner, own, bob, theirs)
}

async fn patch(app: &TestApp, tokens: &Tokens, user: &User, body: Value) -> TestResponse {
    app.patch(&format!("{MEMBERS}/{}", user.id)).bearer(&tokens.access).json(&body).send().await
}

async fn remove(app: &TestApp, tokens: &Tokens, user: &User) -> TestResponse {
    app.delete(&format!("{MEMBERS}/{}", user.id)).bearer(&tokens.access).send().await
}

#[tokio::test]
async fn an_owner_lists_the_members_page_by_page() {
    let app = TestApp::new().await;
    let (owner, own, bob, _) = owner_and_member(&app).await;
    app.sign_in(&bob).await;
    app.execute("UPDATE users SET name = 'bob' WHERE email = 'bob@example.com'").await.unwrap();
    let eve = app.owner("eve@example.com").await;
    app.sign_in(&eve).await;
    let first = app.get(&format!("{MEMBERS}?limit=1")).bearer(&own.access).send().await.body;
    assert_eq!(first["member_count"], 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("{MEMBERS}?limit=1&cursor={cursor}")).bearer(&own.access).send().await.body;
    assert_eq!(second["next_cursor"], Value::Null);
    let of = |page: &Value| page["members"][0].clone();
    assert_eq!((&of(&first)["id"], &of(&first)["session_count"]), (&json!(owner.id), &json!(1)));
    assert_eq!((&of(&first)["is_caller"], &of(&first)["role"]), (&json!(true), &json!("owner")));
    assert_eq!((&of(&second)["id"], &of(&second)["session_count"]), (&json!(bob.id), &json!(2)));
    let nul = URL_SAFE_NO_PAD.encode(format!("{}.\0", owner.id));
    for nonsense in ["nonsense", nul.as_str()] {
        let response = app.get(&format!("{MEMBERS}?cursor={nonsense}")).bearer(&own.access).send().await;
        response.assert_problem("validation_failed");
    }
    let whole = app.get(MEMBERS).bearer(&own.access).send().await.body;
    assert_eq!(whole["members"].as_array().unwrap().len(), 2, "nobody of another account");
    for limit in ["0", "101"] {
        let response = app.get(&format!("{MEMBERS}?limit={limit}")).bearer(&own.access).send().await;
        response.assert_problem("validation_failed");
    }
}

#[tokio::test]
async fn the_last_member_of_a_page_may_be_removed_before_the_next() {
    let app = TestApp::new().await;
    let (_, own, bob, _) = owner_and_member(&app).await;
    let zoe = app.user(bob.account, "zoe@example.com", Role::Viewer).await;
    app.execute("UPDATE users SET name = email").await.unwrap();
    let page = |cursor: &str| app.get(&format!("{MEMBERS}?limit=2{cursor}")).bearer(&own.access).send();
    let first = page("").await.body;
    assert_eq!(first["members"][1]["id"], json!(bob.id));
    assert_eq!(remove(&app, &own, &bob).await.status, 204);
    let second = page(&format!("&cursor={}", first["next_cursor"].as_str().unwrap())).await.body;
    assert_eq!(second["members"][0]["id"], json!(zoe.id));
    assert_eq!((&second["member_count"], &second["next_cursor"]), (&json!(2), &Value::Null));
}

#[tokio::test]
async fn deactivating_ends_all_sessions_and_reactivating_allows_sign_in() {
    let app = TestApp::new().await;
    let (_, own, bob, theirs) = owner_and_member(&app).await;
    let more = [app.sign_in(&bob).await, app.sign_in(&bob).await];
    assert_eq!(patch(&app, &own, &bob, json!({"is_active": false})).await.status, 204);
    for tokens in more.iter().chain([&theirs]) {
        app.get(ME).bearer(&tokens.access).send().await.assert_problem("session_revoked");
        app.refresh(&tokens.refresh).await.assert_problem("invalid_refresh_token");
    }
    let sign_in = || app.post(LOGIN).json(&json!({"email": bob.email, "password": PASSWORD})).send();
    sign_in().await.assert_problem("invalid_credentials");
    assert_eq!(patch(&app, &own, &bob, json!({"is_active": true})).await.status, 204);
    assert_eq!(sign_in().await.status, 200);
    app.refresh(&theirs.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(
        (app.audit_count("member.deactivated").await, app.audit_count("member.reactivated").await),
        (1, 1)
    );
}

#[tokio::test]
async fn a_role_change_applies_at_once() {
    let app = TestApp::new().await;
    let (_, own, bob, theirs) = owner_and_member(&app).await;
    app.get(MEMBERS).bearer(&theirs.access).send().await.assert_problem("owner_required");
    assert_eq!(patch(&app, &own, &bob, json!({"role": "owner"})).await.status, 204);
    assert_eq!(app.get(MEMBERS).bearer(&theirs.access).send().await.status, 200);
    assert_eq!(patch(&app, &own, &bob, json!({"role": "owner"})).await.status, 204);
    assert_eq!(app.audit_count("member.role_changed").await, 1, "no change is no event");
    patch(&app, &own, &bob, json!({"role": "king"})).await.assert_problem("validation_failed");
}

#[tokio::test]
async fn removing_ends_all_sessions_and_frees_the_address() {
    let app = TestApp::new().await;
    let (owner, own, bob, theirs) = owner_and_member(&app).await;
    assert_eq!(remove(&app, &own, &bob).await.status, 204);
    app.get(ME).bearer(&theirs.access).send().await.assert_problem("session_revoked");
    app.refresh(&theirs.refresh).await.assert_problem("invalid_refresh_token");
    remove(&app, &own, &bob).await.assert_problem("not_found");
    app.user(owner.account, "bob@example.com", Role::Viewer).await;
    assert_eq!(app.audit_count("member.removed").await, 1);
}

#[tokio::test]
async fn the_last_active_owner_and_ones_own_membership_are_protected() {
    let app = TestApp::new().await;
    let (owner, own, bob, theirs) = owner_and_member(&app).await;
    patch(&app, &own, &owner, json!({"role": "viewer"})).await.assert_problem("last_owner");
    patch(&app, &own, &owner, json!({"is_active": false})).await.assert_problem("own_membership");
    remove(&app, &own, &owner).await.assert_problem("own_membership");
    // A deactivated second owner does not count.
    patch(&app, &own, &bob, json!({"role": "owner"})).await;
    patch(&app, &own, &bob, json!({"is_active": false})).await;
    patch(&app, &own, &owner, json!({"role": "viewer"})).await.assert_problem("last_owner");
    patch(&app, &own, &bob, json!({"is_active": true})).await;
    app.refresh(&theirs.refresh).await.assert_problem("invalid_refresh_token");
    assert_eq!(patch(&app, &own, &owner, json!({"role": "viewer"})).await.status, 204);
    patch(&app, &own, &bob, json!({"role": "viewer"})).await.assert_problem("owner_required");
}

#[tokio::test]
async fn two_owners_cannot_remove_each_other_at_once() {
    let app = TestApp::new().await;
    for round in 0..6 {
        let owner = app.owner(&format!("ada{round}@example.com")).await;
        let bob = app.user(owner.account, &format!("bob{round}@example.com"), Role::Owner).await;
        // A third owner, so that neither is the last.
        let third = app.user(owner.account, &format!("zoe{round}@example.com"), Role::Owner).await;
        let (own, theirs) = (app.sign_in(&owner).await, app.sign_in(&bob).await);
        let responses = match round % 3 {
            0 => tokio::join!(remove(&app, &own, &bob), remove(&app, &theirs, &owner)),
            1 => {
                let demotion = json!({"role": "viewer"});
                tokio::join!(
                    patch(&app, &own, &bob, demotion.clone()),
                    patch(&app, &theirs, &owner, demotion.clone())
                )
            }
            _ => {
                let end = json!({"is_active": false});
                tokio::join!(patch(&app, &own, &bob, end.clone()), patch(&app, &theirs, &owner, end.clone()))
            }
        };
        let done = [&responses.0, &responses.1].into_iter().filter(|response| response.status == 204).count();
        assert_eq!(done, 1, "who has just been taken away takes nobody away: {round}");
        let owners = format!(
            "SELECT count(*) FROM users WHERE role = 'owner' AND is_active AND email LIKE '%{round}@example.com'"
        );
        assert_eq!(app.query_value::<i64>(&owners).await, 2);
        drop(third);
    }
}

#[tokio::test]
async fn concurrent_removals_cannot_leave_an_account_without_an_owner() {
    let app = TestApp::new().await;
    for round in 0..4 {
        let owner = app.owner(&format!("ada{round}@example.com")).await;
        let bob = app.user(owner.account, &format!("bob{round}@example.com"), Role::Owner).await;
        let (own, theirs) = (app.sign_in(&owner).await, app.sign_in(&bob).await);
        let demotion = json!({"role": "viewer"});
        tokio::join!(
            patch(&app, &own, &owner, demotion.clone()),
            patch(&app, &theirs, &bob, demotion.clone())
        );
        let owners = format!(
            "SELECT count(*) FROM users WHERE role = 'owner' AND is_active AND email LIKE '%{round}@example.com'"
        );
        assert_eq!(app.query_value::<i64>(&owners).await, 1);
    }
}

#[tokio::test]
async fn losing_access_is_notified_and_revokes_open_invitations() {
    let app = TestApp::new().await;
    let (_, own, bob, _) = owner_and_member(&app).await;
    assert_eq!(patch(&app, &own, &bob, json!({"role": "owner"})).await.status, 204);
    let theirs = app.sign_in(&bob).await;
    let invite = json!({"email": "friend@example.com", "role": "owner"});
    app.post("/api/v1/accounts/me/invites").bearer(&theirs.access).json(&invite).send().await;
    let invited = app.sent_emails().await.into_iter().find(|mail| mail.to == "friend@example.com").unwrap();
    assert_eq!(patch(&app, &own, &bob, json!({"is_active": false})).await.status, 204);
    let mail = app.email_to("bob@example.com").await;
    assert_eq!(mail.subject, "You no longer have access to “Example”");
    assert!(mail.text.contains("deactivated you in"), "{}", mail.text);
    let path = format!("/api/v1/invites/{}", invited.token("/invite"));
    app.get(&path).send().await.assert_problem("invalid_link");
    assert_eq!(remove(&app, &own, &bob).await.status, 204);
    let mail = app.only_email().await;
    assert!(mail.to == "bob@example.com" && mail.text.contains("removed you from"), "{}", mail.text);
}

#[tokio::test]
async fn owners_are_told_when_an_owner_is_added_or_removed() {
    let app = TestApp::new().await;
    let (owner, own, bob, _) = owner_and_member(&app).await;
    app.user(owner.account, "dave@example.com", Role::Owner).await;
    app.sent_emails().await;
    let told = async || {
        let mails = app.sent_emails().await;
        let about = |mail: &crate::test_app::Email| mail.subject.ends_with("“Example”");
        let mut told: Vec<_> =
            mails.into_iter().filter(about).map(|mail| format!("{}: {}", mail.to, mail.subject)).collect();
        told.sort_unstable();
        told
    };
    let to = |names: &[&str], subject: &str| -> Vec<String> {
        names.iter().map(|name| format!("{name}@example.com: {subject} “Example”")).collect()
    };
    let (both, gone) = (["ada", "dave"], "You no longer have access to");
    assert_eq!(patch(&app, &own, &bob, json!({"role": "owner"})).await.status, 204);
    let mut expected = to(&both, "There is a new owner of");
    expected.insert(1, to(&["bob"], "You are an owner of").remove(0));
    assert_eq!(told().await, expected);
    patch(&app, &own, &bob, json!({"role": "viewer"})).await;
    let mut expected = to(&both, "An owner was given another role in");
    expected.insert(1, to(&["bob"], "You are no longer an owner of").remove(0));
    assert_eq!(told().await, expected);
    // Changes to other roles notify only the user.
    patch(&app, &own, &bob, json!({"is_active": false})).await;
    assert_eq!(told().await, to(&["bob"], gone));
    patch(&app, &own, &bob, json!({"is_active": true})).await;
    assert_eq!(app.only_email().await.subject, "You have access to “Example” again");
    patch(&app, &own, &bob, json!({"role": "owner"})).await;
    app.sent_emails().await;
    patch(&app, &own, &bob, json!({"is_active": false})).await;
    let mut expected = to(&both, "An owner was deactivated in");
    expected.insert(1, to(&["bob"], gone).remove(0));
    assert_eq!(told().await, expected);
    patch(&app, &own, &bob, json!({"is_active": true})).await;
    assert_eq!(told().await, to(&both, "An owner was reactivated in"));
    remove(&app, &own, &bob).await;
    let mut expected = to(&both, "An owner was removed from");
    expected.insert(1, to(&["bob"], gone).remove(0));
    assert_eq!(told().await, expected);

    let invite = json!({"email": "zoe@example.com", "role": "owner"});
    app.post("/api/v1/accounts/me/invites").bearer(&own.access).json(&invite).send().await;
    let mails = app.sent_emails().await;
    let news = |to: &str| mails.iter().find(|mail| mail.to == format!("{to}@example.com")).unwrap();
    // The acting session may have been stolen.
    assert!(news("ada").text.contains("zoe@example.com was invited as an owner by you"), "{mails:?}");
    news("ada").token("/not-me");
    assert!(news("dave").text.contains("invited as an owner by Ada Example"), "{mails:?}");
    assert!(!news("dave").text.contains("/not-me"), "{mails:?}");
    let path = format!("/api/v1/invites/{}/accept", news("zoe").token("/invite"));
    let joined = app.post(&path).json(&json!({"name": "Zoe", "password": PASSWORD})).send().await;
    assert_eq!(joined.status, 200, "{}", joined.text);
    assert_eq!(told().await, to(&both, "An owner joined"));
}

#[tokio::test]
async fn an_owner_signs_a_user_out_and_the_user_is_told() {
    let app = TestApp::new().await;
    let (_, own, bob, theirs) = owner_and_member(&app).await;
    app.sent_emails().await;
    let path = format!("{MEMBERS}/{}/revoke-sessions", bob.id);
    let response = app.post(&path).bearer(&own.access).send().await;
    assert_eq!(response.body, json!({"revoked_count": 1}));
    app.get(ME).bearer(&theirs.access).send().await.assert_problem("session_revoked");
    assert_eq!(app.get(ME).bearer(&own.access).send().await.status, 200);
    let mail = app.only_email().await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("bob@example.com", "You were signed out"));
    assert_eq!(app.post(&path).bearer(&own.access).send().await.body, json!({"revoked_count": 0}));
    assert!(app.sent_emails().await.is_empty());
}

#[tokio::test]
async fn an_old_sign_in_changes_no_member() {
    let app = TestApp::new().await;
    let (_, own, bob, _) = owner_and_member(&app).await;
    app.advance(TimeDelta::minutes(15));
    let own = app.refresh(&own.refresh).await.tokens();
    patch(&app, &own, &bob, json!({"role": "viewer"})).await.assert_problem("reauthentication_required");
    remove(&app, &own, &bob).await.assert_problem("reauthentication_required");
    let path = format!("{MEMBERS}/{}/revoke-sessions", bob.id);
    app.post(&path).bearer(&own.access).send().await.assert_problem("reauthentication_required");
}

#[tokio::test]
async fn an_owner_renames_the_account_for_everybody() {
    let app = TestApp::new().await;
    let (_, own, _, theirs) = owner_and_member(&app).await;
    let rename = |tokens: &Tokens, name: &str| {
        app.patch(ACCOUNT).bearer(&tokens.access).json(&json!({"name": name})).send()
    };
    rename(&theirs, "Bob's").await.assert_problem("owner_required");
    rename(&own, "").await.assert_problem("validation_failed");
    assert_eq!(rename(&own, "Acme").await.body["name"], "Acme");
    let seen = app.get(ACCOUNT).bearer(&theirs.access).send().await.body;
    assert_eq!((&seen["name"], &seen["member_count"]), (&json!("Acme"), &json!(2)));
    assert_eq!(app.audit_count("account.renamed").await, 1);
}
