//! The client that the page calls: signs in and out, keeps the session alive, and keeps the store and
//! the other tabs informed.

mod entry;
mod exit;
mod prompt;
mod token;

pub use prompt::{Answer, Prompt};

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::{LoginRequest, MeResponse, TokenDelivery, TokenResponse},
    error::ErrorCode,
};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use super::{
    Call, Failure, auth,
    backoff::pause,
    http::{Body, Request},
    refresh::{RefreshEnd, exchange},
    send,
};
use crate::{
    browser::{clock, lock, random, storage},
    store::{
        AuthStore,
        auth::{AccessToken, AuthAction, AuthState, Cause, Phase, Session, SignOut, TroubleKind},
        tabs::{News, Tabs},
        trace::{self, Trace},
    },
};

/// Held by whoever changes the cookie, in any tab.
const COOKIE_LOCK: &str = "curfew.cookie";

/// How long to wait for it, in milliseconds: longer than one answer may take. Whoever waited in vain
/// goes on without it; the shared idempotency key still makes that safe.
const LOCK_TIMEOUT_MS: u32 = 15_000;

/// How long to wait for the word of another tab, in milliseconds: of the one that has just let go of the
/// lock, which is known to have done something, and of one that perhaps has.
const WORD_OF_THE_LAST_MS: u32 = 1_000;
const WORD_OF_OTHERS_MS: u32 = 250;

/// How often to look whether it has come, in milliseconds.
const LOOK_EVERY_MS: u32 = 25;

/// A cookie's life is counted in whole seconds, so it may go before the session does.
const COOKIE_GOES_EARLY: TimeDelta = TimeDelta::seconds(2);

/// The turn to change the cookie; without the lock where that could not be had.
type Turn = Option<lock::Guard>;

/// Waits for it.
async fn turn() -> Turn {
    lock::acquire(COOKIE_LOCK, LOCK_TIMEOUT_MS).await
}

/// Calls the API on behalf of the page.
#[derive(Debug, Clone)]
pub struct Client {
    store: AuthStore,
    tabs: Tabs,
    prompt: Prompt,
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store
    }
}

impl Client {
    /// A client that reports to `store` and `tabs`, and asks the person by `prompt`.
    #[must_use]
    pub fn new(store: AuthStore, tabs: Tabs, prompt: Prompt) -> Self {
        Self { store, tabs, prompt }
    }

    /// What asks the person to confirm who they are.
    #[must_use]
    pub fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// The store that it reports to.
    #[must_use]
    pub fn store(&self) -> &AuthStore {
        &self.store
    }

    /// Signs in. When this is done the store says who, or that the server fell silent in between.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer; the store is then as before.
    pub async fn sign_in(&self, email: String, password: String) -> Result<(), Failure> {
        let _turn = turn().await;
        if trace::find() == Some(Trace::Closing) {
            // The new cookie replaces the one that the old session could be ended with.
            let _ = send(auth::logout()).await;
        }
        let request = LoginRequest { email, password, token_delivery: TokenDelivery::Cookie };
        let tokens = send(auth::login(&request)).await?;
        storage::clear();
        self.adopt(tokens, Cause::Person).await;
        Ok(())
    }

    /// Refreshes the session, or finds out whether there is one. The store has the result.
    pub async fn refresh(&self, cause: Cause) {
        let seen = self.access_token();
        self.refresh_unless_fresher_than(seen.as_ref(), cause).await;
    }

    /// Starts the idle window anew, for a person who says that they are there.
    ///
    /// # Errors
    /// Why there was no answer; the session is then as before.
    pub async fn stay(&self) -> Result<(), Failure> {
        self.refresh(Cause::Person).await;
        if self.store.read(|state| state.trouble.is_some()) { Err(self.trouble_as_failure()) } else { Ok(()) }
    }

