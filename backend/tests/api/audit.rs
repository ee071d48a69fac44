//! `GET /accounts/me/audit-events`.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use curfew::audit::{self, Entry};
use curfew_shared::{audit::AuditKind, auth::Role};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::test_app::{
    LOGIN, LOGOUT, ME, PASSWORD, REVOKE, TestApp, TestRequest, TestResponse, Tokens, User, claims,
};

const EVENTS: &str = "/api/v1/accounts/me/audit-events";

async fn events(app: &TestApp, tokens: &Tokens, query: &str) -> Value {
    let response = app.get(&format!("{EVENTS}{query}")).bearer(&tokens.access).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.body
}

fn kinds(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

/// Asserts that the newest event of this kind has this actor, session and payload. Then advances a second, so
/// that the next event is newer.
async fn assert_newest(app: &TestApp, reader: &Tokens, kind: &str, by: (Value, Value), payload: Value) {
    let page = events(app, reader, &format!("?kind={kind}")).await;
    let newest = &page["events"][0];
    let found = (&newest["actor"]["user_id"], &newest["session_id"], &newest["payload"]);
    assert_eq!(found, (&by.0, &by.1, &payload), "{kind}");
    app.advance(TimeDelta::seconds(1));
}

/// The actor and the session of an event.
fn person(user: &User, tokens: &Tokens) -> (Value, Value) {
    (json!(user.id), claims(&tokens.access)["sid"].clone())
}

/// An owner who performs an action and then reads its audit event.
struct Acting {
    app: TestApp,
    owner: User,
    own: Tokens,
}

impl Acting {
    async fn begin() -> Self {
        let app = TestApp::new().await;
        let owner = app.owner("ada@example.com").await;
        let own = app.sign_in(&owner).await;
        Self { app, owner, own }
    }

    async fn on_record(&self, kind: &str, payload: Value) {
        assert_newest(&self.app, &self.own, kind, person(&self.owner, &self.own), payload).await;
    }
}

async fn done(call: TestRequest) -> TestResponse {
    let response = call.send().await;
    assert!(response.status.is_success(), "{}", response.text);
    response
}

#[tokio::test]
async fn a_poller_with_the_documented_overlap_sees_an_entry_that_is_committed_late() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let own = app.sign_in(&owner).await;
    // A slow request starts before the others and commits after them.
    let late = Entry {
        account_id: owner.account,
        at: app.now(),
        kind: AuditKind::AccountRenamed,
        actor_id: Some(owner.id),
        session_id: None,
        ip: None,
        payload: json!({}),
    };
    app.advance(TimeDelta::seconds(30));
    let body = json!({"name": "Ada Lovelace"});
    done(app.patch("/api/v1/users/me").bearer(&own.access).json(&body)).await;
    let page = events(&app, &own, "").await;
    assert_eq!(kinds(&page), ["user.name_changed", "session.signed_in"]);
    let known = page["events"].as_array().unwrap().clone();
    audit::append(&app.app.database.write, late).await.unwrap();
    let poll = async |overlap: TimeDelta| {
        let newest: DateTime<Utc> = serde_json::from_value(known[0]["at"].clone()).unwrap();
        let from = (newest - overlap).to_rfc3339_opts(SecondsFormat::Micros, true);
        let page = events(&app, &own, &format!("?from={from}")).await;
        let all = page["events"].as_array().unwrap();
        let is_new = |event: &&Value| known.iter().all(|known| known["id"] != event["id"]);
        all.iter().filter(is_new).map(|event| event["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(poll(TimeDelta::zero()).await.is_empty());
    assert_eq!(poll(TimeDelta::minutes(5)).await, ["account.renamed"]);
}

#[tokio::test]
async fn session_events_are_audited_newest_first() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let first = app.sign_in(&owner).await;
    app.advance(TimeDelta::seconds(1));
    app.post(LOGOUT).bearer(&first.refresh).send().await;
    app.advance(TimeDelta::seconds(1));
    app.post(LOGIN).json(&json!({"email": owner.email, "password": "wrong password"})).send().await;
    app.post(LOGIN).json(&json!({"email": "nobody@example.com", "password": "wrong password"})).send().await;
    app.app.background.close();
    app.app.background.wait().await;
    app.advance(TimeDelta::seconds(1));
    let replayed = app.sign_in(&owner).await;
    app.refresh(&replayed.refresh).await.tokens();
    app.advance(TimeDelta::seconds(11));
    app.refresh(&replayed.refresh).await.assert_problem("invalid_refresh_token");
    app.advance(TimeDelta::seconds(1));
    let tokens = app.sign_in(&owner).await;
    let page = events(&app, &tokens, "").await;
    assert_eq!(
        kinds(&page),
        [
            "session.signed_in",
            "session.replay_detected",
            "session.signed_in",
            "session.sign_in_failed",
            "session.signed_out",
            "session.signed_in",
        ]
    );
    assert_eq!(page["next_cursor"], Value::Null);
    let failed = &page["events"][3];
    assert_eq!((&failed["actor"], &failed["payload"]), (&Value::Null, &json!({"user_id": owner.id})));
    let newest = &page["events"][0];
    assert_eq!(
        newest["actor"],
        json!({"user_id": owner.id, "name": "Ada Example", "email": "ada@example.com"})
    );
    assert!(newest["session_id"].is_string());
}

#[tokio::test]
async fn an_absolute_expiry_is_audited_with_its_reason() {
    let app =
        TestApp::with_flags(&["--idle-minutes-default", "60", "--absolute-minutes-default", "60"]).await;
    let owner = app.owner("ada@example.com").await;
    let begun = app.sign_in(&owner).await;
    app.advance(TimeDelta::minutes(30));
    let tokens = app.refresh(&begun.refresh).await.tokens();
    app.advance(TimeDelta::minutes(30));
    app.refresh(&tokens.refresh).await.assert_problem("session_expired_absolute");
    let tokens = app.sign_in(&owner).await;
    let page = events(&app, &tokens, "?kind=session.expired").await;
    assert_eq!(page["events"][0]["payload"], json!({"user_id": owner.id, "reason": "absolute"}));
    assert_eq!(page["events"][0]["actor"], json!(null), "it is nobody's deed");
    assert_eq!(page["events"][0]["subject"]["user_id"], json!(owner.id));
}

#[tokio::test]
async fn the_audit_trail_is_paged_without_gap_or_repetition() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    for _ in 0..7 {
        app.sign_in(&owner).await;
        app.advance(TimeDelta::seconds(1));
    }
    let tokens = app.sign_in(&owner).await;
    let all = events(&app, &tokens, "").await;
    let mut paged = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let page = events(&app, &tokens, &query).await;
        assert!(page["events"].as_array().unwrap().len() <= 3);
        paged.extend(page["events"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=3&cursor={cursor}");
    }
    assert_eq!(&paged, all["events"].as_array().unwrap());
    assert_eq!(paged.len(), 8);
}

#[tokio::test]
async fn filters_narrow_the_audit_trail() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.advance(TimeDelta::seconds(10));
    app.post(REVOKE).bearer(&tokens.access).json(&json!({"scope": "others"})).send().await;
    let count = async |query: &str| kinds(&events(&app, &tokens, query).await).len();
    assert_eq!(count("?kind=session.signed_in").await, 1);
    assert_eq!(count(&format!("?actor_id={}", owner.id)).await, 2);
    assert_eq!(count("?actor_id=0198d5ad-9dd1-7000-8000-000000000001").await, 0);
    assert_eq!(count("?from=2026-03-01T09:00:05Z").await, 1);
    assert_eq!(count("?to=2026-03-01T09:00:05Z").await, 1);
    assert_eq!(count("?from=2026-03-01T09:00:10.250Z&to=2026-03-01T09:00:10.250Z").await, 0, "half-open");
    for bad in ["?kind=nope", "?limit=0", "?limit=101", "?limit=x", "?cursor=x", "?from=yesterday", "?page=2"]
    {
        let response = app.get(&format!("{EVENTS}{bad}")).bearer(&tokens.access).send().await;
        response.assert_problem("validation_failed");
        let field = bad.trim_start_matches('?').split('=').next();
        assert_eq!(response.body["errors"][0]["field"].as_str(), field, "{bad}");
    }
}

#[tokio::test]
async fn another_accounts_audit_trail_is_hidden() {
    let app = TestApp::new().await;
    let (owner, stranger) = (app.owner("ada@example.com").await, app.owner("eve@other.example").await);
    app.sign_in(&stranger).await;
    let tokens = app.sign_in(&owner).await;
    assert_eq!(kinds(&events(&app, &tokens, "").await).len(), 1);
    let page = events(&app, &tokens, &format!("?actor_id={}", stranger.id)).await;
    assert!(kinds(&page).is_empty());
}

/// Adds 1,500 events, more than an export reads at once.
async fn add_entries(app: &TestApp) {
    let random =
        if app.database_url.starts_with("postgres") { "gen_random_uuid()" } else { "randomblob(16)" };
    app.execute(&format!(
        "INSERT INTO audit_events (id, account_id, at, kind, payload) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) \
         SELECT {random}, (SELECT account_id FROM users), at, 'session.signed_out', payload FROM audit_events, n"
    ))
    .await
    .unwrap();
}

#[tokio::test]
async fn an_export_ends_with_the_session_and_says_so() {
    for (accept, last_line) in [
        ("text/csv", "\"# incomplete: session_revoked\","),
        ("application/x-ndjson", "{\"type\":\"/problems/session_revoked\","),
    ] {
        let app = TestApp::new().await;
        let owner = app.owner("ada@example.com").await;
        let tokens = app.sign_in(&owner).await;
        add_entries(&app).await;
        let response = app.get(EVENTS).header("accept", accept).bearer(&tokens.access).send_streaming().await;
        let mut chunks = response.into_body().into_data_stream();
        let mut read = String::new();
        while read.lines().count() < 1_000 {
            read += std::str::from_utf8(&chunks.next().await.unwrap().unwrap()).unwrap();
        }
        app.post(LOGOUT).bearer(&tokens.refresh).send().await;
        let last = chunks.next().await.unwrap().unwrap();
        assert!(last.starts_with(last_line.as_bytes()), "{last:?}");
        assert!(last.ends_with(b"\n"));
        assert!(chunks.next().await.unwrap().is_err(), "the body breaks off, so that a client notices");
    }
}

#[tokio::test]
async fn an_export_ends_when_its_reader_stops_being_an_owner() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let response = app
        .get(EVENTS)
        .header("accept", "application/x-ndjson")
        .bearer(&tokens.access)
        .send_streaming()
        .await;
    app.execute("UPDATE users SET role = 'viewer'").await.unwrap();
    let chunks: Vec<_> = response.into_body().into_data_stream().collect().await;
    let text: Vec<u8> = chunks.iter().flatten().flatten().copied().collect();
    assert!(String::from_utf8(text).unwrap().contains("owner_required"));
    assert!(chunks.last().unwrap().is_err());
}

