//! `GET|PATCH /accounts/me/security`.

use chrono::TimeDelta;
use curfew_shared::auth::Role;
use serde_json::{Value, json};

use crate::test_app::{REVOKE, SECURITY, TestApp, TestResponse, Tokens, claims};

async fn get(app: &TestApp, tokens: &Tokens) -> Value {
    let response = app.get(SECURITY).bearer(&tokens.access).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.body
}

async fn patch(app: &TestApp, tokens: &Tokens, body: Value) -> TestResponse {
    app.request(axum::http::Method::PATCH, SECURITY).bearer(&tokens.access).json(&body).send().await
}

#[tokio::test]
async fn a_new_account_has_the_strict_policy_and_its_owner_signed_in() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    assert_eq!(
        get(&app, &tokens).await,
        json!({
            "policy": {
                "override": {"idle_minutes": null, "absolute_minutes": null},
                "effective": {"idle_minutes": 4_320, "absolute_minutes": 20_160},
                "default": {"idle_minutes": 4_320, "absolute_minutes": 20_160},
                "bounds": {
                    "idle_minutes": {"min": 15, "max": 43_200},
                    "absolute_minutes": {"min": 60, "max": 129_600},
                },
                "presets": [
                    {"name": "strict", "idle_minutes": null, "absolute_minutes": null},
                    {"name": "standard", "idle_minutes": 10_080, "absolute_minutes": 43_200},
                ],
                "preset": "strict",
            },
            "active_users": [{
                "user_id": owner.id,
                "name": "Ada Example",
                "email": "ada@example.com",
                "last_login_at": "2026-03-01T09:00:00.250Z",
                "session_count": 1,
                "is_caller": true,
            }],
            "active_user_count": 1,
        })
    );
}

#[tokio::test]
async fn a_custom_policy_persists_and_holds_from_the_next_sign_in() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let before = app.sign_in(&owner).await;
    let response = patch(&app, &before, json!({"idle_minutes": 60, "absolute_minutes": 240})).await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.body, get(&app, &before).await, "answers what GET answers");
    assert_eq!(response.body["policy"]["preset"], "custom");
    assert_eq!(response.body["policy"]["effective"], json!({"idle_minutes": 60, "absolute_minutes": 240}));
    let after = claims(&app.sign_in(&owner).await.refresh);
    assert_eq!((&after["idle_max"], &after["abs_max"]), (&json!(3_600), &json!(14_400)));
    let kept = claims(&app.refresh(&before.refresh).await.tokens().refresh);
    assert_eq!((&kept["idle_max"], &kept["abs_max"]), (&json!(259_200), &json!(1_209_600)));
}

#[tokio::test]
async fn absent_leaves_and_null_clears() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let set = async |body| patch(&app, &tokens, body).await.body["policy"]["override"].clone();
    assert_eq!(set(json!({"idle_minutes": 60})).await, json!({"idle_minutes": 60, "absolute_minutes": null}));
    assert_eq!(
        set(json!({"absolute_minutes": 240})).await,
        json!({"idle_minutes": 60, "absolute_minutes": 240})
    );
    assert_eq!(set(json!({"idle_minutes": null})).await["idle_minutes"], Value::Null);
}

#[tokio::test]
async fn clearing_one_half_is_checked_against_what_stays() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    assert_eq!(patch(&app, &tokens, json!({"idle_minutes": 60, "absolute_minutes": 240})).await.status, 200);
    // The default idle window of 4,320 minutes exceeds 240.
    let refused = patch(&app, &tokens, json!({"idle_minutes": null})).await;
    refused.assert_problem("validation_failed");
    assert_eq!(refused.body["errors"][0]["code"], "exceeds_absolute");
}

#[tokio::test]
async fn a_policy_out_of_bounds_is_refused_by_name_and_nothing_is_written() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let before = get(&app, &tokens).await;
    for (body, field, code, limit) in [
        (json!({"idle_minutes": 14}), "idle_minutes", "too_small", 15),
        (json!({"idle_minutes": -1}), "idle_minutes", "too_small", 15),
        (json!({"idle_minutes": 43_201, "absolute_minutes": 129_600}), "idle_minutes", "too_large", 43_200),
        (json!({"absolute_minutes": 129_601}), "absolute_minutes", "too_large", 129_600),
        (json!({"absolute_minutes": 59}), "absolute_minutes", "too_small", 60),
        (json!({"idle_minutes": 300, "absolute_minutes": 240}), "idle_minutes", "exceeds_absolute", 240),
        (
            json!({"idle_minutes": 43_200, "absolute_minutes": null}),
            "idle_minutes",
            "exceeds_absolute",
            20_160,
        ),
    ] {
        let response = patch(&app, &tokens, body.clone()).await;
        response.assert_problem("validation_failed");
        let error = &response.body["errors"][0];
        assert_eq!((error["field"].as_str(), error["code"].as_str()), (Some(field), Some(code)), "{body}");
        assert_eq!(error["limit"], limit, "{body}");
    }
    for body in [json!({"idle_minutes": 60.5}), json!({"idle_minutes": "60"}), json!({"idle": 60}), json!([])]
    {
        patch(&app, &tokens, body).await.assert_problem("validation_failed");
    }
    assert_eq!(get(&app, &tokens).await, before);
    assert_eq!(app.audit_count("account.session_policy_update").await, 0);
}

