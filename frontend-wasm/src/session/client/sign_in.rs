//! The ways to sign in, and to re-authenticate.

use curfew_shared::{
    auth::{LoginRequest, TokenDelivery, TokenResponse},
    oauth::{OauthCallbackRequest, OauthPurpose},
};

use super::{Client, CookieLock, lock_cookie};
use crate::{
    api::{auth, failure::Failure, invites, oauth, request::send},
    browser::storage,
    session::{
        auth_state::RefreshTrigger,
        refresh,
        session_marker::{self, SessionMarker},
    },
};

impl Client {
    /// Signs in with a password. Afterwards the store says who is signed in, or that the server could not be reached
    /// for that. After a failure the store is unchanged.
    pub async fn sign_in(&self, email: String, password: String) -> Result<(), Failure> {
        let _lock = lock_cookie().await;
        if session_marker::read() == Some(SessionMarker::SignOutPending) {
            // The new cookie replaces the one that the old session could be ended with.
            let _ = send(auth::logout()).await;
        }
        let request = LoginRequest { email, password, token_delivery: TokenDelivery::Cookie };
        let tokens = send(auth::login(&request)).await?;
        self.begin_session(tokens).await;
        Ok(())
    }

    /// Joins an account with a password, which signs the person in.
    pub async fn accept_invitation(
        &self,
        token: &str,
        name: String,
        password: String,
    ) -> Result<(), Failure> {
        let _lock = lock_cookie().await;
        let tokens = send(invites::accept_invitation(token, name, password)).await?;
        self.begin_session(tokens).await;
        Ok(())
    }

    /// Navigates to a provider, which unloads the page.
    pub async fn go_to_provider(
        &self,
        provider: &str,
        purpose: OauthPurpose,
        invite_token: Option<String>,
    ) -> Result<(), Failure> {
        let start = oauth::start(provider, purpose, invite_token);
        let start =
            if purpose == OauthPurpose::SignIn { send(start).await? } else { self.send(start).await? };
        let location = web_sys::window().map(|window| window.location());
        location
            .and_then(|location| location.assign(&start.authorization_url).ok())
            .ok_or(Failure::Unreachable)
    }

    /// Hands in what the provider sent the browser back with.
    pub async fn return_from_provider(
        &self,
        provider: &str,
        request: &OauthCallbackRequest,
    ) -> Result<OauthPurpose, Failure> {
        let cookie_lock = lock_cookie().await;
        self.finish_pending_refresh(&cookie_lock).await;
        let result = send(oauth::callback(provider, request, refresh::begin_key())).await;
        refresh::finish_key(result.as_ref().err());
        let response = result?;
        match (response.purpose, response.tokens) {
            (OauthPurpose::SignIn, Some(tokens)) => self.begin_session(tokens).await,
            (_, Some(tokens)) => self.adopt_tokens(tokens, RefreshTrigger::UserActivity).await,
            (_, None) => {}
        }
        Ok(response.purpose)
    }

    /// Re-authenticates with the password; both deadlines move.
    pub async fn reauthenticate(&self, password: String) -> Result<(), Failure> {
        // The cookie changes, so no other tab may refresh meanwhile; this one may have to.
        let cookie_lock = lock_cookie().await;
        self.finish_pending_refresh(&cookie_lock).await;
        let mut result = self.send_reauthentication(&password).await;
        if result.as_ref().is_err_and(Failure::is_about_the_access_token) {
            let seen = self.access_token();
            self.refresh_under_lock(&cookie_lock, seen.as_ref(), RefreshTrigger::UserActivity).await;
            result = self.send_reauthentication(&password).await;
        }
        self.record_result(result.as_ref().err());
        self.adopt_tokens(result?, RefreshTrigger::UserActivity).await;
        Ok(())
    }

    async fn send_reauthentication(&self, password: &str) -> Result<TokenResponse, Failure> {
        let Some(token) = self.access_token() else { return Err(Failure::SignedOut) };
        let call = auth::reauthenticate(password.to_owned(), refresh::begin_key());
        let result = call.send(Some(&token)).await;
        refresh::finish_key(result.as_ref().err());
        result
    }

    /// Gets the response to a refresh that was lost, before anything else moves the session on: the server knows the
    /// key of the last move alone.
    async fn finish_pending_refresh(&self, cookie_lock: &CookieLock) {
        if refresh::has_pending_key() {
            let seen = self.access_token();
            self.refresh_under_lock(cookie_lock, seen.as_ref(), RefreshTrigger::UserActivity).await;
        }
    }

    async fn begin_session(&self, tokens: TokenResponse) {
        storage::clear();
        self.adopt_tokens(tokens, RefreshTrigger::UserActivity).await;
    }
}
