//! Addresses that users had until a short while ago.

use chrono::{DateTime, Utc};
use curfew_shared::id::UserId;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::{execute, one};

/// Notes that a user has another address than `old` now.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    id: Uuid,
    user: UserId,
    old: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO address_changes (id, user_id, old_email, changed_at) VALUES ($1, $2, $3, $4)";
    execute(connection, sql, [id.into(), user.0.into(), old.into(), now.into()]).await.map(drop)
}

/// Undoes the changes of a user's address since it was `old`, if it was after `since`. Answers whether it was.
///
/// # Errors
///
/// When the database is away.
pub async fn undo(
    connection: &impl ConnectionTrait,
    user: UserId,
    old: &str,
    since: DateTime<Utc>,
) -> Result<bool, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        changed_at: DateTime<Utc>,
    }
    let sql = "SELECT changed_at FROM address_changes WHERE user_id = $1 AND old_email = $2 AND changed_at > $3 \
               ORDER BY changed_at LIMIT 1";
    let row = one::<Row>(connection, sql, [user.0.into(), old.into(), since.into()]).await?;
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