    /// Who is signed in, where, until when. Asked for by a person.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn me(&self) -> Result<MeResponse, Failure> {
        let me = self.ask(auth::me()).await?;
        self.store.dispatch(AuthAction::Seen { me: me.clone(), at: clock::now() });
        Ok(me)
    }

    /// Ends the session, in all tabs.
    ///
    /// # Errors
    /// Why the server could not be told; the session is then as before.
    pub async fn sign_out(&self) -> Result<(), Failure> {
        // Waiting for a refresh under way makes sure that the cookie names the newest generation.
        let _turn = turn().await;
        end_at_the_server().await?;
        self.end(SignOut::ByPerson);
        Ok(())
    }

    /// Clears the page although the server cannot be told yet. It is told as soon as it can be.
    pub fn sign_out_here(&self) {
        self.end(SignOut::Unconfirmed);
        trace::leave(Trace::Closing);
    }

    /// Tells the server of a sign-out that it could not be told of before.
    pub async fn confirm_sign_out(&self) {
        let _turn = turn().await;
        // Otherwise another tab has told it, or somebody has signed in.
        if trace::find() == Some(Trace::Closing) {
            if let Err(failure) = end_at_the_server().await {
                self.put_off(&failure);
                return;
            }
            storage::clear();
        }
        self.store.dispatch(AuthAction::Confirmed);
    }

    /// Forgets the session here and in the other tabs: memory, storage, and with them the page.
    pub fn end(&self, reason: SignOut) {
        storage::clear();
        let session = self.store.read(|state| state.session().map(|session| session.id));
        self.store.dispatch(AuthAction::Ended { reason, session: None });
        if let Some(session) = session {
            self.tabs.tell(&News::Ended { reason, session });
        }
    }

    /// Warns no more of `deadline`, in no tab, and not after a reload either.
    pub fn stop_warning_of(&self, deadline: DateTime<Utc>) {
        trace::leave_unwarned(deadline);
        self.store.dispatch(AuthAction::Unwarned { deadline });
        self.tabs.tell(&News::Unwarned { deadline });
    }

    /// Makes a call with the access token. Where the server wants to know first that it is still the
    /// same person, asks, and makes the call again once that is proven: nothing typed is lost.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn ask<T>(&self, call: Call<T>) -> Result<T, Failure> {
        let body = self.authorized(call.request()).await?;
        self.read(&call, body)
    }

    /// Makes a call with the access token that no person asked for: it keeps no session alive.
    ///
    /// # Errors
    /// What the server refused, or why there was no answer.
    pub async fn look_up<T>(&self, call: Call<T>) -> Result<T, Failure> {
        let body = self.authorized_once(call.request(), Cause::Timer).await?;
        self.read(&call, body)
    }

    /// Takes an answer as the sign that the server is fine, if it is one of the server's.
    fn read<T>(&self, call: &Call<T>, body: Body) -> Result<T, Failure> {
        let answer = call.decode(body);
        self.note(answer.as_ref().err());
        answer
    }

    /// Sends the request and, if the server wants to know who is there, again once that is proven.
    async fn authorized(&self, request: &Request) -> Result<Body, Failure> {
        let outcome = self.authorized_once(request, Cause::Person).await;
        let asks =
            outcome.as_ref().err().and_then(Failure::code) == Some(ErrorCode::ReauthenticationRequired);
        if asks && self.prompt.ask().await {
            self.authorized_once(request, Cause::Person).await
        } else {
            outcome
        }
    }

    /// Sends the request; if the server refuses the token, refreshes it and sends the request once more.
    async fn authorized_once(&self, request: &Request, cause: Cause) -> Result<Body, Failure> {
        let Some(token) = self.access_token() else { return Err(Failure::SignedOut) };
        let mut outcome = request.send(Some(&token)).await;
        if outcome.as_ref().is_err_and(Failure::is_about_the_access_token) {
            self.refresh_unless_fresher_than(Some(&token), cause).await;
            match self.access_token() {
                Some(fresh) if fresh != token => outcome = request.send(Some(&fresh)).await,
                Some(_) => return Err(self.trouble_as_failure()),
                None => return Err(Failure::SignedOut),
            }
        }
        if let Err(failure) = &outcome {
            self.note(Some(failure));
            if failure.code() == Some(ErrorCode::OwnerRequired) {
                // The role has changed: from now on the person sees what others see.
                let client = self.clone();
                spawn_local(async move { drop(Box::pin(client.me()).await) });
            }
        }
        outcome
    }

    /// Follows how a call fared.
    fn note(&self, failure: Option<&Failure>) {
        match failure {
            None => self.store.dispatch(AuthAction::Recovered),
            Some(failure) if failure.trouble().is_some() => self.put_off(failure),
            Some(_) => {}
        }
    }

    /// Refreshes, unless another tab has done so since `seen` was the access token in hand.
    async fn refresh_unless_fresher_than(&self, seen: Option<&AccessToken>, cause: Cause) {
        self.refresh_in(&turn().await, seen, cause).await;
    }

    async fn refresh_in(&self, turn: &Turn, seen: Option<&AccessToken>, cause: Cause) {
        // Nothing makes the word of the tab that had the lock arrive before the lock does.
        let has_waited = turn.as_ref().is_some_and(|turn| turn.waited);
        if self.settles(seen, cause, if has_waited { WORD_OF_THE_LAST_MS } else { 0 }).await {
            return;
        }
        let mut end = exchange(cause).await;
        let is_refused = end == RefreshEnd::Over(SignOut::Refused);
        if self.settles(seen, Cause::Timer, if is_refused { WORD_OF_OTHERS_MS } else { 0 }).await {
            // Another tab won the race, or the person signed out or in meanwhile. What this refresh
            // came to is no longer of interest, least of all a refusal.
            if !matches!(end, RefreshEnd::Renewed(_)) {
                return;
            }
        } else if turn.is_none() && is_refused {
            // Without the lock this may have been the loser of a race. The winner's cookie is here
            // by now; only if that is refused too is the session over.
            end = exchange(cause).await;
        }
        match end {
            RefreshEnd::Renewed(tokens) => self.adopt(tokens, cause).await,
            RefreshEnd::Over(SignOut::Refused) if self.has_run_out() => self.end(SignOut::Expired),
            RefreshEnd::Over(reason) => self.end(reason),
            RefreshEnd::Kept { trouble, retry_after } => self.troubled(trouble, retry_after),
        }
    }

    /// Whether a refresh proves needless within `wait_ms`.
    async fn settles(&self, seen: Option<&AccessToken>, cause: Cause, wait_ms: u32) -> bool {
        // By the clock too: a hidden tab's timers are late.
        let until = clock::now() + TimeDelta::milliseconds(wait_ms.into());
        for _ in 0..=wait_ms / LOOK_EVERY_MS {
            if self.store.read(|state| is_settled(state, seen, cause)) {
                return true;
            }
            if clock::now() >= until {
                break;
            }
            TimeoutFuture::new(LOOK_EVERY_MS).await;
        }
        false
    }

    /// Takes tokens that the server has just handed out.
    async fn adopt(&self, tokens: TokenResponse, cause: Cause) {
        let at = clock::now();
        let claims = token::claims(&tokens.access_token);
        let in_hand = self.store.read(|state| state.session().map(|session| session.id));
        if let Some(claims) = claims.filter(|claims| Some(claims.sid) == in_hand) {
            self.store.dispatch(AuthAction::Renewed { tokens, auth_time: claims.auth_time(), cause, at });
        } else {
            // The page has just started, or another tab has signed in as somebody else.
            match auth::me().send(Some(&AccessToken::new(&*tokens.access_token))).await {
                Ok(me) => {
                    let session =
                        Session { unwarned: trace::unwarned(), ..Session::new(me, tokens, cause, at) };
                    self.store.dispatch(AuthAction::SignedIn(Box::new(session)));
                }
                Err(failure) => {
                    // The cookie is good; who it belongs to will be asked again.
                    self.store.dispatch(AuthAction::Started);
                    self.put_off(&failure);
                }
            }
        }
        if let Some(session) = self.store.read(|state| state.session().cloned()) {
            trace::leave(Trace::Open { until: session.device_time(session.expires_at()) });
            self.tabs.tell(&News::SignedIn(Box::new(session)));
        }
    }

    fn has_run_out(&self) -> bool {
        self.store.read(|state| has_run_out(state, trace::find(), clock::now()))
    }

    fn access_token(&self) -> Option<AccessToken> {
        self.store.read(|state| state.session().map(|session| session.access_token.clone()))
    }

    /// Notes that something has to be tried again later.
    fn put_off(&self, failure: &Failure) {
        self.troubled(failure.trouble().unwrap_or(TroubleKind::Unavailable), failure.retry_after());
    }

    fn troubled(&self, kind: TroubleKind, retry_after: Option<u32>) {
        let attempts = self.store.read(|state| state.trouble.map_or(0, |trouble| trouble.attempts)) + 1;
        let wait = pause(attempts, retry_after, random::fraction());
        self.store.dispatch(AuthAction::Troubled { kind, at: clock::now(), wait });
    }

    /// Why a refresh that was needed did not come about.
    fn trouble_as_failure(&self) -> Failure {
        match self.store.read(|state| state.trouble.map(|trouble| trouble.kind)) {
            Some(TroubleKind::Offline) => Failure::Offline,
            _ => Failure::Unreachable,
        }
    }
}

