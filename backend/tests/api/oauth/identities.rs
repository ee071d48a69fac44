//! A user's identities: linking, unlinking, and reauthentication with one.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{IDENTITIES, ada, begun, come_back, count, eve, setup, sign_in, start_as};
use crate::test_app::{LOGIN, LOGOUT, PASSWORD, claims};

#[tokio::test]
async fn a_user_links_and_unlinks_but_keeps_one_way_to_sign_in() {
    let (app, provider) = setup().await;
    let bob = app.owner("bob@example.com").await;
    let tokens = app.sign_in(&bob).await;
    let link = json!({"purpose": "link"});
    start_as(&app, "example", &link, None).await.assert_problem("invalid_access_token");
    let begun_link = begun(&start_as(&app, "example", &link, Some(&tokens)).await);
    let response = come_back(&app, &provider, &begun_link, &ada()).await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.body, json!({"is_new_user": false, "purpose": "link"}));
    let told = app.only_email().await;
    assert_eq!(
        (told.to.as_str(), told.subject.as_str()),
        ("bob@example.com", "A new way to sign in was added")
    );
    let words = "A new way to sign in was added: Example, ada@example.com.";
    assert!(told.text.contains(words), "{}", told.text);
    let payload: String = app
        .query_value("SELECT CAST(payload AS TEXT) FROM audit_events WHERE kind = 'user.identity_linked'")
        .await;
    let payload: Value = serde_json::from_str(&payload).unwrap();
    assert_eq!((&payload["provider"], &payload["by"]), (&json!("example"), &json!("person")));
    let signed_in = sign_in(&app, &provider, &ada()).await;
    assert_eq!(claims(&signed_in.tokens().access)["sub"], bob.id.to_string());
    let own = app.get(IDENTITIES).bearer(&tokens.access).send().await.body;
    assert_eq!(own["has_password"], true);
    assert_eq!(own["identities"].as_array().unwrap().len(), 1);
    assert_eq!(own["identities"][0]["provider"], "example");
    assert_eq!(own["identities"][0]["id"], payload["identity_id"]);
    assert_eq!(own["identities"][0]["email"], "ada@example.com");
    // Another user's identity can be neither linked nor unlinked.
    let zoe = app.owner("zoe@example.com").await;
    let theirs = app.sign_in(&zoe).await;
    let begun_theirs = begun(&start_as(&app, "example", &link, Some(&theirs)).await);
    come_back(&app, &provider, &begun_theirs, &ada()).await.assert_problem("identity_taken");
    let path = format!("{IDENTITIES}/{}", own["identities"][0]["id"].as_str().unwrap());
    app.delete(&path).send().await.assert_problem("invalid_access_token");
    app.delete(&path).bearer(&theirs.access).send().await.assert_problem("not_found");
    // Without a password, the identity is the last way to sign in, until there is another.
    app.execute("UPDATE users SET password_hash = NULL").await.unwrap();
    app.delete(&path).bearer(&tokens.access).send().await.assert_problem("last_sign_in_method");
    let begun_second = begun(&start_as(&app, "example", &link, Some(&tokens)).await);
    assert_eq!(come_back(&app, &provider, &begun_second, &eve()).await.status, 200);
    assert_eq!(app.delete(&path).bearer(&tokens.access).send().await.status, 204);
    app.delete(&path).bearer(&tokens.access).send().await.assert_problem("not_found");
    assert_eq!(app.audit_count("user.identity_linked").await, 2);
    assert_eq!(app.audit_count("user.identity_unlinked").await, 1);
}

#[tokio::test]
async fn linking_needs_a_recent_sign_in_and_a_live_session() {
    let (app, provider) = setup().await;
    let bob = app.owner("bob@example.com").await;
    let tokens = app.sign_in(&bob).await;
    let link = json!({"purpose": "link"});
    let begun_link = begun(&start_as(&app, "example", &link, Some(&tokens)).await);
    assert_eq!(app.post(LOGOUT).bearer(&tokens.refresh).send().await.status, 204);
    come_back(&app, &provider, &begun_link, &ada()).await.assert_problem("session_revoked");
    assert_eq!(count(&app, "identities").await, 0);
    let tokens = app.sign_in(&bob).await;
    app.advance(TimeDelta::minutes(15));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    start_as(&app, "example", &link, Some(&tokens)).await.assert_problem("reauthentication_required");
    let path = format!("{IDENTITIES}/{}", bob.id);
    app.delete(&path).bearer(&tokens.access).send().await.assert_problem("reauthentication_required");
}

