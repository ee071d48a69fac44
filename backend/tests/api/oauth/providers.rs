//! Provider metadata and ID tokens, and when they are trusted.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{IDENTITIES, Jar, ada, begin, begun, call_back, come_back, count, setup, sign_in, start_as};
use crate::{
    test_app::TestApp,
    test_app::fake_provider::{FakeProvider, Lie, Signer},
};

#[tokio::test]
async fn one_providers_response_is_not_accepted_as_anothers() {
    let (one, two) = (FakeProvider::start().await, FakeProvider::start().await);
    let settings = vec![one.settings("example", ""), two.settings("other", "")];
    let app = TestApp::new().await.replica_with(|config| config.providers = settings);
    let started = begin(&app).await;
    let body =
        json!({"state": started.request["state"], "code": one.code(&started.request, &ada(), app.now())});
    call_back(&app, "other", &started.cookie, &body).await.assert_problem("oauth_state_invalid");
    // The issuer in the response (RFC 9207): wrong, or missing where metadata announces it.
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
    app.advance(TimeDelta::hours(1));
    with_issuer(None).await.assert_problem("oauth_failed");
    // The same subject and address from another issuer is another user until both addresses are verified.
    app.execute("UPDATE users SET email_verified_at = NULL").await.unwrap();
    let other = begun(&start_as(&app, "other", &json!({}), None).await);
    let body = json!({"state": other.request["state"], "code": two.code(&other.request, &ada(), app.now())});
    call_back(&app, "other", &other.cookie, &body).await.assert_problem("oauth_link_required");
    start_as(&app, "nobody", &json!({}), None).await.assert_problem("not_found");
}

#[tokio::test]
async fn a_false_id_token_signs_nobody_in() {
    let (app, provider) = setup().await;
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
        ("another audience beside ours", claim("aud", json!(["the client", "another client"]))),
        ("another party", claim("azp", json!("another client"))),
        ("expired beyond the leeway", claim("exp", json!(now - 60))),
        ("no end", claim("exp", Value::Null)),
        ("of the future beyond the leeway", claim("iat", json!(now + 61))),
        ("not good yet, beyond the leeway", claim("nbf", json!(now + 61))),
        ("expired long before there were clocks", claim("exp", json!(i64::MIN))),
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
        let response = sign_in(&app, &provider, &ada()).await;
        assert_eq!(response.body["detail"], "oauth_failed", "{what}: {}", response.text);
        response.assert_problem("oauth_failed");
    }
    // The same key id with another key.
    provider.lie(|_, _| {});
    let right = std::mem::replace(&mut provider.inner.lock().unwrap().signer, Signer::ec("first"));
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
    provider.inner.lock().unwrap().signer = right;
    // An invented code.
    let begun = begin(&app).await;
    let body = json!({"state": begun.request["state"], "code": "stolen"});
    call_back(&app, "example", &begun.cookie, &body).await.assert_problem("oauth_failed");
    // A code issued for another sign-in, and so for another verifier.
    let (mine, theirs) = (begin(&app).await, begin(&app).await);
    let code = provider.code(&theirs.request, &ada(), app.now());
    let body = json!({"state": mine.request["state"], "code": code});
    call_back(&app, "example", &mine.cookie, &body).await.assert_problem("oauth_failed");
    assert_eq!(count(&app, "users").await, 0);
    assert_eq!(count(&app, "registrations").await, 0);
    // A correct token is accepted to the last second of the leeway.
    provider.lie(move |_, claims| {
        claims["exp"] = json!(now - 59);
        claims["iat"] = json!(now + 60);
        claims["nbf"] = json!(now + 60);
        claims["aud"] = json!(["the client"]);
        claims["azp"] = json!("the client");
    });
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    // The lifetime and unknown claims do not matter.
    provider.lie(|_, claims| {
        claims["exp"] = json!(i64::MAX);
        claims["auth_time"] = json!("long ago");
        claims["tid"] = json!(7);
        claims["hd"] = json!([]);
    });
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
}

#[tokio::test]
async fn every_asymmetric_signature_algorithm_is_verified() {
    let (app, provider) = setup().await;
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
        app.advance(TimeDelta::hours(1));
        let response = sign_in(&app, &provider, &ada()).await;
        assert_eq!(response.status, 200, "{algorithm}: {}", response.text);
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_at_most_once_a_minute() {
    let (app, provider) = setup().await;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 1, "kept");
    roll(&provider, "second");
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 2);
    roll(&provider, "third");
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 2, "too soon");
    app.advance(TimeDelta::minutes(1));
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 3);
    // A token without a key id is accepted if there is one key.
    provider.lie(|header, _| drop(header.as_object_mut().unwrap().remove("kid")));
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
}

