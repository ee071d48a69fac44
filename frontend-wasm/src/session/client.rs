//! The client: sends calls with the access token, signs in and out, keeps the session alive, and keeps the store and
//! the other tabs informed.

mod sign_in;
mod sign_out;

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::{MeResponse, TokenResponse},
    error::ErrorCode,
};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use super::{
    access_claims,
    auth_state::{AuthAction, AuthState, Phase, RefreshTrigger, Session, SignOutReason},
    auth_store::AuthStore,
    backoff::pause,
    reauth_prompt::ReauthPrompt,
    refresh::{RefreshOutcome, send_refresh},
    session_marker::{self, SessionMarker},
    tab_sync::{TabMessage, TabSync},
};
use crate::{
    api::{
        access_token::AccessToken,
        auth,
        failure::{ConnectionProblem, Failure},
        request::{Body, Call, Request},
    },
    browser::{clock, lock, random},
};

/// Held by whichever tab changes the cookie.
const COOKIE_LOCK: &str = "curfew.cookie";

/// How long to wait for the lock, in milliseconds: longer than one response may take. After that the tab continues
/// without it; the shared idempotency key still makes that safe.
const LOCK_TIMEOUT_MS: u32 = 15_000;

/// How long to wait for the message of the tab that has just released the lock, in milliseconds.
const LAST_HOLDER_MESSAGE_MS: u32 = 1_000;

/// How long to wait for a message of a tab that may have refreshed, in milliseconds.
const OTHER_TAB_MESSAGE_MS: u32 = 250;

/// How often to check whether it has come, in milliseconds.
const POLL_MS: u32 = 25;

/// A cookie's lifetime is counted in whole seconds, so it may go before the session does.
const COOKIE_GOES_EARLY: TimeDelta = TimeDelta::seconds(2);

/// The lock on the cookie, or `None` if it could not be had.
type CookieLock = Option<lock::Guard>;

async fn lock_cookie() -> CookieLock {
    lock::acquire(COOKIE_LOCK, LOCK_TIMEOUT_MS).await
}

/// Calls the API on behalf of the page.
#[derive(Debug, Clone)]
pub struct Client {
    store: AuthStore,
    tabs: TabSync,
    prompt: ReauthPrompt,
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store
    }
}

impl Client {
    pub fn new(store: AuthStore, tabs: TabSync, prompt: ReauthPrompt) -> Self {
        Self { store, tabs, prompt }
    }

    pub fn prompt(&self) -> &ReauthPrompt {
        &self.prompt
    }

    pub fn store(&self) -> &AuthStore {
        &self.store
    }

    /// Refreshes the session, or finds out whether there is one. The result is in the store.
    pub async fn refresh(&self, trigger: RefreshTrigger) {
        let seen = self.access_token();
        self.refresh_if_stale(seen.as_ref(), trigger).await;
    }

    /// Restarts the idle window on the user's request.
    pub async fn extend_session(&self) -> Result<(), Failure> {
        self.refresh(RefreshTrigger::UserActivity).await;
        if self.store.read(|state| state.outage.is_some()) { Err(self.outage_as_failure()) } else { Ok(()) }
    }

    /// Loads who is signed in and until when, on the user's request.
    pub async fn me(&self) -> Result<MeResponse, Failure> {
        let me = self.send(auth::me()).await?;
        self.store.dispatch(AuthAction::MeLoaded { me: me.clone(), at: clock::now() });
        Ok(me)
    }

    /// Stops warning of `deadline`, in every tab, and after a reload too.
    pub fn dismiss_warning(&self, deadline: DateTime<Utc>) {
        session_marker::write_dismissed_warning(deadline);
        self.store.dispatch(AuthAction::WarningDismissed { deadline });
        self.tabs.broadcast(&TabMessage::WarningDismissed { deadline });
    }

    /// Sends a call with the access token. If the server requires a re-authentication, asks the person for it and
    /// then sends the call again, so that nothing they typed is lost.
    pub async fn send<T>(&self, call: Call<T>) -> Result<T, Failure> {
        let body = self.send_authorized(call.request()).await?;
        self.decode(&call, body)
    }

