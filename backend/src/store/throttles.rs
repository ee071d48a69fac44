//! Attempts that count against a limit, for all replicas together.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{execute, one};

/// A limit: so many attempts are free, then each makes the next wait twice as long as the one
/// before, from `first` up to `longest`. All times are in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// How many attempts are free.
    pub free: i32,
    /// The first wait.
    pub first: i64,
    /// The longest wait.
    pub longest: i64,
    /// After how long one attempt is forgiven.
    pub forgive: i64,
    /// How many attempts may be made in a row; then there is a day's pause.
    pub most: i32,
}

/// The pause after the last attempt that a limit admits, in seconds.
const PAUSE: i64 = 24 * 60 * 60;

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
    // `updated_at` moves by whole forgiven attempts, so that nothing of the time between two is lost.
    // The doubling stops where it would overflow; CASE because the databases' least() differ.
    let forgiven = "(($2 - throttles.updated_at) / $6)";
    let before = format!(
        "(CASE WHEN throttles.attempts <= {forgiven} THEN 0 ELSE throttles.attempts - {forgiven} END)"
    );
    let sql = format!(
        "INSERT INTO throttles (key, attempts, blocked_until, updated_at) VALUES ($1, 1, $2, $2) \
         ON CONFLICT (key) DO UPDATE SET attempts = {before} + 1, \
         blocked_until = CASE WHEN {before} < $3 THEN $2 WHEN {before} + 1 >= $7 THEN $2 + $8 \
         WHEN {before} - $3 > 20 OR ($4 << CAST({before} - $3 AS INTEGER)) > $5 THEN $2 + $5 \
         ELSE $2 + ($4 << CAST({before} - $3 AS INTEGER)) END, \
         updated_at = CASE WHEN {before} = 0 THEN $2 ELSE throttles.updated_at + {forgiven} * $6 END \
         WHERE throttles.blocked_until <= $2"
    );
    let at = now.timestamp();
    let values = [
        key.into(),
        at.into(),
        limit.free.into(),
        limit.first.into(),
        limit.longest.into(),
        limit.forgive.into(),
        limit.most.into(),
        PAUSE.into(),
    ];
    if execute(connection, &sql, values).await? > 0 {
        return Ok(None);
    }
    find_wait(connection, &[key], now).await.map(|wait| wait.or(Some(1)))
}

/// How many seconds to wait before an attempt under any of these keys, if at all.
///
/// # Errors
///
/// When the database is away.
pub async fn find_wait(
    connection: &impl ConnectionTrait,
    keys: &[&str],
    now: DateTime<Utc>,
) -> Result<Option<u32>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        blocked_until: Option<i64>,
    }
    let at = now.timestamp();
    let mut values: Vec<sea_orm::Value> = vec![at.into()];
    values.extend(keys.iter().map(|&key| key.into()));
    let named: Vec<_> = (2..=values.len()).map(|index| format!("${index}")).collect();
    let sql = format!(
        "SELECT max(blocked_until) AS blocked_until FROM throttles WHERE key IN ({}) AND blocked_until > $1",
        named.join(", ")
    );
    let row = one::<Row>(connection, &sql, values).await?;
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

/// Takes one attempt under `key` back, and the wait that it brought.
///
/// # Errors
///
/// When the database is away.
pub async fn take_back(
    connection: &impl ConnectionTrait,
    key: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql =
        "UPDATE throttles SET attempts = attempts - 1, blocked_until = $2 WHERE key = $1 AND attempts > 0";
    execute(connection, sql, [key.into(), now.timestamp().into()]).await.map(drop)
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