#[tokio::test]
async fn an_unreachable_provider_affects_only_its_own_sign_ins() {
    let (app, provider) = setup().await;
    let user = app.owner("bob@example.com").await;
    let begun = begin(&app).await;
    provider.inner.lock().unwrap().is_away = true;
    come_back(&app, &provider, &begun, &ada()).await.assert_problem("oauth_unavailable");
    // Cached metadata is valid for a day.
    app.advance(TimeDelta::hours(23));
    assert_eq!(start_as(&app, "example", &json!({}), None).await.status, 200);
    app.advance(TimeDelta::hours(1));
    start_as(&app, "example", &json!({}), None).await.assert_problem("oauth_unavailable");
    app.sign_in(&user).await;
    provider.inner.lock().unwrap().is_away = false;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    // The port is closed.
    let mut gone = provider.settings("example", "");
    gone.issuer = "http://127.0.0.1:9".to_owned();
    let app = app.replica_with(|config| config.providers = vec![gone]);
    start_as(&app, "example", &json!({}), None).await.assert_problem("oauth_unavailable");
}

#[tokio::test]
async fn a_provider_with_invalid_metadata_is_sent_no_request() {
    let (app, provider) = setup().await;
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
        app.advance(TimeDelta::hours(1));
    }
    provider.inner.lock().unwrap().metadata["token_endpoint_auth_methods_supported"] =
        json!(["client_secret_post"]);
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
}

#[tokio::test]
async fn microsoft_is_trusted_per_tenant_and_never_for_an_address() {
    let provider = FakeProvider::below("/common/v2.0").await;
    let settings = vec![provider.settings("microsoft", "/common/v2.0")];
    let app = TestApp::new().await.replica_with(|config| config.providers = settings);
    app.owner("ada@example.com").await;
    let issuer = |tenant: &str| format!("{}/{tenant}/v2.0", provider.origin);
    provider.inner.lock().unwrap().metadata["issuer"] = json!(issuer("{tenantid}"));
    let mut browser = Jar::default();
    let (ours, theirs) = ("9188040d-6c67-4c5b-b112-36a304b66dad", "11111111-2222-4333-8444-555555555555");
    let enter = async |browser: &mut Jar, tenant: &str, issuer: String, email: &str| {
        let begun = begun(&start_as(&app, "microsoft", &json!({}), None).await);
        let person =
            json!({"sub": "1", "tid": tenant, "iss": issuer, "email": email, "email_verified": true});
        let code = provider.code(&begun.request, &person, app.now());
        let body = json!({"state": begun.request["state"], "code": code});
        let response = call_back(&app, "microsoft", &begun.cookie, &body).await;
        browser.take(&response);
        response
    };
    enter(&mut browser, ours, issuer(theirs), "ada@example.com").await.assert_problem("oauth_failed");
    enter(&mut browser, ours, issuer("{tenantid}"), "ada@example.com").await.assert_problem("oauth_failed");
    enter(&mut browser, "common", issuer("common"), "ada@example.com").await.assert_problem("oauth_failed");
    // The nOAuth attack: a tenant's administrator can set any address.
    enter(&mut browser, ours, issuer(ours), "ada@example.com").await.assert_problem("email_not_verified");
    enter(&mut browser, ours, issuer(ours), "bob@example.com").await.assert_problem("email_not_verified");
    let token = app.email_to("bob@example.com").await.token("/verify-email");
    assert_eq!(browser.verify(&app, &token).await.status, 200);
    let response = enter(&mut browser, ours, issuer(ours), "bob@example.com").await;
    assert_eq!(app.query_value::<String>("SELECT issuer FROM identities").await, issuer(ours));
    let own = app.get(IDENTITIES).bearer(&response.tokens().access).send().await;
    assert_eq!(own.body["identities"][0]["provider"], "microsoft");
    // The same subject in another tenant is another user.
    enter(&mut browser, theirs, issuer(theirs), "bob@example.com").await.assert_problem("email_not_verified");
    assert_eq!(count(&app, "identities").await, 1);
    // A key for one tenant signs for no other.
    provider.inner.lock().unwrap().keys[1]["issuer"] = json!(issuer(theirs));
    app.advance(TimeDelta::hours(1));
    enter(&mut browser, ours, issuer(ours), "bob@example.com").await.assert_problem("oauth_failed");
}

/// Makes the provider sign with a new key.
fn roll(provider: &FakeProvider, kid: &str) {
    let mut inner = provider.inner.lock().unwrap();
    inner.signer = Signer::ec(kid);
    let jwk = inner.signer.jwk();
    inner.keys.push(jwk);
}

#[tokio::test]
async fn many_sign_ins_with_a_new_key_fetch_it_once_and_all_succeed() {
    let (app, provider) = setup().await;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    roll(&provider, "second");
    let all = join_all((0..8).map(|_| async { sign_in(&app, &provider, &ada()).await.status.as_u16() }));
    assert_eq!(all.await, [200; 8]);
    assert_eq!(provider.inner.lock().unwrap().keys_asked, 2);
    // The first sign-ins share the fetch of the metadata, too.
    let app = app.replica_with(|_| {});
    let all = join_all((0..8).map(|_| async { sign_in(&app, &provider, &ada()).await.status.as_u16() }));
    assert_eq!(all.await, [200; 8]);
    let inner = provider.inner.lock().unwrap();
    assert_eq!((inner.metadata_asked, inner.keys_asked), (2, 3));
}

