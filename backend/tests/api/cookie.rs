//! Delivery in the cookie: where the token travels, and for which requests it counts.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::json;

use crate::test_app::{Answer, Call, LOGIN, LOGOUT, ME, PASSWORD, REFRESH, TestApp, claims};

async fn sign_in(app: &TestApp) -> Answer {
    app.owner("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "token_delivery": "cookie"});
    app.post(LOGIN).json(&body).send().await
}

/// The cookie as a browser would send it back.
fn sent_back(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn same_origin(call: Call, cookie: &str) -> Call {
    call.header("cookie", cookie).header("sec-fetch-site", "same-origin").json(&json!({}))
}

#[tokio::test]
async fn the_refresh_token_travels_in_the_cookie_alone() {
    let app = TestApp::new().await;
    let answer = sign_in(&app).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body["refresh_token"].is_null());
    let cookie = answer.header("set-cookie").to_owned();
    let (pair, attributes) = cookie.split_once(';').unwrap();
    let token = pair.strip_prefix("__Host-curfew_rt=").unwrap();
    assert!(!answer.text.contains(token));
    let mut attributes: Vec<_> = attributes.split(';').map(str::trim).collect();
    attributes.sort_unstable();
    let max_age = attributes.remove(1);
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]);
    let seconds: i64 = max_age.strip_prefix("Max-Age=").unwrap().parse().unwrap();
    assert_eq!(seconds, 259_199, "to the nearer deadline, never beyond");

    app.wait(TimeDelta::hours(1));
    let refreshed = same_origin(app.post(REFRESH), &sent_back(&answer)).send().await;
    assert!(refreshed.tokens().refresh.is_empty(), "a refresh answers the way it was asked");
    assert_ne!(sent_back(&refreshed), sent_back(&answer));
}

#[tokio::test]
async fn the_cookie_counts_only_for_a_json_request_of_our_own_page() {
    let app = TestApp::new().await;
    let cookie = sent_back(&sign_in(&app).await);
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
    // Without fetch metadata, the origin decides.
    let by_origin = post(REFRESH).header("origin", "https://curfew.example").json(&json!({})).send().await;
    assert_eq!(by_origin.status, 200);
}

#[tokio::test]
async fn everything_else_needs_the_bearer_token() {
    let app = TestApp::new().await;
    let answer = sign_in(&app).await;
    let cookie = sent_back(&answer);
    let me = app.get(ME).header("cookie", &cookie).header("sec-fetch-site", "same-origin").send().await;
    me.assert_problem("invalid_access_token");
    let token = answer.tokens().access;
    let in_address = app.get(&format!("{ME}?access_token={token}")).send().await;
    in_address.assert_problem("invalid_access_token");
}

#[tokio::test]
async fn a_refused_refresh_never_clears_the_cookie() {
    let app = TestApp::new().await;
    let used = sent_back(&sign_in(&app).await);
    same_origin(app.post(REFRESH), &used).send().await;
    // The loser of a race between two tabs: the winner's cookie is already in the jar.
    let lost = same_origin(app.post(REFRESH), &used).send().await;
    lost.assert_problem("invalid_refresh_token");
    assert!(!lost.headers.contains_key("set-cookie"));
    app.wait(TimeDelta::days(4));
    let expired = same_origin(app.post(REFRESH), &used).send().await;
    expired.assert_problem("session_expired_idle");
    assert!(!expired.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn signing_out_clears_the_cookie_and_what_the_site_has_stored() {
    let app = TestApp::new().await;
    let cookie = sent_back(&sign_in(&app).await);
    let answer = same_origin(app.post(LOGOUT), &cookie).send().await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("clear-site-data"), r#""cache", "cookies", "storage""#);
    assert!(answer.header("set-cookie").starts_with("__Host-curfew_rt=;"));
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    same_origin(app.post(REFRESH), &cookie).send().await.assert_problem("invalid_refresh_token");
}

#[tokio::test]
async fn a_token_in_the_body_or_header_goes_before_the_cookie() {
    let app = TestApp::new().await;
    let cookie = sent_back(&sign_in(&app).await);
    let other = app.user(app.owner("eve@example.com").await.account, "bob@example.com", Role::Viewer).await;
    let bob = app.sign_in(&other).await;
    let answer = same_origin(app.post(REFRESH), &cookie).bearer(&bob.refresh).send().await;
    assert_eq!(claims(&answer.tokens().refresh)["sub"], json!(other.id));
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn another_site_signs_nobody_in_as_somebody_else() {
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
            let answer = call.header(name, value).send().await;
            answer.assert_problem("forbidden");
            assert!(!answer.headers.contains_key("set-cookie"));
        }
    }
    for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", "https://curfew.example")] {
        let answer = app.post(LOGIN).json(&json).header(name, value).send().await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_cookie_of_a_neighbour_that_is_no_text_signs_nobody_out() {
    let app = TestApp::new().await;
    let cookie = sent_back(&sign_in(&app).await);
    let mut call = app.post(REFRESH).header("sec-fetch-site", "same-origin").json(&json!({}));
    let raw = [b"name=caf\xe9; ".as_slice(), cookie.as_bytes()].concat();
    call = call.raw_header("cookie", &raw);
    assert_eq!(call.send().await.status, 200);
}
