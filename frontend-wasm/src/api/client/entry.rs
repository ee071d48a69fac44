//! The ways to sign in besides the password form, and to prove that one is still oneself.

use curfew_shared::{
    auth::TokenResponse,
    oauth::{OauthCallbackRequest, OauthPurpose},
};

use super::{Client, Turn, turn};
use crate::{
    api::{Failure, people, refresh, send},
    browser::storage,
    store::auth::Cause,
};

type Answer<T> = Result<T, Failure>;

impl Client {
    /// Joins an account with a password, and is signed in then.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn accept_invitation(&self, token: &str, name: String, password: String) -> Answer<()> {
        let _turn = turn().await;
        let tokens = send(people::accept_invitation(token, name, password)).await?;
        self.begin(tokens).await;
        Ok(())
    }

    /// Goes to a provider; the page ends with it.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn go_to_provider(
        &self,
        provider: &str,
        purpose: OauthPurpose,
        invite_token: Option<String>,
    ) -> Answer<()> {
        let start = people::oauth_start(provider, purpose, invite_token);
        let start =
            if purpose == OauthPurpose::SignIn { send(start).await? } else { self.ask(start).await? };
        let location = web_sys::window().map(|window| window.location());
        location
            .and_then(|location| location.assign(&start.authorization_url).ok())
            .ok_or(Failure::Unreachable)
    }

    /// Hands in what the provider answered; whoever signed in by it is signed in then.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn return_from_provider(
        &self,
        provider: &str,
        request: &OauthCallbackRequest,
    ) -> Answer<OauthPurpose> {
        let turn = turn().await;
        self.settle_refresh(&turn).await;
        let outcome = send(people::oauth_callback(provider, request, refresh::expect())).await;
        refresh::settle(outcome.as_ref().err());
        let answer = outcome?;
        match (answer.purpose, answer.tokens) {
            (OauthPurpose::SignIn, Some(tokens)) => self.begin(tokens).await,
            (_, Some(tokens)) => self.adopt(tokens, Cause::Person).await,
            (_, None) => {}
        }
        Ok(answer.purpose)
    }

    /// Proves by the password that it is still the same person; both deadlines move.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn confirm(&self, password: String) -> Answer<()> {
        // The cookie changes, so no other tab may refresh meanwhile; this one may have to.
        let turn = turn().await;
        self.settle_refresh(&turn).await;
        let mut outcome = self.prove(&password).await;
        if outcome.as_ref().is_err_and(Failure::is_about_the_access_token) {
            self.refresh_in(&turn, self.access_token().as_ref(), Cause::Person).await;
            outcome = self.prove(&password).await;
        }
        self.note(outcome.as_ref().err());
        self.adopt(outcome?, Cause::Person).await;
        Ok(())
    }

    async fn prove(&self, password: &str) -> Answer<TokenResponse> {
        let Some(token) = self.access_token() else { return Err(Failure::SignedOut) };
        let outcome = people::reauthenticate(password.to_owned(), refresh::expect()).send(Some(&token)).await;
        refresh::settle(outcome.as_ref().err());
        outcome
    }

    /// Gets the answer to a refresh that was lost, before anything else moves the session on: the server
    /// knows the key of the last move alone.
    async fn settle_refresh(&self, turn: &Turn) {
        if refresh::is_pending() {
            self.refresh_in(turn, self.access_token().as_ref(), Cause::Person).await;
        }
    }

    async fn begin(&self, tokens: TokenResponse) {
        storage::clear();
        self.adopt(tokens, Cause::Person).await;
    }
}
