//! Signing in with an OpenID provider (ASVS V6.8, V10.2, V10.5; RFC 9700 §2.1.1, §4.4, §4.7).
//!
//! This file tests the browser's way to the provider and back. The modules below test what providers return
//! and whom that signs in.

use std::collections::HashMap;

use chrono::TimeDelta;
use curfew::config::provider;
use serde_json::{Value, json};
use url::Url;

use crate::{
    test_app::fake_provider::{CLIENT_SECRET, FakeProvider},
    test_app::leaks::{Log, all_rows},
    test_app::{ME, TestApp, TestResponse, Tokens, claims},
};

mod identities;
mod providers;
mod settings;
mod users;

const IDENTITIES: &str = "/api/v1/users/me/identities";
const VERIFY: &str = "/api/v1/auth/verify-email";

/// A sign-in that was redirected to the provider.
struct Begun {
    /// As in the browser's `Cookie` header.
    cookie: String,
    request: HashMap<String, String>,
}

async fn setup() -> (TestApp, FakeProvider) {
    setup_with(|_| {}).await
}

async fn setup_with(change: impl FnOnce(&mut provider::Provider)) -> (TestApp, FakeProvider) {
    let provider = FakeProvider::start().await;
    let mut settings = provider.settings("example", "");
    change(&mut settings);
    (TestApp::new().await.replica_with(|config| config.providers = vec![settings]), provider)
}

fn ada() -> Value {
    json!({"sub": "1", "email": "Ada@Example.com", "email_verified": true, "name": "Ada Lovelace"})
}

fn eve() -> Value {
    json!({"sub": "2", "email": "eve@example.com", "email_verified": true})
}

async fn start_as(app: &TestApp, name: &str, body: &Value, tokens: Option<&Tokens>) -> TestResponse {
    let mut call = app.post(&format!("/api/v1/auth/oauth/{name}/start")).json(body);
    if let Some(tokens) = tokens {
        call = call.bearer(&tokens.access);
    }
    call.send().await
}

fn begun(response: &TestResponse) -> Begun {
    assert_eq!(response.status, 200, "{}", response.text);
    let url = Url::parse(response.body["authorization_url"].as_str().unwrap()).unwrap();
    let cookie = response.header("set-cookie").split(';').next().unwrap().to_owned();
    Begun { cookie, request: url.query_pairs().into_owned().collect() }
}

async fn begin(app: &TestApp) -> Begun {
    begun(&start_as(app, "example", &json!({}), None).await)
}

async fn call_back(app: &TestApp, name: &str, cookie: &str, body: &Value) -> TestResponse {
    app.post(&format!("/api/v1/auth/oauth/{name}/callback")).header("cookie", cookie).json(body).send().await
}

/// The user signs in at the provider and comes back.
async fn come_back(app: &TestApp, provider: &FakeProvider, begun: &Begun, person: &Value) -> TestResponse {
    let code = provider.code(&begun.request, person, app.now());
    let body = json!({"state": begun.request["state"], "code": code});
    call_back(app, "example", &begun.cookie, &body).await
}

async fn sign_in(app: &TestApp, provider: &FakeProvider, person: &Value) -> TestResponse {
    let begun = begin(app).await;
    come_back(app, provider, &begun, person).await
}

