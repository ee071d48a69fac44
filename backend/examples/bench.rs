//! Measures the speed of the release binary as ratios to limits measured in the same run: `just bench`.
//!
//! Client, server and database share the machine. Runs on SQLite, and on PostgreSQL if `TEST_DATABASE_URL` is
//! set. A number without its ratio says more about the machine than about Curfew.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program to read off; a failure is a panic"
)]

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use curfew::{
    clock::{Clock, SystemClock},
    domain::{claim::TokenId, session::Snapshot},
    entropy,
    passwords::Passwords,
    store::{
        Database, accounts,
        sessions::{self, Bulk, Consumption},
        users::{self, NewUser},
    },
};
use curfew_shared::{
    auth::Role,
    id::{AccountId, SessionId, UserId},
    policy::Policy,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const CLIENTS: usize = 64;
const PERIOD: Duration = Duration::from_secs(5);
const PASSWORD: &str = "correct horse battery staple";
const EMAIL: &str = "ada@example.com";
const MANY: u32 = 100_000;

#[tokio::main]
async fn main() {
    let binary = std::env::var("CURFEW_BIN").unwrap_or_else(|_| "target/release/curfew".to_owned());
    let folder = tempfile::tempdir().unwrap();
    measure(&binary, "SQLite", &format!("sqlite:{}", folder.path().join("bench.db").display())).await;
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        measure(&binary, "PostgreSQL", &url).await;
    }
}

async fn measure(binary: &str, name: &str, url: &str) {
    let database = Database::connect(url, 16, Duration::from_mins(1)).await.unwrap();
    database.migrate(url).await.unwrap();
    let (account, user) = seed(&database).await;
    println!("\n{name}, {CLIENTS} clients, {} seconds each", PERIOD.as_secs());

    let begun = Instant::now();
    let server = Server::start(binary, url).await;
    println!(
        "  started in {} ms, {} MB in memory when idle",
        begun.elapsed().as_millis(),
        server.megabytes()
    );

    let limit = statement_alone(&database, account, user).await;
    let refresh = refreshes(server.address).await;
    report("refresh", &refresh, "its statement alone", limit);

    let limit = run(server.address, |_, mut client| async move {
        client.call("GET", "/health/live", None, "").await;
        client
    })
    .await;
    let token = sign_in(&mut Client::connect(server.address).await).await.0;
    let token: Arc<str> = token.into();
    let me = run(server.address, move |_, mut client| {
        let token = Arc::clone(&token);
        async move {
            let (status, _) = client.call("GET", "/api/v1/auth/me", Some(&token), "").await;
            assert_eq!(status, 200);
            client
        }
    })
    .await;
    report("authenticated GET", &me, "a constant answer", limit.per_second);

    let limit = argon2_alone().await;
    let sign_ins = run(server.address, |_, mut client| async move {
        let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
        // Surplus sign-ins are refused early and do not count.
        let (status, _) = client.call("POST", "/api/v1/auth/login/json", None, &body).await;
        client.counts = status == 200;
        client
    })
    .await;
    report("password sign-in", &sign_ins, "argon2id alone, as many at once as the pool has workers", limit);
    println!("  {} MB in memory after load", server.megabytes());

    known_and_unknown(&database, server.address).await;
    many_sessions(&database, server.address, account).await;
}