#[tokio::test]
async fn a_user_without_a_password_is_reauthenticated_at_the_provider() {
    let (app, provider) = setup().await;
    let tokens = sign_in(&app, &provider, &ada()).await.tokens();
    app.advance(TimeDelta::minutes(15));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    let purpose = json!({"purpose": "reauthenticate"});
    start_as(&app, "example", &purpose, None).await.assert_problem("invalid_access_token");
    let prove = async |person: &Value| {
        let begun = begun(&start_as(&app, "example", &purpose, Some(&tokens)).await);
        assert_eq!((begun.request["prompt"].as_str(), begun.request["max_age"].as_str()), ("login", "0"));
        come_back(&app, &provider, &begun, person).await
    };
    prove(&eve()).await.assert_problem("identity_mismatch");
    let now = app.now().timestamp();
    provider.lie(|_, claims| drop(claims.as_object_mut().unwrap().remove("auth_time")));
    prove(&ada()).await.assert_problem("oauth_failed");
    // `auth_time` before the request, in the future, and in milliseconds.
    for (shown_at, is_good) in [
        (now - 61, false),
        (now - 60, true),
        (now + 60, true),
        (now + 61, false),
        (now * 1_000, false),
        (i64::MAX, false),
        (i64::MIN, false),
    ] {
        provider.lie(move |_, claims| claims["auth_time"] = json!(shown_at));
        let response = prove(&ada()).await;
        assert_eq!(response.status == 200, is_good, "{shown_at}: {}", response.text);
    }
    // The start of the flow counts, not its duration.
    provider.lie(|_, _| {});
    let slow = begun(&start_as(&app, "example", &purpose, Some(&tokens)).await);
    app.advance(TimeDelta::minutes(9));
    assert_eq!(come_back(&app, &provider, &slow, &ada()).await.status, 200);
    let tokens = sign_in(&app, &provider, &ada()).await.tokens();
    app.advance(TimeDelta::minutes(4));
    let prove = async |person: &Value| {
        let begun = begun(&start_as(&app, "example", &purpose, Some(&tokens)).await);
        come_back(&app, &provider, &begun, person).await
    };
    let response = prove(&ada()).await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.body["purpose"], "reauthenticate");
    let (before, after) = (claims(&tokens.access), claims(&response.tokens().access));
    assert_eq!(before["sid"], after["sid"]);
    assert!(before["auth_time"].as_i64() < after["auth_time"].as_i64());
    let payload: String = app
        .query_value(
            "SELECT CAST(payload AS TEXT) FROM audit_events WHERE kind = 'user.reauthenticated' LIMIT 1",
        )
        .await;
    assert!(payload.contains("example"), "{payload}");
    assert_eq!(count(&app, "users").await, 1, "nobody was made");
}

