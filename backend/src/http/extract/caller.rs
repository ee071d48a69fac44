//! Who calls: the bearer of a good access token, in a session that has not ended.

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::{AccountSummary, Role, SessionSummary, UserSummary},
    error::ErrorCode,
    id::{AccountId, SessionId, UserId},
};
use uuid::Uuid;

use super::{bearer::bearer, request_client::Client};
use crate::{
    app::{App, AppState},
    audit::Deed,
    error::{Error, Result},
    store::{StoreError, Transaction, accounts, sessions, users},
    throttle,
};

/// The caller of an endpoint that needs one. The token is verified without the database; the
/// session, the user and the account then take one statement.
#[derive(Debug)]
pub struct Caller {
    /// The person, with the role as it is now.
    pub user: UserSummary,
    /// The account.
    pub account: AccountSummary,
    /// The session.
    pub session: SessionSummary,
    /// The `jti` of the access token.
    pub token: Uuid,
    /// When the request was let in.
    pub now: DateTime<Utc>,
    fresh: bool,
}

impl Caller {
    /// A deed of the caller's.
    pub(in crate::http) fn deed<'a>(&self, kind: AuditKind, client: &'a Client) -> Deed<'a> {
        Deed::new(kind, self.account.id, self.now)
            .by(self.user.id)
            .in_session(self.session.id)
            .from(client.origin.address.as_deref())
    }

    /// Begins a transaction in which the caller acts. Who was let in is looked at once more: the body of
    /// a request may take its time, and the session may have been ended meanwhile. Counts as a change.
    pub(in crate::http) async fn begin(&self, app: &App) -> Result<Transaction> {
        throttle::change_by(app, self.user.id, self.user.role, self.account.id).await?;
        let transaction = app.database.begin().await?;
        users::hold(&transaction, self.user.id).await?;
        self.still_admitted(&transaction).await?;
        Ok(transaction)
    }

    /// The same for an act that concerns who owns the account. Such acts on one account are done one after
    /// the other.
    pub(in crate::http) async fn begin_in_account(
        &self,
        app: &App,
    ) -> Result<(Transaction, sessions::Caller)> {
        throttle::change_by(app, self.user.id, self.user.role, self.account.id).await?;
        let transaction = app.database.begin().await?;
        accounts::hold(&transaction, self.account.id).await?;
        users::hold(&transaction, self.user.id).await?;
        let row = self.still_admitted(&transaction).await?;
        Ok((transaction, row))
    }

    /// The same for an act of an owner's, so that two owners cannot take each other's place, and who was
    /// demoted meanwhile is an owner no longer.
    pub(in crate::http) async fn begin_as_owner(&self, app: &App) -> Result<Transaction> {
        let (transaction, row) = self.begin_in_account(app).await?;
        if row.role()? == Role::Owner { Ok(transaction) } else { Err(ErrorCode::OwnerRequired.into()) }
    }

    async fn still_admitted(&self, transaction: &Transaction) -> Result<sessions::Caller> {
        let row = sessions::find_caller(transaction, self.session.id).await?;
        row.filter(|row| row.admits(self.token)).ok_or_else(|| Error::token(ErrorCode::SessionRevoked))
    }

    /// The reason, if any, why a response that takes long must not go on: the session has ended meanwhile, or the
    /// caller is no owner any more.
    pub(in crate::http) async fn refusal_now(&self, app: &App) -> Result<Option<ErrorCode>, StoreError> {
        let row = sessions::find_caller(&app.database.read, self.session.id).await?;
        let Some(row) = row.filter(|row| row.admits(self.token)) else {
            return Ok(Some(ErrorCode::SessionRevoked));
        };
        let now = app.clock.now();
        if now >= row.idle_expires_at || now >= row.absolute_expires_at {
            return Ok(Some(ErrorCode::SessionRevoked));
        }
        Ok((row.role()? != Role::Owner).then_some(ErrorCode::OwnerRequired))
    }

    /// Lets a sensitive act go on only a short while after a sign-in or re-authentication (ASVS V7.5.3).
    pub fn must_be_fresh(&self) -> Result<()> {
        if self.fresh { Ok(()) } else { Err(ErrorCode::ReauthenticationRequired.into()) }
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
            token: claims.jti,
            now,
            // By the token: one from before the person proved once more who they are may be in other hands.
            fresh: now.timestamp() < claims.auth_time + app.config.fresh.num_seconds(),
        })
    }
}
