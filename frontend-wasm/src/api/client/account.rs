//! What the client does for an owner of the account, and the two ways to leave that come with it.

use curfew_shared::{
    audit::{AuditPage, AuditQuery},
    security::{RevokeScope, RevokeSessionsResponse, SecurityResponse, UpdatePolicyRequest},
};
use gloo_timers::future::TimeoutFuture;
use web_sys::Blob;

use super::{COOKIE_LOCK, Client, LOCK_TIMEOUT_MS, end_at_the_server};
use crate::{
    api::{Failure, account, auth},
    browser::lock,
    store::auth::{AccessToken, SignOut},
};

impl Client {
    /// The session policy, and who is signed in.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn security(&self) -> Result<SecurityResponse, Failure> {
        self.authorized(async |token: AccessToken| account::security(&token).await).await
    }

    /// Changes the session policy, for sign-ins from now on.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn update_policy(&self, request: UpdatePolicyRequest) -> Result<SecurityResponse, Failure> {
        self.authorized(async |token: AccessToken| account::update_policy(&token, &request).await).await
    }

    /// Ends the account's sessions. After [`RevokeScope::All`], [`leave`](Self::leave) is due.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer; then it may have been done all the same.
    pub async fn revoke_sessions(&self, scope: RevokeScope) -> Result<RevokeSessionsResponse, Failure> {
        self.authorized(async |token: AccessToken| account::revoke_sessions(&token, scope).await).await
    }

    /// A page of the audit trail, newest first.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn audit_events(&self, query: AuditQuery) -> Result<AuditPage, Failure> {
        self.authorized(async |token: AccessToken| account::audit_events(&token, &query).await).await
    }

    /// Everything of the audit trail that matches, as a file of this type.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer, or only half of one.
    pub async fn export_audit_events(
        &self,
        query: AuditQuery,
        content_type: &'static str,
    ) -> Result<Blob, Failure> {
        self.authorized(async |token: AccessToken| {
            account::export_audit_events(&token, &query, content_type).await
        })
        .await
    }

    /// Clears the page, in all tabs, `pause_ms` after the person has ended every session at the
    /// server, this one included.
    pub async fn leave(&self, pause_ms: u32) {
        // Nobody refreshes meanwhile: the refusal would look like somebody else's doing.
        let _turn = lock::acquire(COOKIE_LOCK, LOCK_TIMEOUT_MS).await;
        let pause = TimeoutFuture::new(pause_ms);
        // Takes the dead cookie away; it does no harm where it stays.
        let _ = auth::logout().await;
        pause.await;
        self.end(SignOut::ByPerson);
    }

    /// Ends the session so that the person can sign in anew and go on in the same place.
    ///
    /// # Errors
    /// Why the server could not be told; the session is then as before.
    pub async fn sign_in_again(&self) -> Result<(), Failure> {
        let _turn = lock::acquire(COOKIE_LOCK, LOCK_TIMEOUT_MS).await;
        end_at_the_server().await?;
        self.end(SignOut::ToSignInAgain);
        Ok(())
    }
}
