//! The stage: an application of a test's own, and the words that its story is told in.

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

/// A busy machine's disk is no database that is away.
const PATIENCE: Duration = Duration::from_mins(1);

/// A clock that stands still until the test moves it.
#[derive(Debug)]
pub struct TestClock(Mutex<DateTime<Utc>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// An application with a database of its own.
pub struct TestApp {
    pub app: AppState,
    pub router: Router,
    pub database_url: String,
    clock: Arc<TestClock>,
    folder: Arc<tempfile::TempDir>,
}

/// A user who can sign in with [`PASSWORD`].
#[derive(Clone)]
pub struct User {
    pub id: UserId,
    pub account: AccountId,
    pub email: String,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With flags, as on the command line.
    pub async fn with(flags: &[&str]) -> Self {
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
        let database = Database::connect_through(url, connections, PATIENCE, config.storage.database_pooling);
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

    /// A replica with connections, and a clock, of its own.
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

    pub fn wait(&self, time: TimeDelta) {
        *self.clock.0.lock().unwrap() += time;
    }

    pub fn wait_until(&self, time: DateTime<Utc>) {
        *self.clock.0.lock().unwrap() = time;
    }

    /// An account with one owner.
    pub async fn owner(&self, email: &str) -> User {
        let now = self.now();
        let account = AccountId(entropy::id(now).unwrap());
        accounts::insert(&self.app.database.write, account, "Example", now).await.unwrap();
        self.user(account, email, Role::Owner).await
    }

    /// One more user of an account.
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
        let answer = self.post(LOGIN).json(&json!({"email": user.email, "password": PASSWORD})).send().await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.tokens()
    }

    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Call { router: self.router.clone(), request }
    }

    /// The metrics, as their own listener serves them.
    pub async fn metrics(&self) -> String {
        let router = http::metrics_router(Arc::clone(&self.app));
        Call { router, ..self.get("/metrics") }.send().await.text
    }

    pub fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Sends what is in the outbox, and answers it, oldest first.
    pub async fn mails(&self) -> Vec<Mail> {
        let folder = self.folder.path().join("outbox");
        mailer::deliver(&self.app, &Post::Outbox(folder.clone())).await.unwrap();
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort_unstable();
        let mail = |file: std::path::PathBuf| {
            let raw = std::fs::read(&file).unwrap();
            std::fs::remove_file(file).unwrap();
            Mail::parse(&raw)
        };
        files.into_iter().map(mail).collect()
    }

    /// The only message to somebody in the outbox.
    pub async fn mail_to(&self, to: &str) -> Mail {
        let mut mails = self.mails().await;
        mails.retain(|mail| mail.to == to);
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    /// The only message in the outbox.
    pub async fn mail(&self) -> Mail {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    /// Refreshes with the token as a bearer token.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.post(REFRESH).bearer(token).send().await
    }

    /// One value from the database, for what no endpoint shows.
    pub async fn value<T: sea_orm::TryGetable>(&self, sql: &str) -> T {
        let connection = &self.app.database.write;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    pub async fn execute(&self, sql: &str) -> Result<(), sea_orm::DbErr> {
        self.app.database.write.execute_unprepared(sql).await.map(drop)
    }

    pub async fn audit(&self, kind: &str) -> i64 {
        self.value(&format!("SELECT count(*) FROM audit_events WHERE kind = '{kind}'")).await
    }
}

/// A fresh schema in the PostgreSQL at `url`; answers an address that looks only there.
async fn schema(url: &str) -> String {
    let name = format!("test_{}", entropy::id(DateTime::UNIX_EPOCH).unwrap().simple());
    let connection = sea_orm::Database::connect(url).await.unwrap();
    connection.execute_unprepared(&format!("CREATE SCHEMA {name}")).await.unwrap();
    connection.close().await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options[search_path]={name}")
}

/// A request to be.
pub struct Call {
    router: Router,
    request: Request<Body>,
}

impl Call {
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
    pub async fn open(self) -> axum::response::Response {
        self.router.oneshot(self.request).await.unwrap()
    }

    pub async fn send(self) -> Answer {
        let response = self.router.oneshot(self.request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, headers, body, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

/// A message that was sent.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Mail {
    pub fn parse(raw: &[u8]) -> Self {
        let message = mail_parser::MessageParser::default().parse(raw).unwrap();
        Self {
            to: message.to().unwrap().first().unwrap().address().unwrap().to_owned(),
            subject: message.subject().unwrap().to_owned(),
            text: message.body_text(0).unwrap().into_owned(),
            html: message.body_html(0).unwrap().into_owned(),
        }
    }

    /// The token in its link to the page at `path`.
    pub fn token(&self, path: &str) -> String {
        let link = format!("https://curfew.example{path}#");
        let start = self.text.find(&link).unwrap_or_else(|| panic!("no {path} in {}", self.text));
        self.text[start + link.len()..].split_whitespace().next().unwrap().to_owned()
    }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
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

    /// Asserts that it is the whole problem for `word`, with what every problem carries.
    pub fn assert_problem(&self, word: &str) {
        let code: curfew_shared::error::ErrorCode = word.parse().unwrap();
        assert_eq!(self.body["detail"], word, "{}", self.text);
        assert_eq!(self.status.as_u16(), code.status());
        assert_eq!(self.body["status"], code.status());
        assert_eq!(self.body["type"], format!("/problems/{word}"));
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.headers.contains_key(header::WWW_AUTHENTICATE), code.status() == 401);
        assert_eq!(self.headers.contains_key(header::RETRY_AFTER), matches!(code.status(), 429 | 503));
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

/// A part of a token, unverified: 0 is the header, 1 the claims.
pub fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// What a token's signature is over.
pub fn encode(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

/// Signs claims of the test's own with the refresh key, derived as is documented and not by the server's code.
pub fn forge(header: &Value, claims: &Value) -> String {
    forge_with(SECRET, header, claims)
}

pub fn forge_with(secret: &str, header: &Value, claims: &Value) -> String {
    let message = encode(header, claims);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &refresh_key(secret));
    let signature = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The same with the key of the access tokens.
pub fn forge_access(secret: &str, header: &Value, claims: &Value) -> String {
    let message = encode(header, claims);
    let key = Ed25519KeyPair::from_seed_unchecked(&derived(secret, b"curfew/access/v1")).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())))
}

pub fn refresh_key(secret: &str) -> [u8; 32] {
    derived(secret, b"curfew/refresh/v1")
}

fn derived(secret: &str, label: &[u8]) -> [u8; 32] {
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

/// A body that ends only when it is told to, by the second; the first tells when somebody waits for that.
pub fn slow(body: &Value) -> (Body, tokio::sync::oneshot::Receiver<()>, tokio::sync::oneshot::Sender<()>) {
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
