//! Provider settings: further audiences, userinfo, form post, a separate discovery URL, client
//! authentication.

use chrono::TimeDelta;
use curfew::config::provider::{ClientAuth, ResponseMode};
use serde_json::{Value, json};

use super::{ada, begin, call_back, count, eve, setup, setup_with, sign_in, start_as};
use crate::{
    test_app::fake_provider::FakeProvider,
    test_app::leaks::Log,
    test_app::{ME, TestApp},
};

#[tokio::test]
async fn further_audiences_are_accepted_only_if_each_is_trusted() {
    let several = |aud: Value| move |_: &mut Value, claims: &mut Value| claims["aud"] = aud.clone();
    let (app, provider) = setup().await;
    let log = Log::default();
    let listening = log.listen();
    provider.lie(several(json!(["the client", "291-project"])));
    sign_in(&app, &provider, &ada()).await.assert_problem("oauth_failed");
    drop(listening);
    let words = "also for \\\"291-project\\\": if you trust each of them with it, name them in \
                 CURFEW_OAUTH_EXAMPLE_TRUSTED_AUDIENCES";
    let text = log.text().replace('"', "\\\"").replace("\\\\", "\\");
    assert!(text.contains(words), "{}", log.text());

    let trusted = vec!["291-project".to_owned(), "another".to_owned()];
    let (app, provider) = setup_with(|settings| settings.trusted_audiences = trusted).await;
    provider.lie(|_, claims| {
        claims["aud"] = json!(["the client", "291-project"]);
        claims["azp"] = json!("the client");
    });
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    // Trusting one audience does not trust another, nor a token that is not for this client.
    for aud in [json!(["the client", "291-project", "third"]), json!(["291-project"]), json!("291-project")] {
        provider.lie(several(aud));
        sign_in(&app, &provider, &eve()).await.assert_problem("oauth_failed");
    }
    provider.lie(|_, claims| {
        claims["aud"] = json!(["the client", "291-project"]);
        claims["azp"] = json!("291-project");
    });
    sign_in(&app, &provider, &eve()).await.assert_problem("oauth_failed");
    assert_eq!(count(&app, "users").await, 1);
}

#[tokio::test]
async fn a_missing_address_is_fetched_from_the_userinfo_endpoint() {
    let (app, provider) = setup().await;
    provider.inner.lock().unwrap().userinfo = Some(Box::new(|_| {}));
    let response = sign_in(&app, &provider, &ada()).await;
    assert_eq!(response.body["is_new_user"], true, "{}", response.text);
    let me = app.get(ME).bearer(&response.tokens().access).send().await.body;
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["user"]["name"], "Ada Lovelace");
    // The userinfo response counts like the ID token.
    let unproven = json!({"sub": "2", "email": "eve@example.com", "email_verified": false});
    sign_in(&app, &provider, &unproven).await.assert_problem("email_not_verified");
    let silent = json!({"sub": "2", "email": "eve@example.com"});
    sign_in(&app, &provider, &silent).await.assert_problem("email_not_verified");
    let nameless = json!({"sub": "2"});
    sign_in(&app, &provider, &nameless).await.assert_problem("oauth_failed");
    assert_eq!(count(&app, "users").await, 1);
    // A response about another subject is rejected entirely.
    for lie in [json!("1"), json!(""), Value::Null, json!(["2"])] {
        let lies = lie.clone();
        provider.inner.lock().unwrap().userinfo = Some(Box::new(move |person| person["sub"] = lies.clone()));
        let response = sign_in(&app, &provider, &eve()).await;
        assert_eq!(response.body["detail"], "oauth_failed", "{lie}: {}", response.text);
    }
    let large = json!("x".repeat(300 * 1024));
    provider.inner.lock().unwrap().userinfo = Some(Box::new(move |person| person["name"] = large.clone()));
    sign_in(&app, &provider, &eve()).await.assert_problem("oauth_failed");
    let log = Log::default();
    let listening = log.listen();
    provider.inner.lock().unwrap().userinfo = Some(Box::new(|person| *person = json!("a.signed.jwt")));
    sign_in(&app, &provider, &eve()).await.assert_problem("oauth_failed");
    drop(listening);
    assert!(log.text().contains("answers with a JWT, not with JSON"), "{}", log.text());
    for secret in &provider.inner.lock().unwrap().secrets {
        assert!(!log.text().contains(secret), "{secret} in {}", log.text());
    }
    provider.inner.lock().unwrap().userinfo = Some(Box::new(|_| {}));
    assert_eq!(sign_in(&app, &provider, &eve()).await.status, 200);
    assert_eq!(count(&app, "users").await, 2);
}