/// Compares response times for known and unknown addresses: the medians of many alternating requests.
async fn known_and_unknown(database: &Database, address: SocketAddr) {
    const EACH: u32 = 100;
    let now = SystemClock.now();
    let account = AccountId(entropy::id(now).unwrap());
    let hash = Passwords::new(1).unwrap().hash(PASSWORD).await.unwrap();
    accounts::insert(&database.write, account, "Known", now).await.unwrap();
    for n in 0..EACH {
        let user = NewUser {
            id: UserId(entropy::id(now).unwrap()),
            account_id: account,
            email: &format!("known{n}@bench.example"),
            email_verified_at: Some(now),
            name: "Known",
            role: Role::Viewer,
            password_hash: Some(&hash),
        };
        users::insert(&database.write, user, now).await.unwrap();
    }
    let mut client = Client::connect(address).await;
    for (what, path, extra) in [
        ("wrong password", "/api/v1/auth/login/json", json!({"password": "not the password"})),
        ("forgotten password", "/api/v1/auth/forgot-password", json!({})),
        ("verification asked for again", "/api/v1/auth/resend-verification", json!({})),
        (
            "registration",
            "/api/v1/auth/register",
            json!({"account_name": "Acme", "name": "Ada", "password": "seven purple kangaroos hum"}),
        ),
    ] {
        let mut times = [Vec::new(), Vec::new()];
        for n in 0..EACH {
            for (kind, times) in ["known", "unknown"].into_iter().zip(&mut times) {
                let mut body = extra.clone();
                body["email"] = json!(format!("{kind}{n}@bench.example"));
                // From a separate IP, so that no request is throttled.
                client.origin = Some(format!("10.{}.{}.{}", path.len(), n % 250, kind.len()));
                let begun = Instant::now();
                let (status, _) = client.call("POST", path, None, &body.to_string()).await;
                times.push(begun.elapsed());
                assert!(matches!(status, 401 | 202), "{status}");
            }
        }
        let [known, unknown] = times.map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() * 1e3
        });
        println!("  {what}: known {known:.2} ms, unknown {unknown:.2} ms (medians of {EACH} each, in turn)");
        // A lookup or a hash for only one kind would exceed this.
        assert!((0.8..1.25).contains(&(known / unknown)), "the time of a {what} tells of the address");
    }
}

async fn seed(database: &Database) -> (AccountId, UserId) {
    let now = SystemClock.now();
    let (account, user) = (AccountId(entropy::id(now).unwrap()), UserId(entropy::id(now).unwrap()));
    let hash = Passwords::new(1).unwrap().hash(PASSWORD).await.unwrap();
    accounts::insert(&database.write, account, "Bench", now).await.unwrap();
    let owner = NewUser {
        id: user,
        account_id: account,
        email: EMAIL,
        email_verified_at: Some(now),
        name: "Ada",
        role: Role::Owner,
        password_hash: Some(&hash),
    };
    users::insert(&database.write, owner, now).await.unwrap();
    (account, user)
}

/// Rotations per second without HTTP and tokens: the same statement through the same pool.
async fn statement_alone(database: &Database, account: AccountId, user: UserId) -> f64 {
    let mut tasks = JoinSet::new();
    let deadline = Instant::now() + PERIOD;
    for _ in 0..CLIENTS {
        let database = database.clone();
        tasks.spawn(async move {
            let now = SystemClock.now();
            let id = SessionId(entropy::id(now).unwrap());
            let snapshot = Snapshot::at_sign_in(now, Policy::STRICT);
            sessions::insert(
                &database.write,
                id,
                (account, user),
                &snapshot,
                &sessions::ClientInfo::default(),
            )
            .await
            .unwrap();
            let mut generation = 0;
            while Instant::now() < deadline {
                let now = SystemClock.now();
                let token = TokenId { session: id, generation };
                let consumption =
                    Consumption { token, user_id: user, key: None, leeway: TimeDelta::seconds(10), now };
                let rotated =
                    sessions::rotate(&database.write, consumption, snapshot.deadlines(now), None).await;
                assert!(rotated.unwrap().is_some());
                generation += 1;
            }
            generation
        });
    }
    let rotations: i64 = tasks.join_all().await.into_iter().sum();
    rotations as f64 / PERIOD.as_secs_f64()
}

async fn refreshes(address: SocketAddr) -> Measured {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = Client::connect(address).await;
        let token = sign_in(&mut client).await.1;
        clients.push((client, token));
    }
    run_with(clients, |(mut client, token)| async move {
        let (status, body) = client.call("POST", "/api/v1/auth/refresh", Some(&token), "").await;
        assert_eq!(status, 200);
        (client, body["refresh_token"].as_str().unwrap().to_owned())
    })
    .await
}

async fn argon2_alone() -> f64 {
    let workers = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
    let passwords = Passwords::new(workers).unwrap();
    let hash = passwords.hash(PASSWORD).await.unwrap();
    let deadline = Instant::now() + PERIOD;
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        let (passwords, hash) = (passwords.clone(), hash.clone());
        tasks.spawn(async move {
            let mut done = 0_u32;
            while Instant::now() < deadline {
                passwords.verify(PASSWORD, Some(&hash)).await.unwrap();
                done += 1;
            }
            done
        });
    }
    f64::from(tasks.join_all().await.into_iter().sum::<u32>()) / PERIOD.as_secs_f64()
}

