//! Bringing the schema up to date: one process at a time, and large indexes without stopping who writes.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use curfew_migrations::{INDEXES, State};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use super::{
    Database, Pool, Transaction, one,
    pool::{Pooling, away},
    sqlite_file,
};

/// Part of the key of the advisory lock that migrations run under in PostgreSQL; the other is the schema.
const LOCK: i32 = 0x6375_7266;
/// How long to wait for another process that migrates.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often to look whether it is done.
const POLL: Duration = Duration::from_millis(100);
/// How long a change waits for a lock on a table; who comes after it waits behind it.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0";
/// From how many rows on an index is built without stopping who writes.
const LARGE: i64 = 10_000;

impl Database {
    /// Brings the schema up to date, indexes included. Only one process at a time does so; the others wait.
    ///
    /// # Errors
    ///
    /// When a change cannot be applied, or another process takes too long over it.
    pub async fn migrate(&self, url: &str) -> Result<(), DbErr> {
        self.change_schema(url).await?;
        self.build_indexes(url).await
    }

    /// Brings the schema up to date, except for indexes, which nothing needs in order to work.
    ///
    /// # Errors
    ///
    /// When a change cannot be applied, or another process takes too long over it.
    pub async fn change_schema(&self, url: &str) -> Result<(), DbErr> {
        let state = curfew_migrations::state(&self.write).await?;
        warn_of_unknown(&state);
        if state.missing.is_empty() {
            return Ok(());
        }
        tracing::info!(changes = state.missing.len(), "bringing the database's schema up to date");
        if let Some(file) = sqlite_file(url) {
            let lock = lock_file(&file.with_extension("migration-lock")).await.map_err(io)?;
            let transaction = self.write.begin().await?;
            curfew_migrations::apply(transaction.inner()).await?;
            transaction.commit().await?;
            return lock.unlock().map_err(io);
        }
        let alone = self.unlimited(url).await?;
        let transaction = locked(&alone).await?;
        curfew_migrations::apply(transaction.inner()).await?;
        transaction.commit().await?;
        alone.connection().close().await
    }

    /// Says what is wrong where the schema is older than this release.
    ///
    /// # Errors
    ///
    /// When it is older, or the database is away.
    pub async fn check_schema(&self) -> Result<(), DbErr> {
        let state = curfew_migrations::state(&self.read).await?;
        warn_of_unknown(&state);
        if state.missing.is_empty() {
            return Ok(());
        }
        Err(DbErr::Migration("it is older than this release; run `curfew migrate` first".to_owned()))
    }

    /// Builds the indexes that are missing. In PostgreSQL, on a large table, without stopping who writes.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn build_indexes(&self, url: &str) -> Result<(), DbErr> {
        for index in &INDEXES {
            if self.write.get_database_backend() == DbBackend::Sqlite {
                let sql = format!("CREATE INDEX IF NOT EXISTS {} ON {}", index.name, index.on);
                self.write.execute_unprepared(&sql).await?;
                continue;
            }
            if is_valid(&self.read, index.name).await? == Some(true) {
                continue;
            }
            let holder = self.unlimited(url).await?;
            // For as long as this is open no other process builds it.
            let lock = locked(&holder).await?;
            match is_valid(&lock, index.name).await? {
                Some(true) => {}
                valid => {
                    let builder = self.unlimited(url).await?;
                    if self.pooling == Pooling::Session {
                        let no_limits = "SET statement_timeout = 0; SET lock_timeout = 0";
                        builder.execute_unprepared(no_limits).await?;
                    }
                    if valid.is_some() {
                        // Left behind by a process that was ended as it built it.
                        let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name);
                        builder.execute_unprepared(&sql).await?;
                    }
                    build(&builder, index).await?;
                    builder.connection().close().await?;
                }
            }
            lock.commit().await?;
            holder.connection().close().await?;
        }
        Ok(())
    }

    /// One connection of its own, without the limits of those that serve.
    async fn unlimited(&self, url: &str) -> Result<Pool, DbErr> {
        let mut options = super::options(url, 1, self.patience, self.pooling);
        options.max_lifetime(None).idle_timeout(None);
        let pool = Pool::unlimited(sea_orm::Database::connect(options).await?);
        Ok(match self.pooling {
            Pooling::Session => pool,
            Pooling::Transaction => pool.by_transaction(super::pooling::FORGET),
        })
    }
}

async fn build(builder: &Pool, index: &curfew_migrations::Index) -> Result<(), DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        rows: i64,
    }
    let sql =
        format!("SELECT count(*) AS rows FROM (SELECT 1 FROM {} LIMIT {LARGE}) AS sample", index.table());
    let rows = one::<Row>(builder, &sql, []).await?.map_or(0, |row| row.rows);
    if rows < LARGE {
        let sql = format!("CREATE INDEX IF NOT EXISTS {} ON {}", index.name, index.on);
        return builder.execute_unprepared(&sql).await.map(drop);
    }
    tracing::info!(index = index.name, "building an index; the service goes on meanwhile");
    let sql = format!("CREATE INDEX CONCURRENTLY {} ON {}", index.name, index.on);
    builder.execute_unprepared(&sql).await?;
    tracing::info!(index = index.name, "the index is built");
    Ok(())
}

/// Whether the index of PostgreSQL can be used; `None` where there is none.
async fn is_valid(connection: &impl ConnectionTrait, name: &str) -> Result<Option<bool>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        indisvalid: bool,
    }
    let sql = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)";
    Ok(one::<Row>(connection, sql, [name.into()]).await?.map(|row| row.indisvalid))
}

/// A transaction that holds PostgreSQL's lock on this schema's changes. The lock ends with it, also behind a
/// pooler. It is asked for again and again: a statement that waits for it would have a snapshot, for whose
/// end an index that is built concurrently waits in turn.
async fn locked(pool: &Pool) -> Result<Transaction, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        locked: bool,
    }
    let sql = format!("SELECT pg_try_advisory_xact_lock({LOCK}, hashtext(current_schema())) AS locked");
    let begun = Instant::now();
    let mut polls = tokio::time::interval(POLL);
    let mut is_announced = false;
    loop {
        polls.tick().await;
        let transaction = pool.begin().await?;
        transaction.execute_unprepared(LOCK_TIMEOUT).await?;
        if one::<Row>(&transaction, &sql, []).await?.is_some_and(|row| row.locked) {
            return Ok(transaction);
        }
        transaction.rollback().await?;
        if !is_announced {
            tracing::info!("waiting for another process that changes the database's schema");
            is_announced = true;
        }
        if begun.elapsed() > PATIENCE {
            return Err(away("another process has been changing the schema for ten minutes"));
        }
    }
}

fn warn_of_unknown(state: &State) {
    if !state.unknown.is_empty() {
        let changes = state.unknown.join(", ");
        tracing::warn!(changes, "the database's schema is newer than this release; it goes on with it");
    }
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
