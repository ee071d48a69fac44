//! Secrets are neither logged nor stored (ASVS V14.2, V16.2).

use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::json;

use tracing::{Dispatch, subscriber::NoSubscriber};

use crate::test_app::{LOGIN, LOGOUT, PASSWORD, REFRESH, TestApp};

/// Captures the log at every level.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn listen(&self) -> tracing::subscriber::DefaultGuard {
        // With a single subscriber, a thread of another test that reaches a log line first would disable that
        // line for good, because that thread has no subscriber. With two, each line asks the current
        // thread's.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));
        LazyLock::force(&SECOND);
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every row of every table.
pub async fn everything(app: &TestApp) -> String {
    let is_sqlite = app.app.database.write.get_database_backend() == DbBackend::Sqlite;
    let tables: String = app
        .query_value(if is_sqlite {
            "SELECT group_concat(name) FROM sqlite_master WHERE type = 'table'"
        } else {
            "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = current_schema()"
        })
        .await;
    let mut all = String::new();
    for table in tables.split(',') {
        let rows = if is_sqlite {
            let columns = format!(
                "SELECT group_concat('quote(\"' || name || '\")', ' || '' '' || ') FROM pragma_table_info('{table}')"
            );
            format!("SELECT group_concat({}, ' ') FROM {table}", app.query_value::<String>(&columns).await)
        } else {
            format!("SELECT string_agg(CAST(t AS TEXT), ' ') FROM {table} t")
        };
        all += &app.query_value::<Option<String>>(&rows).await.unwrap_or_default();
    }
    all
}

#[tokio::test]
async fn no_token_link_cookie_or_password_is_logged_or_stored() {
    const NEW: &str = "seven purple kangaroos hum";
    let app = TestApp::new().await;
    let log = Log::default();
    let _listening = log.listen();
    let mut secrets = vec![PASSWORD.to_owned(), NEW.to_owned(), "a wrong password".to_owned()];
    let post = |path: &str, body: serde_json::Value| {
        let call = app.post(&format!("/api/v1{path}")).header("origin", "https://curfew.example");
        call.header("sec-fetch-site", "same-origin").json(&body)
    };

    let registration = json!({
        "account_name": "Acme", "name": "Ada", "email": "ada@example.com", "password": PASSWORD
    });
    let registered = post("/auth/register", registration).send().await;
    secrets.push(secret_of(registered.header("set-cookie")));
    let link = app.only_email().await.token("/verify-email");
    let verify = json!({"token": link, "password": PASSWORD});
    assert_eq!(post("/auth/verify-email", verify).send().await.status, 200);
    secrets.push(link);

    for password in ["a wrong password", PASSWORD] {
        let credentials =
            json!({"email": "ada@example.com", "password": password, "token_delivery": "cookie"});
        let response = post("/auth/login/json", credentials).send().await;
        let cookies = response.headers.get_all("set-cookie");
        secrets.extend(cookies.iter().map(|cookie| secret_of(cookie.to_str().unwrap())));
    }
    let owner = app.post(LOGIN).json(&json!({"email": "ada@example.com", "password": PASSWORD}));
    let first = owner.send().await.tokens();
    let next = app.post(REFRESH).bearer(&first.refresh).send().await.tokens();
    let proof = json!({"password": PASSWORD});
    let proven = post("/auth/reauthenticate", proof).bearer(&next.access).send().await.tokens();
    app.refresh(&first.refresh).await.assert_problem("invalid_refresh_token");

    let invitation = json!({"email": "bob@example.com", "role": "viewer"});
    post("/accounts/me/invites", invitation).bearer(&proven.access).send().await;
    let link = app.email_to("bob@example.com").await.token("/invite");
    let joining = json!({"name": "Bob", "password": PASSWORD});
    let bob = post(&format!("/invites/{link}/accept"), joining).send().await.tokens();
    secrets.push(link);

    post("/users/me/email", json!({"email": "countess@example.com"})).bearer(&proven.access).send().await;
    let link = app.email_to("countess@example.com").await.token("/verify-email");
    assert_eq!(post("/auth/verify-email", json!({"token": link})).send().await.status, 200);
    secrets.push(link);
    secrets.push(app.email_to("ada@example.com").await.token("/not-me"));
    post("/auth/forgot-password", json!({"email": "countess@example.com"})).send().await;
    let link = app.only_email().await.token("/reset-password");
    assert_eq!(
        post("/auth/reset-password", json!({"token": link, "password": NEW})).send().await.status,
        204
    );
    secrets.push(link);
    app.advance(TimeDelta::minutes(1));
    app.refresh(&proven.refresh).await.assert_problem("invalid_refresh_token");
    app.post(LOGOUT).bearer(&bob.refresh).send().await;
    for tokens in [first, next, proven, bob] {
        secrets.extend([tokens.access, tokens.refresh]);
    }

    assert!(secrets.len() > 18 && secrets.iter().all(|secret| secret.len() > 12), "{secrets:?}");
    let (rows, log) = (everything(&app).await, log.text());
    assert!(log.contains("/api/v1/auth/reset-password"), "requests are logged: {log}");
    assert!(rows.contains("countess@example.com"), "{rows}");
    for secret in secrets {
        // The signature suffices for somebody who has the rest.
        let part = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(part), "{secret} in {log}");
        assert!(!rows.contains(part), "{secret} in {rows}");
    }
}

/// The value of a `Set-Cookie` header.
fn secret_of(cookie: &str) -> String {
    cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned()
}
