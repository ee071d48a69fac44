//! The access table: every endpoint by role, tenant and age of the sign-in (ASVS V7.5, V8.2.1, V8.2.2).

use axum::http::Method;
use chrono::{SubsecRound, TimeDelta};
use curfew::{
    entropy,
    store::identities::{self, NewIdentity},
};
use curfew_shared::{auth::Role, id::IdentityId};
use serde_json::{Value, json};

use crate::test_app::{TestApp, Tokens};

/// The roles that may call an endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    Owner,
    Anyone,
}

/// The sign-in age that an endpoint accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Fresh,
    Any,
}

/// `{user}`, `{session}`, `{invite}` and `{identity}` belong to the other account.
fn endpoints() -> Vec<(Method, &'static str, Option<Value>, May, Age)> {
    use Age::{Any, Fresh};
    use May::{Anyone, Owner};
    vec![
        (Method::GET, "/auth/me", None, Anyone, Any),
        (Method::GET, "/accounts/me", None, Anyone, Any),
        (Method::PATCH, "/accounts/me", Some(json!({"name": "Example"})), Owner, Any),
        (Method::GET, "/accounts/me/security", None, Owner, Any),
        (Method::PATCH, "/accounts/me/security", Some(json!({})), Owner, Fresh),
        (
            Method::POST,
            "/accounts/me/security/revoke-sessions",
            Some(json!({"scope": "others"})),
            Owner,
            Fresh,
        ),
        (Method::GET, "/accounts/me/audit-events", None, Owner, Any),
        (Method::GET, "/accounts/me/members", None, Owner, Any),
        (Method::PATCH, "/accounts/me/members/{user}", Some(json!({"role": "viewer"})), Owner, Fresh),
        (Method::DELETE, "/accounts/me/members/{user}", None, Owner, Fresh),
        (Method::POST, "/accounts/me/members/{user}/revoke-sessions", None, Owner, Fresh),
        (Method::GET, "/accounts/me/invites", None, Owner, Any),
        (
            Method::POST,
            "/accounts/me/invites",
            Some(json!({"email": "x@example.com", "role": "viewer"})),
            Owner,
            Fresh,
        ),
        (Method::DELETE, "/accounts/me/invites/{invite}", None, Owner, Any),
        (Method::POST, "/accounts/me/invites/{invite}/resend", None, Owner, Fresh),
        (Method::POST, "/accounts/me/invites/{invite}/link", None, Owner, Fresh),
        (Method::GET, "/users/me/sessions", None, Anyone, Any),
        (Method::DELETE, "/users/me/sessions/{session}", None, Anyone, Fresh),
        (Method::POST, "/users/me/sessions/revoke-others", None, Anyone, Fresh),
        (Method::GET, "/users/me/identities", None, Anyone, Any),
        (Method::DELETE, "/users/me/identities/{identity}", None, Anyone, Fresh),
        (Method::PATCH, "/users/me", Some(json!({"name": "Ada Example"})), Anyone, Any),
        (Method::POST, "/users/me/email", Some(json!({"email": "y@example.com"})), Anyone, Fresh),
    ]
}