#[tokio::test]
async fn a_change_is_one_audit_event_with_all_sides_of_it() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    patch(&app, &tokens, json!({"idle_minutes": 60})).await;
    // A change without effect is not audited.
    patch(&app, &tokens, json!({"idle_minutes": 60})).await;
    patch(&app, &tokens, json!({})).await;
    let events =
        app.get("/api/v1/accounts/me/audit-events?kind=account.session_policy_update").bearer(&tokens.access);
    let events = events.send().await.body["events"].clone();
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert_eq!(
        events[0]["payload"],
        json!({
            "old": {"idle_minutes": null, "absolute_minutes": null},
            "new": {"idle_minutes": 60, "absolute_minutes": null},
            "effective_old": {"idle_minutes": 4_320, "absolute_minutes": 20_160},
            "effective_new": {"idle_minutes": 60, "absolute_minutes": 20_160},
        })
    );
    assert_eq!(events[0]["actor"]["email"], "ada@example.com");
}

#[tokio::test]
async fn presets_are_told_by_their_values() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let preset = async |body| patch(&app, &tokens, body).await.body["policy"]["preset"].clone();
    assert_eq!(preset(json!({"idle_minutes": 10_080, "absolute_minutes": 43_200})).await, "standard");
    // Custom values equal to Strict would not follow a change of the system's default.
    assert_eq!(preset(json!({"idle_minutes": 4_320, "absolute_minutes": 20_160})).await, "custom");
    assert_eq!(preset(json!({"idle_minutes": null, "absolute_minutes": null})).await, "strict");
}

#[tokio::test]
async fn an_operators_narrower_bounds_hold_and_hide_presets_beyond_them() {
    let app = TestApp::with_flags(&["--idle-minutes-max", "5000", "--absolute-minutes-min", "120"]).await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let policy = get(&app, &tokens).await["policy"].clone();
    assert_eq!(policy["bounds"]["idle_minutes"], json!({"min": 15, "max": 5_000}));
    assert_eq!(policy["presets"].as_array().unwrap().len(), 1);
    patch(&app, &tokens, json!({"idle_minutes": 5_001})).await.assert_problem("validation_failed");
    patch(&app, &tokens, json!({"idle_minutes": 60, "absolute_minutes": 119}))
        .await
        .assert_problem("validation_failed");
}

#[tokio::test]
async fn bounds_narrowed_later_apply_to_existing_policies() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let body = json!({"idle_minutes": 10_080, "absolute_minutes": 43_200});
    assert_eq!(patch(&app, &tokens, body).await.status, 200);
    let app = app.replica_with(|config| {
        config.policy.idle_minutes_max = 60;
        config.policy.absolute_minutes_max = 240;
    });
    let tokens = app.sign_in(&owner).await;
    let claims = claims(&tokens.refresh);
    assert_eq!((&claims["idle_max"], &claims["abs_max"]), (&json!(3_600), &json!(14_400)));
    let policy = get(&app, &tokens).await["policy"].clone();
    assert_eq!(policy["override"], json!({"idle_minutes": 10_080, "absolute_minutes": 43_200}));
    assert_eq!(policy["effective"], json!({"idle_minutes": 60, "absolute_minutes": 240}));
}

#[tokio::test]
async fn active_users_are_those_with_a_live_session_newest_first() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let account = owner.account;
    let bob = app.user(account, "bob@example.com", Role::Engineer).await;
    let eve = app.user(account, "eve@example.com", Role::Viewer).await;
    let _never = app.user(account, "never@example.com", Role::Viewer).await;
    let stranger = app.owner("stranger@other.example").await;
    app.sign_in(&stranger).await;
    app.sign_in(&eve).await;
    app.advance(TimeDelta::days(3));
    // Eve's session has expired idle.
    app.sign_in(&bob).await;
    app.advance(TimeDelta::seconds(1));
    app.sign_in(&bob).await;
    app.advance(TimeDelta::seconds(1));
    let tokens = app.sign_in(&owner).await;
    let gone = app.sign_in(&owner).await;
    app.post("/api/v1/auth/logout").bearer(&gone.refresh).send().await;
    let body = get(&app, &tokens).await;
    assert_eq!(body["active_user_count"], 2);
    let users: Vec<_> = body["active_users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| {
            (
                user["email"].as_str().unwrap(),
                user["session_count"].as_i64().unwrap(),
                user["is_caller"] == true,
            )
        })
        .collect();
    assert_eq!(users, [("ada@example.com", 1, true), ("bob@example.com", 2, false)]);
}