#[tokio::test]
async fn the_audit_trail_is_exported_as_csv_and_json_lines() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    app.execute("UPDATE users SET name = '=HYPERLINK(\"https://evil.example\"), \"Ada\"'").await.unwrap();
    let tokens = app.sign_in(&owner).await;
    add_entries(&app).await;
    let export = |accept| app.get(EVENTS).header("accept", accept).bearer(&tokens.access).send();
    let csv = export("text/csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit-events.csv\"");
    let mut lines = csv.text.split("\r\n");
    assert_eq!(
        lines.next(),
        Some(
            "\u{feff}\"id\",\"at\",\"kind\",\"actor_id\",\"actor_name\",\"actor_email\",\"subject_id\",\"subject_name\",\
             \"subject_email\",\"session_id\",\"address\",\"payload\""
        )
    );
    assert_eq!(csv.text.matches("\r\n").count(), 1_502);
    assert!(
        csv.text.contains(r#""'=HYPERLINK(""https://evil.example""), ""Ada""","#),
        "inert in a spreadsheet"
    );
    for accept in
        ["application/json, text/csv;q=0.9", "text/csv;q=0", "text/html, */*", "application/json, text/csv"]
    {
        assert_eq!(export(accept).await.header("content-type"), "application/json", "{accept}");
    }
    let preferred = export("application/json;q=0.5, Application/X-NDJSON, text/csv;q=0.9").await;
    assert_eq!(preferred.header("content-type"), "application/x-ndjson; charset=utf-8");
    let ndjson = export("application/x-ndjson").await;
    let events: Vec<Value> = ndjson.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 1_501);
    let narrowed = app.get(&format!("{EVENTS}?kind=session.signed_in")).header("accept", "text/csv");
    assert_eq!(narrowed.bearer(&tokens.access).send().await.text.matches("\r\n").count(), 2);
}

