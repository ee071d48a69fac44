//! Unusual databases: newer, older, stalled, read-only, large, or with another clock.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use curfew::{
    clock::{Clock, DatabaseClock, SystemClock},
    entropy,
    store::{Database, audit_events},
};
use curfew_shared::audit::AuditQuery;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use serde_json::json;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use crate::test_app::{LOGIN, ME, PASSWORD, TestApp};

const INDEX: &str = "audit_events_account_id_subject_id_idx";
/// Longer than any step here, and shorter than TCP's own timeouts.
const SOON: Duration = Duration::from_mins(1);

/// A separate PostgreSQL database, if `TEST_DATABASE_URL` is set.
async fn own_database() -> Option<String> {
    let url = std::env::var("TEST_DATABASE_URL").ok()?;
    let name = format!("own_{}", entropy::id(DateTime::UNIX_EPOCH).unwrap().simple());
    let connection = sea_orm::Database::connect(&url).await.unwrap();
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    connection.close().await.unwrap();
    Some(format!("{}/{name}", url.rsplit_once('/').unwrap().0))
}

async fn until_ready(app: &TestApp, status: u16) {
    let ready = async {
        while app.get("/health/ready").send().await.status != status {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, ready).await.unwrap();
}

#[tokio::test]
async fn a_release_works_on_a_newer_schema_until_it_is_too_old() {
    let app = TestApp::new().await;
    let database = &app.app.database;
    app.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_of_the_next', 0)")
        .await
        .unwrap();
    database.migrate(&app.database_url).await.unwrap();
    database.check_schema().await.unwrap();
    let owner = app.owner("ada@example.com").await;
    app.sign_in(&owner).await;
    app.execute("DELETE FROM seaql_migrations WHERE version = 'm0012_marks'").await.unwrap();
    let refusal = database.check_schema().await.unwrap_err().to_string();
    assert!(refusal.contains("run `curfew migrate` first"), "{refusal}");
}

#[tokio::test]
async fn replicas_whose_clocks_differ_agree_on_the_time() {
    #[derive(Debug)]
    struct Off(TimeDelta);
    impl Clock for Off {
        fn now(&self) -> DateTime<Utc> {
            SystemClock.now() + self.0
        }
    }
    let app = TestApp::new().await;
    if app.app.database.write.get_database_backend() != DbBackend::Postgres {
        return;
    }
    let owner = app.owner("ada@example.com").await;
    let mut replicas = Vec::new();
    for off in [TimeDelta::hours(1), TimeDelta::hours(-1)] {
        let clock = DatabaseClock::new(Off(off), &app.app.database).await.unwrap();
        let from_the_truth = (clock.now() - SystemClock.now()).abs();
        assert!(from_the_truth < TimeDelta::minutes(10), "{off} becomes {from_the_truth}");
        replicas.push(app.replica_on(app.app.database.clone(), Arc::new(clock)));
    }
    let mut tokens = replicas[0].sign_in(&owner).await;
    for replica in [&replicas[1], &replicas[0], &replicas[1]] {
        assert_eq!(replica.get(ME).bearer(&tokens.access).send().await.status, 200);
        tokens = replica.refresh(&tokens.refresh).await.tokens();
    }
    assert_eq!(app.audit_count("session.replay_detected").await, 0);
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL").await, 0);
}

/// A TCP proxy to the database that can stall while it keeps connections open.
async fn line(url: &str) -> (String, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (before, rest) = url.split_once('@').unwrap();
    let (there, path) = rest.split_once('/').unwrap();
    let here = format!("{before}@{}/{path}", listener.local_addr().unwrap());
    let (silence, silent) = watch::channel(false);
    let there = there.to_owned();
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let (there, mut silent) = (there.clone(), silent.clone());
            tokio::spawn(async move {
                if !*silent.borrow() {
                    let mut far = TcpStream::connect(there).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => return,
                        _ = silent.wait_for(|silent| *silent) => {}
                    }
                }
                // The connection stalls for ever, without being closed.
                std::future::pending::<()>().await;
            });
        }
    });
    (here, silence)
}

#[tokio::test]
async fn a_stalled_database_is_soon_unavailable_and_recovers_at_once() {
    let app = TestApp::new().await;
    if app.app.database.write.get_database_backend() != DbBackend::Postgres {
        return;
    }
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let (url, silence) = line(&app.database_url).await;
    let database = Database::connect(&url, 4, Duration::from_secs(2)).await.unwrap();
    let replica = app.replica_on(database, Arc::new(Still(app.now())));
    until_ready(&replica, 200).await;
    // Opens several connections, which all stall later.
    let ask = || replica.get(ME).bearer(&tokens.access).send();
    let responses = futures_util::future::join_all((0..8).map(|_| ask())).await;
    assert!(responses.iter().all(|response| response.status == 200));
    silence.send_replace(true);
    for _ in 0..2 {
        let responses = timeout(SOON, futures_util::future::join_all((0..8).map(|_| ask()))).await.unwrap();
        for response in responses {
            response.assert_problem("unavailable");
        }
    }
    silence.send_replace(false);
    until_ready(&replica, 200).await;
    let responses = timeout(SOON, futures_util::future::join_all((0..8).map(|_| ask()))).await.unwrap();
    assert!(responses.iter().all(|response| response.status == 200), "no dead connection is left");
}

#[derive(Debug)]
struct Still(DateTime<Utc>);

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

