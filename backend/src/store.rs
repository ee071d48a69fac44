//! SQL and nothing but SQL: the connection, the migrations, one file a table.
//!
//! SQLite and PostgreSQL run the same statements. Hot paths are one statement, written out.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DbBackend, DbErr, FromQueryResult, RuntimeErr, SqlxError, Statement,
    Value, sqlx::sqlite::SqliteConnectOptions,
};

pub use pool::{Pool, Pooling, Transaction};
pub use sea_orm::{ConnectionTrait as Connection, DbErr as StoreError};

pub mod accounts;
pub mod address_changes;
pub mod audit_events;
pub mod devices;
pub mod identities;
pub mod invites;
pub mod mails;
pub mod membership_changes;
pub mod oauth_flows;
pub mod pool;
mod pooling;
pub mod registrations;
mod schema;
pub mod sessions;
pub mod throttles;
pub mod users;

/// The database.
///
/// SQLite admits one writer at a time, so it gets one connection to write and several to read:
/// writers then queue here, in order, rather than poll a lock. In PostgreSQL both are one pool.
#[derive(Debug, Clone)]
pub struct Database {
    /// To read with.
    pub read: Pool,
    /// To write with.
    pub write: Pool,
    patience: Duration,
    pooling: Pooling,
}

impl Database {
    /// Connects to `url` (`sqlite:` or `postgres:`) with at most `connections` connections. Who has waited
    /// for one of them as long as `patience` finds the database away.
    ///
    /// # Errors
    ///
    /// When the address is of neither kind, or the database does not answer.
    pub async fn connect(url: &str, connections: u32, patience: Duration) -> Result<Self, DbErr> {
        Self::connect_through(url, connections, patience, Pooling::Session).await
    }

    /// The same, through a pooler that shares its connections to the server as `pooling` says.
    ///
    /// # Errors
    ///
    /// The same, and when the pooler shares them otherwise.
    pub async fn connect_through(
        url: &str,
        connections: u32,
        patience: Duration,
        pooling: Pooling,
    ) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let is_memory = |file: &PathBuf| file.to_string_lossy().starts_with("file:sqlx-in-memory");
            let file = sqlite_file(url).filter(|file| !is_memory(file));
            let file = file.ok_or_else(|| DbErr::Custom("an SQLite database must be a file".to_owned()))?;
            create_private(&file).map_err(|error| DbErr::Custom(format!("{}: {error}", file.display())))?;
            let write = sea_orm::Database::connect(sqlite(url, 1, patience)).await?;
            let read = sea_orm::Database::connect(sqlite(url, connections, patience)).await?;
            return Ok(Self {
                read: Pool::unlimited(read),
                write: Pool::unlimited(write),
                patience,
                pooling,
            });
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let mut options = options(url, connections, patience, pooling);
            let pool = match pooling {
                Pooling::Session => {
                    pooling::check(url, patience).await?;
                    let limits = limits(patience, "SET");
                    options.map_sqlx_postgres_pool_opts(move |pool| {
                        let limits = limits.clone();
                        pool.after_connect(move |connection, _| {
                            let limits = sea_orm::sqlx::AssertSqlSafe(limits.clone());
                            Box::pin(async move {
                                sea_orm::sqlx::Executor::execute(connection, limits).await.map(drop)
                            })
                        })
                    });
                    Pool::connect(options, patience).await?
                }
                Pooling::Transaction => {
                    let preamble = format!("{}; {}", pooling::FORGET, limits(patience, "SET LOCAL"));
                    Pool::connect(options, patience).await?.by_transaction(&preamble)
                }
            };
            return Ok(Self { read: pool.clone(), write: pool, patience, pooling });
        }
        Err(DbErr::Custom("the database's address must begin with `sqlite:` or `postgres:`".to_owned()))
    }

    /// Whether the database answers, and can be written to.
    ///
    /// # Errors
    ///
    /// When it does not, or cannot.
    pub async fn check(&self) -> Result<(), DbErr> {
        #[derive(FromQueryResult)]
        struct Row {
            is_read_only: bool,
        }
        let sql = match self.write.get_database_backend() {
            DbBackend::Postgres => {
                "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS is_read_only"
            }
            _ => "SELECT false AS is_read_only FROM (SELECT count(*) FROM accounts WHERE false)",
        };
        if one::<Row>(&self.write, sql, []).await?.is_some_and(|row| row.is_read_only) {
            // The primary may be elsewhere by now.
            self.write.renew().await;
            return Err(pool::away("the database may only be read"));
        }
        Ok(())
    }

    /// What PostgreSQL's clock shows; SQLite has none of its own.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn time(&self) -> Result<Option<DateTime<Utc>>, DbErr> {
        #[derive(FromQueryResult)]
        struct Row {
            time: DateTime<Utc>,
        }
        if self.read.get_database_backend() != DbBackend::Postgres {
            return Ok(None);
        }
        Ok(one::<Row>(&self.read, "SELECT clock_timestamp() AS time", []).await?.map(|row| row.time))
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        self.write.begin().await
    }
}

