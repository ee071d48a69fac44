//! Who is signed in and until when: the state, and every change that it can go through. Pure.

use std::{fmt, rc::Rc};

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::{AccountSummary, MeResponse, Role, TokenResponse, UserSummary},
    id::SessionId,
};
use serde::{Deserialize, Serialize};
use yew::Reducible;

use crate::expiry::SessionExpiry;

/// An access token. Lives in memory alone; never in storage, an address or a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessToken(String);

impl AccessToken {
    /// Wraps what the server handed out.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token itself, for the Authorization header.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// Who caused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A person: a click, a visible reload, real input. Starts the idle window anew.
    Person,
    /// A timer, or a tab that nobody looks at. Leaves the idle window as it is.
    Timer,
}

/// A live session, as far as the page knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The person.
    pub user: UserSummary,
    /// The account that the person belongs to.
    pub account: AccountSummary,
    /// When the person signed in.
    pub auth_time: DateTime<Utc>,
    /// For the API.
    pub access_token: AccessToken,
    /// When the server handed out the token, by the server's clock.
    pub issued_at: DateTime<Utc>,
    /// When the idle window last started anew, by the server's clock; the sign-in if that is not known.
    pub renewed_at: DateTime<Utc>,
    /// When the session ends unless it is refreshed before.
    pub idle_expires_at: DateTime<Utc>,
    /// When the session ends whatever happens.
    pub absolute_expires_at: DateTime<Utc>,
    /// How far the server's clock is ahead of the device's, in milliseconds.
    pub clock_ahead_ms: i64,
    /// The deadline of which somebody does not want to be warned any more.
    pub unwarned: Option<DateTime<Utc>>,
}

impl Session {
    /// Joins what the server said about the person with the tokens. `received_at` is by the device's clock.
    #[must_use]
    pub fn new(me: MeResponse, tokens: TokenResponse, cause: Cause, received_at: DateTime<Utc>) -> Self {
        let MeResponse { user, account, session, server_time: _ } = me;
        let unrenewed = Self {
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
            unwarned: None,
        };
        unrenewed.renew(tokens, cause, received_at)
    }

    /// The same session after a refresh. `received_at` is by the device's clock.
    #[must_use]
    pub fn renew(self, tokens: TokenResponse, cause: Cause, received_at: DateTime<Utc>) -> Self {
        Self {
            access_token: AccessToken::new(tokens.access_token),
            issued_at: tokens.server_time,
            renewed_at: match cause {
                Cause::Person => tokens.server_time,
                Cause::Timer => self.renewed_at,
            },
            idle_expires_at: tokens.idle_expires_at,
            absolute_expires_at: tokens.absolute_expires_at,
            clock_ahead_ms: (tokens.server_time - received_at).num_milliseconds(),
            ..self
        }
    }

    /// The server's clock when the device's says `device_now`.
    #[must_use]
    pub fn now(&self, device_now: DateTime<Utc>) -> DateTime<Utc> {
        device_now + TimeDelta::milliseconds(self.clock_ahead_ms)
    }

    /// What the device's clock says when the server's says `at`.
    #[must_use]
    pub fn device_time(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at - TimeDelta::milliseconds(self.clock_ahead_ms)
    }

    /// The deadline that comes first.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.idle_expires_at.min(self.absolute_expires_at)
    }

    /// How it stands with that deadline at `now`, by the server's clock.
    #[must_use]
    pub fn expiry(&self, now: DateTime<Utc>) -> SessionExpiry {
        SessionExpiry::at(self.idle_expires_at, self.absolute_expires_at, now)
    }
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignOut {
    /// There was no session to begin with.
    NoSession,
    /// The person signed out, here or in another tab.
    ByPerson,
    /// The person ended the session to sign in anew, and wants to go on where they were.
    ToSignInAgain,
    /// The person signed out while the server could not be told; it still has to be.
    Unconfirmed,
    /// A deadline passed: the sign-in page says so.
    Expired,
    /// The session was ended elsewhere or is not valid; which of these is not told.
    Refused,
}