#[tokio::test]
async fn the_user_filter_matches_actor_and_subject() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let own = app.sign_in(&owner).await;
    app.sign_in(&bob).await;
    let wrong = json!({"email": "bob@example.com", "password": "wrong"});
    app.post(LOGIN).json(&wrong).send().await;
    app.app.background.close();
    app.app.background.wait().await;
    app.post(&format!("/api/v1/accounts/me/members/{}/revoke-sessions", bob.id))
        .bearer(&own.access)
        .send()
        .await;
    let found = events(&app, &own, &format!("?person_id={}", bob.id)).await;
    let found = found["events"].as_array().unwrap();
    let kinds: Vec<_> = found.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    let mut sorted = kinds.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["member.sessions_revoked", "session.sign_in_failed", "session.signed_in"]);
    let failed = &found[kinds.iter().position(|kind| *kind == "session.sign_in_failed").unwrap()];
    assert_eq!(failed["actor"], Value::Null);
    assert_eq!(failed["subject"]["email"], "bob@example.com");
    let signed_in = &found[kinds.iter().position(|kind| *kind == "session.signed_in").unwrap()];
    assert_eq!(
        (&signed_in["payload"], &signed_in["subject"]),
        (&json!({"method": "password"}), &Value::Null)
    );
}

#[tokio::test]
async fn an_owners_action_is_audited_with_its_subject_and_session_count() {
    let ada = Acting::begin().await;
    let Acting { app, owner, own } = &ada;
    let bob = app.user(owner.account, "bob@example.com", Role::Engineer).await;
    let member = format!("/api/v1/accounts/me/members/{}", bob.id);
    let patch = |body: Value| done(app.patch(&member).bearer(&own.access).json(&body));

    patch(json!({"role": "viewer"})).await;
    ada.on_record("member.role_changed", json!({"user_id": bob.id, "old": "engineer", "new": "viewer"}))
        .await;
    app.sign_in(&bob).await;
    app.sign_in(&bob).await;
    done(app.post(&format!("{member}/revoke-sessions")).bearer(&own.access)).await;
    ada.on_record("member.sessions_revoked", json!({"user_id": bob.id, "revoked_count": 2})).await;
    app.sign_in(&bob).await;
    patch(json!({"is_active": false})).await;
    ada.on_record("member.deactivated", json!({"user_id": bob.id, "revoked_count": 1})).await;
    patch(json!({"is_active": true})).await;
    ada.on_record("member.reactivated", json!({"user_id": bob.id})).await;
    app.sign_in(&bob).await;
    done(app.delete(&member).bearer(&own.access)).await;
    let removed =
        json!({"user_id": bob.id, "name": "Ada Example", "email": "bob@example.com", "revoked_count": 1});
    ada.on_record("member.removed", removed).await;
}

