//! `GET /users/me/sessions` and ending them.

use chrono::{SubsecRound, TimeDelta};
use serde_json::{Value, json};

use crate::test_app::{LOGIN, ME, PASSWORD, REFRESH, TestApp, Tokens, User, claims};

const SESSIONS: &str = "/api/v1/users/me/sessions";
const OTHERS: &str = "/api/v1/users/me/sessions/revoke-others";
const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn sign_in_by(app: &TestApp, user: &User, agent: &str) -> Tokens {
    let body = json!({"email": user.email, "password": PASSWORD});
    app.post(LOGIN).header("user-agent", agent).json(&body).send().await.tokens()
}

async fn list(app: &TestApp, tokens: &Tokens) -> Vec<Value> {
    let response = app.get(SESSIONS).bearer(&tokens.access).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.body["sessions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_user_sees_their_sessions_with_device_and_end() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let other = app.owner("eve@example.com").await;
    app.sign_in(&other).await;
    let old = sign_in_by(&app, &owner, "curl/8.5.0").await;
    app.advance(TimeDelta::minutes(3));
    let own = sign_in_by(&app, &owner, FIREFOX).await;
    app.advance(TimeDelta::minutes(2));
    let refreshed = app.refresh(&old.refresh).await.tokens();
    let sessions = list(&app, &own).await;
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    assert_eq!(sessions[0]["id"], claims(&own.access)["sid"], "this one first");
    assert_eq!(sessions[0]["is_current"], true);
    assert_eq!((&sessions[0]["browser"], &sessions[0]["os"]), (&json!("Firefox"), &json!("Windows")));
    assert_eq!(sessions[0]["device"], "computer");
    assert_eq!(sessions[1]["browser"], "curl");
    assert_eq!(sessions[1]["is_current"], false);
    assert_eq!(sessions[1]["last_seen_at"], json!(app.now().trunc_subsecs(0)));
    assert_eq!(sessions[1]["idle_expires_at"], json!(refreshed.idle_expires_at));
    assert_eq!(sessions[1]["absolute_expires_at"], json!(old.absolute_expires_at));
}

#[tokio::test]
async fn a_user_ends_one_or_all_other_sessions_and_nobody_elses() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let eve = app.owner("eve@example.com").await;
    let theirs = app.sign_in(&eve).await;
    let [own, second, third] =
        [app.sign_in(&owner).await, app.sign_in(&owner).await, app.sign_in(&owner).await];
    let id = |tokens: &Tokens| claims(&tokens.access)["sid"].as_str().unwrap().to_owned();
    let end = |tokens: &Tokens| app.delete(&format!("{SESSIONS}/{}", id(tokens))).bearer(&own.access).send();
    assert_eq!(end(&second).await.status, 204);
    end(&second).await.assert_problem("not_found");
    end(&theirs).await.assert_problem("not_found");
    app.delete(&format!("{SESSIONS}/nonsense")).bearer(&own.access).send().await.assert_problem("not_found");
    app.refresh(&second.refresh).await.assert_problem("invalid_refresh_token");
    let response = app.post(OTHERS).bearer(&own.access).send().await;
    assert_eq!(response.body, json!({"revoked_count": 1}));
    app.get(ME).bearer(&third.access).send().await.assert_problem("session_revoked");
    for tokens in [&own, &theirs] {
        assert_eq!(app.get(ME).bearer(&tokens.access).send().await.status, 200);
    }
    assert_eq!(app.audit_count("user.sessions_revoked").await, 2);
}

#[tokio::test]
async fn a_stale_sign_in_ends_no_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let other = app.sign_in(&owner).await;
    let own = app.sign_in(&owner).await;
    app.advance(TimeDelta::minutes(15));
    let own = app.refresh(&own.refresh).await.tokens();
    let id = claims(&other.access)["sid"].as_str().unwrap().to_owned();
    let path = format!("{SESSIONS}/{id}");
    app.delete(&path).bearer(&own.access).send().await.assert_problem("reauthentication_required");
    app.post(OTHERS).bearer(&own.access).send().await.assert_problem("reauthentication_required");
    assert_eq!(app.refresh(&other.refresh).await.status, 200);
}

#[tokio::test]
async fn signing_in_again_in_a_browser_replaces_its_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let elsewhere = app.sign_in(&owner).await;
    let body = json!({"email": owner.email, "password": PASSWORD, "token_delivery": "cookie"});
    let first = app.post(LOGIN).header("sec-fetch-site", "same-origin").json(&body).send().await;
    let cookie = |response: &crate::test_app::TestResponse| {
        let mut cookies = response.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let cookie = cookies.find(|cookie| cookie.starts_with("__Host-curfew_rt=")).unwrap();
        cookie.split(';').next().unwrap().to_owned()
    };
    let held = cookie(&first);
    let again = |site: &'static str| {
        app.post(LOGIN).header("sec-fetch-site", site).header("cookie", &held).json(&body).send()
    };
    // Another site can use this neither to sign a user out nor to sign in as another one.
    again("cross-site").await.assert_problem("forbidden");
    assert_eq!(list(&app, &elsewhere).await.len(), 2);
    let other = app.sign_in(&owner).await;
    app.post("/api/v1/auth/logout").bearer(&other.refresh).send().await;
    assert_eq!(list(&app, &elsewhere).await.len(), 2);
    assert_eq!(again("same-origin").await.status, 200);
    assert_eq!(list(&app, &elsewhere).await.len(), 2, "one came, one went");
    let of = "SELECT count(*) FROM audit_events WHERE CAST(payload AS text) LIKE '%replaced%'";
    assert_eq!(app.query_value::<i64>(of).await, 1);
    assert_eq!(
        app.query_value::<i64>("SELECT count(*) FROM sessions WHERE revoked_reason = 'replaced'").await,
        1
    );
}

#[tokio::test]
async fn background_requests_do_not_count_as_activity() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let signed_in_at = json!(app.now().trunc_subsecs(0));
    app.advance(TimeDelta::minutes(4));
    let passive = app.post(REFRESH).json(&json!({"refresh_token": tokens.refresh, "passive": true})).send();
    let passive = passive.await.tokens();
    assert_eq!(list(&app, &passive).await[0]["last_seen_at"], signed_in_at);
    let active = app.refresh(&passive.refresh).await.tokens();
    assert_eq!(list(&app, &active).await[0]["last_seen_at"], json!(app.now().trunc_subsecs(0)));
}

#[tokio::test]
async fn sessions_come_page_by_page_with_this_one_first() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    let mut expected = vec![claims(&own.access)["sid"].clone()];
    for _ in 0..4 {
        app.advance(TimeDelta::seconds(1));
        expected.insert(1, claims(&app.sign_in(&owner).await.access)["sid"].clone());
    }
    let mut seen = Vec::new();
    let mut path = format!("{SESSIONS}?limit=2");
    loop {
        let page = app.get(&path).bearer(&own.access).send().await.body;
        assert_eq!(page["session_count"], 5);
        seen.extend(page["sessions"].as_array().unwrap().iter().map(|session| session["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{SESSIONS}?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, expected);
}
