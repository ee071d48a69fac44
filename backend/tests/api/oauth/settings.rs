//! What providers need that differ from the usual: further audiences, addresses at the userinfo endpoint
//! alone, answers that are posted, a discovery address of their own, how the client authenticates.

use chrono::TimeDelta;
use curfew::config::provider::{ClientAuth, ResponseMode};
use serde_json::{Value, json};

use super::{ada, begin, call_back, count, eve, sign_in, stage, stage_with, start_as};
use crate::{
    provider::Provider,
    secrets::Log,
    test_app::{ME, TestApp},
};

#[tokio::test]
async fn a_token_that_is_also_for_others_is_taken_where_each_of_them_is_trusted() {
    let several = |aud: Value| move |_: &mut Value, claims: &mut Value| claims["aud"] = aud.clone();
    let (app, provider) = stage().await;
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
    let (app, provider) = stage_with(|settings| settings.trusted_audiences = trusted).await;
    provider.lie(|_, claims| {
        claims["aud"] = json!(["the client", "291-project"]);
        claims["azp"] = json!("the client");
    });
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    // Trust in another is no trust in a third, nor in a token that is not for us or not of our asking.
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
async fn an_address_that_the_id_token_lacks_is_asked_for_at_the_userinfo_endpoint() {
    let (app, provider) = stage().await;
    provider.inner.lock().unwrap().userinfo = Some(Box::new(|_| {}));
    let answer = sign_in(&app, &provider, &ada()).await;
    assert_eq!(answer.body["is_new_user"], true, "{}", answer.text);
    let me = app.get(ME).bearer(&answer.tokens().access).send().await.body;
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["user"]["name"], "Ada Lovelace");
    // What it says of an address counts as in the ID token.
    let unproven = json!({"sub": "2", "email": "eve@example.com", "email_verified": false});
    sign_in(&app, &provider, &unproven).await.assert_problem("email_not_verified");
    let silent = json!({"sub": "2", "email": "eve@example.com"});
    sign_in(&app, &provider, &silent).await.assert_problem("email_not_verified");
    let nameless = json!({"sub": "2"});
    sign_in(&app, &provider, &nameless).await.assert_problem("oauth_failed");
    assert_eq!(count(&app, "users").await, 1);
    // Another person's address is not taken, whatever is in it.
    for lie in [json!("1"), json!(""), Value::Null, json!(["2"])] {
        let lies = lie.clone();
        provider.inner.lock().unwrap().userinfo = Some(Box::new(move |person| person["sub"] = lies.clone()));
        let answer = sign_in(&app, &provider, &eve()).await;
        assert_eq!(answer.body["detail"], "oauth_failed", "{lie}: {}", answer.text);
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
async fn an_answer_that_is_posted_from_the_provider_is_handed_to_the_page() {
    const PATH: &str = "/oauth/callback/example";
    let form = |app: &TestApp, path: &str, body: &str| {
        let call = app.post(path).header("content-type", "application/x-www-form-urlencoded");
        call.header("sec-fetch-site", "cross-site")
            .header("origin", "https://id.example")
            .body(body.to_owned())
            .send()
    };
    let (app, provider) = stage_with(|settings| settings.response_mode = ResponseMode::FormPost).await;
    let begun = begin(&app).await;
    assert_eq!(begun.request["response_mode"], "form_post");
    assert_eq!(begun.request["redirect_uri"], "https://curfew.example/oauth/callback/example");
    let code = provider.code(&begun.request, &ada(), app.now());
    // Without the cookie, which browsers do not send with another site's form. Apple adds `user`.
    let body = format!("state={}&code={code}&user=%7B%7D&iss=a%26b%20c", begun.request["state"]);
    let answer = form(&app, PATH, &body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("cache-control")),
        (303, "no-store"),
        "{}",
        answer.text
    );
    let location = answer.header("location");
    assert_eq!(location, format!("{PATH}?state={}&code={code}&iss=a%26b+c", begun.request["state"]));
    assert!(!answer.headers.contains_key("set-cookie"));
    let body = json!({"state": begun.request["state"], "code": code});
    assert_eq!(call_back(&app, "example", &begun.cookie, &body).await.status, 200);

    let denied = form(&app, PATH, "state=s&error=access_denied&error_description=d").await;
    assert_eq!(denied.header("location"), format!("{PATH}?state=s&error=access_denied&error_description=d"));
    form(&app, "/oauth/callback/other", "state=s&code=c").await.assert_problem("not_found");
    app.post(PATH).json(&json!({"state": "s"})).send().await.assert_problem("unsupported_media_type");

    // From who was not asked to post it is not taken, and the log names the setting.
    let (app, _) = stage().await;
    assert!(!begin(&app).await.request.contains_key("response_mode"));
    let log = Log::default();
    let _listening = log.listen();
    form(&app, PATH, "state=s&code=c").await.assert_problem("method_not_allowed");
    assert!(log.text().contains("CURFEW_OAUTH_EXAMPLE_RESPONSE_MODE=form_post"), "{}", log.text());
}

#[tokio::test]
async fn discovery_at_an_address_of_its_own_keeps_the_issuer_and_leads_nowhere_else_without_tls() {
    // Public under a name that the server cannot reach.
    let issuer = "https://id.example/realms/people";
    let provider = Provider::below("/realms/people").await;
    let mut settings = provider.settings("example", "");
    settings.issuer = issuer.to_owned();
    settings.discovery_url =
        Some(format!("{}/realms/people/.well-known/openid-configuration", provider.origin));
    let app = TestApp::new().await.replica_with(|config| config.providers = vec![settings]);
    let publish = |name: &str, value: &str| {
        provider.inner.lock().unwrap().metadata[name] = json!(value);
        app.wait(TimeDelta::hours(1));
    };
    let start = async || start_as(&app, "example", &json!({}), None).await;
    start().await.assert_problem("oauth_failed");
    publish("issuer", issuer);
    // The browser goes there, so it must have TLS.
    start().await.assert_problem("oauth_failed");
    publish("authorization_endpoint", "https://id.example/authorize");
    for endpoint in ["token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        let right = provider.inner.lock().unwrap().metadata[endpoint].as_str().unwrap().to_owned();
        publish(endpoint, "http://127.0.0.1:9/elsewhere");
        start().await.assert_problem("oauth_failed");
        publish(endpoint, &right);
    }
    let answer = sign_in(&app, &provider, &ada()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(app.value::<String>("SELECT issuer FROM identities").await, issuer);
}

#[tokio::test]
async fn how_the_client_authenticates_is_as_discovery_says_unless_it_is_set() {
    let (app, provider) = stage_with(|settings| {
        settings.token_endpoint_auth_method = Some(ClientAuth::ClientSecretPost);
    })
    .await;
    // It takes the secret in the body, and says that it does not.
    provider.inner.lock().unwrap().metadata["token_endpoint_auth_methods_supported"] =
        json!(["client_secret_post"]);
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    let log = Log::default();
    let _listening = log.listen();
    let (app, provider) = stage().await;
    provider.inner.lock().unwrap().metadata["token_endpoint_auth_methods_supported"] =
        json!(["private_key_jwt"]);
    start_as(&app, "example", &json!({}), None).await.assert_problem("oauth_failed");
    let variable = "CURFEW_OAUTH_EXAMPLE_TOKEN_ENDPOINT_AUTH_METHOD";
    assert!(log.text().contains(variable), "{}", log.text());
}

#[tokio::test]
async fn no_more_is_asked_for_than_the_scopes_that_are_set() {
    let (app, provider) = stage_with(|settings| {
        settings.scopes = vec!["openid".to_owned(), "email".to_owned()];
    })
    .await;
    assert_eq!(begin(&app).await.request["scope"], "openid email");
    assert_eq!(sign_in(&app, &provider, &ada()).await.status, 200);
    let (app, _) = stage().await;
    assert_eq!(begin(&app).await.request["scope"], "openid email profile");
}