#[tokio::test]
async fn each_endpoint_admits_the_right_roles_and_hides_other_accounts() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let engineer = app.user(owner.account, "bob@example.com", Role::Engineer).await;
    let viewer = app.user(owner.account, "zoe@example.com", Role::Viewer).await;
    let other = app.owner("eve@example.com").await;
    let theirs = app.sign_in(&other).await;
    let invite = app
        .post("/api/v1/accounts/me/invites")
        .bearer(&theirs.access)
        .json(&json!({"email": "guest@example.com", "role": "viewer"}))
        .send()
        .await
        .body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let identity = IdentityId(entropy::id(app.now()).unwrap());
    let new = NewIdentity {
        id: identity,
        user_id: other.id,
        issuer: "https://id.example",
        subject: "eve",
        email: None,
        last_used_at: None,
    };
    identities::insert(&app.app.database.write, new, app.now()).await.unwrap();
    let session = crate::test_app::claims(&theirs.access)["sid"].as_str().unwrap().to_owned();
    for (method, template, body, may, _) in endpoints() {
        let foreign = template.contains('{');
        let path = template
            .replace("{user}", &other.id.to_string())
            .replace("{session}", &session)
            .replace("{invite}", &invite)
            .replace("{identity}", &identity.to_string());
        let call = |tokens: Option<&Tokens>| {
            let mut call = app.request(method.clone(), &format!("/api/v1{path}"));
            if let Some(body) = &body {
                call = call.json(body);
            }
            if let Some(tokens) = tokens {
                call = call.bearer(&tokens.access);
            }
            call.send()
        };
        call(None).await.assert_problem("invalid_access_token");
        for user in [&owner, &engineer, &viewer] {
            let tokens = app.sign_in(user).await;
            let response = call(Some(&tokens)).await;
            let what = format!("{method} {template} as {}: {}", user.email, response.text);
            if may == May::Owner && user.id != owner.id {
                assert_eq!(response.body["detail"], "owner_required", "{what}");
            } else if foreign {
                assert_eq!(response.body["detail"], "not_found", "{what}");
            } else {
                assert!(response.status.is_success(), "{what}");
            }
        }
    }
    // The other account is unchanged.
    assert_eq!(app.refresh(&theirs.refresh).await.status, 200);
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM users WHERE is_active").await, 4);
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM identities").await, 1);
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM invites WHERE revoked_at IS NULL").await, 2);
}

#[tokio::test]
async fn sensitive_endpoints_need_a_sign_in_of_the_last_15_minutes() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let end = app.now().trunc_subsecs(0) + TimeDelta::minutes(15);
    app.set_time(end - TimeDelta::milliseconds(1));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    for (now, is_fresh) in [(app.now(), true), (end, false)] {
        app.set_time(now);
        for (method, template, body, _, age) in endpoints() {
            let nobody = "0198d5ad-9dd1-7000-8000-000000000001";
            let parts = template.split('/').map(|part| if part.starts_with('{') { nobody } else { part });
            let path = format!("/api/v1{}", parts.collect::<Vec<_>>().join("/"));
            let mut call = app.request(method.clone(), &path).bearer(&tokens.access);
            if let Some(body) = &body {
                call = call.json(body);
            }
            let response = call.send().await;
            let what = format!("{method} {template} at {now}: {}", response.text);
            if age == Age::Fresh && !is_fresh {
                assert_eq!(response.body["detail"], "reauthentication_required", "{what}");
                assert_eq!(response.status, 403, "{what}");
            } else if template.contains('{') {
                assert_eq!(response.body["detail"], "not_found", "{what}");
            } else {
                assert!(response.status.is_success(), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn the_table_knows_every_endpoint_that_needs_a_caller() {
    let description = serde_json::to_value(curfew::http::openapi()).unwrap();
    let mut missing = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else { continue };
        for (method, operation) in methods.as_object().unwrap() {
            let public = operation["security"].as_array().is_some_and(|ways| ways.contains(&json!({})));
            let ours = |template: &str| {
                let shape =
                    |path: &str| path.split('/').map(|part| !part.starts_with('{')).collect::<Vec<_>>();
                let same = |(one, other): (&str, &str)| one == other || one.starts_with('{');
                shape(template) == shape(path) && template.split('/').zip(path.split('/')).all(same)
            };
            let known = endpoints()
                .iter()
                .any(|(m, template, ..)| m.as_str().eq_ignore_ascii_case(method) && ours(template));
            // These take the caller's own password or end the session; they have their own tests.
            let apart =
                ["/auth/change-password", "/auth/reauthenticate", "/users/me/leave", "/accounts/me/close"]
                    .contains(&path);
            if !public && !known && !apart {
                missing.push(format!("{method} {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
