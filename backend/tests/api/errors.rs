//! Bad input returns a problem with the right status and never panics.

use axum::http::{HeaderName, Method};
use curfew_shared::error::ErrorCode;

use crate::test_app::{LOGIN, ME, REFRESH, TestApp};

#[tokio::test]
async fn every_kind_of_bad_request_has_its_error_code() {
    let app = TestApp::new().await;
    let json = "application/json";
    let post = |content_type: &str, body: &str| {
        app.post(LOGIN).header("content-type", content_type).body(body.to_owned()).send()
    };
    post(json, "").await.assert_problem("validation_failed");
    post(json, "{").await.assert_problem("validation_failed");
    post(json, "[]").await.assert_problem("validation_failed");
    post(json, "null").await.assert_problem("validation_failed");
    post(json, "{} {}").await.assert_problem("validation_failed");
    post(json, "{\"email\": \"\\ud800\"}").await.assert_problem("validation_failed");
    post("application/json; charset=utf-8", "{}").await.assert_problem("validation_failed");
    post("text/plain", "{}").await.assert_problem("unsupported_media_type");
    post("application/x-www-form-urlencoded", "a=b").await.assert_problem("unsupported_media_type");
    app.post(LOGIN).body("{}").send().await.assert_problem("unsupported_media_type");
    post(json, &format!("{{\"email\": \"{}\"}}", "x".repeat(1_000_000)))
        .await
        .assert_problem("payload_too_large");
    let nested = "[".repeat(10_000);
    post(json, &nested).await.assert_problem("validation_failed");
    app.post(LOGIN)
        .header("content-type", json)
        .body(vec![0xff, 0xfe])
        .send()
        .await
        .assert_problem("validation_failed");
    app.post("/api/v1/auth/login")
        .form("username=%ff&password=x")
        .send()
        .await
        .assert_problem("validation_failed");
    app.post(REFRESH)
        .header("content-type", json)
        .body("[1]")
        .send()
        .await
        .assert_problem("validation_failed");
}

#[tokio::test]
async fn a_body_of_64_kib_is_the_longest() {
    let app = TestApp::new().await;
    let body = |length: usize| format!("{{\"email\":\"a@b\",\"password\":\"{}\"}}", "x".repeat(length - 29));
    assert_eq!(body(100).len(), 100);
    let post = |body: String| app.post(LOGIN).header("content-type", "application/json").body(body).send();
    post(body(64 * 1024)).await.assert_problem("validation_failed");
    post(body(64 * 1024 + 1)).await.assert_problem("payload_too_large");
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let app = TestApp::new().await;
    let response = app.request(Method::DELETE, LOGIN).send().await;
    response.assert_problem("method_not_allowed");
    assert_eq!(response.header("allow"), "POST");
    let response = app.post(ME).send().await;
    response.assert_problem("method_not_allowed");
    assert_eq!(response.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_under_the_api_and_for_files() {
    let app = TestApp::new().await;
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/nope",
        "/api/v2/auth/me",
        "/nope.js",
        "/.env",
        "/a/b.css.br",
        "/index.html",
    ] {
        app.get(path).send().await.assert_problem("not_found");
    }
    app.post("/login").send().await.assert_problem("not_found");
}

#[tokio::test]
async fn every_response_carries_the_security_headers() {
    let app = TestApp::new().await;
    for path in [ME, "/health/live", "/api/v1/nope", "/problems/not_found", "/docs/", "/openapi.json"] {
        let response = app.get(path).send().await;
        assert_eq!(response.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(response.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(response.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(response.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(response.header("strict-transport-security").starts_with("max-age="), "{path}");
        assert!(response.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(response.header("x-request-id").len(), 32, "{path}");
        assert!(!response.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    let api = app.get(ME).send().await;
    assert_eq!(api.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(api.header("cache-control"), "no-store");
}

#[tokio::test]
async fn no_other_origin_is_allowed_by_default() {
    let app = TestApp::new().await;
    for path in [ME, REFRESH, "/openapi.json", "/.well-known/jwks.json", "/health/live"] {
        let asked = app
            .request(Method::OPTIONS, path)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        for call in [app.get(path), app.post(path), asked] {
            let response = call.header("origin", "https://evil.example").send().await;
            let mut names = response.headers.keys().map(HeaderName::as_str);
            assert!(!names.any(|name| name.starts_with("access-control-")), "{path}: {:?}", response.headers);
        }
    }
}

#[tokio::test]
async fn other_origins_are_allowed_only_if_configured() {
    let app = TestApp::with_flags(&["--cors-origins", "https://app.example"]).await;
    let preflight = |origin| {
        app.request(Method::OPTIONS, REFRESH)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
            .send()
    };
    let response = preflight("https://app.example").await;
    assert_eq!(response.header("access-control-allow-origin"), "https://app.example");
    assert!(!response.headers.contains_key("access-control-allow-credentials"), "never the cookie");
    assert!(!preflight("https://evil.example").await.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn every_problem_has_a_page_that_explains_it() {
    let app = TestApp::new().await;
    for code in ErrorCode::ALL {
        let response = app.get(&code.type_uri()).send().await;
        assert_eq!(response.status, 200, "{code}");
        assert!(
            response.text.contains(code.as_str()) && response.text.contains(code.explanation()),
            "{code}"
        );
    }
    app.get("/problems/unheard_of").send().await.assert_problem("not_found");
}
