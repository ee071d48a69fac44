//! Appending to the audit trail.

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    id::{AccountId, AuditEventId, SessionId, UserId},
};
use serde_json::Value;

use crate::{
    entropy::{self, NoEntropy},
    store::{
        Connection, StoreError,
        audit_events::{self, NewAuditEvent},
    },
};

/// A new entry.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The account that it belongs to.
    pub account_id: AccountId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: AuditKind,
    /// The user who did it, if it was one.
    pub actor_id: Option<UserId>,
    /// The session in which, or to which, it was done.
    pub session_id: Option<SessionId>,
    /// The IP address of the request.
    pub ip: Option<&'a str>,
    /// The details; [`AuditKind`] says which.
    pub payload: Value,
}

/// Appends an entry. Inside a transaction, use [`Context::record`](crate::context::Context::record).
///
/// # Errors
///
/// When the database is away, or there is no randomness for the id.
pub async fn append(connection: &impl Connection, entry: Entry<'_>) -> Result<(), AppendError> {
    let event = NewAuditEvent {
        id: AuditEventId(entropy::id(entry.at)?),
        account_id: entry.account_id,
        at: entry.at,
        kind: entry.kind,
        actor_id: entry.actor_id,
        session_id: entry.session_id,
        address: entry.ip,
        payload: entry.payload,
    };
    Ok(audit_events::insert(connection, event).await?)
}

/// An entry could not be appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness for the id.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}
