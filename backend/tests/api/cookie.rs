//! Cookie delivery: where the refresh token travels, and which requests may use it.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::{Value, json};

use crate::test_app::{LOGIN, LOGOUT, ME, PASSWORD, REFRESH, TestApp, TestRequest, TestResponse, claims};

async fn sign_in(app: &TestApp) -> TestResponse {
    app.owner("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "token_delivery": "cookie"});
    app.post(LOGIN).json(&body).send().await
}

/// The cookie as a browser sends it back.
fn cookie_header(response: &TestResponse) -> String {
    response.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn same_origin(call: TestRequest, cookie: &str) -> TestRequest {
    call.header("cookie", cookie).header("sec-fetch-site", "same-origin").json(&json!({}))
}

#[tokio::test]
async fn the_refresh_token_travels_in_the_cookie_alone() {
    let app = TestApp::new().await;
    let response = sign_in(&app).await;
    assert_eq!(response.status, 200);
    assert!(response.body["refresh_token"].is_null());
    let cookie = response.header("set-cookie").to_owned();
    let (pair, attributes) = cookie.split_once(';').unwrap();
    let token = pair.strip_prefix("__Host-curfew_rt=").unwrap();
    assert!(!response.text.contains(token));
    let mut attributes: Vec<_> = attributes.split(';').map(str::trim).collect();
    attributes.sort_unstable();
    let max_age = attributes.remove(1);
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]);
    let seconds: i64 = max_age.strip_prefix("Max-Age=").unwrap().parse().unwrap();
    assert_eq!(seconds, 259_199, "to the nearer deadline, never beyond");

    app.advance(TimeDelta::hours(1));
    let refreshed = same_origin(app.post(REFRESH), &cookie_header(&response)).send().await;
    assert!(refreshed.tokens().refresh.is_empty(), "a refresh answers the way it was asked");
    assert_ne!(cookie_header(&refreshed), cookie_header(&response));
}

#[tokio::test]
async fn the_cookie_counts_only_for_a_json_request_of_our_own_page() {
    let app = TestApp::new().await;
    let cookie = cookie_header(&sign_in(&app).await);
    let post = |path| app.post(path).header("cookie", &cookie);
    for path in [REFRESH, LOGOUT] {
        for refused in [
            post(path).header("sec-fetch-site", "cross-site").json(&json!({})),
            post(path).header("sec-fetch-site", "same-site").json(&json!({})),
            post(path).header("sec-fetch-site", "none").json(&json!({})),
            post(path).json(&json!({})),
            post(path).header("origin", "https://evil.example").json(&json!({})),
            post(path)
                .header("sec-fetch-site", "cross-site")
                .header("origin", "https://curfew.example")
                .json(&json!({})),
            post(path).header("sec-fetch-site", "same-origin"),
        ] {
            refused.send().await.assert_problem("forbidden");
        }
        let text = post(path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "text/plain")
            .body("{}");
        text.send().await.assert_problem("unsupported_media_type");
        let form = post(path).header("sec-fetch-site", "same-origin").form("a=b");
        form.send().await.assert_problem("unsupported_media_type");
    }
    // Without Fetch Metadata, the `Origin` header decides.
    let by_origin = post(REFRESH).header("origin", "https://curfew.example").json(&json!({})).send().await;
    assert_eq!(by_origin.status, 200);
}

#[tokio::test]
async fn all_other_requests_need_the_bearer_token() {
    let app = TestApp::new().await;
    let response = sign_in(&app).await;
    let cookie = cookie_header(&response);
    let me = app.get(ME).header("cookie", &cookie).header("sec-fetch-site", "same-origin").send().await;
    me.assert_problem("invalid_access_token");
    let token = response.tokens().access;
    let in_address = app.get(&format!("{ME}?access_token={token}")).send().await;
    in_address.assert_problem("invalid_access_token");
}

