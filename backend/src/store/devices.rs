//! Devices that users have signed in on.

use chrono::{DateTime, Utc};
use curfew_shared::id::UserId;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{execute, one};

/// Notes that a user signed in on the device that has these keys. Answers whether the user has
/// devices, and this is none of them.
///
/// # Errors
///
/// When the database is away.
pub async fn remember(
    connection: &impl ConnectionTrait,
    user: UserId,
    keys: &[String; 2],
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        any: bool,
        known: bool,
    }
    let [first, second] = keys;
    let sql = "SELECT EXISTS (SELECT 1 FROM devices WHERE user_id = $1) AS any, \
               EXISTS (SELECT 1 FROM devices WHERE user_id = $1 AND key IN ($2, $3)) AS known";
    let row = one::<Row>(connection, sql, [user.0.into(), first.into(), second.into()]).await?;
    let sql = "INSERT INTO devices (user_id, key, first_seen_at, last_seen_at) \
               VALUES ($1, $2, $4, $4), ($1, $3, $4, $4) \
               ON CONFLICT (user_id, key) DO UPDATE SET last_seen_at = excluded.last_seen_at";
    execute(connection, sql, [user.0.into(), first.into(), second.into(), now.into()]).await?;
    Ok(row.is_some_and(|row| row.any && !row.known))
}

/// By which of these keys the device is known as one that the user of an address (in its normal form)
/// has signed in on before, if by any.
///
/// # Errors
///
/// When the database is away.
pub async fn find_known(
    connection: &impl ConnectionTrait,
    email: &str,
    keys: &[String; 2],
) -> Result<Option<String>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        key: String,
    }
    let [first, second] = keys;
    let sql = "SELECT d.key FROM devices d JOIN users u ON u.id = d.user_id \
               WHERE u.email = $1 AND d.key IN ($2, $3) ORDER BY d.key LIMIT 1";
    let row = one::<Row>(connection, sql, [email.into(), first.into(), second.into()]).await?;
    Ok(row.map(|row| row.key))
}

/// Forgets the devices of a user.
///
/// # Errors
///
/// When the database is away.
pub async fn forget(connection: &impl ConnectionTrait, user: UserId) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM devices WHERE user_id = $1", [user.0.into()]).await.map(drop)
}
