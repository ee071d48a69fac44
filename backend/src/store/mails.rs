//! The outbox.

use chrono::{DateTime, Utc};
use curfew_shared::id::InviteId;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Value};
use uuid::Uuid;

use super::{execute, one};

/// A message to be sent.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Due {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: String,
    /// Whom to send it to.
    pub recipient: String,
    /// What it is about.
    pub payload: serde_json::Value,
    /// How often it was tried, this time included.
    pub attempts: i32,
}

/// Puts a message into the outbox; that of an invitation names it.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    id: Uuid,
    kind: &str,
    recipient: &str,
    payload: serde_json::Value,
    invite: Option<InviteId>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO mails (id, kind, recipient, payload, created_at, attempts, next_attempt_at, invite_id) \
               VALUES ($1, $2, $3, $4, $5, 0, $5, $6)";
    let invite = invite.map(|invite| invite.0);
    let values: [Value; 6] =
        [id.into(), kind.into(), recipient.into(), payload.into(), now.into(), invite.into()];
    execute(connection, sql, values).await.map(drop)
}

/// Takes the message that is due longest, until `until`: should the process end before it is done with
/// it, another takes it then.
///
/// # Errors
///
/// When the database is away.
pub async fn take(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Due>, DbErr> {
    let skip =
        if connection.get_database_backend() == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE mails SET attempts = attempts + 1, next_attempt_at = $2 WHERE id = \
         (SELECT id FROM mails WHERE next_attempt_at <= $1 ORDER BY next_attempt_at, id LIMIT 1{skip}) \
         RETURNING id, kind, recipient, payload, attempts"
    );
    one(connection, &sql, [now.into(), until.into()]).await
}

/// Deletes a message that was sent, or will never be.
///
/// # Errors
///
/// When the database is away.
pub async fn delete(connection: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM mails WHERE id = $1", [id.into()]).await.map(drop)
}

/// Puts a message off that could not be sent.
///
/// # Errors
///
/// When the database is away.
pub async fn put_off(connection: &impl ConnectionTrait, id: Uuid, until: DateTime<Utc>) -> Result<(), DbErr> {
    execute(connection, "UPDATE mails SET next_attempt_at = $2 WHERE id = $1", [id.into(), until.into()])
        .await
        .map(drop)
}
