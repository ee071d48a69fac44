//! Signing in, staying signed in, signing out: requests and responses.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, SessionId, UserId};

/// What a user may do in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Administers the account.
    Owner,
    /// Works in it.
    Engineer,
    /// Looks on.
    Viewer,
}

impl Role {
    /// The role in a sentence: “an owner”.
    #[must_use]
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Owner => "an owner",
            Self::Engineer => "an engineer",
            Self::Viewer => "a viewer",
        }
    }

    /// The role's word, as in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Engineer => "engineer",
            Self::Viewer => "viewer",
        }
    }
}

/// Where the refresh token travels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TokenDelivery {
    /// In the body: for API clients.
    #[default]
    Body,
    /// In an `HttpOnly` cookie alone: for browsers.
    Cookie,
}

/// Sign-in with JSON.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The user's e-mail address; letter case does not matter.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::EmailAddress))]
    pub email: String,
    /// The password.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256, format = Password))]
    pub password: String,
    /// Where the refresh token shall travel.
    #[serde(default)]
    pub token_delivery: TokenDelivery,
}

impl fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginRequest").field("token_delivery", &self.token_delivery).finish_non_exhaustive()
    }
}

/// Sign-in with the OAuth 2.0 password form (RFC 6749 §4.3.2). Parameters that are not listed here are
/// ignored (§3.2); one that is listed may be sent once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct LoginForm {
    /// The user's e-mail address; letter case does not matter.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::EmailAddress))]
    pub username: String,
    /// The password.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256, format = Password))]
    pub password: String,
    /// `password`, if sent at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = GrantType, required = false))]
    pub grant_type: Option<GrantType>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = false))]
    pub scope: Option<String>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = false))]
    pub client_id: Option<String>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = false))]
    pub client_secret: Option<String>,
    /// Where the refresh token shall travel.
    #[serde(default)]
    pub token_delivery: TokenDelivery,
}

impl fmt::Debug for LoginForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginForm").field("token_delivery", &self.token_delivery).finish_non_exhaustive()
    }
}

/// The only grant that the sign-in form stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum GrantType {
    /// Resource owner password credentials.
    Password,
}

/// A refresh. The token may come here, as a bearer token, or in the cookie.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields, default)]
pub struct RefreshRequest {
    /// The refresh token, unless it comes another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// True for what no person asked for (timers, background tabs): rotates as usual but leaves
    /// the idle deadline where it was.
    pub passive: bool,
}

impl fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshRequest").field("passive", &self.passive).finish_non_exhaustive()
    }
}

/// A sign-out. The token may come here, as a bearer token (of either kind), or in the cookie.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields, default)]
pub struct LogoutRequest {
    /// The refresh token, unless it comes another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

impl fmt::Debug for LogoutRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutRequest").finish_non_exhaustive()
    }
}

/// Tokens, and when the session that they belong to will end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct TokenResponse {
    /// For the API, as a bearer token. A JWT; `GET /.well-known/jwks.json` has the public keys.
    pub access_token: String,
    /// For the next refresh, once. Null where it travels in the cookie.
    pub refresh_token: Option<String>,
    /// How to send the access token.
    pub token_type: TokenType,
    /// How long the access token is good, in seconds.
    pub expires_in: u32,
    /// When the session ends unless it is refreshed before.
    pub idle_expires_at: DateTime<Utc>,
    /// When the session ends whatever happens.
    pub absolute_expires_at: DateTime<Utc>,
    /// The server's clock as it answered, so that a client with a wrong one counts right.
    pub server_time: DateTime<Utc>,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("expires_in", &self.expires_in)
            .field("idle_expires_at", &self.idle_expires_at)
            .field("absolute_expires_at", &self.absolute_expires_at)
            .field("server_time", &self.server_time)
            .finish_non_exhaustive()
    }
}

/// How an access token is sent (RFC 6750).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    /// In the Authorization header.
    Bearer,
}

/// Who is signed in, in which account, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct MeResponse {
    /// The person.
    pub user: UserSummary,
    /// The account that the person belongs to.
    pub account: AccountSummary,
    /// The session that asks.
    pub session: SessionSummary,
    /// The server's clock as it answered.
    pub server_time: DateTime<Utc>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct UserSummary {
    /// The user's id.
    pub id: UserId,
    /// The e-mail address.
    pub email: String,
    /// The name.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// Whether there is a password to sign in with; without, a provider is the way.
    pub has_password: bool,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountSummary {
    /// The account's id.
    pub id: AccountId,
    /// The name.
    pub name: String,
}

/// A session's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    /// The session's id.
    pub id: SessionId,
    /// When the person signed in.
    pub auth_time: DateTime<Utc>,
    /// When the session ends unless it is refreshed before.
    pub idle_expires_at: DateTime<Utc>,
    /// When the session ends whatever happens.
    pub absolute_expires_at: DateTime<Utc>,
}
