//! The audit trail. Appended to in the same transaction as what it records; never changed.

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    id::{AccountId, AuditEventId, SessionId, UserId},
};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;

use super::execute;

/// An entry to be.
#[derive(Debug)]
pub struct NewAuditEvent<'a> {
    /// Its id, of version 7.
    pub id: AuditEventId,
    /// The account that it belongs to.
    pub account_id: AccountId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: AuditKind,
    /// Whose deed it was, where it was somebody's.
    pub actor_id: Option<UserId>,
    /// The session that it was done in, or to.
    pub session_id: Option<SessionId>,
    /// Where the request came from.
    pub address: Option<&'a str>,
    /// The rest.
    pub payload: Value,
}

/// Appends an entry.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(connection: &impl ConnectionTrait, event: NewAuditEvent<'_>) -> Result<(), DbErr> {
    let sql = "INSERT INTO audit_events (id, account_id, at, kind, actor_id, session_id, address, payload) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        event.id.0.into(),
        event.account_id.0.into(),
        event.at.into(),
        event.kind.as_str().into(),
        event.actor_id.map(|id| id.0).into(),
        event.session_id.map(|id| id.0).into(),
        event.address.into(),
        event.payload.into(),
    ];
    execute(connection, sql, values).await.map(drop)
}
