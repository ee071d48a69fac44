//! Signing in with an OpenID provider (ASVS V6.8, V10.2, V10.5; RFC 9700 §2.1.1, §4.4, §4.7).

use std::collections::HashMap;

use chrono::TimeDelta;
use curfew::config::Registration;
use serde_json::{Value, json};
use url::Url;

use crate::{
    provider::{Lie, Provider, Signer},
    test_app::{Answer, LOGOUT, ME, TestApp, Tokens, claims},
};

const IDENTITIES: &str = "/api/v1/users/me/identities";

/// A sign-in that went on at the provider.
struct Begun {
    cookie: String,
    request: HashMap<String, String>,
}

async fn stage() -> (TestApp, Provider) {
    let provider = Provider::start().await;
    let settings = vec![provider.settings("example", "")];
    (TestApp::new().await.restarted_with(|config| config.providers = settings), provider)
}

fn ada() -> Value {
    json!({"sub": "1", "email": "Ada@Example.com", "email_verified": true, "name": "Ada Lovelace"})
}

fn eve() -> Value {
    json!({"sub": "2", "email": "eve@example.com", "email_verified": true})
}

async fn start_as(app: &TestApp, name: &str, body: &Value, tokens: Option<&Tokens>) -> Answer {
    let mut call = app.post(&format!("/api/v1/auth/oauth/{name}/start")).json(body);
    if let Some(tokens) = tokens {
        call = call.bearer(&tokens.access);
    }
    call.send().await
}

fn begun(answer: &Answer) -> Begun {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let url = Url::parse(answer.body["authorization_url"].as_str().unwrap()).unwrap();
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    Begun { cookie, request: url.query_pairs().into_owned().collect() }
}

async fn begin(app: &TestApp) -> Begun {
    begun(&start_as(app, "example", &json!({}), None).await)
}

async fn call_back(app: &TestApp, name: &str, cookie: &str, body: &Value) -> Answer {
    app.post(&format!("/api/v1/auth/oauth/{name}/callback")).header("cookie", cookie).json(body).send().await
}

/// The person signs in there and comes back.
async fn come_back(app: &TestApp, provider: &Provider, begun: &Begun, person: &Value) -> Answer {
    let code = provider.code(&begun.request, person, app.now());
    let body = json!({"state": begun.request["state"], "code": code});
    call_back(app, "example", &begun.cookie, &body).await
}

async fn sign_in(app: &TestApp, provider: &Provider, person: &Value) -> Answer {
    let begun = begin(app).await;
    come_back(app, provider, &begun, person).await
}

async fn count(app: &TestApp, table: &str) -> i64 {
    app.value(&format!("SELECT count(*) FROM {table}")).await
}

#[tokio::test]
async fn the_ways_to_sign_in_are_told_without_secrets() {
    let (app, _) = stage().await;
    let answer = app.get("/api/v1/auth/oauth/providers").send().await;
    let provider = json!({"name": "example", "display_name": "Example", "icon": "key"});
    assert_eq!(answer.body, json!({"providers": [provider], "registration_open": true}));
}

#[tokio::test]
async fn who_is_new_gets_an_account_and_is_known_the_next_time_whatever_the_address() {
    let (app, provider) = stage().await;
    let answer = sign_in(&app, &provider, &ada()).await;
    assert_eq!((&answer.body["is_new_user"], &answer.body["purpose"]), (&json!(true), &json!("sign_in")));
    let me = app.get(ME).bearer(&answer.tokens().access).send().await.body;
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["user"]["name"], "Ada Lovelace");
    assert_eq!(me["user"]["role"], "owner");
    assert_eq!(me["user"]["has_password"], false);
    assert_eq!(me["account"]["name"], "Ada Lovelace's account");
    for kind in ["account.created", "user.identity_linked", "session.signed_in"] {
        assert_eq!(app.audit(kind).await, 1, "{kind}");
    }
    let again = sign_in(&app, &provider, &json!({"sub": "1", "email": "new@example.com"})).await;
    assert_eq!(again.body["is_new_user"], false);
    assert_eq!(claims(&again.tokens().access)["sub"], me["user"]["id"]);
    assert_eq!(count(&app, "users").await, 1);
    assert_eq!(app.refresh(&again.tokens().refresh).await.status, 200);
}