/// The cookies of a browser.
#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    /// Applies the `Set-Cookie` headers of a response.
    fn take(&mut self, response: &TestResponse) {
        for cookie in response.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            if !cookie.ends_with("Max-Age=0") {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn header(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The number of pending sign-ins.
    fn under_way(&self) -> usize {
        self.0.iter().filter(|(name, _)| name.starts_with("__Host-curfew_oauth_")).count()
    }

    async fn begin(&mut self, app: &TestApp) -> Begun {
        let call = app.post("/api/v1/auth/oauth/example/start").header("cookie", &self.header());
        let response = call.json(&json!({})).send().await;
        self.take(&response);
        begun(&response)
    }

    async fn call_back(&mut self, app: &TestApp, body: &Value) -> TestResponse {
        let response = call_back(app, "example", &self.header(), body).await;
        self.take(&response);
        response
    }

    async fn come_back(
        &mut self,
        app: &TestApp,
        provider: &FakeProvider,
        begun: &Begun,
        person: &Value,
    ) -> TestResponse {
        let code = provider.code(&begun.request, person, app.now());
        self.call_back(app, &json!({"state": begun.request["state"], "code": code})).await
    }

    async fn sign_in(&mut self, app: &TestApp, provider: &FakeProvider, person: &Value) -> TestResponse {
        let begun = self.begin(app).await;
        self.come_back(app, provider, &begun, person).await
    }

    async fn verify(&self, app: &TestApp, token: &str) -> TestResponse {
        app.post(VERIFY).header("cookie", &self.header()).json(&json!({"token": token})).send().await
    }
}

async fn count(app: &TestApp, table: &str) -> i64 {
    app.query_value(&format!("SELECT count(*) FROM {table}")).await
}

#[tokio::test]
async fn the_providers_are_listed_without_secrets() {
    let (app, _) = setup().await;
    let response = app.get("/api/v1/auth/oauth/providers").send().await;
    let provider = json!({"name": "example", "display_name": "Example", "icon": "key"});
    assert_eq!(response.body, json!({"providers": [provider], "registration_open": true}));
}

#[tokio::test]
async fn a_new_user_gets_an_account_and_is_recognised_by_subject() {
    let (app, provider) = setup().await;
    let response = sign_in(&app, &provider, &ada()).await;
    assert_eq!((&response.body["is_new_user"], &response.body["purpose"]), (&json!(true), &json!("sign_in")));
    let me = app.get(ME).bearer(&response.tokens().access).send().await.body;
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["user"]["name"], "Ada Lovelace");
    assert_eq!(me["user"]["role"], "owner");
    assert_eq!(me["user"]["has_password"], false);
    assert_eq!(me["account"]["name"], "Ada Lovelace’s account");
    for kind in ["account.created", "user.identity_linked", "session.signed_in"] {
        assert_eq!(app.audit_count(kind).await, 1, "{kind}");
    }
    let again = sign_in(&app, &provider, &json!({"sub": "1", "email": "new@example.com"})).await;
    assert_eq!(again.body["is_new_user"], false);
    assert_eq!(claims(&again.tokens().access)["sub"], me["user"]["id"]);
    assert_eq!(count(&app, "users").await, 1);
    assert_eq!(app.refresh(&again.tokens().refresh).await.status, 200);
}

#[tokio::test]
async fn the_cookie_and_the_request_bind_the_sign_in_to_the_browser() {
    let (app, provider) = setup().await;
    let response = start_as(&app, "example", &json!({}), None).await;
    let cookie = response.header("set-cookie");
    assert!(cookie.starts_with("__Host-curfew_oauth_"), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
    }
    let begun = begun(&response);
    assert_eq!(begun.request["redirect_uri"], "https://curfew.example/oauth/callback/example");
    for secret in ["state", "nonce", "code_challenge"] {
        assert_eq!(begun.request[secret].len(), 43, "{secret}");
    }
    assert!(!begun.request.contains_key("prompt"));
    let kept: String = app.query_value("SELECT state_hash || ' ' || cookie_hash FROM oauth_flows").await;
    assert!(!kept.contains(&begun.request["state"]));
    assert!(!kept.contains(begun.cookie.split_once('=').unwrap().1));
    let response = come_back(&app, &provider, &begun, &ada()).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let name = begun.cookie.split_once('=').unwrap().0;
    assert!(!name.contains(&begun.request["state"]), "names go where secrets must not");
    let dropped = response.header("set-cookie");
    assert!(dropped.starts_with(&format!("{name}=; ")) && dropped.ends_with("Max-Age=0"), "{dropped}");
    assert_eq!(count(&app, "oauth_flows").await, 0);
}

#[tokio::test]
async fn a_browser_gets_its_refresh_token_only_by_cookie_and_same_origin() {
    let (app, provider) = setup().await;
    let path = "/api/v1/auth/oauth/example";
    let body = json!({"token_delivery": "cookie"});
    start_as(&app, "example", &body, None).await.assert_problem("forbidden");
    let start = || app.post(&format!("{path}/start")).header("sec-fetch-site", "same-origin").json(&body);
    let back = async |begun: &Begun, site| {
        let code = provider.code(&begun.request, &ada(), app.now());
        let body = json!({"state": begun.request["state"], "code": code});
        let call = app.post(&format!("{path}/callback")).header("cookie", &begun.cookie);
        call.header("sec-fetch-site", site).json(&body).send().await
    };
    let refused = back(&begun(&start().send().await), "cross-site").await;
    refused.assert_problem("forbidden");
    assert!(!refused.headers.contains_key("set-cookie"));
    // Not even the cookie that binds the sign-in to the browser.
    let foreign = app.post(&format!("{path}/start")).header("sec-fetch-site", "cross-site").json(&json!({}));
    let foreign = foreign.send().await;
    assert!(foreign.status == 200 && !foreign.headers.contains_key("set-cookie"), "{}", foreign.text);
    let response = back(&begun(&start().send().await), "same-origin").await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.body["refresh_token"], Value::Null);
    let cookies: Vec<_> =
        response.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-curfew_rt=")), "{cookies:?}");
}

