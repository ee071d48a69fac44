//! Health, metrics, and the OpenAPI description.

use chrono::TimeDelta;
use curfew_shared::{
    error::{ErrorCode, Problem},
    route::API,
};
use serde_json::{Value, json};

use curfew::{jobs::mailer, mail::post::Post};

use crate::test_app::{REFRESH, TestApp};

#[tokio::test]
async fn it_is_live_and_ready() {
    let app = TestApp::new().await;
    for path in ["/health/live", "/health/ready"] {
        let response = app.get(path).send().await;
        assert_eq!((response.status.as_u16(), response.body), (200, json!({"status": "ok"})));
    }
}

#[tokio::test]
async fn metrics_count_events_without_personal_data() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.refresh(&tokens.refresh).await.tokens();
    app.refresh("x").await;
    app.get("/login?token=secret").send().await;
    let metrics = app.metrics().await;
    assert!(metrics.contains("curfew_sign_ins_total{outcome=\"ok\"} 1\n"), "{metrics}");
    assert!(metrics.contains("curfew_refreshes_total{outcome=\"ok\"} 1\n"), "{metrics}");
    assert!(metrics.contains("curfew_refreshes_total{outcome=\"invalid_refresh_token\"} 1\n"), "{metrics}");
    assert!(metrics.contains(&format!("route=\"{REFRESH}\",status=\"401\"}} 1\n")), "{metrics}");
    assert!(!metrics.contains("secret") && !metrics.contains("ada@"));
    assert!(metrics.ends_with("# EOF\n"));
}

/// Not even while mail cannot be sent, which is only tried for known addresses.
#[tokio::test]
async fn metrics_do_not_reveal_whether_an_address_is_known() {
    let counted = async |email: &str| {
        let app = TestApp::new().await;
        app.owner("ada@example.com").await;
        let response = app.post("/api/v1/auth/forgot-password").json(&json!({"email": email})).send().await;
        assert_eq!(response.status, 202);
        let no_folder = tempfile::NamedTempFile::new().unwrap();
        for _ in 0..3 {
            mailer::deliver(&app.app, &Post::Outbox(no_folder.path().to_owned())).await.unwrap();
            app.advance(TimeDelta::hours(1));
        }
        let waiting: i64 = app.query_value("SELECT count(*) FROM mails").await;
        let metrics = app.metrics().await;
        let counts = metrics.lines().filter(|line| !line.starts_with("curfew_http_request_seconds"));
        (waiting, counts.map(str::to_owned).collect::<Vec<_>>())
    };
    let (known, unknown) = (counted("ada@example.com").await, counted("nobody@example.com").await);
    assert_eq!((known.0, unknown.0), (1, 0), "one could not be sent, the other had nothing to say");
    assert!(known.1.contains(&"curfew_mails_total 1".to_owned()), "{known:?}");
    assert_eq!(known.1, unknown.1);
}

#[tokio::test]
async fn metrics_are_private_and_a_stopping_process_is_not_ready() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/metrics").send().await.status, 404);
    app.app.stopping.cancel();
    app.get("/health/ready").send().await.assert_problem("unavailable");
    assert_eq!(app.get("/health/live").send().await.status, 200);
}

#[tokio::test]
async fn the_description_describes_every_refusal() {
    let app = TestApp::new().await;
    let document = app.get("/openapi.json").send().await.body;
    assert_eq!(document["openapi"], "3.1.0");
    let mut refusals = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "4") {
                let schema = &response["content"]["application/problem+json"]["schema"];
                assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
                let words = response["description"].as_str().unwrap().split('`').skip(1).step_by(2);
                let codes = words.map(|word| word.parse::<ErrorCode>().ok()).collect::<Option<Vec<_>>>();
                let codes = codes.unwrap_or_else(|| panic!("{method} {path}: {response}"));
                assert!(!codes.is_empty(), "{method} {path} {status}");
                assert!(
                    codes.iter().all(|code| code.status().to_string() == *status),
                    "{method} {path} {status}"
                );
                refusals += 1;
            }
            let tags = operation["tags"].as_array().unwrap();
            let declared = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]);
            assert!(tags.iter().all(|tag| declared.clone().any(|name| name == tag)), "{path}");
            // Endpoints with a caller refuse requests without one.
            if path.starts_with(API) && operation["security"].is_null() {
                assert!(responses.contains_key("401"), "{method} {path}");
            }
        }
    }
    assert!(refusals > 100, "{refusals}");
    let words = |schema: &str| document["components"]["schemas"][schema]["enum"].as_array().unwrap().clone();
    assert!(words("ErrorCode").contains(&json!("session_expired_idle")));
    assert!(words("AuditKind").contains(&json!("session.signed_in")));
    assert_eq!(
        document,
        serde_json::to_value(curfew::http::openapi()).unwrap(),
        "as `curfew openapi` prints it"
    );
}

#[tokio::test]
async fn every_operation_has_an_id_of_its_own_and_every_response_a_description() {
    let app = TestApp::new().await;
    let document = app.get("/openapi.json").send().await.body;
    let mut ids = std::collections::HashSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{method} {path}: {id} is taken");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let description = response["description"].as_str().unwrap_or_default();
                assert!(!description.is_empty(), "{method} {path} {status}");
            }
        }
    }
    let id = |path: &str, method: &str| document["paths"][path][method]["operationId"].clone();
    assert_eq!(id("/api/v1/users/me/sessions/{id}", "delete"), "revoke_session");
    assert_eq!(id("/api/v1/accounts/me/invites/{id}", "delete"), "revoke_invite");
    let callback = &document["paths"]["/api/v1/auth/oauth/{provider}/callback"]["post"]["responses"];
    assert!(callback["404"].is_object());
}

/// `just test-openapi` checks each example against its schema.
#[test]
fn every_body_in_the_description_has_an_example() {
    let document = serde_json::to_value(curfew::http::openapi()).unwrap();
    let (mut bodies, mut refusals) = (0, 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            let request = std::iter::once(("request", &operation["requestBody"]));
            for (status, holder) in responses.iter().map(|(key, value)| (key.as_str(), value)).chain(request)
            {
                let Some(content) = holder["content"].as_object() else { continue };
                for (media_type, body) in content {
                    let of = format!("{method} {path} {status} {media_type}");
                    let mut examples = examples(body).into_iter().peekable();
                    assert!(examples.peek().is_some(), "{of} has no example");
                    bodies += 1;
                    if media_type != "application/problem+json" {
                        continue;
                    }
                    for example in examples {
                        let problem: Problem = serde_json::from_value(example.clone()).unwrap();
                        assert_eq!(problem.status.to_string(), status, "{of}");
                        refusals += 1;
                    }
                }
            }
        }
    }
    assert!(bodies > 200 && refusals > 200, "{bodies} bodies, {refusals} examples of refusals");
}

fn examples(body: &Value) -> Vec<&Value> {
    let named = body["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
    named.chain(body.get("example")).collect()
}