#[tokio::test]
async fn the_cookie_and_the_request_bind_the_sign_in_to_the_browser() {
    let (app, provider) = stage().await;
    let answer = start_as(&app, "example", &json!({}), None).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-curfew_oauth="), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
    }
    let begun = begun(&answer);
    assert_eq!(begun.request["redirect_uri"], "https://curfew.example/oauth/callback/example");
    for secret in ["state", "nonce", "code_challenge"] {
        assert_eq!(begun.request[secret].len(), 43, "{secret}");
    }
    assert!(!begun.request.contains_key("prompt"));
    let kept: String = app.value("SELECT state_hash || ' ' || cookie_hash FROM oauth_flows").await;
    assert!(!kept.contains(&begun.request["state"]));
    assert!(!kept.contains(begun.cookie.split_once('=').unwrap().1));
    let answer = come_back(&app, &provider, &begun, &ada()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.header("set-cookie").starts_with("__Host-curfew_oauth=; "));
    assert_eq!(count(&app, "oauth_flows").await, 0);
}

#[tokio::test]
async fn a_browser_gets_its_refresh_token_in_the_cookie_alone_and_only_on_our_own_page() {
    let (app, provider) = stage().await;
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
    back(&begun(&start().send().await), "cross-site").await.assert_problem("forbidden");
    let answer = back(&begun(&start().send().await), "same-origin").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["refresh_token"], Value::Null);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-curfew_rt=")), "{cookies:?}");
}

#[tokio::test]
async fn a_state_is_good_once_in_time_and_for_its_own_browser() {
    let (app, provider) = stage().await;
    let (one, other) = (begin(&app).await, begin(&app).await);
    let code = |begun: &Begun| provider.code(&begun.request, &ada(), app.now());
    let body = json!({"state": one.request["state"], "code": code(&one)});
    // Another browser, one without a cookie, and none at all.
    call_back(&app, "example", &other.cookie, &body).await.assert_problem("oauth_state_invalid");
    call_back(&app, "example", "a=b", &body).await.assert_problem("oauth_state_invalid");
    let forged = json!({"state": "x", "code": "x"});
    call_back(&app, "example", &one.cookie, &forged).await.assert_problem("oauth_state_invalid");
    let missing = json!({"code": "x"});
    call_back(&app, "example", &one.cookie, &missing).await.assert_problem("oauth_state_invalid");
    // The right one is still let in, once.
    assert_eq!(call_back(&app, "example", &one.cookie, &body).await.status, 200);
    call_back(&app, "example", &one.cookie, &body).await.assert_problem("oauth_state_invalid");
    // At ten minutes it is over.
    let late = begin(&app).await;
    app.wait(TimeDelta::minutes(10));
    come_back(&app, &provider, &late, &ada()).await.assert_problem("oauth_state_invalid");
    assert_eq!(count(&app, "sessions").await, 1);
}

