//! The test harness. A test starts an application, moves its clock, and sends requests to its router:
//!
//! ```ignore
//! #[tokio::test]
//! async fn an_idle_session_cannot_be_refreshed() {
//!     let app = TestApp::new().await;
//!     let owner = app.owner("ada@example.com").await;
//!     let tokens = app.sign_in(&owner).await;
//!     app.advance(TimeDelta::hours(73));
//!     app.refresh(&tokens.refresh).await.assert_problem("session_expired_idle");
//! }
//! ```
//!
//! - [`TestApp`] is the whole application on a database of its own. [`TestApp::with_flags`] starts it with
//!   command-line flags, [`TestApp::replica_with`] starts a second one on the same database.
//! - [`TestApp::get`], [`TestApp::post`], [`TestApp::patch`] and [`TestApp::delete`] build a [`TestRequest`];
//!   [`TestRequest::send`] returns a [`TestResponse`].
//! - The clock stands still until [`TestApp::advance`] or [`TestApp::set_time`] moves it.
//! - [`TestApp::sent_emails`] runs the mailer and returns what it sent.
//! - [`TestApp::query_value`] and [`TestApp::execute`] are only for what no endpoint shows or allows.

pub mod fake_provider;
pub mod leaks;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::signature::Ed25519KeyPair;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Command;
use curfew::{
    app::{App, AppState},
    clock::Clock,
    config::{self, Config, LayeredSettings, environment::Environment},
    entropy, http,
    jobs::mailer,
    mail::post::Post,
    store::{
        Database, accounts,
        users::{self, NewUser},
    },
};
use curfew_shared::{
    auth::Role,
    id::{AccountId, UserId},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tower::ServiceExt;

pub const SECRET: &str = "a secret of the tests, which is long enough";
pub const PASSWORD: &str = "correct horse battery staple";
pub const LOGIN: &str = "/api/v1/auth/login/json";
pub const REFRESH: &str = "/api/v1/auth/refresh";
pub const LOGOUT: &str = "/api/v1/auth/logout";
pub const ME: &str = "/api/v1/auth/me";
pub const SECURITY: &str = "/api/v1/accounts/me/security";
pub const REVOKE: &str = "/api/v1/accounts/me/security/revoke-sessions";

/// Generous, so that a slow disk is not reported as an outage.
const ACQUIRE_TIMEOUT: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct TestClock(Mutex<DateTime<Utc>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

pub struct TestApp {
    pub app: AppState,
    pub router: Router,
    pub database_url: String,
    clock: Arc<TestClock>,
    folder: Arc<tempfile::TempDir>,
}

#[derive(Clone)]
pub struct User {
    pub id: UserId,
    pub account: AccountId,
    pub email: String,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with_flags(&[]).await
    }

    /// Starts it with flags, as on the command line.
    pub async fn with_flags(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database_url = match std::env::var("TEST_DATABASE_URL") {
            Ok(url) => schema(&url).await,
            Err(_) => format!("sqlite:{}", folder.path().join("test.db").display()),
        };
        let own = ["test", "--secret", SECRET, "--database-url", &database_url];
        let own = own.into_iter().chain(["--public-url", "https://curfew.example"]);
        let arguments: Vec<_> = own.chain(flags.iter().copied()).map(Into::into).collect();
        let command = config::with_settings(Command::new("test"));
        let settings = LayeredSettings::read(&command, &arguments, &Environment::default()).unwrap();
        let config = settings.config().unwrap();
        let (url, connections) = (&config.storage.database_url, config.storage.database_connections);
        let database =
            Database::connect_through(url, connections, ACQUIRE_TIMEOUT, config.storage.database_pooling);
        let database = database.await.unwrap();
        database.migrate(&config.storage.database_url).await.unwrap();
        let start = "2026-03-01T09:00:00.250Z".parse().unwrap();
        let clock = Arc::new(TestClock(Mutex::new(start)));
        let app = App::new(config, database, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        Self { router: http::router(Arc::clone(&app)), app, database_url, clock, folder: Arc::new(folder) }
    }

    /// A replica with other settings: the same database, the same clock.
    pub fn replica_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.app.config.clone();
        change(&mut config);
        let app = App::new(config, self.app.database.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let app = app.unwrap();
        Self {
            router: http::router(Arc::clone(&app)),
            app,
            database_url: self.database_url.clone(),
            clock: Arc::clone(&self.clock),
            folder: Arc::clone(&self.folder),
        }
    }

    /// A replica with its own database connections and clock.
    pub fn replica_on(&self, database: Database, clock: Arc<dyn Clock>) -> Self {
        let app = App::new(self.app.config.clone(), database, clock).unwrap();
        Self {
            router: http::router(Arc::clone(&app)),
            app,
            database_url: self.database_url.clone(),
            clock: Arc::clone(&self.clock),
            folder: Arc::clone(&self.folder),
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn advance(&self, time: TimeDelta) {
        *self.clock.0.lock().unwrap() += time;
    }

    pub fn set_time(&self, time: DateTime<Utc>) {
        *self.clock.0.lock().unwrap() = time;
    }

    /// Creates an account with one owner.
    pub async fn owner(&self, email: &str) -> User {
        let now = self.now();
        let account = AccountId(entropy::id(now).unwrap());
        accounts::insert(&self.app.database.write, account, "Example", now).await.unwrap();
        self.user(account, email, Role::Owner).await
    }

    /// Creates another user of an account.
    pub async fn user(&self, account: AccountId, email: &str, role: Role) -> User {
        let now = self.now();
        let id = UserId(entropy::id(now).unwrap());
        let hash = self.app.passwords.hash(PASSWORD).await.unwrap();
        let user = NewUser {
            id,
            account_id: account,
            email,
            email_verified_at: Some(now),
            name: "Ada Example",
            role,
            password_hash: Some(&hash),
        };
        users::insert(&self.app.database.write, user, now).await.unwrap();
        User { id, account, email: email.to_owned() }
    }

    pub async fn sign_in(&self, user: &User) -> Tokens {
        let response =
            self.post(LOGIN).json(&json!({"email": user.email, "password": PASSWORD})).send().await;
        assert_eq!(response.status, 200, "{:?}", response.body);
        response.tokens()
    }

    pub fn get(&self, path: &str) -> TestRequest {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> TestRequest {
        self.request(Method::POST, path)
    }

    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        TestRequest { router: self.router.clone(), request }
    }

    pub async fn metrics(&self) -> String {
        let router = http::metrics_router(Arc::clone(&self.app));
        TestRequest { router, ..self.get("/metrics") }.send().await.text
    }

    pub fn patch(&self, path: &str) -> TestRequest {
        self.request(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> TestRequest {
        self.request(Method::DELETE, path)
    }

    /// Sends the queued messages and returns them, oldest first.
    pub async fn sent_emails(&self) -> Vec<Email> {
        let folder = self.folder.path().join("outbox");
        mailer::deliver(&self.app, &Post::Outbox(folder.clone())).await.unwrap();
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort_unstable();
        let mail = |file: std::path::PathBuf| {
            let raw = std::fs::read(&file).unwrap();
            std::fs::remove_file(file).unwrap();
            Email::parse(&raw)
        };
        files.into_iter().map(mail).collect()
    }

    /// The only message to `to` in the outbox.
    pub async fn email_to(&self, to: &str) -> Email {
        let mut emails = self.sent_emails().await;
        emails.retain(|email| email.to == to);
        assert_eq!(emails.len(), 1, "{emails:?}");
        emails.remove(0)
    }

    pub async fn only_email(&self) -> Email {
        let mut emails = self.sent_emails().await;
        assert_eq!(emails.len(), 1, "{emails:?}");
        emails.remove(0)
    }

    pub async fn refresh(&self, token: &str) -> TestResponse {
        self.post(REFRESH).bearer(token).send().await
    }

    /// Returns one value from the database, for what no endpoint shows.
    pub async fn query_value<T: sea_orm::TryGetable>(&self, sql: &str) -> T {
        let connection = &self.app.database.write;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    pub async fn execute(&self, sql: &str) -> Result<(), sea_orm::DbErr> {
        self.app.database.write.execute_unprepared(sql).await.map(drop)
    }

    pub async fn audit_count(&self, kind: &str) -> i64 {
        self.query_value(&format!("SELECT count(*) FROM audit_events WHERE kind = '{kind}'")).await
    }
}

/// Creates a schema in the PostgreSQL at `url` and returns a URL that uses only this schema.
async fn schema(url: &str) -> String {
    let name = format!("test_{}", entropy::id(DateTime::UNIX_EPOCH).unwrap().simple());
    let connection = sea_orm::Database::connect(url).await.unwrap();
    connection.execute_unprepared(&format!("CREATE SCHEMA {name}")).await.unwrap();
    connection.close().await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options[search_path]={name}")
}

/// A request that is not sent yet.
pub struct TestRequest {
    router: Router,
    request: Request<Body>,
}

impl TestRequest {
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub fn raw_header(mut self, name: &'static str, value: &[u8]) -> Self {
        self.request.headers_mut().append(name, HeaderValue::from_bytes(value).unwrap());
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub fn form(self, body: &str) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
    }

    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// Sends the request and returns the response with its body unread.
    pub async fn send_streaming(self) -> axum::response::Response {
        self.router.oneshot(self.request).await.unwrap()
    }

    pub async fn send(self) -> TestResponse {
        let response = self.router.oneshot(self.request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        TestResponse { status, headers, body, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

#[derive(Debug, Clone)]
pub struct Email {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Email {
    pub fn parse(raw: &[u8]) -> Self {
        let message = mail_parser::MessageParser::default().parse(raw).unwrap();
        Self {
            to: message.to().unwrap().first().unwrap().address().unwrap().to_owned(),
            subject: message.subject().unwrap().to_owned(),
            text: message.body_text(0).unwrap().into_owned(),
            html: message.body_html(0).unwrap().into_owned(),
        }
    }

    /// The token in the link to the page at `path`.
    pub fn token(&self, path: &str) -> String {
        let link = format!("https://curfew.example{path}#");
        let start = self.text.find(&link).unwrap_or_else(|| panic!("no {path} in {}", self.text));
        self.text[start + link.len()..].split_whitespace().next().unwrap().to_owned()
    }
}

pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl TestResponse {
    pub fn tokens(&self) -> Tokens {
        assert_eq!(self.status, 200, "{:?}", self.body);
        assert_eq!(self.header("cache-control"), "no-store");
        Tokens {
            access: self.body["access_token"].as_str().unwrap().to_owned(),
            refresh: self.body["refresh_token"].as_str().unwrap_or_default().to_owned(),
            idle_expires_at: self.body["idle_expires_at"].as_str().unwrap().parse().unwrap(),
            absolute_expires_at: self.body["absolute_expires_at"].as_str().unwrap().parse().unwrap(),
        }
    }

    /// Asserts that the response is the problem with this code, with every field and header of a problem.
    pub fn assert_problem(&self, code: &str) {
        let expected: curfew_shared::error::ErrorCode = code.parse().unwrap();
        assert_eq!(self.body["detail"], code, "{}", self.text);
        assert_eq!(self.status.as_u16(), expected.status());
        assert_eq!(self.body["status"], expected.status());
        assert_eq!(self.body["type"], format!("/problems/{code}"));
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.headers.contains_key(header::WWW_AUTHENTICATE), expected.status() == 401);
        assert_eq!(self.headers.contains_key(header::RETRY_AFTER), matches!(expected.status(), 429 | 503));
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }
}

#[derive(Clone)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub idle_expires_at: DateTime<Utc>,
    pub absolute_expires_at: DateTime<Utc>,
}

/// A decoded part of a token, without verification: 0 is the header, 1 the claims.
pub fn token_part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub fn claims(token: &str) -> Value {
    token_part(token, 1)
}

/// The bytes that a token's signature covers.
pub fn signing_input(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

/// Signs claims with the refresh key, derived as documented and not by the server's code.
pub fn forge(header: &Value, claims: &Value) -> String {
    forge_with(SECRET, header, claims)
}

pub fn forge_with(secret: &str, header: &Value, claims: &Value) -> String {
    let message = signing_input(header, claims);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &refresh_key(secret));
    let signature = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Signs claims with the key of the access tokens.
pub fn forge_access(secret: &str, header: &Value, claims: &Value) -> String {
    let message = signing_input(header, claims);
    let key = Ed25519KeyPair::from_seed_unchecked(&derive_key(secret, b"curfew/access/v1")).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())))
}

pub fn refresh_key(secret: &str) -> [u8; 32] {
    derive_key(secret, b"curfew/refresh/v1")
}

fn derive_key(secret: &str, label: &[u8]) -> [u8; 32] {
    use aws_lc_rs::hkdf;
    let mut key = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
        .extract(secret.as_bytes())
        .expand(&[label], hkdf::HKDF_SHA256)
        .unwrap()
        .fill(&mut key)
        .unwrap();
    key
}

/// A body whose last byte is sent only on request. The receiver reports that the server waits for it; the
/// sender releases it.
pub fn slow_body(
    body: &Value,
) -> (Body, tokio::sync::oneshot::Receiver<()>, tokio::sync::oneshot::Sender<()>) {
    let (wait, waited_for) = tokio::sync::oneshot::channel();
    let (go_on, told) = tokio::sync::oneshot::channel();
    let text = body.to_string();
    let (first, last) = text.split_at(text.len() - 1);
    let (first, last) = (first.to_owned(), last.to_owned());
    let parts = futures_util::stream::once(async move { Ok::<_, std::io::Error>(first) });
    let end = futures_util::stream::once(async move {
        wait.send(()).ok();
        told.await.ok();
        Ok(last)
    });
    (Body::from_stream(futures_util::StreamExt::chain(parts, end)), waited_for, go_on)
}