    /// Sends a call with the access token that nobody asked for: it does not keep the session alive.
    pub async fn send_passively<T>(&self, call: Call<T>) -> Result<T, Failure> {
        let body = self.send_with_token(call.request(), RefreshTrigger::Background).await?;
        self.decode(&call, body)
    }

    fn decode<T>(&self, call: &Call<T>, body: Body) -> Result<T, Failure> {
        let result = call.decode(body);
        self.record_result(result.as_ref().err());
        result
    }

    async fn send_authorized(&self, request: &Request) -> Result<Body, Failure> {
        let result = self.send_with_token(request, RefreshTrigger::UserActivity).await;
        let code = result.as_ref().err().and_then(Failure::code);
        if code == Some(ErrorCode::ReauthenticationRequired) && self.prompt.request().await {
            self.send_with_token(request, RefreshTrigger::UserActivity).await
        } else {
            result
        }
    }

    /// Sends the request. If the server refuses the token, refreshes it and sends the request once more.
    async fn send_with_token(&self, request: &Request, trigger: RefreshTrigger) -> Result<Body, Failure> {
        let Some(token) = self.access_token() else { return Err(Failure::SignedOut) };
        let mut result = request.send(Some(&token)).await;
        if result.as_ref().is_err_and(Failure::is_about_the_access_token) {
            self.refresh_if_stale(Some(&token), trigger).await;
            match self.access_token() {
                Some(fresh) if fresh != token => result = request.send(Some(&fresh)).await,
                Some(_) => return Err(self.outage_as_failure()),
                None => return Err(Failure::SignedOut),
            }
        }
        if let Err(failure) = &result {
            self.record_result(Some(failure));
            if failure.code() == Some(ErrorCode::OwnerRequired) {
                // The role has changed: from now on the person sees what others see.
                let client = self.clone();
                spawn_local(async move { drop(Box::pin(client.me()).await) });
            }
        }
        result
    }

    /// Records whether the server could be used.
    fn record_result(&self, failure: Option<&Failure>) {
        match failure {
            None => self.store.dispatch(AuthAction::ServerRecovered),
            Some(failure) if failure.connection_problem().is_some() => self.schedule_retry(failure),
            Some(_) => {}
        }
    }

    /// Refreshes, unless another tab has replaced the access token `seen`.
    async fn refresh_if_stale(&self, seen: Option<&AccessToken>, trigger: RefreshTrigger) {
        self.refresh_under_lock(&lock_cookie().await, seen, trigger).await;
    }

    async fn refresh_under_lock(
        &self,
        cookie_lock: &CookieLock,
        seen: Option<&AccessToken>,
        trigger: RefreshTrigger,
    ) {
        // The message of the tab that held the lock may arrive after the lock does.
        let has_waited = cookie_lock.as_ref().is_some_and(|guard| guard.waited);
        if self.settles_within(if has_waited { LAST_HOLDER_MESSAGE_MS } else { 0 }, seen, trigger).await {
            return;
        }
        let mut outcome = send_refresh(trigger).await;
        let is_refused = outcome == RefreshOutcome::Ended(SignOutReason::Refused);
        let wait_ms = if is_refused { OTHER_TAB_MESSAGE_MS } else { 0 };
        if self.settles_within(wait_ms, seen, RefreshTrigger::Background).await {
            // Another tab won the race, or the user signed out or in meanwhile. A refusal of this refresh no longer
            // matters.
            if !matches!(outcome, RefreshOutcome::Refreshed(_)) {
                return;
            }
        } else if cookie_lock.is_none() && is_refused {
            // Without the lock this tab may have lost a race. The winner's cookie is here by now; the session is over
            // only if that is refused too.
            outcome = send_refresh(trigger).await;
        }
        match outcome {
            RefreshOutcome::Refreshed(tokens) => self.adopt_tokens(tokens, trigger).await,
            RefreshOutcome::Ended(SignOutReason::Refused) if self.has_expired() => {
                self.clear_session(SignOutReason::Expired);
            }
            RefreshOutcome::Ended(reason) => self.clear_session(reason),
            RefreshOutcome::Kept { problem, retry_after } => self.server_failed(problem, retry_after),
        }
    }