#[tokio::test]
async fn a_state_works_once_in_time_and_in_its_own_browser() {
    let (app, provider) = setup().await;
    let (one, other) = (begin(&app).await, begin(&app).await);
    let code = |begun: &Begun| provider.code(&begun.request, &ada(), app.now());
    let body = json!({"state": one.request["state"], "code": code(&one)});
    // Another browser's cookie, an unrelated cookie, and a wrong or missing state.
    call_back(&app, "example", &other.cookie, &body).await.assert_problem("oauth_state_invalid");
    call_back(&app, "example", "a=b", &body).await.assert_problem("oauth_state_invalid");
    let forged = json!({"state": "x", "code": "x"});
    call_back(&app, "example", &one.cookie, &forged).await.assert_problem("oauth_state_invalid");
    let missing = json!({"code": "x"});
    call_back(&app, "example", &one.cookie, &missing).await.assert_problem("oauth_state_invalid");
    // The right browser still succeeds, once.
    assert_eq!(call_back(&app, "example", &one.cookie, &body).await.status, 200);
    call_back(&app, "example", &one.cookie, &body).await.assert_problem("oauth_state_invalid");
    // It expires after ten minutes.
    let late = begin(&app).await;
    app.advance(TimeDelta::minutes(10));
    come_back(&app, &provider, &late, &ada()).await.assert_problem("oauth_state_invalid");
    assert_eq!(count(&app, "sessions").await, 1);
}

