//! The one place that asks for randomness.

use aws_lc_rs::error::Unspecified;
use chrono::{DateTime, Utc};
use uuid::{Builder, Uuid};

/// The operating system could not provide randomness.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no randomness to be had from the operating system")]
pub struct NoEntropy;

impl From<Unspecified> for NoEntropy {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

/// Random bytes, fit for keys.
///
/// # Errors
///
/// When the operating system has none.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn bytes<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(bytes)
}

/// An id of version 7 (RFC 9562 §5.7): ids made later sort later.
///
/// # Errors
///
/// When the operating system has no randomness.
pub fn id(now: DateTime<Utc>) -> Result<Uuid, NoEntropy> {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    Ok(Builder::from_unix_timestamp_millis(millis, &bytes()?).into_uuid())
}
