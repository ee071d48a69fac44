//! Secrets are neither logged nor stored (ASVS V14.2, V16.2).

use chrono::TimeDelta;
use serde_json::json;

use crate::test_app::{
    LOGIN, LOGOUT, PASSWORD, REFRESH, TestApp,
    leaks::{Log, all_rows},
};

#[tokio::test]
async fn no_token_link_cookie_or_password_is_logged_or_stored() {
    const NEW: &str = "seven purple kangaroos hum";
    let app = TestApp::new().await;
    let log = Log::default();
    let _listening = log.listen();
    let mut secrets = vec![PASSWORD.to_owned(), NEW.to_owned(), "a wrong password".to_owned()];
    let post = |path: &str, body: serde_json::Value| {
        let call = app.post(&format!("/api/v1{path}")).header("origin", "https://curfew.example");
        call.header("sec-fetch-site", "same-origin").json(&body)
    };

    let registration = json!({
        "account_name": "Acme", "name": "Ada", "email": "ada@example.com", "password": PASSWORD
    });
    let registered = post("/auth/register", registration).send().await;
    secrets.push(secret_of(registered.header("set-cookie")));
    let link = app.only_email().await.token("/verify-email");
    let verify = json!({"token": link, "password": PASSWORD});
    assert_eq!(post("/auth/verify-email", verify).send().await.status, 200);
    secrets.push(link);

    for password in ["a wrong password", PASSWORD] {
        let credentials =
            json!({"email": "ada@example.com", "password": password, "token_delivery": "cookie"});
        let response = post("/auth/login/json", credentials).send().await;
        let cookies = response.headers.get_all("set-cookie");
        secrets.extend(cookies.iter().map(|cookie| secret_of(cookie.to_str().unwrap())));
    }
    let owner = app.post(LOGIN).json(&json!({"email": "ada@example.com", "password": PASSWORD}));
    let first = owner.send().await.tokens();
    let next = app.post(REFRESH).bearer(&first.refresh).send().await.tokens();
    let proof = json!({"password": PASSWORD});
    let proven = post("/auth/reauthenticate", proof).bearer(&next.access).send().await.tokens();
    app.refresh(&first.refresh).await.assert_problem("invalid_refresh_token");

    let invitation = json!({"email": "bob@example.com", "role": "viewer"});
    post("/accounts/me/invites", invitation).bearer(&proven.access).send().await;
    let link = app.email_to("bob@example.com").await.token("/invite");
    let joining = json!({"name": "Bob", "password": PASSWORD});
    let bob = post(&format!("/invites/{link}/accept"), joining).send().await.tokens();
    secrets.push(link);

    post("/users/me/email", json!({"email": "countess@example.com"})).bearer(&proven.access).send().await;
    let link = app.email_to("countess@example.com").await.token("/verify-email");
    assert_eq!(post("/auth/verify-email", json!({"token": link})).send().await.status, 200);
    secrets.push(link);
    secrets.push(app.email_to("ada@example.com").await.token("/not-me"));
    post("/auth/forgot-password", json!({"email": "countess@example.com"})).send().await;
    let link = app.only_email().await.token("/reset-password");
    assert_eq!(
        post("/auth/reset-password", json!({"token": link, "password": NEW})).send().await.status,
        204
    );
    secrets.push(link);
    app.advance(TimeDelta::minutes(1));
    app.refresh(&proven.refresh).await.assert_problem("invalid_refresh_token");
    app.post(LOGOUT).bearer(&bob.refresh).send().await;
    for tokens in [first, next, proven, bob] {
        secrets.extend([tokens.access, tokens.refresh]);
    }

    assert!(secrets.len() > 18 && secrets.iter().all(|secret| secret.len() > 12), "{secrets:?}");
    let (rows, log) = (all_rows(&app).await, log.text());
    assert!(log.contains("/api/v1/auth/reset-password"), "requests are logged: {log}");
    assert!(rows.contains("countess@example.com"), "{rows}");
    for secret in secrets {
        // The signature suffices for somebody who has the rest.
        let part = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(part), "{secret} in {log}");
        assert!(!rows.contains(part), "{secret} in {rows}");
    }
}

/// The value of a `Set-Cookie` header.
fn secret_of(cookie: &str) -> String {
    cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned()
}