    /// Whether a refresh turns out to be unnecessary within `wait_ms`.
    async fn settles_within(
        &self,
        wait_ms: u32,
        seen: Option<&AccessToken>,
        trigger: RefreshTrigger,
    ) -> bool {
        // By the clock too: the timers of a hidden tab are late.
        let until = clock::now() + TimeDelta::milliseconds(wait_ms.into());
        for _ in 0..=wait_ms / POLL_MS {
            if self.store.read(|state| is_settled(state, seen, trigger)) {
                return true;
            }
            if clock::now() >= until {
                break;
            }
            TimeoutFuture::new(POLL_MS).await;
        }
        false
    }

    /// Takes over tokens that the server has just issued.
    async fn adopt_tokens(&self, tokens: TokenResponse, trigger: RefreshTrigger) {
        let at = clock::now();
        let claims = access_claims::claims(&tokens.access_token);
        let current = self.store.read(|state| state.session().map(|session| session.id));
        if let Some(claims) = claims.filter(|claims| Some(claims.sid) == current) {
            self.store.dispatch(AuthAction::Refreshed { tokens, auth_time: claims.auth_time(), trigger, at });
        } else {
            // The page has just started, or another tab has signed in as someone else.
            match auth::me().send(Some(&AccessToken::new(&*tokens.access_token))).await {
                Ok(me) => {
                    let session = Session {
                        dismissed_warning: session_marker::dismissed_warning(),
                        ..Session::new(me, tokens, trigger, at)
                    };
                    self.store.dispatch(AuthAction::SignedIn(Box::new(session)));
                }
                Err(failure) => {
                    // The cookie is valid; the server will be asked again who is signed in.
                    self.store.dispatch(AuthAction::Started);
                    self.schedule_retry(&failure);
                }
            }
        }
        if let Some(session) = self.store.read(|state| state.session().cloned()) {
            let until = session.device_time(session.expires_at());
            session_marker::write(SessionMarker::SignedIn { until });
            self.tabs.broadcast(&TabMessage::SignedIn(Box::new(session)));
        }
    }

    fn has_expired(&self) -> bool {
        self.store.read(|state| has_expired(state, session_marker::read(), clock::now()))
    }

    fn access_token(&self) -> Option<AccessToken> {
        self.store.read(|state| state.session().map(|session| session.access_token.clone()))
    }

    fn schedule_retry(&self, failure: &Failure) {
        let problem = failure.connection_problem().unwrap_or(ConnectionProblem::Unavailable);
        self.server_failed(problem, failure.retry_after());
    }

    fn server_failed(&self, problem: ConnectionProblem, retry_after: Option<u32>) {
        let attempts = self.store.read(|state| state.outage.map_or(0, |outage| outage.attempts)) + 1;
        let wait = pause(attempts, retry_after, random::fraction());
        self.store.dispatch(AuthAction::ServerFailed { problem, at: clock::now(), wait });
    }

    /// Why a refresh that was needed did not happen.
    fn outage_as_failure(&self) -> Failure {
        match self.store.read(|state| state.outage.map(|outage| outage.problem)) {
            Some(ConnectionProblem::Offline) => Failure::Offline,
            _ => Failure::Unreachable,
        }
    }
}

/// Whether a refresh is unnecessary: nobody is signed in any more, or the access token is no longer the one that was
/// `seen` and was issued for a trigger that is at least as strong.
fn is_settled(state: &AuthState, seen: Option<&AccessToken>, trigger: RefreshTrigger) -> bool {
    match &state.phase {
        Phase::Starting => false,
        Phase::SignedOut { .. } => true,
        Phase::SignedIn(session) => {
            let is_as_strong =
                trigger == RefreshTrigger::Background || session.renewed_at == session.issued_at;
            Some(&session.access_token) != seen && is_as_strong
        }
    }
}

/// Whether a deadline of the session has passed. The browser drops the cookie then, so the server cannot tell the
/// reason; the session in memory and, after a reload, its marker still can.
fn has_expired(state: &AuthState, marker: Option<SessionMarker>, device_now: DateTime<Utc>) -> bool {
    let expires_at = match (state.session(), marker) {
        (Some(session), _) => session.device_time(session.expires_at()),
        (None, Some(SessionMarker::SignedIn { until })) => until,
        (None, _) => return false,
    };
    device_now + COOKIE_GOES_EARLY >= expires_at
}

#[cfg(test)]
mod tests;