#[tokio::test]
async fn two_identities_unlinked_at_once_leave_one() {
    let (app, provider) = setup().await;
    let tokens = sign_in(&app, &provider, &ada()).await.tokens();
    let link = begun(&start_as(&app, "example", &json!({"purpose": "link"}), Some(&tokens)).await);
    assert_eq!(come_back(&app, &provider, &link, &eve()).await.status, 200);
    let own = app.get(IDENTITIES).bearer(&tokens.access).send().await.body;
    let paths: Vec<_> = own["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|identity| format!("{IDENTITIES}/{}", identity["id"].as_str().unwrap()))
        .collect();
    let unlink = |path| app.delete(path).bearer(&tokens.access).send();
    let (one, two) = tokio::join!(unlink(&paths[0]), unlink(&paths[1]));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    assert_eq!(count(&app, "identities").await, 1);
}

#[tokio::test]
async fn two_users_who_link_one_identity_at_once_get_one_link() {
    let (app, provider) = setup().await;
    let begin = async |email: &str| {
        let tokens = app.sign_in(&app.owner(email).await).await;
        begun(&start_as(&app, "example", &json!({"purpose": "link"}), Some(&tokens)).await)
    };
    let (bob, zoe) = (begin("bob@example.com").await, begin("zoe@example.com").await);
    let person = ada();
    let back = |begun| come_back(&app, &provider, begun, &person);
    let (one, two) = tokio::join!(back(&bob), back(&zoe));
    let refused = if one.status == 200 { two } else { one };
    refused.assert_problem("identity_taken");
    assert_eq!(count(&app, "identities").await, 1);
    assert_eq!(app.sent_emails().await.len(), 1);
}

#[tokio::test]
async fn auth_time_is_requested_if_the_provider_supports_claims_requests() {
    let (app, provider) = setup().await;
    let tokens = sign_in(&app, &provider, &ada()).await.tokens();
    let purpose = json!({"purpose": "reauthenticate"});
    let without = begun(&start_as(&app, "example", &purpose, Some(&tokens)).await);
    assert!(!without.request.contains_key("claims"));
    provider.inner.lock().unwrap().metadata["claims_parameter_supported"] = json!(true);
    app.advance(TimeDelta::hours(1));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    let with = begun(&start_as(&app, "example", &purpose, Some(&tokens)).await);
    assert_eq!(with.request["claims"], r#"{"id_token":{"auth_time":{"essential":true}}}"#);
}

#[tokio::test]
async fn the_message_about_a_linked_identity_lets_its_owner_unlink_it() {
    let (app, provider) = setup().await;
    let bob = app.owner("bob@example.com").await;
    let tokens = app.sign_in(&bob).await;
    let link = async |person: &Value| {
        let link = begun(&start_as(&app, "example", &json!({"purpose": "link"}), Some(&tokens)).await);
        assert_eq!(come_back(&app, &provider, &link, person).await.status, 200);
        app.email_to("bob@example.com").await.token("/not-me")
    };
    link(&ada()).await;
    // Older links than the period of the button stay.
    app.advance(TimeDelta::days(10));
    let tokens = app.sign_in(&bob).await;
    let link = async |person: &Value| {
        let link = begun(&start_as(&app, "example", &json!({"purpose": "link"}), Some(&tokens)).await);
        assert_eq!(come_back(&app, &provider, &link, person).await.status, 200);
        app.email_to("bob@example.com").await.token("/not-me")
    };
    let token = link(&eve()).await;
    app.advance(TimeDelta::minutes(1));
    let disowned = app.post("/api/v1/auth/disown").json(&json!({"token": token})).send().await;
    assert_eq!(disowned.body["revoked_count"], 1, "{}", disowned.text);
    assert_eq!(
        app.query_value::<String>("SELECT subject FROM identities").await,
        "1",
        "what was linked before stays"
    );
    let payload: String = app
        .query_value("SELECT CAST(payload AS TEXT) FROM audit_events WHERE kind = 'user.sign_in_disowned'")
        .await;
    assert_eq!(serde_json::from_str::<Value>(&payload).unwrap()["unlinked_count"], 1);
}

#[tokio::test]
async fn disowning_a_sign_in_unlinks_its_identity() {
    let (app, provider) = setup().await;
    app.owner("bob@example.com").await;
    let body = json!({"email": "bob@example.com", "password": PASSWORD});
    app.post(LOGIN).header("user-agent", "bob/1").json(&body).send().await.tokens();
    app.advance(TimeDelta::minutes(1));
    // The attacker has an identity whose provider claims Bob's address.
    let thief = json!({"sub": "thief", "email": "bob@example.com", "email_verified": true});
    sign_in(&app, &provider, &thief).await.tokens();
    let mails = app.sent_emails().await;
    let mut subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["A new way to sign in was added", "You signed in on a new device"]);
    // With either of the two buttons.
    let newest = mails.iter().find(|mail| mail.subject.starts_with("You signed in")).unwrap();
    let call = app.post("/api/v1/auth/disown").json(&json!({"token": newest.token("/not-me")}));
    assert_eq!(call.send().await.body["revoked_count"], 2);
    assert_eq!(count(&app, "identities").await, 0);
}

#[tokio::test]
async fn a_lost_reauthentication_response_at_a_provider_signs_nobody_out() {
    const KEY: &str = "0b8f5c0e-3c8e-4c1e-9d3b-0e5d5a1f7c11";
    let (app, provider) = setup().await;
    let tokens = sign_in(&app, &provider, &ada()).await.tokens();
    app.advance(TimeDelta::minutes(1));
    let purpose = json!({"purpose": "reauthenticate"});
    let begun = begun(&start_as(&app, "example", &purpose, Some(&tokens)).await);
    let code = provider.code(&begun.request, &ada(), app.now());
    let lost = app
        .post("/api/v1/auth/oauth/example/callback")
        .header("cookie", &begun.cookie)
        .header("idempotency-key", KEY)
        .json(&json!({"state": begun.request["state"], "code": code}));
    assert_eq!(lost.send().await.status, 200);
    app.advance(TimeDelta::minutes(5));
    let found = app.post("/api/v1/auth/refresh").bearer(&tokens.refresh).header("idempotency-key", KEY);
    let found = found.send().await.tokens();
    assert_eq!(app.refresh(&found.refresh).await.status, 200);
    assert_eq!(app.audit_count("session.replay_detected").await, 0);
}

#[tokio::test]
async fn a_deceptive_name_is_not_taken_from_a_provider() {
    let (app, provider) = setup().await;
    for (sub, name) in [("1", "Win at https://evil.example"), ("2", "A\u{202e}da"), ("3", "\u{200b}")] {
        let person = json!({
            "sub": sub, "email": format!("user{sub}@example.com"), "email_verified": true, "name": name,
        });
        let tokens = sign_in(&app, &provider, &person).await.tokens();
        let me = app.get("/api/v1/auth/me").bearer(&tokens.access).send().await.body;
        assert_eq!(me["user"]["name"], format!("user{sub}"));
    }
    provider.lie(|_, claims| claims["sub"] = json!("1\u{0}"));
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
}
