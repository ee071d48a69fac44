//! One's own sessions: requests and responses.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::SessionId;

/// A live session of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnSession {
    /// The session's id.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// The browser or program by name, where it says so.
    pub browser: Option<String>,
    /// The operating system by name, where it says so.
    pub os: Option<String>,
    /// The kind of device.
    pub device: DeviceKind,
    /// The network address that the sign-in came from.
    pub address: Option<String>,
    /// When the person signed in.
    pub signed_in_at: DateTime<Utc>,
    /// When a person last used it; what the page asked for by itself does not count.
    pub last_seen_at: DateTime<Utc>,
    /// When it will end unless it is used before.
    pub idle_expires_at: DateTime<Utc>,
    /// When it will end whatever happens.
    pub absolute_expires_at: DateTime<Utc>,
}

/// The kind of a device, as far as a user agent tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// A computer.
    Computer,
    /// A phone or tablet.
    Phone,
    /// A program, or something that does not say.
    #[default]
    Other,
}

/// A page of one's own live sessions, the one that asks first, then the newest sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct OwnSessionPage {
    /// The sessions.
    pub sessions: Vec<OwnSession>,
    /// How many there are in all; 0 on a page beyond the last.
    pub session_count: u64,
    /// Send it as `cursor` for the next page; none on the last.
    pub next_cursor: Option<SessionId>,
    /// The server's clock as it answered.
    pub server_time: DateTime<Utc>,
}

/// Which page, as the query of `GET /users/me/sessions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct SessionQuery {
    /// How many at most; 50 unless told, 100 at the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(value_type = Option<uuid::Uuid>))]
    pub cursor: Option<SessionId>,
}