/// Whether a refresh is needless: nobody is signed in any more, or the access token in hand is not
/// the one that was `seen` and was got for a cause that is as good.
fn is_settled(state: &AuthState, seen: Option<&AccessToken>, cause: Cause) -> bool {
    match &state.phase {
        Phase::Starting => false,
        Phase::SignedOut { .. } => true,
        Phase::SignedIn(session) => {
            let is_as_good = cause == Cause::Timer || session.renewed_at == session.issued_at;
            Some(&session.access_token) != seen && is_as_good
        }
    }
}

/// Whether a deadline of the session has passed. The browser drops the cookie then, so that the server
/// has nothing to tell the reason by; the session in hand and, after a reload, its trace still know.
fn has_run_out(state: &AuthState, trace: Option<Trace>, device_now: DateTime<Utc>) -> bool {
    let expires_at = match (state.session(), trace) {
        (Some(session), _) => session.device_time(session.expires_at()),
        (None, Some(Trace::Open { until })) => until,
        (None, _) => return false,
    };
    device_now + COOKIE_GOES_EARLY >= expires_at
}

/// Ends the session of the cookie. A server that knows no such session has nothing left to end.
async fn end_at_the_server() -> Result<(), Failure> {
    match send(auth::logout()).await {
        Err(failure) if failure.code().map(ErrorCode::status) == Some(401) => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests;
