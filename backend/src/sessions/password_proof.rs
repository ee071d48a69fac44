//! Checking the password of a person who is signed in.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    error::ErrorCode,
    id::{AccountId, SessionId, UserId},
};
use serde_json::json;

use crate::{
    app::AppState,
    audit::{self, Entry},
    error::{Error, Result},
    passwords::{Place, Verified},
    store::users::{self, Login},
    throttle::{self, Attempt, By},
};

/// A password that a signed-in person enters once more.
#[derive(Debug)]
pub struct PasswordProof {
    /// The user.
    pub user_id: UserId,
    /// The user's e-mail address.
    pub email: String,
    /// The account.
    pub account_id: AccountId,
    /// The session.
    pub session_id: SessionId,
    /// The password.
    pub password: String,
    /// The client's IP address.
    pub ip: Option<String>,
    /// When it was entered.
    pub now: DateTime<Utc>,
}

impl PasswordProof {
    /// Checks the password. Wrong ones count as at sign-in. Returns the user, and the place in the queue of the
    /// password workers, for a further hash.
    ///
    /// # Errors
    ///
    /// `invalid_credentials`, or `too_many_requests`.
    pub async fn verify(self, app: &AppState) -> Result<(Login, Arc<Place>)> {
        throttle::proof(app, &self.session_id.to_string()).await?;
        // A client that closes the connection before the response has guessed all the same.
        app.finish(self.verify_to_the_end(AppState::clone(app))).await?
    }

    async fn verify_to_the_end(self, app: AppState) -> Result<(Login, Arc<Place>)> {
        // Counted by session, so that nobody else can keep its person out.
        let attempt = Attempt::begin(&app, &self.email, By::Secret(self.session_id.to_string())).await?;
        let login = users::find_login_by_id(&app.database.read, self.user_id).await?;
        let login = login.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
        if attempt.verify(&self.password, login.password_hash.as_deref()).await? == Verified::No {
            attempt.fail().await?;
            let entry = Entry {
                account_id: self.account_id,
                at: self.now,
                kind: AuditKind::SignInFailed,
                actor_id: None,
                session_id: Some(self.session_id),
                ip: self.ip.as_deref(),
                payload: json!({"user_id": self.user_id}),
            };
            audit::append(&app.database.write, entry).await?;
            return Err(ErrorCode::InvalidCredentials.into());
        }
        Ok((login, attempt.succeed_alone().await?))
    }
}