#[tokio::test]
async fn one_of_many_responses_to_a_sign_in_is_accepted() {
    let (app, provider) = setup().await;
    let begun = begin(&app).await;
    let codes: Vec<_> = (0..8).map(|_| provider.code(&begun.request, &ada(), app.now())).collect();
    let responses = codes.iter().map(|code| {
        let body = json!({"state": begun.request["state"], "code": code});
        let (app, cookie) = (&app, &begun.cookie);
        async move { call_back(app, "example", cookie, &body).await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(responses).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn abandoned_provider_sign_ins_are_deleted() {
    let (app, _) = setup().await;
    begin(&app).await;
    app.advance(TimeDelta::minutes(9));
    begin(&app).await;
    app.advance(TimeDelta::minutes(2));
    curfew::jobs::sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(count(&app, "oauth_flows").await, 1);
}

#[tokio::test]
async fn the_tabs_of_a_browser_do_not_interfere() {
    let (app, provider) = setup().await;
    let mut browser = Jar::default();
    let (one, two) = (browser.begin(&app).await, browser.begin(&app).await);
    assert_eq!(browser.under_way(), 2);
    for begun in [&one, &two] {
        let response = browser.come_back(&app, &provider, begun, &ada()).await;
        assert_eq!(response.status, 200, "{}", response.text);
    }
    assert_eq!(browser.under_way(), 0);
}

#[tokio::test]
async fn a_browser_keeps_the_eight_latest_pending_sign_ins() {
    let (app, provider) = setup().await;
    let mut browser = Jar::default();
    let first = browser.begin(&app).await;
    for _ in 0..7 {
        browser.begin(&app).await;
    }
    let last = browser.begin(&app).await;
    assert_eq!(browser.under_way(), 8);
    browser.come_back(&app, &provider, &first, &ada()).await.assert_problem("oauth_state_invalid");
    assert_eq!(browser.come_back(&app, &provider, &last, &ada()).await.status, 200);
    assert_eq!(browser.under_way(), 7);
}

#[tokio::test]
async fn a_failed_sign_in_leaves_no_cookie() {
    let (app, provider) = setup().await;
    let mut browser = Jar::default();
    for (with, word) in [
        (json!({"code": "stolen"}), "oauth_failed"),
        (json!({"error": "access_denied"}), "oauth_denied"),
        (json!({"error": "invalid_scope"}), "oauth_failed"),
    ] {
        let mut body = with;
        body["state"] = json!(browser.begin(&app).await.request["state"]);
        browser.call_back(&app, &body).await.assert_problem(word);
        assert_eq!(browser.under_way(), 0, "{word}");
    }
    let person = json!({"sub": "1", "email": "ada@example.com"});
    browser.sign_in(&app, &provider, &person).await.assert_problem("email_not_verified");
    let late = browser.begin(&app).await;
    app.advance(TimeDelta::minutes(10));
    browser.come_back(&app, &provider, &late, &ada()).await.assert_problem("oauth_state_invalid");
    assert_eq!(browser.under_way(), 0);
}

#[tokio::test]
async fn failed_provider_sign_ins_are_throttled_by_ip() {
    let (app, provider) = setup().await;
    for _ in 0..60 {
        assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    }
    // A start and its callback both count, whether or not they match.
    let begun_once = begin(&app).await;
    let forged = json!({"state": begun_once.request["state"], "code": "forged"});
    call_back(&app, "example", &begun_once.cookie, &forged).await.assert_problem("oauth_failed");
    for _ in 0..49 {
        begin(&app).await;
        let again = call_back(&app, "example", &begun_once.cookie, &forged).await;
        again.assert_problem("oauth_state_invalid");
    }
    // The first start over the limit still succeeds and begins the wait.
    let last = begin(&app).await;
    start_as(&app, "example", &json!({}), None).await.assert_problem("too_many_requests");
    let response = come_back(&app, &provider, &last, &ada()).await;
    response.assert_problem("too_many_requests");
    assert_eq!(response.header("retry-after"), "1");
    app.advance(TimeDelta::seconds(1));
    assert_eq!(come_back(&app, &provider, &last, &ada()).await.status, 200, "it was not used up");
}

#[tokio::test]
async fn no_secret_of_a_provider_sign_in_is_logged_or_stored() {
    let (app, provider) = setup().await;
    let log = Log::default();
    let _listening = log.listen();
    let mut browser = Jar::default();
    let mut secrets = vec![CLIENT_SECRET.to_owned()];
    let unproven = json!({"sub": "2", "email": "eve@example.com", "name": "Eve"});
    for (person, code, nonce) in [
        (&ada(), None, None),
        (&ada(), Some("not the provider's code"), None),
        (&ada(), None, Some("not the nonce")),
        (&unproven, None, None),
    ] {
        let begun = browser.begin(&app).await;
        let [state, kept] =
            [begun.request["state"].clone(), begun.cookie.split_once('=').unwrap().1.to_owned()];
        let rows = all_rows(&app).await;
        assert!(rows.contains("example") && !rows.contains(&state) && !rows.contains(&kept), "{rows}");
        // They are needed in plain text until the callback.
        assert!(rows.contains(&begun.request["nonce"]));
        if let Some(nonce) = nonce {
            provider.lie(move |_, claims| claims["nonce"] = json!(nonce));
        } else {
            provider.lie(|_, _| {});
        }
        let code = code.map_or_else(|| provider.code(&begun.request, person, app.now()), str::to_owned);
        let response = browser.call_back(&app, &json!({"state": state, "code": code})).await;
        for token in ["access_token", "refresh_token"] {
            secrets.extend(response.body[token].as_str().map(str::to_owned));
        }
        secrets.extend([state, kept, code, begun.request["nonce"].clone()]);
    }
    secrets.append(&mut provider.inner.lock().unwrap().secrets);
    secrets.extend(browser.0.into_iter().map(|(_, value)| value));
    assert_eq!(secrets.len(), 1 + 4 * 4 + 2 + 4 * 2 + 3 + 1, "{secrets:?}");
    let (rows, log) = (all_rows(&app).await, log.text());
    assert!(log.contains("the code was refused: invalid_grant (AADSTS70000)"), "{log}");
    assert!(log.contains("the ID token is of another sign-in"), "{log}");
    assert!(rows.contains("eve@example.com"), "{rows}");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} in {log}");
        assert!(!rows.contains(&secret), "{secret} in {rows}");
    }
}
