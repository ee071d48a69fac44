//! One's own sessions: responses.

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
    /// When it was last refreshed.
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

/// One's own live sessions, the one that asks first, then by when they were last seen; at most 100.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnSessionList {
    /// The sessions.
    pub sessions: Vec<OwnSession>,
    /// The server's clock as it answered.
    pub server_time: DateTime<Utc>,
}