#[tokio::test]
async fn each_step_of_an_invitation_is_audited() {
    let ada = Acting::begin().await;
    let Acting { app, own, .. } = &ada;
    let invites = "/api/v1/accounts/me/invites";
    let invite = async |email: &str| {
        let body = json!({"email": email, "role": "engineer"});
        done(app.post(invites).bearer(&own.access).json(&body)).await.body["id"].clone()
    };

    let id = invite("bob@example.com").await;
    let made = json!({"invite_id": id, "email": "bob@example.com", "role": "engineer"});
    ada.on_record("invite.created", made.clone()).await;
    let path = format!("{invites}/{}", id.as_str().unwrap());
    app.sent_emails().await;
    done(app.post(&format!("{path}/resend")).bearer(&own.access)).await;
    ada.on_record("invite.resent", json!({"invite_id": id, "email": "bob@example.com"})).await;
    done(app.post(&format!("{path}/link")).bearer(&own.access)).await;
    ada.on_record("invite.link_copied", json!({"invite_id": id, "email": "bob@example.com"})).await;
    let accept = format!("/api/v1/invites/{}/accept", app.only_email().await.token("/invite"));
    let joined = done(app.post(&accept).json(&json!({"name": "Bob", "password": PASSWORD}))).await.tokens();
    let bob = app.get(ME).bearer(&joined.access).send().await.body["user"]["id"].clone();
    assert_newest(app, own, "invite.accepted", (bob.clone(), Value::Null), made).await;
    let signed_in = (bob, claims(&joined.access)["sid"].clone());
    assert_newest(app, own, "session.signed_in", signed_in, json!({"method": "invitation"})).await;
    let id = invite("zoe@example.com").await;
    done(app.delete(&format!("{invites}/{}", id.as_str().unwrap())).bearer(&own.access)).await;
    ada.on_record("invite.revoked", json!({"invite_id": id, "email": "zoe@example.com"})).await;
}