/// Where the page stands with its session.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// The server has not yet said whether this browser is signed in.
    Starting,
    /// Somebody is signed in.
    SignedIn(Box<Session>),
    /// Nobody is.
    SignedOut {
        /// Why.
        reason: SignOut,
        /// The session that ended, if there was one.
        ended: Option<SessionId>,
    },
}

/// Why the server does not answer. None of these ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// The device has no network.
    Offline,
    /// No answer, or none that came from Curfew.
    Unreachable,
    /// Curfew answered that it cannot, for the moment.
    Unavailable,
}

/// The server does not answer for the moment. Times are by the server's clock, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// Why.
    pub kind: TroubleKind,
    /// When it was last tried.
    pub tried_at: DateTime<Utc>,
    /// When to try again.
    pub retry_at: DateTime<Utc>,
    /// How often it was tried in a row.
    pub attempts: u32,
}

/// What the page knows of its session.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthState {
    /// Where it stands.
    pub phase: Phase,
    /// What keeps it from the server, if anything does.
    pub trouble: Option<Trouble>,
}

impl AuthState {
    /// A state without trouble.
    #[must_use]
    pub fn new(phase: Phase) -> Self {
        Self { phase, trouble: None }
    }

    /// Nobody is signed in, for `reason`.
    #[must_use]
    pub fn signed_out(reason: SignOut) -> Self {
        Self::new(Phase::SignedOut { reason, ended: None })
    }

    /// The live session, if there is one.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match &self.phase {
            Phase::SignedIn(session) => Some(session),
            Phase::Starting | Phase::SignedOut { .. } => None,
        }
    }

    /// Whether an owner is signed in, as far as the page knows. The server decides anew each time.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.session().is_some_and(|session| session.user.role == Role::Owner)
    }

    /// The server's clock when the device's says `device_now`; the device's until the server's is known.
    #[must_use]
    pub fn now(&self, device_now: DateTime<Utc>) -> DateTime<Utc> {
        self.session().map_or(device_now, |session| session.now(device_now))
    }
}

/// A change of [`AuthState`]. Times named `at` are by the device's clock.
#[derive(Debug, Clone, PartialEq)]
pub enum AuthAction {
    /// A session began or was found, in this tab or in another.
    SignedIn(Box<Session>),
    /// The server has to be asked whether a session is there.
    Started,
    /// The session in hand was refreshed.
    Renewed {
        /// What the server handed out.
        tokens: TokenResponse,
        /// When the person signed in or last proved who they are, if the tokens say so.
        auth_time: Option<DateTime<Utc>>,
        /// Who caused it.
        cause: Cause,
        /// When the answer came.
        at: DateTime<Utc>,
    },
    /// The server said who is signed in and until when.
    Seen {
        /// What it said.
        me: MeResponse,
        /// When the answer came.
        at: DateTime<Utc>,
    },
    /// Somebody does not want to be warned of this deadline any more, here or in another tab.
    Unwarned {
        /// Which.
        deadline: DateTime<Utc>,
    },
    /// The session is over.
    Ended {
        /// Why.
        reason: SignOut,
        /// Which session; `None` for whichever is in hand.
        session: Option<SessionId>,
    },
    /// The server has been told of a sign-out that it did not know of.
    Confirmed,
    /// The server did not answer.
    Troubled {
        /// Why not.
        kind: TroubleKind,
        /// When that was noticed.
        at: DateTime<Utc>,
        /// How long to leave it alone.
        wait: TimeDelta,
    },
    /// There is reason to try again at once, say because the network is back.
    RetryNow {
        /// Now.
        at: DateTime<Utc>,
    },
    /// The server answers.
    Recovered,
}

impl Reducible for AuthState {
    type Action = AuthAction;

    fn reduce(self: Rc<Self>, action: AuthAction) -> Rc<Self> {
        Rc::new((*self).clone().after(action))
    }
}