/// The security page and the bulk revocation, with many live sessions in the account and as many in others.
async fn many_sessions(database: &Database, address: SocketAddr, account: AccountId) {
    let backend = database.write.get_database_backend();
    let postgres = backend == DbBackend::Postgres;
    let random = if postgres { "gen_random_uuid()" } else { "randomblob(16)" };
    let series = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})");
    let other = AccountId(entropy::id(SystemClock.now()).unwrap());
    accounts::insert(&database.write, other, "Other", SystemClock.now()).await.unwrap();
    let text = if postgres { "i::text" } else { "i" };
    for account in [account, other] {
        let id = uuid_literal(postgres, account);
        let people = MANY / 10;
        database
            .write
            .execute_unprepared(&format!(
                "INSERT INTO users (id, account_id, email, name, role, is_active, last_login_at, created_at) {series} \
                 SELECT {random}, {id}, 'u' || {text} || '@{account}.example', 'User', 'viewer', TRUE, u.created_at, \
                 u.created_at FROM n, users u WHERE u.email = '{EMAIL}' AND n.i <= {people}"
            ))
            .await
            .unwrap();
        let expiry = (SystemClock.now() + TimeDelta::days(1)).to_rfc3339();
        database
            .write
            .execute_unprepared(&format!(
                "INSERT INTO sessions (id, account_id, user_id, generation, rotations, auth_time, idle_max, abs_max, \
                 idle_expires_at, absolute_expires_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                 WHERE i < 10) SELECT {random}, account_id, id, 0, '', created_at, 1, 1, '{expiry}', '{expiry}' \
                 FROM users, n WHERE account_id = {id} AND role = 'viewer'"
            ))
            .await
            .unwrap();
    }
    if postgres {
        // As PostgreSQL's autovacuum would; SQLite has none.
        database.write.execute_unprepared("ANALYZE").await.unwrap();
    }
    let explained = Explained(&database.read);
    let (caller, now) = (UserId(entropy::id(SystemClock.now()).unwrap()), SystemClock.now());
    println!("  plan of the security page:");
    let _ = sessions::list_active_users(&explained, account, caller, 100, now).await;
    println!("  plans of ending in bulk, what was spared before and the sessions:");
    let bulk = (SessionId(caller.0), Bulk::All(caller.0));
    sessions::revoke_bulk(&explained, account, bulk, now).await.unwrap();
    let mut client = Client::connect(address).await;
    let token = sign_in(&mut client).await.0;
    for round in 1..=3 {
        let begun = Instant::now();
        let (status, body) = client.call("GET", "/api/v1/accounts/me/security", Some(&token), "").await;
        assert_eq!(status, 200);
        println!(
            "  security page with {MANY} live sessions of {} people, time {round}: {} ms",
            body["active_user_count"],
            begun.elapsed().as_millis()
        );
    }
    let begun = Instant::now();
    let path = "/api/v1/accounts/me/security/revoke-sessions";
    let (status, body) = client.call("POST", path, Some(&token), "").await;
    assert_eq!(status, 200);
    println!("  {} sessions ended in bulk: {} ms", body["revoked_count"], begun.elapsed().as_millis());
}

/// A connection that prints the plan of a statement instead of running it.
struct Explained<'a>(&'a curfew::store::Pool);

impl Explained<'_> {
    /// Explains a statement, prints the plan and returns the statement that was explained.
    async fn explain(&self, statement: Statement) -> Statement {
        let postgres = self.0.get_database_backend() == DbBackend::Postgres;
        let (explain, column) = if postgres { ("EXPLAIN", 0) } else { ("EXPLAIN QUERY PLAN", 3) };
        let plan = Statement { sql: format!("{explain} {}", statement.sql), ..statement };
        for row in self.0.query_all_raw(plan.clone()).await.unwrap() {
            println!("    {}", row.try_get_by_index::<String>(column).unwrap());
        }
        plan
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Explained<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let plan = self.explain(statement).await;
        // Returns a result, so that later statements are explained, too: a plan changes no row.
        self.0.execute_raw(plan).await
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("there is nothing to explain".to_owned()))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.explain(statement).await;
        Ok(None)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.explain(statement).await;
        Ok(Vec::new())
    }
}

