//! What the tokens say: the claims of both kinds and the id of a refresh token.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, SessionId, UserId},
};
use serde::{Deserialize, Serialize};

use super::session::Snapshot;

/// `typ` of a refresh token's header.
pub const REFRESH_TYP: &str = "rt+jwt";
/// `typ` of an access token's header (RFC 9068 §2.1).
pub const ACCESS_TYP: &str = "at+jwt";
/// `client_id` of every access token: Curfew has no other clients.
pub const CLIENT_ID: &str = "curfew";
/// How long an access token is good at most, in seconds.
pub const ACCESS_SECONDS: i64 = 300;

/// The `type` claim of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefreshKind {
    /// The only value.
    Refresh,
}

/// The `type` claim of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessKind {
    /// The only value.
    Access,
}

/// Claims of a refresh token. Times are seconds since the epoch, windows seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshClaims {
    /// Who made it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The session and the generation that it names.
    pub jti: TokenId,
    /// `refresh`.
    #[serde(rename = "type")]
    pub kind: RefreshKind,
    /// When the idle window that it carries began.
    pub iat: i64,
    /// When the idle window ends: `iat + idle_max`.
    pub exp: i64,
    /// When the person signed in. Absent, with the other two, in a token from before policies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The idle window as it stood at sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_max: Option<i64>,
    /// The absolute window as it stood at sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abs_max: Option<i64>,
}

/// What a refresh token says of the policy at its sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// The snapshot.
    Snapshot(Snapshot),
    /// Nothing: the token is from before policies.
    Nothing,
    /// Some of it, or what cannot be.
    Nonsense,
}

impl RefreshClaims {
    /// The snapshot that the token carries.
    #[must_use]
    pub fn carried(&self) -> Carried {
        match (self.auth_time, self.idle_max, self.abs_max) {
            (Some(auth_time), Some(idle_max), Some(abs_max)) => {
                Snapshot::new(auth_time, idle_max, abs_max).map_or(Carried::Nonsense, Carried::Snapshot)
            }
            (None, None, None) => Carried::Nothing,
            _ => Carried::Nonsense,
        }
    }

    /// When the idle window ends; `None` for what no calendar holds.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.exp, 0)
    }
}

/// Claims of an access token. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who made it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// The client that it was issued to (RFC 9068 §2.2): [`CLIENT_ID`]. Absent in tokens of older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The user's account.
    pub account_id: AccountId,
    /// The user's role when it was made.
    pub role: Role,
    /// When the person signed in.
    pub auth_time: i64,
    /// `access`.
    #[serde(rename = "type")]
    pub kind: AccessKind,
    /// When it was made.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// Names this token alone.
    pub jti: uuid::Uuid,
}

/// The id of a refresh token: `<session id>.<generation>`, or a bare session id for generation 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenId {
    /// The session.
    pub session: SessionId,
    /// How often the session had been refreshed when the token was made.
    pub generation: i64,
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.session, self.generation)
    }
}

/// The text is not the id of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token id")]
pub struct MalformedTokenId;

impl FromStr for TokenId {
    type Err = MalformedTokenId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (session, generation) = text.split_once('.').unwrap_or((text, "0"));
        let generation: i64 = generation.parse().map_err(|_| MalformedTokenId)?;
        if !(0..i64::MAX).contains(&generation) {
            return Err(MalformedTokenId);
        }
        Ok(Self { session: session.parse().map_err(|_| MalformedTokenId)?, generation })
    }
}

impl Serialize for TokenId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TokenId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_id_names_a_generation_and_a_bare_session_id_the_first() {
        let session = "0198d5ad-9dd1-7000-8000-000000000001";
        let id: TokenId = format!("{session}.7").parse().unwrap();
        assert_eq!((id.session.to_string().as_str(), id.generation), (session, 7));
        assert_eq!(id.to_string(), format!("{session}.7"));
        assert_eq!(session.parse::<TokenId>().unwrap().generation, 0);
        for bad in
            ["", ".", "x.1", &format!("{session}."), &format!("{session}.-1"), &format!("{session}.1.2")]
        {
            assert_eq!(bad.parse::<TokenId>(), Err(MalformedTokenId), "{bad}");
        }
        assert_eq!(format!("{session}.{}", i64::MAX).parse::<TokenId>(), Err(MalformedTokenId));
    }
}
