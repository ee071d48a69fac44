//! What a session leaves in this browser's storage, without a secret: whether a page that starts has reason to ask
//! the server, and which warning was dismissed.

use chrono::{DateTime, Utc};

use crate::browser::storage;

const KEY: &str = "curfew.session";
const SIGNED_IN: &str = "open ";
const SIGN_OUT_PENDING: &str = "closing";
const DISMISSED_WARNING: &str = "curfew.unwarned";

/// What the last page in this browser knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionMarker {
    SignedIn {
        /// When the session ends unless it is refreshed, by the device's clock.
        until: DateTime<Utc>,
    },
    /// Someone signed out while the server could not be told.
    SignOutPending,
}

impl SessionMarker {
    fn to_text(self) -> String {
        match self {
            Self::SignedIn { until } => format!("{SIGNED_IN}{}", until.timestamp_millis()),
            Self::SignOutPending => SIGN_OUT_PENDING.to_owned(),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        if text == SIGN_OUT_PENDING {
            return Some(Self::SignOutPending);
        }
        let millis = text.strip_prefix(SIGNED_IN)?.parse().ok()?;
        DateTime::from_timestamp_millis(millis).map(|until| Self::SignedIn { until })
    }
}

/// The marker. `None` if nobody was signed in here, or storage was cleared; there may be a cookie all the same.
pub fn read() -> Option<SessionMarker> {
    storage::get(KEY).as_deref().and_then(SessionMarker::from_text)
}

pub fn write(marker: SessionMarker) {
    storage::set(KEY, &marker.to_text());
}

/// The deadline whose warning was dismissed.
pub fn dismissed_warning() -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(storage::get(DISMISSED_WARNING)?.parse().ok()?)
}

pub fn write_dismissed_warning(deadline: DateTime<Utc>) {
    storage::set(DISMISSED_WARNING, &deadline.timestamp_micros().to_string());
}

#[cfg(test)]
mod tests {
    use crate::test;

    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written_and_nothing_else_is() {
        for marker in [SessionMarker::SignedIn { until: DateTime::UNIX_EPOCH }, SessionMarker::SignOutPending]
        {
            assert_eq!(SessionMarker::from_text(&marker.to_text()), Some(marker));
        }
        for nothing in ["", "open", "open ", "open soon", "closing 1"] {
            assert_eq!(SessionMarker::from_text(nothing), None, "{nothing}");
        }
    }
}