#[tokio::test]
async fn of_many_answers_to_one_sign_in_one_is_taken() {
    let (app, provider) = stage().await;
    let begun = begin(&app).await;
    let codes: Vec<_> = (0..8).map(|_| provider.code(&begun.request, &ada(), app.now())).collect();
    let answers = codes.iter().map(|code| {
        let body = json!({"state": begun.request["state"], "code": code});
        let (app, cookie) = (&app, &begun.cookie);
        async move { call_back(app, "example", cookie, &body).await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(answers).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn the_answer_of_one_provider_is_not_taken_as_that_of_another() {
    let (one, two) = (Provider::start().await, Provider::start().await);
    let settings = vec![one.settings("example", ""), two.settings("other", "")];
    let app = TestApp::new().await.restarted_with(|config| config.providers = settings);
    let started = begin(&app).await;
    let body =
        json!({"state": started.request["state"], "code": one.code(&started.request, &ada(), app.now())});
    call_back(&app, "other", &started.cookie, &body).await.assert_problem("oauth_state_invalid");
    // The issuer in the answer (RFC 9207): wrong, or missing where it is announced.
    let with_issuer = async |issuer: Option<String>| {
        let begun = begin(&app).await;
        let code = one.code(&begun.request, &ada(), app.now());
        let body = json!({"state": begun.request["state"], "code": code, "iss": issuer});
        call_back(&app, "example", &begun.cookie, &body).await
    };
    with_issuer(Some(two.origin.clone())).await.assert_problem("oauth_failed");
    assert_eq!(with_issuer(Some(one.origin.clone())).await.status, 200);
    assert_eq!(with_issuer(None).await.status, 200);
    one.inner.lock().unwrap().metadata["authorization_response_iss_parameter_supported"] = json!(true);
    app.wait(TimeDelta::hours(1));
    with_issuer(None).await.assert_problem("oauth_failed");
    // The same subject and address of another issuer is somebody else until both are verified.
    app.execute("UPDATE users SET email_verified_at = NULL").await.unwrap();
    let other = begun(&start_as(&app, "other", &json!({}), None).await);
    let body = json!({"state": other.request["state"], "code": two.code(&other.request, &ada(), app.now())});
    call_back(&app, "other", &other.cookie, &body).await.assert_problem("oauth_link_required");
    start_as(&app, "nobody", &json!({}), None).await.assert_problem("not_found");
}

#[tokio::test]
async fn a_provider_that_lies_lets_nobody_in() {
    let (app, provider) = stage().await;
    let now = app.now().timestamp();
    let claim =
        |name: &'static str, value: Value| -> Lie { Box::new(move |_, claims| claims[name] = value.clone()) };
    let header =
        |name: &'static str, value: Value| -> Lie { Box::new(move |header, _| header[name] = value.clone()) };
    let lies = [
        ("nonce", claim("nonce", json!("another"))),
        ("no nonce", claim("nonce", Value::Null)),
        ("issuer", claim("iss", json!("https://issuer.example"))),
        ("issuer with a slash", claim("iss", json!(format!("{}/", provider.origin)))),
        ("audience", claim("aud", json!("another client"))),
        ("no audience", claim("aud", json!([]))),
        ("several audiences, no party", claim("aud", json!(["the client", "another client"]))),
        ("another party", claim("azp", json!("another client"))),
        ("expired beyond the leeway", claim("exp", json!(now - 60))),
        ("no end", claim("exp", Value::Null)),
        ("of the future beyond the leeway", claim("iat", json!(now + 61))),
        ("no subject", claim("sub", json!(""))),
        ("a long subject", claim("sub", json!("x".repeat(256)))),
        ("no address", claim("email", Value::Null)),
        ("an address that is none", claim("email", json!("ada"))),
        ("no signature", header("alg", json!("none"))),
        ("signed with the public key", header("alg", json!("HS256"))),
        ("an algorithm that the key is not for", header("alg", json!("RS256"))),
        ("an unknown key", header("kid", json!("nobody's"))),
    ];
    for (what, lie) in lies {
        provider.inner.lock().unwrap().lie = lie;
        let answer = sign_in(&app, &provider, &ada()).await;
        assert_eq!(answer.body["detail"], "oauth_failed", "{what}: {}", answer.text);
        answer.assert_problem("oauth_failed");
    }
    // The same key id, another key.
    provider.lie(|_, _| {});
    let right = std::mem::replace(&mut provider.inner.lock().unwrap().signer, Signer::ec("first"));
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
    provider.inner.lock().unwrap().signer = right;
    // A code that is not the provider's.
    let begun = begin(&app).await;
    let body = json!({"state": begun.request["state"], "code": "stolen"});
    call_back(&app, "example", &begun.cookie, &body).await.assert_problem("oauth_failed");
    // A code that was made for another sign-in, and so for another verifier.
    let (mine, theirs) = (begin(&app).await, begin(&app).await);
    let code = provider.code(&theirs.request, &ada(), app.now());
    let body = json!({"state": mine.request["state"], "code": code});
    call_back(&app, "example", &mine.cookie, &body).await.assert_problem("oauth_failed");
    assert_eq!(count(&app, "users").await, 0);
    assert_eq!(count(&app, "registrations").await, 0);
    // And the truth is believed, to the last second of the leeway.
    provider.lie(move |_, claims| {
        claims["exp"] = json!(now - 59);
        claims["iat"] = json!(now + 60);
        claims["aud"] = json!(["another client", "the client"]);
        claims["azp"] = json!("the client");
    });
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
}

#[tokio::test]
async fn every_kind_of_signature_that_only_the_provider_can_make_is_verified() {
    let (app, provider) = stage().await;
    for (signer, algorithm) in [
        (Signer::ec("ec"), "ES256"),
        (Signer::ed("ed"), "EdDSA"),
        (Signer::rsa("rs"), "RS256"),
        (Signer::rsa("ps"), "PS256"),
    ] {
        {
            let mut inner = provider.inner.lock().unwrap();
            inner.keys = vec![Signer::ec("other").jwk(), signer.jwk()];
            inner.signer = signer;
            inner.lie = Box::new(move |header, _| header["alg"] = json!(algorithm));
        }
        app.wait(TimeDelta::hours(1));
        let answer = sign_in(&app, &provider, &ada()).await;
        assert_eq!(answer.status, 200, "{algorithm}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_new_key_is_asked_for_at_most_once_a_minute() {
    let (app, provider) = stage().await;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 1, "kept");
    let roll = |kid: &str| {
        let mut inner = provider.inner.lock().unwrap();
        inner.signer = Signer::ec(kid);
        let jwk = inner.signer.jwk();
        inner.keys.push(jwk);
    };
    roll("second");
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 2);
    roll("third");
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 2, "too soon");
    app.wait(TimeDelta::minutes(1));
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 3);
    // A token that names no key can only be of the one there is.
    provider.lie(|header, _| drop(header.as_object_mut().unwrap().remove("kid")));
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
}

#[tokio::test]
async fn a_provider_that_is_away_is_unavailable_and_nobody_else_notices() {
    let (app, provider) = stage().await;
    let user = app.owner("bob@example.com").await;
    let begun = begin(&app).await;
    provider.inner.lock().unwrap().is_away = true;
    come_back(&app, &provider, &begun, &ada()).await.assert_problem("oauth_unavailable");
    app.wait(TimeDelta::hours(1));
    start_as(&app, "example", &json!({}), None).await.assert_problem("oauth_unavailable");
    app.sign_in(&user).await;
    provider.inner.lock().unwrap().is_away = false;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    // Nobody listens there at all.
    let mut gone = provider.settings("example", "");
    gone.issuer = "http://127.0.0.1:9".to_owned();
    let app = app.restarted_with(|config| config.providers = vec![gone]);
    start_as(&app, "example", &json!({}), None).await.assert_problem("oauth_unavailable");
}

#[tokio::test]
async fn a_provider_that_publishes_what_cannot_be_is_not_asked_anything() {
    let (app, provider) = stage().await;
    let right = provider.inner.lock().unwrap().metadata.clone();
    for (name, value) in [
        ("issuer", json!("https://issuer.example")),
        ("issuer", json!(format!("{}/{{tenantid}}/v2.0", provider.origin))),
        ("token_endpoint", json!("http://id.example/token")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("jwks_uri", Value::Null),
        ("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
    ] {
        provider.inner.lock().unwrap().metadata[name] = value;
        start_as(&app, "example", &json!({}), None).await.assert_problem("oauth_failed");
        provider.inner.lock().unwrap().metadata = right.clone();
        app.wait(TimeDelta::hours(1));
    }
    provider.inner.lock().unwrap().metadata["token_endpoint_auth_methods_supported"] =
        json!(["client_secret_post"]);
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
}

#[tokio::test]
async fn an_address_links_an_identity_only_where_both_sides_have_it_verified() {
    let (app, provider) = stage().await;
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
    let answer = sign_in(&app, &provider, &person(json!("true"))).await;
    assert_eq!(answer.body["is_new_user"], false);
    assert_eq!(claims(&answer.tokens().access)["sub"], user.id.to_string());
    assert_eq!(app.audit("user.identity_linked").await, 1);
    app.execute("UPDATE users SET is_active = FALSE").await.unwrap();
    sign_in(&app, &provider, &person(json!(true))).await.assert_problem("invalid_credentials");
}

#[tokio::test]
async fn who_says_no_and_who_may_not_register_is_told_so() {
    let (app, provider) = stage().await;
    let begun = begin(&app).await;
    let body = json!({"state": begun.request["state"], "error": "access_denied"});
    call_back(&app, "example", &begun.cookie, &body).await.assert_problem("oauth_denied");
    call_back(&app, "example", &begun.cookie, &body).await.assert_problem("oauth_state_invalid");
    let neither = json!({"state": begun.request["state"]});
    call_back(&app, "example", &begun.cookie, &neither).await.assert_problem("validation_failed");
    let app = app.restarted_with(|config| config.registration = Registration::Closed);
    sign_in(&app, &provider, &ada()).await.assert_problem("registration_closed");
    assert_eq!(count(&app, "users").await, 0);
}

#[tokio::test]
async fn an_address_that_the_provider_does_not_vouch_for_is_proven_by_a_message() {
    let (app, provider) = stage().await;
    let person = json!({"sub": "1", "email": "ada@example.com", "name": "Ada"});
    sign_in(&app, &provider, &person).await.assert_problem("email_not_verified");
    assert_eq!(count(&app, "users").await, 0);
    let token = app.mail_to("ada@example.com").await.token("/verify-email");
    let verified = app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    let answer = sign_in(&app, &provider, &person).await;
    assert_eq!(answer.body["is_new_user"], false, "{}", answer.text);
    let me = app.get(ME).bearer(&answer.tokens().access).send().await.body;
    assert_eq!(me["account"]["name"], "Ada's account");
}

#[tokio::test]
async fn microsoft_is_believed_for_each_tenant_and_never_about_an_address() {
    let provider = Provider::below("/common/v2.0").await;
    let settings = vec![provider.settings("microsoft", "/common/v2.0")];
    let app = TestApp::new().await.restarted_with(|config| config.providers = settings);
    app.owner("ada@example.com").await;
    let issuer = |tenant: &str| format!("{}/{tenant}/v2.0", provider.origin);
    provider.inner.lock().unwrap().metadata["issuer"] = json!(issuer("{tenantid}"));
    let (ours, theirs) = ("9188040d-6c67-4c5b-b112-36a304b66dad", "11111111-2222-4333-8444-555555555555");
    let enter = async |tenant: &str, issuer: String, email: &str| {
        let begun = begun(&start_as(&app, "microsoft", &json!({}), None).await);
        let person =
            json!({"sub": "1", "tid": tenant, "iss": issuer, "email": email, "email_verified": true});
        let code = provider.code(&begun.request, &person, app.now());
        let body = json!({"state": begun.request["state"], "code": code});
        call_back(&app, "microsoft", &begun.cookie, &body).await
    };
    enter(ours, issuer(theirs), "ada@example.com").await.assert_problem("oauth_failed");
    enter(ours, issuer("{tenantid}"), "ada@example.com").await.assert_problem("oauth_failed");
    enter("common", issuer("common"), "ada@example.com").await.assert_problem("oauth_failed");
    // The nOAuth hole: a tenant's administrator writes anybody's address.
    enter(ours, issuer(ours), "ada@example.com").await.assert_problem("email_not_verified");
    enter(ours, issuer(ours), "bob@example.com").await.assert_problem("email_not_verified");
    let token = app.mail_to("bob@example.com").await.token("/verify-email");
    app.post("/api/v1/auth/verify-email").json(&json!({"token": token})).send().await;
    let answer = enter(ours, issuer(ours), "bob@example.com").await;
    assert_eq!(app.value::<String>("SELECT issuer FROM identities").await, issuer(ours));
    let own = app.get(IDENTITIES).bearer(&answer.tokens().access).send().await;
    assert_eq!(own.body["identities"][0]["provider"], "microsoft");
    // The same subject in another tenant is somebody else.
    enter(theirs, issuer(theirs), "bob@example.com").await.assert_problem("email_not_verified");
    assert_eq!(count(&app, "identities").await, 1);
    // A key that is for one tenant signs for no other.
    provider.inner.lock().unwrap().keys[1]["issuer"] = json!(issuer(theirs));
    app.wait(TimeDelta::hours(1));
    enter(ours, issuer(ours), "bob@example.com").await.assert_problem("oauth_failed");
}

#[tokio::test]
async fn an_invited_person_joins_with_the_address_that_was_invited() {
    let (app, provider) = stage().await;
    let owner = app.owner("bob@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let invite = json!({"email": "guest@example.com", "role": "viewer"});
    app.post("/api/v1/accounts/me/invites").bearer(&tokens.access).json(&invite).send().await;
    let token = app.mail_to("guest@example.com").await.token("/invite");
    let bad = json!({"invite_token": "x"});
    start_as(&app, "example", &bad, None).await.assert_problem("invalid_link");
    let app = app.restarted_with(|config| config.registration = Registration::Closed);
    let begin = async || begun(&start_as(&app, "example", &json!({"invite_token": token}), None).await);
    let (one, two) = (begin().await, begin().await);
    let answer = come_back(&app, &provider, &one, &ada()).await;
    assert_eq!(answer.body["is_new_user"], true, "{}", answer.text);
    let me = app.get(ME).bearer(&answer.tokens().access).send().await.body;
    assert_eq!(me["user"]["email"], "guest@example.com");
    assert_eq!((&me["user"]["role"], &me["user"]["name"]), (&json!("viewer"), &json!("Ada Lovelace")));
    assert_eq!(me["account"]["id"], owner.account.to_string());
    assert_eq!(app.audit("invite.accepted").await, 1);
    // The invitation is used up.
    come_back(&app, &provider, &two, &eve()).await.assert_problem("invalid_link");
}

#[tokio::test]
async fn a_person_links_an_identity_and_unlinks_it_but_not_the_last_way_to_sign_in() {
    let (app, provider) = stage().await;
    let bob = app.owner("bob@example.com").await;
    let tokens = app.sign_in(&bob).await;
    let link = json!({"purpose": "link"});
    start_as(&app, "example", &link, None).await.assert_problem("invalid_access_token");
    let begun_link = begun(&start_as(&app, "example", &link, Some(&tokens)).await);
    let answer = come_back(&app, &provider, &begun_link, &ada()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body, json!({"is_new_user": false, "purpose": "link"}));
    let signed_in = sign_in(&app, &provider, &ada()).await;
    assert_eq!(claims(&signed_in.tokens().access)["sub"], bob.id.to_string());
    let own = app.get(IDENTITIES).bearer(&tokens.access).send().await.body;
    assert_eq!(own["has_password"], true);
    assert_eq!(own["identities"].as_array().unwrap().len(), 1);
    assert_eq!(own["identities"][0]["provider"], "example");
    assert_eq!(own["identities"][0]["email"], "ada@example.com");
    // Somebody else's identity stays theirs, and nobody else can unlink it.
    let zoe = app.owner("zoe@example.com").await;
    let theirs = app.sign_in(&zoe).await;
    let begun_theirs = begun(&start_as(&app, "example", &link, Some(&theirs)).await);
    come_back(&app, &provider, &begun_theirs, &ada()).await.assert_problem("identity_taken");
    let path = format!("{IDENTITIES}/{}", own["identities"][0]["id"].as_str().unwrap());
    app.delete(&path).send().await.assert_problem("invalid_access_token");
    app.delete(&path).bearer(&theirs.access).send().await.assert_problem("not_found");
    // Without a password it is the last way, until there is another.
    app.execute("UPDATE users SET password_hash = NULL").await.unwrap();
    app.delete(&path).bearer(&tokens.access).send().await.assert_problem("last_sign_in_method");
    let begun_second = begun(&start_as(&app, "example", &link, Some(&tokens)).await);
    assert_eq!(come_back(&app, &provider, &begun_second, &eve()).await.status, 200);
    assert_eq!(app.delete(&path).bearer(&tokens.access).send().await.status, 204);
    app.delete(&path).bearer(&tokens.access).send().await.assert_problem("not_found");
    assert_eq!(app.audit("user.identity_linked").await, 2);
    assert_eq!(app.audit("user.identity_unlinked").await, 1);
}

#[tokio::test]
async fn linking_and_unlinking_take_a_fresh_sign_in_and_linking_a_session_that_lives() {
    let (app, provider) = stage().await;
    let bob = app.owner("bob@example.com").await;
    let tokens = app.sign_in(&bob).await;
    let link = json!({"purpose": "link"});
    let begun_link = begun(&start_as(&app, "example", &link, Some(&tokens)).await);
    assert_eq!(app.post(LOGOUT).bearer(&tokens.refresh).send().await.status, 204);
    come_back(&app, &provider, &begun_link, &ada()).await.assert_problem("session_revoked");
    assert_eq!(count(&app, "identities").await, 0);
    let tokens = app.sign_in(&bob).await;
    app.wait(TimeDelta::minutes(15));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    start_as(&app, "example", &link, Some(&tokens)).await.assert_problem("reauthentication_required");
    let path = format!("{IDENTITIES}/{}", bob.id);
    app.delete(&path).bearer(&tokens.access).send().await.assert_problem("reauthentication_required");
}

#[tokio::test]
async fn a_person_without_a_password_proves_at_the_provider_who_it_is() {
    let (app, provider) = stage().await;
    let tokens = sign_in(&app, &provider, &ada()).await.tokens();
    app.wait(TimeDelta::minutes(15));
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    let purpose = json!({"purpose": "reauthenticate"});
    start_as(&app, "example", &purpose, None).await.assert_problem("invalid_access_token");
    let prove = async |person: &Value| {
        let begun = begun(&start_as(&app, "example", &purpose, Some(&tokens)).await);
        assert_eq!((begun.request["prompt"].as_str(), begun.request["max_age"].as_str()), ("login", "0"));
        come_back(&app, &provider, &begun, person).await
    };
    prove(&eve()).await.assert_problem("oauth_failed");
    let shown_at = app.now().timestamp();
    provider.lie(|_, claims| drop(claims.as_object_mut().unwrap().remove("auth_time")));
    prove(&ada()).await.assert_problem("oauth_failed");
    provider.lie(move |_, claims| claims["auth_time"] = json!(shown_at - 300));
    prove(&ada()).await.assert_problem("oauth_failed");
    provider.lie(move |_, claims| claims["auth_time"] = json!(shown_at - 299));
    let answer = prove(&ada()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["purpose"], "reauthenticate");
    let (before, after) = (claims(&tokens.access), claims(&answer.tokens().access));
    assert_eq!(before["sid"], after["sid"]);
    assert!(before["auth_time"].as_i64() < after["auth_time"].as_i64());
    let payload: String =
        app.value("SELECT CAST(payload AS TEXT) FROM audit_events WHERE kind = 'user.reauthenticated'").await;
    assert!(payload.contains("example"), "{payload}");
    assert_eq!(count(&app, "users").await, 1, "nobody was made");
}

#[tokio::test]
async fn sign_ins_that_never_came_back_are_swept() {
    let (app, _) = stage().await;
    begin(&app).await;
    app.wait(TimeDelta::minutes(9));
    begin(&app).await;
    app.wait(TimeDelta::minutes(2));
    curfew::jobs::sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(count(&app, "oauth_flows").await, 1);
}

#[tokio::test]
async fn a_provider_that_vouches_for_nothing_learns_of_no_address_whether_it_has_a_user() {
    let (app, provider) = stage().await;
    app.owner("ada@example.com").await;
    let claim = |email: &str| json!({"sub": email, "email": email});
    for (code, app) in [
        ("email_not_verified", app),
        ("registration_closed", {
            let closed = TestApp::new().await.restarted_with(|config| {
                config.providers = vec![provider.settings("example", "")];
                config.registration = Registration::Closed;
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