#[tokio::test]
async fn profile_changes_are_audited_with_the_old_value() {
    let ada = Acting::begin().await;
    let Acting { app, owner, own } = &ada;
    let by_link = (json!(owner.id), Value::Null);

    done(app.patch("/api/v1/users/me").bearer(&own.access).json(&json!({"name": "Ada Lovelace"}))).await;
    ada.on_record("user.name_changed", json!({"old": "Ada Example", "new": "Ada Lovelace"})).await;
    done(app.patch("/api/v1/accounts/me").bearer(&own.access).json(&json!({"name": "Acme"}))).await;
    ada.on_record("account.renamed", json!({"old": "Example", "new": "Acme"})).await;
    let new = json!({"email": "ada@new.example"});
    done(app.post("/api/v1/users/me/email").bearer(&own.access).json(&new)).await;
    let token = app.only_email().await.token("/verify-email");
    done(app.post("/api/v1/auth/verify-email").json(&json!({"token": token}))).await;
    let change = json!({"old": "ada@example.com", "new": "ada@new.example"});
    assert_newest(app, own, "user.email_changed", by_link, change).await;
}

#[tokio::test]
async fn password_and_session_changes_are_audited() {
    let ada = Acting::begin().await;
    let Acting { app, owner, own } = &ada;
    let post = |path, body: Value| done(app.post(path).bearer(&own.access).json(&body));
    let again = "seven purple kangaroos hum";

    post("/api/v1/auth/reauthenticate", json!({"password": PASSWORD})).await;
    ada.on_record("user.reauthenticated", json!({"method": "password"})).await;
    for _ in 0..3 {
        app.sign_in(owner).await;
    }
    let other = claims(&app.sign_in(owner).await.access)["sid"].clone();
    let path = format!("/api/v1/users/me/sessions/{}", other.as_str().unwrap());
    done(app.delete(&path).bearer(&own.access)).await;
    let one = json!({"scope": "one", "session_id": other, "revoked_count": 1});
    ada.on_record("user.sessions_revoked", one).await;
    done(app.post("/api/v1/users/me/sessions/revoke-others").bearer(&own.access)).await;
    ada.on_record("user.sessions_revoked", json!({"scope": "others", "revoked_count": 3})).await;
    app.sign_in(owner).await;
    let change = json!({"current_password": PASSWORD, "new_password": again});
    post("/api/v1/auth/change-password", change).await;
    ada.on_record("user.password_changed", json!({"revoked_count": 1})).await;

    app.sent_emails().await;
    done(app.post("/api/v1/auth/forgot-password").json(&json!({"email": owner.email}))).await;
    let reset = json!({"token": app.only_email().await.token("/reset-password"), "password": PASSWORD});
    done(app.post("/api/v1/auth/reset-password").json(&reset)).await;
    let reader = app.sign_in(owner).await;
    let by_link = (json!(owner.id), Value::Null);
    let with = json!({"revoked_count": 1, "unlinked_count": 0, "revoked_invite_count": 0});
    assert_newest(app, &reader, "user.password_reset", by_link, with).await;
}

#[tokio::test]
async fn every_end_of_a_session_is_audited_with_the_session() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let [left, replayed] = [app.sign_in(&owner).await, app.sign_in(&owner).await];
    let reader = app.sign_in(&owner).await;
    done(app.post(LOGOUT).bearer(&left.refresh)).await;
    assert_newest(&app, &reader, "session.signed_out", person(&owner, &left), json!({})).await;
    app.refresh(&replayed.refresh).await.tokens();
    app.advance(TimeDelta::seconds(11));
    app.refresh(&replayed.refresh).await.assert_problem("invalid_refresh_token");
    // The replayed token may not have been shown by its user.
    let by = (Value::Null, claims(&replayed.access)["sid"].clone());
    let whose = json!({"user_id": owner.id});
    assert_newest(&app, &reader, "session.replay_detected", by, whose).await;
}

#[tokio::test]
async fn no_cell_of_an_export_is_a_formula_for_any_separator() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    for (name, cell) in [
        ("Eve;=1+1", "Eve;'=1+1"),
        ("Eve, =1", "Eve, '=1"),
        ("+49", "'+49"),
        (" @SUM(A1)", " '@SUM(A1)"),
        ("＝1", "'＝1"),
        ("a-b = c", "a-b = c"),
    ] {
        app.execute(&format!("UPDATE users SET name = '{name}'")).await.unwrap();
        let csv = app.get(EVENTS).header("accept", "text/csv").bearer(&tokens.access).send().await;
        assert!(csv.text.contains(&format!(",\"{cell}\",")), "{name}: {}", csv.text);
        let all_quoted = |line: &str| line.starts_with('"') && line.ends_with('"');
        assert!(csv.text.trim_start_matches('\u{feff}').trim_end().split("\r\n").all(all_quoted));
    }
}