#[tokio::test]
async fn a_hundred_active_users_are_listed_and_all_are_counted() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let (random, text) = if app.database_url.starts_with("postgres") {
        ("gen_random_uuid()", "i::text")
    } else {
        ("randomblob(16)", "i")
    };
    let n = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)";
    app.execute(&format!(
        "INSERT INTO users (id, account_id, email, name, role, is_active, last_login_at, created_at) {n} \
         SELECT {random}, account_id, 'user' || {text} || '@example.com', 'User', 'viewer', TRUE, last_login_at, created_at \
         FROM users, n"
    ))
    .await
    .unwrap();
    app.execute(&format!(
        "INSERT INTO sessions (id, account_id, user_id, generation, rotations, auth_time, idle_max, abs_max, \
         idle_expires_at, absolute_expires_at) SELECT {random}, u.account_id, u.id, 0, '', s.auth_time, 1, 1, \
         s.idle_expires_at, s.absolute_expires_at FROM users u, sessions s WHERE u.id <> s.user_id"
    ))
    .await
    .unwrap();
    let body = get(&app, &tokens).await;
    assert_eq!(body["active_users"].as_array().unwrap().len(), 100);
    assert_eq!(body["active_user_count"], 121);
}

#[tokio::test]
async fn another_accounts_policy_is_not_touched() {
    let app = TestApp::new().await;
    let (owner, stranger) = (app.owner("ada@example.com").await, app.owner("eve@other.example").await);
    let (own, theirs) = (app.sign_in(&owner).await, app.sign_in(&stranger).await);
    let before = get(&app, &theirs).await;
    assert_eq!(patch(&app, &own, json!({"idle_minutes": 60, "absolute_minutes": 240})).await.status, 200);
    assert_eq!(get(&app, &theirs).await, before);
}

#[tokio::test]
async fn two_owners_who_each_change_one_half_at_once_lose_nothing() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", Role::Owner).await;
    let (own, theirs) = (app.sign_in(&owner).await, app.sign_in(&bob).await);
    assert_eq!(patch(&app, &own, json!({"idle_minutes": 60, "absolute_minutes": 240})).await.status, 200);
    for round in 1..=4 {
        let (idle, absolute) = (60 + round, 240 + round);
        let (one, other) = tokio::join!(
            patch(&app, &own, json!({"idle_minutes": idle})),
            patch(&app, &theirs, json!({"absolute_minutes": absolute}))
        );
        assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 200));
        let set = &get(&app, &own).await["policy"]["override"];
        assert_eq!(set, &json!({"idle_minutes": idle, "absolute_minutes": absolute}));
    }
    // Each change starts from the result of the one before.
    let events = app.get("/api/v1/accounts/me/audit-events?kind=account.session_policy_update");
    let events = events.bearer(&own.access).send().await.body["events"].as_array().unwrap().clone();
    assert_eq!(events.len(), 9);
    let mut at = json!({"idle_minutes": null, "absolute_minutes": null});
    let mut left: Vec<_> = events.iter().map(|event| &event["payload"]).collect();
    while let Some(next) = left.iter().position(|payload| payload["old"] == at) {
        at = left.remove(next)["new"].clone();
    }
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_change_that_cannot_be_audited_does_not_happen() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let (own, other) = (app.sign_in(&owner).await, app.sign_in(&owner).await);
    app.execute("ALTER TABLE audit_events RENAME TO elsewhere").await.unwrap();
    let changed = patch(&app, &own, json!({"idle_minutes": 60, "absolute_minutes": 240})).await;
    changed.assert_problem("internal_error");
    let ended = app.post(REVOKE).bearer(&own.access).json(&json!({"scope": "all"})).send().await;
    ended.assert_problem("internal_error");
    app.execute("ALTER TABLE elsewhere RENAME TO audit_events").await.unwrap();
    assert_eq!(get(&app, &own).await["policy"]["preset"], "strict");
    assert_eq!(app.refresh(&other.refresh).await.status, 200);
}