impl AuthState {
    /// The state after `action`.
    #[must_use]
    pub fn after(self, action: AuthAction) -> Self {
        match action {
            AuthAction::SignedIn(session) => self.signed_in(session),
            AuthAction::Started => Self::new(Phase::Starting),
            AuthAction::Renewed { tokens, auth_time, cause, at } => self.of_session(|session| Session {
                auth_time: auth_time.unwrap_or(session.auth_time),
                ..session.renew(tokens, cause, at)
            }),
            AuthAction::Unwarned { deadline } => Self {
                trouble: self.trouble,
                ..self.of_session(|session| Session { unwarned: Some(deadline), ..session })
            },
            AuthAction::Seen { me, at } => self.seen(me, at),
            AuthAction::Ended { reason, session } => self.ended(reason, session),
            AuthAction::Confirmed => self.confirmed(),
            AuthAction::Troubled { kind, at, wait } => self.troubled(kind, at, wait),
            AuthAction::RetryNow { at } => {
                let retry_at = self.now(at);
                Self { trouble: self.trouble.map(|trouble| Trouble { retry_at, ..trouble }), ..self }
            }
            AuthAction::Recovered => Self { trouble: None, ..self },
        }
    }

    fn signed_in(self, mut session: Box<Session>) -> Self {
        // Another tab may not have heard yet.
        session.unwarned = session.unwarned.or(self.session().and_then(|current| current.unwarned));
        let stale = match &self.phase {
            Phase::Starting => false,
            // Tabs tell each other without an order: what is older never replaces what is newer.
            Phase::SignedIn(current) => session.issued_at < current.issued_at,
            // Nor does the last word of a session that has ended bring it back.
            Phase::SignedOut { ended, .. } => *ended == Some(session.id),
        };
        if stale { self } else { Self::new(Phase::SignedIn(session)) }
    }

    /// The state with another session, without trouble. Nobody signed in: as before.
    fn of_session(self, change: impl FnOnce(Session) -> Session) -> Self {
        match self.phase {
            Phase::SignedIn(session) => Self::new(Phase::SignedIn(Box::new(change(*session)))),
            phase => Self { phase, ..self },
        }
    }

    fn seen(self, me: MeResponse, at: DateTime<Utc>) -> Self {
        match self.phase {
            // The answer may have been overtaken by a refresh.
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

    fn ended(self, reason: SignOut, session: Option<SessionId>) -> Self {
        let current = self.session().map(|session| session.id);
        match (&self.phase, session) {
            // Another session's end is none of ours.
            (Phase::SignedIn(_), Some(other)) if current != Some(other) => self,
            // A tab that is still asking gets its own answer.
            (Phase::Starting, Some(_)) => self,
            (Phase::SignedOut { ended, .. }, _) => {
                let ended = *ended;
                Self::new(Phase::SignedOut { reason, ended })
            }
            _ => Self::new(Phase::SignedOut { reason, ended: current }),
        }
    }

    fn confirmed(self) -> Self {
        match self.phase {
            Phase::SignedOut { reason: SignOut::Unconfirmed, ended } => {
                Self::new(Phase::SignedOut { reason: SignOut::ByPerson, ended })
            }
            // Somebody has signed in since.
            phase => Self { phase, ..self },
        }
    }

    fn troubled(self, kind: TroubleKind, at: DateTime<Utc>, wait: TimeDelta) -> Self {
        let waits_for_the_server =
            !matches!(&self.phase, Phase::SignedOut { reason, .. } if *reason != SignOut::Unconfirmed);
        let tried_at = self.now(at);
        let trouble = waits_for_the_server.then(|| Trouble {
            kind,
            tried_at,
            retry_at: tried_at + wait,
            attempts: self.trouble.map_or(0, |trouble| trouble.attempts) + 1,
        });
        Self { trouble, ..self }
    }
}

#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod tests;
