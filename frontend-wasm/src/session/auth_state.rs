//! Who is signed in and until when: the state, and every change that it can go through. Pure.

use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::{AccountSummary, MeResponse, Role, TokenResponse, UserSummary},
    id::SessionId,
};
use serde::{Deserialize, Serialize};
use yew::Reducible;

use super::expiry::SessionExpiry;
use crate::api::{access_token::AccessToken, failure::ConnectionProblem};

/// Why a session is refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefreshTrigger {
    /// A click, a visible reload, real input. Restarts the idle window.
    UserActivity,
    /// A timer, or a tab that is hidden. Leaves the idle window as it is.
    Background,
}

/// An active session, as far as the page knows. Times are by the server's clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user: UserSummary,
    pub account: AccountSummary,
    /// When the user signed in or last re-authenticated.
    pub auth_time: DateTime<Utc>,
    pub access_token: AccessToken,
    /// When the server issued the token.
    pub issued_at: DateTime<Utc>,
    /// When the idle window last restarted; the sign-in if that is not known.
    pub renewed_at: DateTime<Utc>,
    pub idle_expires_at: DateTime<Utc>,
    pub absolute_expires_at: DateTime<Utc>,
    /// How far the server's clock is ahead of the device's, in milliseconds.
    pub clock_ahead_ms: i64,
    /// The deadline whose warning was dismissed.
    pub dismissed_warning: Option<DateTime<Utc>>,
}

impl Session {
    /// A session from the profile and the tokens of the server. `received_at` is by the device's clock.
    #[must_use]
    pub fn new(
        me: MeResponse,
        tokens: TokenResponse,
        trigger: RefreshTrigger,
        received_at: DateTime<Utc>,
    ) -> Self {
        let MeResponse { user, account, session, server_time: _ } = me;
        let without_tokens = Self {
            id: session.id,
            user,
            account,
            auth_time: session.auth_time,
            access_token: AccessToken::new(""),
            issued_at: session.auth_time,
            renewed_at: session.auth_time,
            idle_expires_at: session.idle_expires_at,
            absolute_expires_at: session.absolute_expires_at,
            clock_ahead_ms: 0,
            dismissed_warning: None,
        };
        without_tokens.refreshed(tokens, trigger, received_at)
    }

    /// The same session after a refresh. `received_at` is by the device's clock.
    #[must_use]
    pub fn refreshed(
        self,
        tokens: TokenResponse,
        trigger: RefreshTrigger,
        received_at: DateTime<Utc>,
    ) -> Self {
        Self {
            access_token: AccessToken::new(tokens.access_token),
            issued_at: tokens.server_time,
            renewed_at: match trigger {
                RefreshTrigger::UserActivity => tokens.server_time,
                RefreshTrigger::Background => self.renewed_at,
            },
            idle_expires_at: tokens.idle_expires_at,
            absolute_expires_at: tokens.absolute_expires_at,
            clock_ahead_ms: (tokens.server_time - received_at).num_milliseconds(),
            ..self
        }
    }

    /// The server's clock when the device's says `device_now`.
    pub fn now(&self, device_now: DateTime<Utc>) -> DateTime<Utc> {
        device_now + TimeDelta::milliseconds(self.clock_ahead_ms)
    }

    /// The device's clock when the server's says `at`.
    pub fn device_time(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at - TimeDelta::milliseconds(self.clock_ahead_ms)
    }

    /// The nearer deadline.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.idle_expires_at.min(self.absolute_expires_at)
    }

    /// The nearer deadline and its warning at `now`, by the server's clock.
    pub fn expiry(&self, now: DateTime<Utc>) -> SessionExpiry {
        SessionExpiry::at(self.idle_expires_at, self.absolute_expires_at, now)
    }
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignOutReason {
    /// There was no session to begin with.
    NoSession,
    /// The user signed out, here or in another tab.
    ByUser,
    /// The user ended the session in order to sign in again and continue in the same place.
    ToSignInAgain,
    /// The user signed out while the server could not be told; it still has to be.
    Unconfirmed,
    /// A deadline passed: the sign-in page says so.
    Expired,
    /// The session was ended elsewhere or is not valid; the server does not say which.
    Refused,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// The server has not said yet whether this browser is signed in.
    Starting,
    SignedIn(Box<Session>),
    SignedOut {
        reason: SignOutReason,
        /// The session that ended, if there was one.
        ended: Option<SessionId>,
    },
}

