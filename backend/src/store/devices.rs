//! Devices that users have signed in on.

use chrono::{DateTime, Utc};
use curfew_shared::id::UserId;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{execute, one};

/// What a device is known by.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its own key.
    pub key: String,
    /// A key that it left behind when it forgot its own: good once.
    pub left: String,
}

/// Notes that a user signed in on a device. Answers whether it was known.
///
/// # Errors
///
/// When the database is away.
pub async fn remember(
    connection: &impl ConnectionTrait,
    user: UserId,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let left = "DELETE FROM devices WHERE user_id = $1 AND key = $2";
    let left = execute(connection, left, [user.0.into(), device.left.as_str().into()]).await? > 0;
    let known = "UPDATE devices SET last_seen_at = $3 WHERE user_id = $1 AND key = $2";
    let values = || [user.0.into(), device.key.as_str().into(), now.into()];
    let known = execute(connection, known, values()).await? > 0;
    if !known {
        let new = "INSERT INTO devices (user_id, key, first_seen_at, last_seen_at) VALUES ($1, $2, $3, $3) \
                   ON CONFLICT (user_id, key) DO NOTHING";
        execute(connection, new, values()).await?;
    }
    Ok(known || left)
}

/// Notes the key by which a device that is about to forget its own will be known once more.
///
/// # Errors
///
/// When the database is away.
pub async fn leave(
    connection: &impl ConnectionTrait,
    user: UserId,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO devices (user_id, key, first_seen_at, last_seen_at) VALUES ($1, $2, $3, $3) \
               ON CONFLICT (user_id, key) DO UPDATE SET last_seen_at = excluded.last_seen_at";
    execute(connection, sql, [user.0.into(), device.left.as_str().into(), now.into()]).await.map(drop)
}

/// By which key a device is known as one that the user of an address (in its normal form) has signed in
/// on before, if by any.
///
/// # Errors
///
/// When the database is away.
pub async fn find_known(
    connection: &impl ConnectionTrait,
    email: &str,
    device: &Device,
) -> Result<Option<String>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        key: String,
    }
    let sql = "SELECT d.key FROM devices d JOIN users u ON u.id = d.user_id \
               WHERE u.email = $1 AND d.key IN ($2, $3) ORDER BY CASE WHEN d.key = $2 THEN 0 ELSE 1 END LIMIT 1";
    let values = [email.into(), device.key.as_str().into(), device.left.as_str().into()];
    Ok(one::<Row>(connection, sql, values).await?.map(|row| row.key))
}

/// Forgets the devices of a user.
///
/// # Errors
///
/// When the database is away.
pub async fn forget(connection: &impl ConnectionTrait, user: UserId) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM devices WHERE user_id = $1", [user.0.into()]).await.map(drop)
}

/// Deletes at most `limit` devices that nobody has signed in on since `before`. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_stale(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM devices WHERE (user_id, key) IN \
               (SELECT user_id, key FROM devices WHERE last_seen_at < $1 LIMIT $2)";
    execute(connection, sql, [before.into(), i64::from(limit).into()]).await
}