#[tokio::test]
async fn a_read_only_database_is_not_ready_and_loses_its_connections() {
    let Some(url) = own_database().await else { return };
    let database = Database::connect(&url, 4, SOON).await.unwrap();
    database.migrate(&url).await.unwrap();
    let app = TestApp::new().await;
    let app = app.replica_on(database, Arc::new(Still(app.now())));
    let owner = app.owner("ada@example.com").await;
    until_ready(&app, 200).await;
    let name = url.rsplit_once('/').unwrap().1;
    let admin = sea_orm::Database::connect(std::env::var("TEST_DATABASE_URL").unwrap()).await.unwrap();
    let fail_over = async |read_only: &str| {
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {read_only}");
        admin.execute_unprepared(&set).await.unwrap();
    };
    fail_over("on").await;
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    admin.execute_unprepared(&end).await.unwrap();
    until_ready(&app, 503).await;
    let sign_in = || app.post(LOGIN).json(&json!({"email": owner.email, "password": PASSWORD})).send();
    sign_in().await.assert_problem("unavailable");
    app.get("/health/ready").send().await.assert_problem("unavailable");
    fail_over("off").await;
    until_ready(&app, 200).await;
    for _ in 0..4 {
        assert_eq!(sign_in().await.status, 200, "no connection is left that may only read");
    }
}

#[tokio::test]
async fn every_wait_for_postgres_has_a_limit() {
    let app = TestApp::new().await;
    if app.app.database.write.get_database_backend() != DbBackend::Postgres {
        return;
    }
    for limit in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
        let value: String = app.query_value(&format!("SELECT current_setting('{limit}')")).await;
        assert_ne!(value, "0", "{limit}");
    }
    let database = Database::connect(&app.database_url, 2, Duration::from_secs(1)).await.unwrap();
    let slow = database.write.execute_unprepared("SELECT pg_sleep(60)").await.unwrap_err();
    assert!(curfew::store::is_away(&slow), "{slow}");
    app.owner("ada@example.com").await;
    let holder = database.begin().await.unwrap();
    holder.execute_unprepared("UPDATE users SET name = 'held'").await.unwrap();
    let held = database.write.execute_unprepared("UPDATE users SET name = 'late'").await.unwrap_err();
    assert!(curfew::store::is_away(&held), "{held}");
}

/// Records the plans of statements and returns no rows.
struct Explained<'a>(&'a Database, Mutex<String>);

#[async_trait::async_trait]
impl ConnectionTrait for Explained<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.read.get_database_backend()
    }
    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        panic!("it only reads")
    }
    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        panic!("it only reads")
    }
    async fn query_one_raw(&self, _: Statement) -> Result<Option<QueryResult>, DbErr> {
        panic!("it reads lists")
    }
    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let is_postgres = self.get_database_backend() == DbBackend::Postgres;
        let (explain, column) = if is_postgres { ("EXPLAIN", 0) } else { ("EXPLAIN QUERY PLAN", 3) };
        let plan = Statement { sql: format!("{explain} {}", statement.sql), ..statement };
        for row in self.0.read.query_all_raw(plan).await? {
            let line = row.try_get_by_index::<String>(column)?;
            let mut plan = self.1.lock().unwrap();
            plan.push_str(&line);
            plan.push('\n');
        }
        Ok(Vec::new())
    }
}

/// Adds many audit events of many users.
async fn fill(app: &TestApp) {
    let postgres = "INSERT INTO audit_events (id, account_id, at, kind, actor_id, payload) \
        SELECT gen_random_uuid(), (SELECT id FROM accounts), now(), 'session.signed_in', gen_random_uuid(), \
        jsonb_build_object('user_id', gen_random_uuid()::text) FROM generate_series(1, 20000)";
    let sqlite = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
        INSERT INTO audit_events (id, account_id, at, kind, actor_id, payload) \
        SELECT randomblob(16), (SELECT id FROM accounts), '2026-03-01T09:00:00Z', 'session.signed_in', \
        randomblob(16), json_object('user_id', hex(randomblob(16))) FROM n";
    let is_postgres = app.app.database.write.get_database_backend() == DbBackend::Postgres;
    app.execute(if is_postgres { postgres } else { sqlite }).await.unwrap();
    app.execute(if is_postgres { "ANALYZE audit_events" } else { "ANALYZE" }).await.unwrap();
}

#[tokio::test]
async fn queries_about_a_user_use_indexes() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    fill(&app).await;
    let explained = Explained(&app.app.database, Mutex::default());
    let query = AuditQuery { person_id: Some(owner.id), ..Default::default() };
    audit_events::list(&explained, owner.account, &query, 51).await.unwrap();
    let plan = explained.1.into_inner().unwrap();
    for index in [INDEX, "audit_events_account_id_actor_id_idx"] {
        assert!(plan.contains(index), "{plan}");
    }
    assert!(!plan.contains("Seq Scan") && !plan.contains("SCAN e"), "{plan}");
}

#[tokio::test]
async fn a_large_index_is_built_concurrently_and_repaired() {
    let Some(url) = own_database().await else { return };
    let database = Database::connect(&url, 4, SOON).await.unwrap();
    database.migrate(&url).await.unwrap();
    let app = TestApp::new().await;
    let app = app.replica_on(database.clone(), Arc::new(Still(app.now())));
    app.owner("ada@example.com").await;
    fill(&app).await;
    let invalidate = format!("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{INDEX}'::regclass");
    app.execute(&invalidate).await.unwrap();
    let (one, other) = tokio::join!(database.build_indexes(&url), database.build_indexes(&url));
    one.and(other).unwrap();
    let valid = format!("SELECT indisvalid FROM pg_index WHERE indexrelid = '{INDEX}'::regclass");
    assert!(app.query_value::<bool>(&valid).await);
}
