//! What an operation works in: its transaction and time, who acts, and from where.

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    id::{AccountId, SessionId, UserId},
};
use serde_json::Value;

use crate::{
    audit::{self, AppendError, Entry},
    store::{Transaction, sessions::ClientInfo},
};

static NO_CLIENT: ClientInfo = ClientInfo { ip: None, user_agent: None };

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A job, or a client that has not proven who it is.
    Anonymous,
    /// A user.
    User(UserId),
    /// Somebody with a shell on the server.
    Operator,
}

/// The context of an operation. The caller begins the transaction and commits it.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The transaction. Rows are locked in this order: account, users, their rows.
    pub transaction: &'a Transaction,
    /// The time of everything in it.
    pub now: DateTime<Utc>,
    /// Who acts.
    pub actor: Actor,
    /// The session in which, or to which, something is done.
    pub session_id: Option<SessionId>,
    /// Where the request came from.
    pub client: &'a ClientInfo,
}

impl<'a> Context<'a> {
    /// For a request of `client`, which has not proven who it is.
    #[must_use]
    pub const fn of_request(
        transaction: &'a Transaction,
        now: DateTime<Utc>,
        client: &'a ClientInfo,
    ) -> Self {
        Self { transaction, now, actor: Actor::Anonymous, session_id: None, client }
    }

    /// For a job.
    #[must_use]
    pub const fn of_job(transaction: &'a Transaction, now: DateTime<Utc>) -> Self {
        Self::of_request(transaction, now, &NO_CLIENT)
    }

    /// For a command of an operator.
    #[must_use]
    pub const fn of_operator(transaction: &'a Transaction, now: DateTime<Utc>) -> Self {
        Self { actor: Actor::Operator, ..Self::of_job(transaction, now) }
    }

    /// The same, with this user as the actor.
    #[must_use]
    pub const fn by(self, user: UserId) -> Self {
        Self { actor: Actor::User(user), ..self }
    }

    /// The same, in this session.
    #[must_use]
    pub const fn in_session(self, session: SessionId) -> Self {
        Self { session_id: Some(session), ..self }
    }

    /// The user who acts, if it is one.
    #[must_use]
    pub const fn user_id(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) => Some(user),
            Actor::Anonymous | Actor::Operator => None,
        }
    }

    /// The client's IP address.
    #[must_use]
    pub fn ip(&self) -> Option<&'a str> {
        self.client.ip.as_deref()
    }

    /// Appends an entry to the audit trail of `account`, in the transaction of what it records, so that neither is
    /// there without the other.
    ///
    /// # Errors
    ///
    /// When the database is away, or there is no randomness for the id.
    pub async fn record(
        &self,
        account: AccountId,
        kind: AuditKind,
        payload: Value,
    ) -> Result<(), AppendError> {
        let entry = Entry {
            account_id: account,
            at: self.now,
            kind,
            actor_id: self.user_id(),
            session_id: self.session_id,
            ip: self.ip(),
            payload,
        };
        audit::append(self.transaction, entry).await
    }
}
