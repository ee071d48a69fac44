//! Addresses that users had until a short while ago.

use chrono::{DateTime, Utc};
use curfew_shared::id::UserId;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::{all, execute, one};

/// Notes that a user has another address than `old` now. `version` is that of their credentials.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    id: Uuid,
    user: UserId,
    (old, version): (&str, i64),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO address_changes (id, user_id, old_email, credentials_version, changed_at) \
               VALUES ($1, $2, $3, $4, $5)";
    let values = [id.into(), user.0.into(), old.into(), version.into(), now.into()];
    execute(connection, sql, values).await.map(drop)
}

/// The addresses that a user had until after `since`, oldest first, each with the version of the credentials
/// when it was changed.
///
/// # Errors
///
/// When the database is away.
pub async fn list(
    connection: &impl ConnectionTrait,
    user: UserId,
    since: DateTime<Utc>,
) -> Result<Vec<(String, i64)>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        old_email: String,
        credentials_version: i64,
    }
    let sql = "SELECT old_email, credentials_version FROM address_changes WHERE user_id = $1 AND changed_at > $2 \
               ORDER BY changed_at, id";
    let rows = all::<Row>(connection, sql, [user.0.into(), since.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.old_email, row.credentials_version)).collect())
}

/// Undoes the changes of a user's address since it was `old`, with credentials of this version, if it was after
/// `since`. Answers whether it was.
///
/// # Errors
///
/// When the database is away.
pub async fn undo(
    connection: &impl ConnectionTrait,
    user: UserId,
    (old, version): (&str, i64),
    since: DateTime<Utc>,
) -> Result<bool, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        changed_at: DateTime<Utc>,
    }
    let sql = "SELECT changed_at FROM address_changes WHERE user_id = $1 AND old_email = $2 AND changed_at > $3 \
               AND credentials_version = $4 ORDER BY changed_at LIMIT 1";
    let row = one::<Row>(connection, sql, [user.0.into(), old.into(), since.into(), version.into()]).await?;
    let Some(row) = row else { return Ok(false) };
    let sql = "DELETE FROM address_changes WHERE user_id = $1 AND changed_at >= $2";
    execute(connection, sql, [user.0.into(), row.changed_at.into()]).await?;
    Ok(true)
}

/// Deletes at most `limit` changes from before `before`. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_stale(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM address_changes WHERE id IN \
               (SELECT id FROM address_changes WHERE changed_at < $1 LIMIT $2)";
    execute(connection, sql, [before.into(), i64::from(limit).into()]).await
}
