//! Appending to the audit trail, for requests, jobs and the command line alike.

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    id::{AccountId, AuditEventId, SessionId, UserId},
};
use serde_json::{Value, json};

use crate::{
    entropy::{self, NoEntropy},
    store::{
        Connection, StoreError,
        audit_events::{self, NewAuditEvent},
    },
};

/// Something that happened in an account.
#[derive(Debug, Clone)]
pub struct Deed<'a> {
    kind: AuditKind,
    account_id: AccountId,
    now: DateTime<Utc>,
    actor_id: Option<UserId>,
    session_id: Option<SessionId>,
    address: Option<&'a str>,
    payload: Value,
}

impl<'a> Deed<'a> {
    /// A deed of nobody's in the account.
    #[must_use]
    pub fn new(kind: AuditKind, account_id: AccountId, now: DateTime<Utc>) -> Self {
        Self { kind, account_id, now, actor_id: None, session_id: None, address: None, payload: json!({}) }
    }

    /// Done by this user.
    #[must_use]
    pub const fn by(mut self, actor: UserId) -> Self {
        self.actor_id = Some(actor);
        self
    }

    /// The user who did it.
    #[must_use]
    pub const fn actor(&self) -> Option<UserId> {
        self.actor_id
    }

    /// Done in this session, or to it.
    #[must_use]
    pub const fn in_session(mut self, session: SessionId) -> Self {
        self.session_id = Some(session);
        self
    }

    /// Asked for from this network address.
    #[must_use]
    pub const fn from(mut self, address: Option<&'a str>) -> Self {
        self.address = address;
        self
    }

    /// With more to tell.
    #[must_use]
    pub fn with(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// Appends it. In the same transaction as what it records, so that neither is there without the other.
    ///
    /// # Errors
    ///
    /// When the database is away, or there is no randomness for the id.
    pub async fn append(self, connection: &impl Connection) -> Result<(), AppendError> {
        let event = NewAuditEvent {
            id: AuditEventId(entropy::id(self.now)?),
            account_id: self.account_id,
            at: self.now,
            kind: self.kind,
            actor_id: self.actor_id,
            session_id: self.session_id,
            address: self.address,
            payload: self.payload,
        };
        Ok(audit_events::insert(connection, event).await?)
    }
}

/// A deed could not be put on record.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness for the id.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}