#[tokio::test]
async fn a_new_key_whose_fetch_failed_is_fetched_again_at_once() {
    let (app, provider) = setup().await;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    roll(&provider, "second");
    provider.inner.lock().unwrap().keys_are_away = true;
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_unavailable");
    provider.inner.lock().unwrap().keys_are_away = false;
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
}

#[tokio::test]
async fn a_hanging_provider_times_out_and_blocks_no_other_sign_in() {
    let (app, provider) = setup().await;
    let user = app.owner("bob@example.com").await;
    let begun = begin(&app).await;
    provider.inner.lock().unwrap().hangs = true;
    let person = ada();
    let hangs = come_back(&app, &provider, &begun, &person);
    tokio::select! {
        biased;
        response = hangs => panic!("{}", response.text),
        _ = app.sign_in(&user) => {}
    }
    let app = app.replica_with(|config| config.provider_timeout = Duration::from_millis(50));
    start_as(&app, "example", &json!({}), None).await.assert_problem("oauth_unavailable");
    provider.inner.lock().unwrap().hangs = false;
    let begun_again = loop {
        // A busy machine may take longer than this replica's timeout.
        let response = start_as(&app, "example", &json!({}), None).await;
        if response.status == 200 {
            break super::begun(&response);
        }
        response.assert_problem("oauth_unavailable");
    };
    provider.inner.lock().unwrap().hangs = true;
    come_back(&app, &provider, &begun_again, &ada()).await.assert_problem("oauth_unavailable");
}

#[tokio::test]
async fn provider_errors_are_told_apart() {
    let (app, provider) = setup().await;
    let other = FakeProvider::start().await.origin;
    let response = async |word: &str, issuer: Option<&str>| {
        let begun = begin(&app).await;
        let description = "AADSTS50105: not assigned";
        let body = json!({
            "state": begun.request["state"], "error": word, "error_description": description, "iss": issuer,
        });
        call_back(&app, "example", &begun.cookie, &body).await
    };
    for (word, expected) in [
        ("access_denied", "oauth_denied"),
        ("login_required", "oauth_denied"),
        ("interaction_required", "oauth_denied"),
        ("consent_required", "oauth_denied"),
        ("account_selection_required", "oauth_denied"),
        ("server_error", "oauth_unavailable"),
        ("temporarily_unavailable", "oauth_unavailable"),
        ("invalid_request", "oauth_failed"),
        ("invalid_scope", "oauth_failed"),
        ("unauthorized_client", "oauth_failed"),
        ("unsupported_response_type", "oauth_failed"),
        ("", "oauth_failed"),
    ] {
        response(word, None).await.assert_problem(expected);
        response(word, Some(&provider.origin)).await.assert_problem(expected);
        // An error from another issuer is rejected (RFC 9207 §2.4).
        response(word, Some(&other)).await.assert_problem("oauth_failed");
    }
    provider.inner.lock().unwrap().metadata["authorization_response_iss_parameter_supported"] = json!(true);
    app.advance(TimeDelta::hours(1));
    response("access_denied", None).await.assert_problem("oauth_failed");
    response("access_denied", Some(&provider.origin)).await.assert_problem("oauth_denied");
}

#[tokio::test]
async fn an_issuer_that_resembles_microsofts_is_taken_literally() {
    let path = "/organizations/acme";
    let provider = FakeProvider::below(path).await;
    let settings = vec![provider.settings("example", path)];
    let app = TestApp::new().await.replica_with(|config| config.providers = settings);
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let issuer = format!("{}/{tenant}/acme", provider.origin);
    provider.lie(move |_, claims| {
        claims["iss"] = json!(issuer);
        claims["tid"] = json!(tenant);
    });
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
}

#[tokio::test]
async fn a_key_for_another_issuer_signs_for_no_other() {
    let (app, provider) = setup().await;
    for (issuer, status) in [("https://another.example", 502), (provider.origin.as_str(), 200)] {
        provider.inner.lock().unwrap().keys[1]["issuer"] = json!(issuer);
        assert_eq!(sign_in(&app, &provider, &ada()).await.status, status, "{issuer}");
        app.advance(TimeDelta::hours(1));
    }
}

#[tokio::test]
async fn linking_asks_the_provider_for_account_selection() {
    let (app, provider) = setup().await;
    let bob = app.owner("bob@example.com").await;
    let prompt = async |app: &TestApp, name: &str| {
        let tokens = app.sign_in(&bob).await;
        let response = start_as(app, name, &json!({"purpose": "link"}), Some(&tokens)).await;
        begun(&response).request.get("prompt").cloned()
    };
    // A provider that does not know the parameter may reject the request.
    assert_eq!(prompt(&app, "example").await, None);
    let values = json!(["none", "login", "select_account"]);
    provider.inner.lock().unwrap().metadata["prompt_values_supported"] = values;
    app.advance(TimeDelta::hours(1));
    assert_eq!(prompt(&app, "example").await.as_deref(), Some("select_account"));
    provider.inner.lock().unwrap().metadata["prompt_values_supported"] = json!([]);
    let settings = vec![provider.settings("microsoft", "")];
    let app = app.replica_with(|config| config.providers = settings);
    assert_eq!(prompt(&app, "microsoft").await.as_deref(), Some("select_account"));
}
