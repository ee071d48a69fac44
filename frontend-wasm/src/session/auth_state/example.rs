//! Example data for tests.

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::{AccountSummary, MeResponse, Role, SessionSummary, TokenResponse, TokenType, UserSummary},
    id::{AccountId, SessionId, UserId},
};
use uuid::Uuid;

use crate::session::auth_state::{RefreshTrigger, Session};

/// The time `seconds` after the sign-in.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

/// The response of `/auth/me`, `seconds` after the sign-in.
pub(crate) fn me(seconds: i64) -> MeResponse {
    MeResponse {
        user: UserSummary {
            id: UserId(Uuid::from_u128(1)),
            email: "ada@example.com".into(),
            name: "Ada".into(),
            role: Role::Owner,
            has_password: true,
        },
        account: AccountSummary { id: AccountId(Uuid::from_u128(2)), name: "Example".into() },
        session: SessionSummary {
            id: SessionId(Uuid::from_u128(3)),
            auth_time: at(0),
            idle_expires_at: at(900),
            absolute_expires_at: at(3_600),
        },
        server_time: at(seconds),
    }
}

/// Tokens issued `seconds` after the sign-in; the idle window of 15 minutes restarts then.
pub(crate) fn tokens(seconds: i64) -> TokenResponse {
    TokenResponse {
        access_token: format!("token of second {seconds}"),
        refresh_token: None,
        token_type: TokenType::Bearer,
        expires_in: 300,
        idle_expires_at: at(seconds + 900),
        absolute_expires_at: at(3_600),
        server_time: at(seconds),
    }
}

/// A session right after the sign-in, on a device whose clock is right: 15 minutes idle, an hour at most.
pub(crate) fn session() -> Session {
    Session::new(me(0), tokens(0), RefreshTrigger::UserActivity, at(0))
}