/// The server cannot be used for the moment. Times are by the server's clock, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    pub problem: ConnectionProblem,
    pub tried_at: DateTime<Utc>,
    pub retry_at: DateTime<Utc>,
    /// Failures in a row.
    pub attempts: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AuthState {
    pub phase: Phase,
    pub outage: Option<Outage>,
}

impl AuthState {
    pub fn new(phase: Phase) -> Self {
        Self { phase, outage: None }
    }

    pub fn signed_out(reason: SignOutReason) -> Self {
        Self::new(Phase::SignedOut { reason, ended: None })
    }

    /// The active session, if there is one.
    pub fn session(&self) -> Option<&Session> {
        match &self.phase {
            Phase::SignedIn(session) => Some(session),
            Phase::Starting | Phase::SignedOut { .. } => None,
        }
    }

    /// Whether an owner is signed in, as far as the page knows. The server decides anew for each request.
    pub fn is_owner(&self) -> bool {
        self.session().is_some_and(|session| session.user.role == Role::Owner)
    }

    /// The server's clock when the device's says `device_now`; the device's until the server's is known.
    pub fn now(&self, device_now: DateTime<Utc>) -> DateTime<Utc> {
        self.session().map_or(device_now, |session| session.now(device_now))
    }
}

/// A change of [`AuthState`]. Times named `at` are by the device's clock.
#[derive(Debug, Clone, PartialEq)]
pub enum AuthAction {
    /// A session began or was found, in this tab or in another.
    SignedIn(Box<Session>),
    /// The server has to be asked whether there is a session.
    Started,
    /// The session was refreshed.
    Refreshed {
        tokens: TokenResponse,
        /// When the user signed in or last re-authenticated, if the tokens say so.
        auth_time: Option<DateTime<Utc>>,
        trigger: RefreshTrigger,
        at: DateTime<Utc>,
    },
    /// The server said who is signed in and until when.
    MeLoaded { me: MeResponse, at: DateTime<Utc> },
    /// The warning of this deadline was dismissed, here or in another tab.
    WarningDismissed { deadline: DateTime<Utc> },
    /// A session ended.
    Ended {
        reason: SignOutReason,
        /// `None` for whichever session there is.
        session: Option<SessionId>,
    },
    /// The server has been told of a sign-out that it did not know of.
    SignOutConfirmed,
    /// The server did not respond, or is unavailable. It is tried again after `wait`.
    ServerFailed { problem: ConnectionProblem, at: DateTime<Utc>, wait: TimeDelta },
    /// There is reason to try again immediately, for example because the network is back.
    RetryNow { at: DateTime<Utc> },
    /// The server responded.
    ServerRecovered,
}

impl Reducible for AuthState {
    type Action = AuthAction;

    fn reduce(self: Rc<Self>, action: AuthAction) -> Rc<Self> {
        Rc::new((*self).clone().next(action))
    }
}

