//! Attempts that count against a limit, for all replicas together.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{execute, one};

/// A limit: so many attempts are free, then each makes the next wait twice as long as the one
/// before, from a second up to `longest`. After `forget` without an attempt all is free again. All in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// How many attempts are free.
    pub free: i32,
    /// The first wait.
    pub first: i64,
    /// The longest wait.
    pub longest: i64,
    /// After how long without an attempt the count starts anew.
    pub forget: i64,
}

/// Counts an attempt under `key` before it is made, so that of many at once no more get through
/// than one after the other would. Answers `None`, or how many seconds to wait.
///
/// # Errors
///
/// When the database is away.
pub async fn attempt(
    connection: &impl ConnectionTrait,
    key: &str,
    limit: Limit,
    now: DateTime<Utc>,
) -> Result<Option<u32>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        blocked_until: i64,
    }
    // The doubling stops where it would overflow; CASE because the databases' least() differ.
    let sql = "INSERT INTO throttles (key, attempts, blocked_until, updated_at) VALUES ($1, 1, $2, $2) \
               ON CONFLICT (key) DO UPDATE SET \
               attempts = CASE WHEN throttles.updated_at + $6 <= $2 THEN 1 ELSE throttles.attempts + 1 END, \
               blocked_until = CASE \
               WHEN throttles.updated_at + $6 <= $2 OR throttles.attempts < $3 THEN $2 \
               WHEN throttles.attempts - $3 > 20 OR ($4 << (throttles.attempts - $3)) > $5 THEN $2 + $5 \
               ELSE $2 + ($4 << (throttles.attempts - $3)) END, \
               updated_at = $2 WHERE throttles.blocked_until <= $2 RETURNING blocked_until";
    let at = now.timestamp();
    let values = [
        key.into(),
        at.into(),
        limit.free.into(),
        limit.first.into(),
        limit.longest.into(),
        limit.forget.into(),
    ];
    if one::<Row>(connection, sql, values).await?.is_some() {
        return Ok(None);
    }
    let sql = "SELECT blocked_until FROM throttles WHERE key = $1";
    let until = one::<Row>(connection, sql, [key.into()]).await?.map_or(at, |row| row.blocked_until);
    Ok(Some(u32::try_from(until - at).unwrap_or_default().max(1)))
}

/// How many seconds to wait before an attempt under any of these keys, if at all.
///
/// # Errors
///
/// When the database is away.
pub async fn find_wait(
    connection: &impl ConnectionTrait,
    keys: [&str; 2],
    now: DateTime<Utc>,
) -> Result<Option<u32>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        blocked_until: Option<i64>,
    }
    let at = now.timestamp();
    let sql = "SELECT max(blocked_until) AS blocked_until FROM throttles WHERE key IN ($1, $2) AND blocked_until > $3";
    let row = one::<Row>(connection, sql, [keys[0].into(), keys[1].into(), at.into()]).await?;
    Ok(row.and_then(|row| row.blocked_until).map(|until| u32::try_from(until - at).unwrap_or(1)))
}

/// Takes the attempts under `key` back: it was the right person.
///
/// # Errors
///
/// When the database is away.
pub async fn clear(connection: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM throttles WHERE key = $1", [key.into()]).await.map(drop)
}

/// Takes one attempt under `key` back.
///
/// # Errors
///
/// When the database is away.
pub async fn take_back(connection: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    let sql = "UPDATE throttles SET attempts = attempts - 1 WHERE key = $1 AND attempts > 0";
    execute(connection, sql, [key.into()]).await.map(drop)
}

/// Deletes at most `limit` counts without an attempt since `before`. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_stale(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM throttles WHERE key IN \
               (SELECT key FROM throttles WHERE updated_at < $1 AND blocked_until < $1 LIMIT $2)";
    execute(connection, sql, [before.timestamp().into(), i64::from(limit).into()]).await
}