#[tokio::test]
async fn a_form_post_response_is_passed_on_to_the_page() {
    const PATH: &str = "/oauth/callback/example";
    let form = |app: &TestApp, path: &str, body: &str| {
        let call = app.post(path).header("content-type", "application/x-www-form-urlencoded");
        call.header("sec-fetch-site", "cross-site")
            .header("origin", "https://id.example")
            .body(body.to_owned())
            .send()
    };
    let (app, provider) = setup_with(|settings| settings.response_mode = ResponseMode::FormPost).await;
    let begun = begin(&app).await;
    assert_eq!(begun.request["response_mode"], "form_post");
    assert_eq!(begun.request["redirect_uri"], "https://curfew.example/oauth/callback/example");
    let code = provider.code(&begun.request, &ada(), app.now());
    // Without the cookie, which browsers do not send with a cross-site form. Apple adds `user`.
    let body = format!("state={}&code={code}&user=%7B%7D&iss=a%26b%20c", begun.request["state"]);
    let response = form(&app, PATH, &body).await;
    assert_eq!(
        (response.status.as_u16(), response.header("cache-control")),
        (303, "no-store"),
        "{}",
        response.text
    );
    let location = response.header("location");
    assert_eq!(location, format!("{PATH}?state={}&code={code}&iss=a%26b+c", begun.request["state"]));
    assert!(!response.headers.contains_key("set-cookie"));
    let body = json!({"state": begun.request["state"], "code": code});
    assert_eq!(call_back(&app, "example", &begun.cookie, &body).await.status, 200);

    let denied = form(&app, PATH, "state=s&error=access_denied&error_description=d").await;
    assert_eq!(denied.header("location"), format!("{PATH}?state=s&error=access_denied&error_description=d"));
    form(&app, "/oauth/callback/other", "state=s&code=c").await.assert_problem("not_found");
    app.post(PATH).json(&json!({"state": "s"})).send().await.assert_problem("unsupported_media_type");

    // A form post is rejected unless it is configured, and the log names the setting.
    let (app, _) = setup().await;
    assert!(!begin(&app).await.request.contains_key("response_mode"));
    let log = Log::default();
    let _listening = log.listen();
    form(&app, PATH, "state=s&code=c").await.assert_problem("method_not_allowed");
    assert!(log.text().contains("CURFEW_OAUTH_EXAMPLE_RESPONSE_MODE=form_post"), "{}", log.text());
}

#[tokio::test]
async fn a_separate_discovery_url_keeps_the_issuer_and_requires_tls() {
    // The server cannot reach the provider's public name.
    let issuer = "https://id.example/realms/people";
    let provider = FakeProvider::below("/realms/people").await;
    let mut settings = provider.settings("example", "");
    settings.issuer = issuer.to_owned();
    settings.discovery_url =
        Some(format!("{}/realms/people/.well-known/openid-configuration", provider.origin));
    let app = TestApp::new().await.replica_with(|config| config.providers = vec![settings]);
    let publish = |name: &str, value: &str| {
        provider.inner.lock().unwrap().metadata[name] = json!(value);
        app.advance(TimeDelta::hours(1));
    };
    let start = async || start_as(&app, "example", &json!({}), None).await;
    start().await.assert_problem("oauth_failed");
    publish("issuer", issuer);
    // The browser opens this URL, so it must use TLS.
    start().await.assert_problem("oauth_failed");
    publish("authorization_endpoint", "https://id.example/authorize");
    for endpoint in ["token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        let right = provider.inner.lock().unwrap().metadata[endpoint].as_str().unwrap().to_owned();
        publish(endpoint, "http://127.0.0.1:9/elsewhere");
        start().await.assert_problem("oauth_failed");
        publish(endpoint, &right);
    }
    let response = sign_in(&app, &provider, &ada()).await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(app.query_value::<String>("SELECT issuer FROM identities").await, issuer);
}

#[tokio::test]
async fn client_authentication_follows_discovery_unless_it_is_set() {
    let (app, provider) = setup_with(|settings| {
        settings.token_endpoint_auth_method = Some(ClientAuth::ClientSecretPost);
    })
    .await;
    // The provider takes the secret in the body but does not announce it.
    provider.inner.lock().unwrap().metadata["token_endpoint_auth_methods_supported"] =
        json!(["client_secret_post"]);
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    let log = Log::default();
    let _listening = log.listen();
    let (app, provider) = setup().await;
    provider.inner.lock().unwrap().metadata["token_endpoint_auth_methods_supported"] =
        json!(["private_key_jwt"]);
    start_as(&app, "example", &json!({}), None).await.assert_problem("oauth_failed");
    let variable = "CURFEW_OAUTH_EXAMPLE_TOKEN_ENDPOINT_AUTH_METHOD";
    assert!(log.text().contains(variable), "{}", log.text());
}

#[tokio::test]
async fn only_the_configured_scopes_are_requested() {
    let (app, provider) = setup_with(|settings| {
        settings.scopes = vec!["openid".to_owned(), "email".to_owned()];
    })
    .await;
    assert_eq!(begin(&app).await.request["scope"], "openid email");
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    let (app, _) = setup().await;
    assert_eq!(begin(&app).await.request["scope"], "openid email profile");
}