fn uuid_literal(postgres: bool, id: AccountId) -> String {
    if postgres { format!("'{id}'::uuid") } else { format!("x'{}'", id.0.simple()) }
}

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    async fn start(binary: &str, url: &str) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(binary)
            .args(["serve", "--listen", &free.to_string(), "--database-url", url, "--log", "warn"])
            .env("CURFEW_SECRET", "a secret of the benchmark that is long enough")
            .env("CURFEW_PROXIES", "1")
            .env("CURFEW_DATA_DIR", std::env::temp_dir().join("curfew-bench"))
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic_with(&format!("{binary}: {error}; run `just build`")));
        let mut ticks = tokio::time::interval(Duration::from_millis(2));
        while TcpStream::connect(free).await.is_err() {
            ticks.tick().await;
        }
        Self { child, address: free }
    }

    fn megabytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::panic, reason = "a program to read off")]
fn panic_with(words: &str) -> ! {
    panic!("{words}")
}

/// A client with one keep-alive connection.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    counts: bool,
    /// The value of `X-Forwarded-For`.
    origin: Option<String>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new(), counts: true, origin: None }
    }

    async fn call(&mut self, method: &str, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
        let authorization =
            token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let origin = self.origin.as_ref();
        let origin = origin.map(|origin| format!("x-forwarded-for: {origin}\r\n")).unwrap_or_default();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}{origin}content-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            assert_ne!(self.stream.read_buf(&mut self.buffer).await.unwrap(), 0, "the server hung up");
            let Some(head) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let text = std::str::from_utf8(&self.buffer[..head]).unwrap();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            let end = head + 4 + length.parse::<usize>().unwrap();
            if self.buffer.len() >= end {
                let status = text[9..12].parse().unwrap();
                return (status, serde_json::from_slice(&self.buffer[head + 4..end]).unwrap_or_default());
            }
        }
    }
}

/// Signs in and returns the access and the refresh token.
async fn sign_in(client: &mut Client) -> (String, String) {
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let (status, body) = client.call("POST", "/api/v1/auth/login/json", None, &body).await;
    assert_eq!(status, 200, "{body}");
    let token = |name: &str| body[name].as_str().unwrap().to_owned();
    (token("access_token"), token("refresh_token"))
}

struct Measured {
    per_second: f64,
    median: Duration,
    p99: Duration,
}

fn report(what: &str, measured: &Measured, limit_is: &str, limit: f64) {
    println!(
        "  {what}: {:.0}/s, median {:.1} ms, p99 {:.1} ms; {:.0} % of {limit:.0}/s ({limit_is})",
        measured.per_second,
        measured.median.as_secs_f64() * 1e3,
        measured.p99.as_secs_f64() * 1e3,
        100.0 * measured.per_second / limit,
    );
}

async fn run<F, Fut>(address: SocketAddr, step: F) -> Measured
where
    F: Fn(usize, Client) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Client> + Send,
{
    let mut clients = Vec::new();
    for index in 0..CLIENTS {
        clients.push((index, Client::connect(address).await));
    }
    run_with(clients, move |(index, client)| {
        let step = step.clone();
        async move { (index, step(index, client).await) }
    })
    .await
}

/// Tells whether a step counts.
trait Counts {
    fn counts(&self) -> bool;
}

impl Counts for (usize, Client) {
    fn counts(&self) -> bool {
        self.1.counts
    }
}

impl Counts for (Client, String) {
    fn counts(&self) -> bool {
        true
    }
}

async fn run_with<S, F, Fut>(states: Vec<S>, step: F) -> Measured
where
    S: Counts + Send + 'static,
    F: Fn(S) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = S> + Send,
{
    let deadline = Instant::now() + PERIOD;
    let mut tasks = JoinSet::new();
    for mut state in states {
        let step = step.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < deadline {
                let begun = Instant::now();
                state = step(state).await;
                if state.counts() {
                    times.push(begun.elapsed());
                }
            }
            times
        });
    }
    let mut times: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    Measured { per_second: times.len() as f64 / PERIOD.as_secs_f64(), median: at(50), p99: at(99) }
}
