//! Checks that a pooler in front of PostgreSQL works as configured.

use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr, FromQueryResult, RuntimeErr, SqlxError};

use super::{one, options, pool::Pooling};

/// The first statement of a transaction behind a pooler by transaction. Other clients may have left prepared statements
/// on the connection, under names that the driver uses too.
pub(super) const FORGET: &str = "DEALLOCATE ALL";

/// SQLSTATEs of a prepared statement that does not exist, or exists already, on this connection.
pub(super) const LOST: [&str; 2] = ["26000", "42P05"];

/// What an operator can do about it.
pub(super) const ADVICE: &str = "a pooler in front of PostgreSQL gives each transaction another connection: set \
                                 CURFEW_DATABASE_POOLING to `transaction`, or have it pool by session";

/// Refuses a pooler that does not pool by session. Each of two connections must keep its own backend. The order of the
/// queries exposes a pooler that hands out the most recently used connection, and one that hands them out in turn.
///
/// # Errors
///
/// When a transaction had another backend, or the database does not answer.
pub(super) async fn check(url: &str, patience: Duration) -> Result<(), DbErr> {
    let connect = || sea_orm::Database::connect(options(url, 1, patience, Pooling::Session));
    let connections = [connect().await?, connect().await?];
    let mut backends = [None; 2];
    for which in [0, 1, 1, 0, 0, 1] {
        let backend = backend(&connections[which]).await?;
        if *backends[which].get_or_insert(backend) != backend || backends[0] == backends[1] {
            return Err(DbErr::Custom(ADVICE.to_owned()));
        }
    }
    for connection in connections {
        connection.close().await?;
    }
    Ok(())
}

/// The process id of the connection's backend.
async fn backend(connection: &DatabaseConnection) -> Result<i32, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        pid: i32,
    }
    match one::<Row>(connection, "SELECT pg_backend_pid() AS pid", []).await {
        Ok(row) => Ok(row.map_or(0, |row| row.pid)),
        Err(error) if is_lost(&error) => Err(DbErr::Custom(ADVICE.to_owned())),
        Err(error) => Err(error),
    }
}

fn is_lost(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    matches!(error.as_ref(), SqlxError::Database(error)
        if error.code().is_some_and(|code| LOST.contains(&code.as_ref())))
}