/// The server's own limits on what a connection waits for, a little shorter than ours: what the server ends
/// costs no connection. Set by a statement, as poolers refuse them among the parameters of the start.
fn limits(patience: Duration, set: &str) -> String {
    let (statement, lock) = (patience.as_millis() * 4 / 5, patience.as_millis() * 3 / 5);
    format!(
        "{set} statement_timeout = {statement}; {set} lock_timeout = {lock}; \
         {set} idle_in_transaction_session_timeout = {}",
        patience.as_millis() * 4
    )
}

fn options(url: &str, connections: u32, patience: Duration, pooling: Pooling) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(patience)
        .connect_timeout(patience)
        // A check of every connection before its use would double the round trips. One that went
        // away answers 503 once and is thrown out.
        .test_before_acquire(false)
        .sqlx_logging(false)
        // Nothing here is a float, and poolers refuse the parameter.
        .map_sqlx_postgres_opts(move |options| {
            let options = options.extra_float_digits(None);
            match pooling {
                Pooling::Session => options,
                // A statement that was prepared in another transaction may be on another connection.
                Pooling::Transaction => options.statement_cache_capacity(0),
            }
        });
    options
}

fn sqlite(url: &str, connections: u32, patience: Duration) -> ConnectOptions {
    let mut options = options(url, connections, patience, Pooling::Session);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("journal_mode", "WAL")
            // Every commit reaches the disk: a revocation survives a power cut, and so does a
            // rotation, without which the client's token would be from the future.
            .pragma("synchronous", "FULL")
    });
    options
}

/// Makes the database's file, for this user alone, unless it is there. The files beside it follow its mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// The file behind an SQLite address, as sqlx reads it: percent-decoded, and without the query.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let options: SqliteConnectOptions = url.strip_prefix("sqlite:").and(url.parse().ok())?;
    Some(options.get_filename().to_owned())
}

/// Whether the error says that the database is away or overloaded, rather than that a statement is wrong.
#[must_use]
pub fn is_away(error: &DbErr) -> bool {
    let runtime = match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return true,
        DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        _ => return false,
    };
    let RuntimeErr::SqlxError(error) = runtime else { return false };
    let SqlxError::Database(error) = error.as_ref() else {
        return matches!(
            error.as_ref(),
            SqlxError::Io(_)
                | SqlxError::Tls(_)
                | SqlxError::Protocol(_)
                | SqlxError::PoolTimedOut
                | SqlxError::PoolClosed
                | SqlxError::WorkerCrashed
        );
    };
    let code = error.code().unwrap_or_default();
    if let Ok(sqlite) = code.parse::<u32>()
        && code.len() != 5
    {
        // SQLITE_BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN; the low byte is the primary code.
        return matches!(sqlite & 0xff, 5 | 6 | 8 | 10 | 13 | 14);
    }
    if pooling::LOST.contains(&code.as_ref()) {
        tracing::error!("{}", pooling::ADVICE);
    }
    // PostgreSQL's classes: connection, a session that may only read or was idle, rollback, resources, a lock
    // that took too long, operator intervention, system.
    ["08", "25006", "25P03", "40", "53", "55P03", "57", "58"].iter().any(|class| code.starts_with(class))
}

/// Whether the error says that a unique value is taken.
#[must_use]
pub fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

fn statement(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

async fn one<T: FromQueryResult>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<T>, DbErr> {
    // All rows, although there is one at most: SQLite commits an `UPDATE … RETURNING` after its last
    // row, and a driver that stops at the first hides that the commit failed.
    let rows = connection.query_all_raw(statement(connection, sql, values)).await?;
    rows.first().map(|row| T::from_query_result(row, "")).transpose()
}

async fn all<T: FromQueryResult>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>, DbErr> {
    let rows = connection.query_all_raw(statement(connection, sql, values)).await?;
    rows.iter().map(|row| T::from_query_result(row, "")).collect()
}

async fn execute(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    Ok(connection.execute_raw(statement(connection, sql, values)).await?.rows_affected())
}

/// A value of a column whose text is not among those that the schema admits.
fn corrupt(column: &str) -> DbErr {
    DbErr::Type(format!("unexpected value in column {column}"))
}

/// The kind of the database that `database` speaks to, for a log.
#[must_use]
pub fn kind(database: &Database) -> &'static str {
    match database.write.get_database_backend() {
        DbBackend::Sqlite => "sqlite",
        DbBackend::Postgres => "postgres",
        _ => "other",
    }
}
