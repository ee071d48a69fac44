//! Health, metrics, and the description of the API.

use curfew_shared::route::{API, api};
use serde_json::json;

use crate::test_app::{REFRESH, TestApp};

#[tokio::test]
async fn it_is_live_and_ready() {
    let app = TestApp::new().await;
    for path in ["/health/live", "/health/ready"] {
        let answer = app.get(path).send().await;
        assert_eq!((answer.status.as_u16(), answer.body), (200, json!({"status": "ok"})));
    }
}

#[tokio::test]
async fn what_happens_is_counted_without_naming_anybody() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.refresh(&tokens.refresh).await.tokens();
    app.refresh("x").await;
    app.get("/login?token=secret").send().await;
    let metrics = app.get("/metrics").send().await.text;
    assert!(metrics.contains("curfew_sign_ins_total{outcome=\"ok\"} 1\n"), "{metrics}");
    assert!(metrics.contains("curfew_refreshes_total{outcome=\"ok\"} 1\n"), "{metrics}");
    assert!(metrics.contains("curfew_refreshes_total{outcome=\"invalid_refresh_token\"} 1\n"), "{metrics}");
    assert!(metrics.contains(&format!("route=\"{REFRESH}\",status=\"401\"}} 1\n")), "{metrics}");
    assert!(!metrics.contains("secret") && !metrics.contains("ada@"));
    assert!(metrics.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_description_names_every_path() {
    let app = TestApp::new().await;
    let document = app.get("/openapi.json").send().await.body;
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    for path in [
        api::LOGIN,
        api::LOGIN_JSON,
        api::REFRESH,
        api::LOGOUT,
        api::ME,
        api::SECURITY,
        api::REVOKE_SESSIONS,
        api::AUDIT_EVENTS,
    ] {
        assert!(paths.contains(&format!("{API}{path}")), "{path} in {paths:?}");
    }
    for path in ["/health/live", "/health/ready", "/metrics", "/.well-known/jwks.json"] {
        assert!(paths.contains(&path.to_owned()), "{path} in {paths:?}");
    }
    let words = |schema: &str| document["components"]["schemas"][schema]["enum"].as_array().unwrap().clone();
    assert!(words("ErrorCode").contains(&json!("session_expired_idle")));
    assert!(words("AuditKind").contains(&json!("session.signed_in")));
    assert_eq!(
        document,
        serde_json::to_value(curfew::http::openapi()).unwrap(),
        "as `curfew openapi` prints it"
    );
}