impl AuthState {
    /// The state after `action`.
    #[must_use]
    pub fn next(self, action: AuthAction) -> Self {
        match action {
            AuthAction::SignedIn(session) => self.sign_in(session),
            AuthAction::Started => Self::new(Phase::Starting),
            AuthAction::Refreshed { tokens, auth_time, trigger, at } => {
                self.update_session(|session| Session {
                    auth_time: auth_time.unwrap_or(session.auth_time),
                    ..session.refreshed(tokens, trigger, at)
                })
            }
            AuthAction::WarningDismissed { deadline } => Self {
                outage: self.outage,
                ..self.update_session(|session| Session { dismissed_warning: Some(deadline), ..session })
            },
            AuthAction::MeLoaded { me, at } => self.load_me(me, at),
            AuthAction::Ended { reason, session } => self.end(reason, session),
            AuthAction::SignOutConfirmed => self.confirm_sign_out(),
            AuthAction::ServerFailed { problem, at, wait } => self.fail(problem, at, wait),
            AuthAction::RetryNow { at } => {
                let retry_at = self.now(at);
                Self { outage: self.outage.map(|outage| Outage { retry_at, ..outage }), ..self }
            }
            AuthAction::ServerRecovered => Self { outage: None, ..self },
        }
    }

    fn sign_in(self, mut session: Box<Session>) -> Self {
        // The tab that sent it may not know yet that the warning was dismissed.
        session.dismissed_warning =
            session.dismissed_warning.or(self.session().and_then(|current| current.dismissed_warning));
        let is_stale = match &self.phase {
            Phase::Starting => false,
            // Messages between tabs arrive in no particular order: an older one never replaces a newer one.
            Phase::SignedIn(current) => session.issued_at < current.issued_at,
            // Nor does a late message bring an ended session back.
            Phase::SignedOut { ended, .. } => *ended == Some(session.id),
        };
        if is_stale { self } else { Self::new(Phase::SignedIn(session)) }
    }

    /// The state with another session and without an outage. Without a session: as before.
    fn update_session(self, update: impl FnOnce(Session) -> Session) -> Self {
        match self.phase {
            Phase::SignedIn(session) => Self::new(Phase::SignedIn(Box::new(update(*session)))),
            phase => Self { phase, ..self },
        }
    }

    fn load_me(self, me: MeResponse, at: DateTime<Utc>) -> Self {
        match self.phase {
            // A refresh may have overtaken the response.
            Phase::SignedIn(session)
                if session.id == me.session.id && session.issued_at <= me.server_time =>
            {
                Self::new(Phase::SignedIn(Box::new(Session {
                    user: me.user,
                    account: me.account,
                    auth_time: me.session.auth_time,
                    idle_expires_at: me.session.idle_expires_at,
                    absolute_expires_at: me.session.absolute_expires_at,
                    clock_ahead_ms: (me.server_time - at).num_milliseconds(),
                    ..*session
                })))
            }
            phase => Self { phase, ..self },
        }
    }

    fn end(self, reason: SignOutReason, session: Option<SessionId>) -> Self {
        let current = self.session().map(|session| session.id);
        match (&self.phase, session) {
            // The end of another session changes nothing here.
            (Phase::SignedIn(_), Some(other)) if current != Some(other) => self,
            // A tab that is still asking gets a response of its own.
            (Phase::Starting, Some(_)) => self,
            (Phase::SignedOut { ended, .. }, _) => {
                let ended = *ended;
                Self::new(Phase::SignedOut { reason, ended })
            }
            _ => Self::new(Phase::SignedOut { reason, ended: current }),
        }
    }

    fn confirm_sign_out(self) -> Self {
        match self.phase {
            Phase::SignedOut { reason: SignOutReason::Unconfirmed, ended } => {
                Self::new(Phase::SignedOut { reason: SignOutReason::ByUser, ended })
            }
            // Someone has signed in since.
            phase => Self { phase, ..self },
        }
    }

    fn fail(self, problem: ConnectionProblem, at: DateTime<Utc>, wait: TimeDelta) -> Self {
        let waits_for_the_server = !matches!(
            &self.phase,
            Phase::SignedOut { reason, .. } if *reason != SignOutReason::Unconfirmed
        );
        let tried_at = self.now(at);
        let outage = waits_for_the_server.then(|| Outage {
            problem,
            tried_at,
            retry_at: tried_at + wait,
            attempts: self.outage.map_or(0, |outage| outage.attempts) + 1,
        });
        Self { outage, ..self }
    }
}

#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod tests;
