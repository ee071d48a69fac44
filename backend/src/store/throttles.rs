//! Attempts that count against a limit, for all replicas together.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{all, execute};
use crate::domain::limit::Count;

/// A key to count under.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key.
    pub key: String,
    /// The key of the person whom it is about, if [`forget_person`] is to find it.
    pub person: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    key: String,
    attempts: i32,
    blocked_until: i64,
    updated_at: i64,
    in_flight: i32,
    in_flight_until: i64,
}

impl From<Row> for Count {
    fn from(row: Row) -> Self {
        let Row { key, attempts, blocked_until, updated_at, in_flight, in_flight_until } = row;
        Self { key, attempts, blocked_until, updated_at, in_flight, in_flight_until }
    }
}

const COLUMNS: &str = "key, attempts, blocked_until, updated_at, in_flight, in_flight_until";

/// The counts under these keys, those that there are.
///
/// # Errors
///
/// When the database is away.
pub async fn find(connection: &impl ConnectionTrait, keys: &[Key]) -> Result<Vec<Count>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM throttles WHERE key IN ({})", numbered(keys.len()));
    let rows: Vec<Row> = all(connection, &sql, keys.iter().map(|key| key.key.as_str().into())).await?;
    Ok(rows.into_iter().map(Count::from).collect())
}

/// The counts under these keys, new ones among them, held until the transaction ends. Whoever holds several
/// names them in one order: of a person first, of a network last.
///
/// # Errors
///
/// When the database is away.
pub async fn hold(
    transaction: &impl ConnectionTrait,
    keys: &[Key],
    now: DateTime<Utc>,
) -> Result<Vec<Count>, DbErr> {
    let mut values: Vec<Value> = vec![now.timestamp().into()];
    let mut rows = Vec::new();
    for Key { key, person } in keys {
        rows.push(format!("(${}, ${}, 0, 0, $1)", values.len() + 1, values.len() + 2));
        values.extend([key.as_str().into(), person.clone().into()]);
    }
    let sql = format!(
        "INSERT INTO throttles (key, person, attempts, blocked_until, updated_at) VALUES {} \
         ON CONFLICT (key) DO UPDATE SET person = excluded.person RETURNING {COLUMNS}",
        rows.join(", ")
    );
    let rows: Vec<Row> = all(transaction, &sql, values).await?;
    Ok(rows.into_iter().map(Count::from).collect())
}

/// Keeps what became of counts that are held.
///
/// # Errors
///
/// When the database is away.
pub async fn save(transaction: &impl ConnectionTrait, counts: &[Count]) -> Result<(), DbErr> {
    let (empty, kept): (Vec<_>, Vec<_>) = counts.iter().partition(|count| count.is_empty());
    if !empty.is_empty() {
        let sql = format!("DELETE FROM throttles WHERE key IN ({})", numbered(empty.len()));
        execute(transaction, &sql, empty.iter().map(|count| count.key.as_str().into())).await?;
    }
    for count in kept {
        let sql = "UPDATE throttles SET attempts = $2, blocked_until = $3, updated_at = $4, in_flight = $5, \
                   in_flight_until = $6 WHERE key = $1";
        let values = [
            count.key.as_str().into(),
            count.attempts.into(),
            count.blocked_until.into(),
            count.updated_at.into(),
            count.in_flight.into(),
            count.in_flight_until.into(),
        ];
        execute(transaction, sql, values).await?;
    }
    Ok(())
}

/// Forgets what is counted under a person's key, and of the person under others.
///
/// # Errors
///
/// When the database is away.
pub async fn forget_person(transaction: &impl ConnectionTrait, person: &str) -> Result<(), DbErr> {
    // The person's own first, as everybody does who holds several.
    let own = "DELETE FROM throttles WHERE key = $1";
    execute(transaction, own, [person.into()]).await?;
    let others = "DELETE FROM throttles WHERE person = $1";
    execute(transaction, others, [person.into()]).await.map(drop)
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

fn numbered(count: usize) -> String {
    (1..=count).map(|index| format!("${index}")).collect::<Vec<_>>().join(", ")
}
