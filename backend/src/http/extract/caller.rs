//! The caller: the bearer of a valid access token of a session that has not ended.

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::{AccountSummary, Role, SessionSummary, UserSummary},
    error::ErrorCode,
    id::{AccountId, SessionId, UserId},
};
use serde_json::Value;
use uuid::Uuid;

use super::{bearer::bearer, request_client::client_info};
use crate::{
    app::{App, AppState},
    audit::AppendError,
    context::Context,
    error::{Error, Result},
    sessions::password_proof::PasswordProof,
    store::{
        StoreError, Transaction, accounts,
        sessions::{self, ClientInfo},
        users,
    },
    throttle,
};

/// The caller of an endpoint. The token is verified without the database; the session, the user and the account then
/// take one statement.
#[derive(Debug)]
pub struct Caller {
    /// The person, with the role as it is now.
    pub user: UserSummary,
    /// The account.
    pub account: AccountSummary,
    /// The session.
    pub session: SessionSummary,
    /// The `jti` of the access token.
    pub access_token_id: Uuid,
    /// Where the request came from.
    pub client: ClientInfo,
    /// When the request was admitted.
    pub now: DateTime<Utc>,
    is_recently_authenticated: bool,
}

impl Caller {
    /// The context of what the caller does in `transaction`.
    pub(in crate::http) fn context<'a>(&'a self, transaction: &'a Transaction) -> Context<'a> {
        Context::of_request(transaction, self.now, &self.client).by(self.user.id).in_session(self.session.id)
    }

    /// Records what the caller does in `transaction` in the account's audit trail.
    pub(in crate::http) async fn record(
        &self,
        transaction: &Transaction,
        kind: AuditKind,
        payload: Value,
    ) -> Result<(), AppendError> {
        self.context(transaction).record(self.account.id, kind, payload).await
    }

    /// The password that the caller enters once more.
    pub(in crate::http) fn password_proof(&self, password: String) -> PasswordProof {
        PasswordProof {
            user_id: self.user.id,
            email: self.user.email.clone(),
            account_id: self.account.id,
            session_id: self.session.id,
            password,
            ip: self.client.ip.clone(),
            now: self.now,
        }
    }

    /// The client's IP address.
    pub(in crate::http) fn ip(&self) -> Option<&str> {
        self.client.ip.as_deref()
    }

    /// Begins a transaction for a change of the caller's own user. It checks access again, since the session may
    /// have ended while the body arrived, and counts as a change.
    pub(in crate::http) async fn begin_transaction(&self, app: &App) -> Result<Transaction> {
        throttle::change_by(app, self.user.id, self.user.role, self.account.id).await?;
        let transaction = app.database.begin().await?;
        users::hold(&transaction, self.user.id).await?;
        self.recheck_access(&transaction).await?;
        Ok(transaction)
    }

    /// Begins a transaction for a change of who owns the account. The account is locked before any user, so such
    /// changes happen one after the other.
    pub(in crate::http) async fn begin_account_transaction(&self, app: &App) -> Result<Transaction> {
        Ok(self.begin_in_account(app).await?.0)
    }

    /// Begins an owner's transaction. The role is checked again under the lock, so that two owners cannot demote
    /// each other at once.
    pub(in crate::http) async fn begin_owner_transaction(&self, app: &App) -> Result<Transaction> {
        let (transaction, row) = self.begin_in_account(app).await?;
        if row.role()? == Role::Owner { Ok(transaction) } else { Err(ErrorCode::OwnerRequired.into()) }
    }

    async fn begin_in_account(&self, app: &App) -> Result<(Transaction, sessions::Caller)> {
        throttle::change_by(app, self.user.id, self.user.role, self.account.id).await?;
        let transaction = app.database.begin().await?;
        accounts::hold(&transaction, self.account.id).await?;
        users::hold(&transaction, self.user.id).await?;
        let row = self.recheck_access(&transaction).await?;
        Ok((transaction, row))
    }

    async fn recheck_access(&self, transaction: &Transaction) -> Result<sessions::Caller> {
        let row = sessions::find_caller(transaction, self.session.id).await?;
        row.filter(|row| row.admits(self.access_token_id))
            .ok_or_else(|| Error::token(ErrorCode::SessionRevoked))
    }

    /// Why a long response must stop: the session has ended meanwhile, or the caller is no longer an owner.
    pub(in crate::http) async fn refusal_now(&self, app: &App) -> Result<Option<ErrorCode>, StoreError> {
        let row = sessions::find_caller(&app.database.read, self.session.id).await?;
        let Some(row) = row.filter(|row| row.admits(self.access_token_id)) else {
            return Ok(Some(ErrorCode::SessionRevoked));
        };
        let now = app.clock.now();
        if now >= row.idle_expires_at || now >= row.absolute_expires_at {
            return Ok(Some(ErrorCode::SessionRevoked));
        }
        Ok((row.role()? != Role::Owner).then_some(ErrorCode::OwnerRequired))
    }

    /// Fails unless the person has authenticated a short while ago, for sensitive changes (ASVS V7.5.3).
    pub fn require_recent_authentication(&self) -> Result<()> {
        if self.is_recently_authenticated { Ok(()) } else { Err(ErrorCode::ReauthenticationRequired.into()) }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self> {
        let token = bearer(&parts.headers).ok_or(ErrorCode::InvalidAccessToken)?;
        let refuse = Error::token;
        let claims = app.keys.verify_access(token).map_err(|_| refuse(ErrorCode::InvalidAccessToken))?;
        let now = app.clock.now();
        if now.timestamp() >= claims.exp {
            return Err(refuse(ErrorCode::AccessTokenExpired));
        }
        let row = sessions::find_caller(&app.database.read, claims.sid).await?;
        let row = row
            .filter(|row| row.admits(claims.jti) && row.user_id == claims.sub.0)
            .ok_or_else(|| refuse(ErrorCode::SessionRevoked))?;
        let role = row.role()?;
        Ok(Self {
            user: UserSummary {
                id: UserId(row.user_id),
                email: row.email,
                name: row.name,
                role,
                has_password: row.has_password,
            },
            account: AccountSummary { id: AccountId(row.account_id), name: row.account_name },
            session: SessionSummary {
                id: SessionId(row.session_id),
                auth_time: row.auth_time,
                idle_expires_at: row.idle_expires_at,
                absolute_expires_at: row.absolute_expires_at,
            },
            access_token_id: claims.jti,
            client: client_info(parts, app.config.server.proxies),
            now,
            // From the token, not the row: a token from before the re-authentication may be in other hands.
            is_recently_authenticated: now.timestamp()
                < claims.auth_time + i64::from(app.config.policy.fresh_seconds),
        })
    }
}