#[tokio::test]
async fn a_refused_refresh_never_clears_the_cookie() {
    let app = TestApp::new().await;
    let used = cookie_header(&sign_in(&app).await);
    same_origin(app.post(REFRESH), &used).send().await;
    // Another tab may have won the race and set its cookie.
    let lost = same_origin(app.post(REFRESH), &used).send().await;
    lost.assert_problem("invalid_refresh_token");
    assert!(!lost.headers.contains_key("set-cookie"));
    app.advance(TimeDelta::days(4));
    let expired = same_origin(app.post(REFRESH), &used).send().await;
    expired.assert_problem("session_expired_idle");
    assert!(!expired.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn signing_out_clears_the_cookie_and_what_the_site_has_stored() {
    let app = TestApp::new().await;
    let cookie = cookie_header(&sign_in(&app).await);
    let response = same_origin(app.post(LOGOUT), &cookie).send().await;
    assert_eq!(response.status, 204);
    assert_eq!(response.header("clear-site-data"), r#""cache", "cookies", "storage""#);
    assert!(response.header("set-cookie").starts_with("__Host-curfew_rt=;"));
    assert!(response.header("set-cookie").contains("Max-Age=0"));
    same_origin(app.post(REFRESH), &cookie).send().await.assert_problem("invalid_refresh_token");
}

#[tokio::test]
async fn a_token_in_the_body_or_header_takes_precedence_over_the_cookie() {
    let app = TestApp::new().await;
    let cookie = cookie_header(&sign_in(&app).await);
    let other = app.user(app.owner("eve@example.com").await.account, "bob@example.com", Role::Viewer).await;
    let bob = app.sign_in(&other).await;
    let response = same_origin(app.post(REFRESH), &cookie).bearer(&bob.refresh).send().await;
    assert_eq!(claims(&response.tokens().refresh)["sub"], json!(other.id));
    assert!(!response.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn another_site_cannot_sign_a_browser_in_as_another_user() {
    let app = TestApp::new().await;
    app.owner("eve@example.com").await;
    let json = json!({"email": "eve@example.com", "password": PASSWORD, "token_delivery": "cookie"});
    let form = "username=eve%40example.com&password=correct+horse+battery+staple&token_delivery=cookie";
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        for call in [app.post(LOGIN).json(&json), app.post("/api/v1/auth/login").form(form)] {
            let response = call.header(name, value).send().await;
            response.assert_problem("forbidden");
            assert!(!response.headers.contains_key("set-cookie"));
        }
    }
    for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", "https://curfew.example")] {
        let response = app.post(LOGIN).json(&json).header(name, value).send().await;
        assert_eq!(response.status, 200);
    }
}

#[tokio::test]
async fn another_cookie_that_is_not_text_signs_nobody_out() {
    let app = TestApp::new().await;
    let cookie = cookie_header(&sign_in(&app).await);
    let mut call = app.post(REFRESH).header("sec-fetch-site", "same-origin").json(&json!({}));
    let raw = [b"name=caf\xe9; ".as_slice(), cookie.as_bytes()].concat();
    call = call.raw_header("cookie", &raw);
    assert_eq!(call.send().await.status, 200);
}

/// A request that sets or clears cookies when it is same-origin.
struct Setting {
    path: String,
    body: Body,
    bearer: Option<String>,
    cookie: Option<String>,
    /// Set if the body asks for cookie delivery, which a cross-site request is refused.
    asks: bool,
}

enum Body {
    Json(Value),
    Form(&'static str),
}

/// Every endpoint that sets cookies, except those of provider sign-ins (`oauth`).
async fn settings(app: &TestApp) -> Vec<Setting> {
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    let credentials = json!({"email": owner.email, "password": PASSWORD, "token_delivery": "cookie"});
    let signed_in = cookie_header(&app.post(LOGIN).json(&credentials).send().await);
    let invite = json!({"email": "bob@example.com", "role": "viewer"});
    app.post("/api/v1/accounts/me/invites").bearer(&own.access).json(&invite).send().await;
    let invitation = app.email_to("bob@example.com").await.token("/invite");
    app.post("/api/v1/auth/forgot-password").json(&json!({"email": owner.email})).send().await;
    let reset = app.email_to("ada@example.com").await.token("/reset-password");
    let form = "username=ada%40example.com&password=correct+horse+battery+staple&token_delivery=cookie";
    let registration =
        json!({"account_name": "Acme", "name": "Zoe", "email": "zoe@example.com", "password": PASSWORD});
    let asking = |path: &str, body: Value, bearer: Option<&str>| Setting {
        path: path.to_owned(),
        body: Body::Json(body),
        bearer: bearer.map(str::to_owned),
        cookie: None,
        asks: true,
    };
    let joining = json!({"name": "Bob", "password": PASSWORD, "token_delivery": "cookie"});
    let proof = json!({"password": PASSWORD, "token_delivery": "cookie"});
    let by_cookie = |path: &str| Setting { cookie: Some(signed_in.clone()), ..asking(path, json!({}), None) };
    let unasked =
        |path: &str, body: Value, bearer: Option<&str>| Setting { asks: false, ..asking(path, body, bearer) };
    vec![
        asking(LOGIN, credentials, None),
        Setting { body: Body::Form(form), ..asking("/api/v1/auth/login", json!({}), None) },
        asking("/api/v1/auth/reauthenticate", proof, Some(&own.access)),
        asking(&format!("/api/v1/invites/{invitation}/accept"), joining, None),
        by_cookie(REFRESH),
        unasked("/api/v1/auth/register", registration, None),
        unasked(
            "/api/v1/auth/reset-password",
            json!({"token": reset, "password": "seven purple kangaroos hum"}),
            None,
        ),
        unasked(LOGOUT, json!({}), Some(&own.refresh)),
    ]
}

fn call(app: &TestApp, setting: &Setting) -> TestRequest {
    let mut call = app.post(&setting.path);
    if let Some(token) = &setting.bearer {
        call = call.bearer(token);
    }
    if let Some(cookie) = &setting.cookie {
        call = call.header("cookie", cookie);
    }
    match &setting.body {
        Body::Json(body) => call.json(body),
        Body::Form(body) => call.form(body),
    }
}

#[tokio::test]
async fn no_endpoint_sets_cookies_for_another_site() {
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let app = TestApp::new().await;
        for setting in settings(&app).await {
            let response = call(&app, &setting).header(name, value).send().await;
            assert!(!response.headers.contains_key("set-cookie"), "{}", setting.path);
            if setting.asks {
                response.assert_problem("forbidden");
            } else {
                assert!(response.status.is_success(), "{} {}", setting.path, response.text);
            }
        }
    }
    // Each of them sets a cookie; otherwise the test would prove nothing.
    let app = TestApp::new().await;
    for setting in settings(&app).await {
        let response = call(&app, &setting).header("sec-fetch-site", "same-origin").send().await;
        assert!(response.headers.contains_key("set-cookie"), "{} {}", setting.path, response.text);
    }
}

#[tokio::test]
async fn every_endpoint_with_cookie_delivery_is_tested() {
    let app = TestApp::new().await;
    let tried: Vec<_> =
        settings(&app).await.into_iter().filter(|setting| setting.asks).map(|it| it.path).collect();
    let document = serde_json::to_value(curfew::http::openapi()).unwrap();
    let mut found = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let content = &item["post"]["requestBody"]["content"];
        for kind in content.as_object().into_iter().flat_map(|kinds| kinds.values()) {
            let name = kind["schema"]["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap();
            if document["components"]["schemas"][name]["properties"]["token_delivery"].is_null() {
                continue;
            }
            found += 1;
            // `oauth::a_browser_gets_its_refresh_token_only_by_cookie_and_same_origin`.
            let is_tried = path.contains("/oauth/")
                || tried
                    .iter()
                    .any(|tried| tried == path || path.contains("{token}") && tried.ends_with("/accept"));
            assert!(is_tried, "{path}");
        }
    }
    assert!(found >= 5, "{found}");
}
