//! The outbox.

use chrono::{DateTime, Utc};
use curfew_shared::id::InviteId;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Value};
use uuid::Uuid;

use super::{all, execute, one};

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
    /// Its priority; lower values are more urgent.
    pub priority: i32,
    /// The messages on the same topic that it replaced and quotes, oldest first: objects with `kind` and `payload`.
    pub earlier: Option<serde_json::Value>,
}

/// A message to be put into the outbox.
#[derive(Debug)]
pub struct NewMail<'a> {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: &'a str,
    /// Whom to send it to.
    pub recipient: &'a str,
    /// What it is about.
    pub payload: serde_json::Value,
    /// Its priority; lower values are more urgent.
    pub priority: i32,
    /// A later message to the same recipient on the same topic replaces it.
    pub topic: Option<&'a str>,
    /// The messages that it replaced and quotes.
    pub earlier: Option<serde_json::Value>,
    /// The earliest time at which to send it.
    pub send_at: DateTime<Utc>,
    /// The invitation that it is about.
    pub invite_id: Option<InviteId>,
}

/// Puts a message into the outbox.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    new: NewMail<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO mails (id, kind, recipient, payload, created_at, attempts, next_attempt_at, priority, \
               topic, earlier, invite_id) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10)";
    let values: [Value; 10] = [
        new.id.into(),
        new.kind.into(),
        new.recipient.into(),
        new.payload.into(),
        now.into(),
        new.send_at.into(),
        new.priority.into(),
        new.topic.into(),
        new.earlier.into(),
        new.invite_id.map(|id| id.0).into(),
    ];
    execute(connection, sql, values).await.map(drop)
}

/// A message that was replaced by a later one.
#[derive(Debug, FromQueryResult)]
pub struct Replaced {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: String,
    /// What it is about.
    pub payload: serde_json::Value,
    /// The messages that it replaced and quotes.
    pub earlier: Option<serde_json::Value>,
    /// How often it was tried. One that was tried once may be on its way.
    pub attempts: i32,
    /// When it was to be sent.
    pub next_attempt_at: DateTime<Utc>,
}

/// Takes the messages to a recipient on a topic out of the outbox, and returns them, oldest first.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_of_topic(
    connection: &impl ConnectionTrait,
    recipient: &str,
    topic: &str,
) -> Result<Vec<Replaced>, DbErr> {
    let sql = "DELETE FROM mails WHERE recipient = $1 AND topic = $2 \
               RETURNING id, kind, payload, earlier, attempts, next_attempt_at";
    let mut replaced: Vec<Replaced> = all(connection, sql, [recipient.into(), topic.into()]).await?;
    replaced.sort_unstable_by_key(|mail| mail.id);
    Ok(replaced)
}

/// Takes the most urgent message that is due, of several the one that is due longest, until `until`: should the
/// process end before it is done with it, another takes it then. Messages that are less urgent than
/// `least_urgent` stay.
///
/// # Errors
///
/// When the database is away.
pub async fn take(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    least_urgent: i32,
) -> Result<Option<Due>, DbErr> {
    let skip =
        if connection.get_database_backend() == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE mails SET attempts = attempts + 1, next_attempt_at = $2 WHERE id = \
         (SELECT id FROM mails WHERE next_attempt_at <= $1 AND priority <= $3 \
         ORDER BY priority, next_attempt_at, id LIMIT 1{skip}) \
         RETURNING id, kind, recipient, payload, attempts, priority, earlier"
    );
    one(connection, &sql, [now.into(), until.into(), least_urgent.into()]).await
}

/// Deletes a message that was sent, or will never be. One that was replaced meanwhile is gone already.
///
/// # Errors
///
/// When the database is away.
pub async fn delete(connection: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM mails WHERE id = $1", [id.into()]).await.map(drop)
}

/// Puts a message off that could not be sent. One that was replaced meanwhile stays gone.
///
/// # Errors
///
/// When the database is away.
pub async fn put_off(connection: &impl ConnectionTrait, id: Uuid, until: DateTime<Utc>) -> Result<(), DbErr> {
    execute(connection, "UPDATE mails SET next_attempt_at = $2 WHERE id = $1", [id.into(), until.into()])
        .await
        .map(drop)
}
