//! SQL and nothing but SQL: the connection, the migrations, one file a table.
//!
//! SQLite and PostgreSQL run the same statements. Hot paths are one statement, written out.

use std::{path::Path, time::Duration};

use curfew_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    FromQueryResult, RuntimeErr, SqliteTransactionMode, SqlxError, Statement, TransactionOptions,
    TransactionTrait, Value,
};

pub use sea_orm::{ConnectionTrait as Connection, DatabaseTransaction as Transaction, DbErr as StoreError};

pub mod accounts;
pub mod address_changes;
pub mod audit_events;
pub mod devices;
pub mod identities;
pub mod invites;
pub mod mails;
pub mod membership_changes;
pub mod oauth_flows;
pub mod registrations;
pub mod sessions;
pub mod throttles;
pub mod users;

/// The key of the advisory lock that migrations run under in PostgreSQL; any number will do, if it stays.
const MIGRATION_LOCK: i64 = 0x6375_7266_6577;

/// The database.
///
/// SQLite admits one writer at a time, so it gets one connection to write and several to read:
/// writers then queue here, in order, rather than poll a lock. In PostgreSQL both are one pool.
#[derive(Debug, Clone)]
pub struct Database {
    /// To read with.
    pub read: DatabaseConnection,
    /// To write with.
    pub write: DatabaseConnection,
    patience: Duration,
}

impl Database {
    /// Connects to `url` (`sqlite:` or `postgres:`) with at most `connections` connections. Who has waited
    /// for one of them as long as `patience` finds the database away.
    ///
    /// # Errors
    ///
    /// When the address is of neither kind, or the database does not answer.
    pub async fn connect(url: &str, connections: u32, patience: Duration) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let file = sqlite_file(url).filter(|file| file.as_os_str() != ":memory:");
            let file = file.ok_or_else(|| DbErr::Custom("an SQLite database must be a file".to_owned()))?;
            create_private(file).map_err(|error| DbErr::Custom(format!("{}: {error}", file.display())))?;
            let write = sea_orm::Database::connect(sqlite(url, 1, patience)).await?;
            let read = sea_orm::Database::connect(sqlite(url, connections, patience)).await?;
            return Ok(Self { read, write, patience });
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let pool = sea_orm::Database::connect(options(url, connections, patience)).await?;
            return Ok(Self { read: pool.clone(), write: pool, patience });
        }
        Err(DbErr::Custom("the database's address must begin with `sqlite:` or `postgres:`".to_owned()))
    }

    /// Brings the schema up to date. Only one process at a time does so; the others wait.
    ///
    /// # Errors
    ///
    /// When a change cannot be applied, or the lock (a file beside an SQLite database) not be had.
    pub async fn migrate(&self, url: &str) -> Result<(), DbErr> {
        if let Some(file) = sqlite_file(url) {
            let lock = lock_file(&file.with_extension("migration-lock")).await.map_err(io)?;
            Migrator::up(&self.write, None).await?;
            return lock.unlock().map_err(io);
        }
        // An advisory lock belongs to its connection, so this takes a pool of exactly one.
        let mut alone = options(url, 1, self.patience);
        alone.max_lifetime(None).idle_timeout(None);
        let alone = sea_orm::Database::connect(alone).await?;
        alone.execute_unprepared(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
        let migrated = Migrator::up(&alone, None).await;
        alone.close().await?;
        migrated
    }

    /// Whether the database answers.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.read.execute_unprepared("SELECT 1").await.map(drop)
    }

    /// Begins a transaction that may write. In SQLite it takes the write lock at once: one that
    /// read first could fail when it comes to write.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        self.write
            .begin_with_options(TransactionOptions { sqlite_transaction_mode, ..Default::default() })
            .await
    }
}

fn options(url: &str, connections: u32, patience: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(patience)
        .connect_timeout(patience)
        // A check of every connection before its use would double the round trips. One that went
        // away answers 503 once and is thrown out.
        .test_before_acquire(false)
        .sqlx_logging(false);
    options
}

fn sqlite(url: &str, connections: u32, patience: Duration) -> ConnectOptions {
    let mut options = options(url, connections, patience);
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

/// The file behind an SQLite address.
fn sqlite_file(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(Path::new(path.split('?').next()?))
}

async fn lock_file(path: &Path) -> std::io::Result<std::fs::File> {
    let path = path.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::create(path)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.map_err(std::io::Error::other)?
}

fn io(error: impl std::fmt::Display) -> DbErr {
    DbErr::Migration(format!("lock file: {error}"))
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
    // PostgreSQL's classes: connection, rollback, resources, operator intervention, system.
    ["08", "25006", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
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
