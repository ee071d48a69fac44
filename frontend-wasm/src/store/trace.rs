//! The trace that a session leaves in this browser: words without a secret, so that a page that starts
//! knows whether it has reason to ask the server, and of which deadline nobody wants to be warned.

use chrono::{DateTime, Utc};

use crate::browser::storage;

const KEY: &str = "curfew.session";
const OPEN: &str = "open ";
const CLOSING: &str = "closing";
const UNWARNED: &str = "curfew.unwarned";

/// What the last page in this browser knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Somebody was signed in.
    Open {
        /// When that session ends unless it is refreshed, by the device's clock.
        until: DateTime<Utc>,
    },
    /// Somebody signed out, and the server could not be told.
    Closing,
}

impl Trace {
    fn write(self) -> String {
        match self {
            Self::Open { until } => format!("{OPEN}{}", until.timestamp_millis()),
            Self::Closing => CLOSING.to_owned(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text == CLOSING {
            return Some(Self::Closing);
        }
        let millis = text.strip_prefix(OPEN)?.parse().ok()?;
        DateTime::from_timestamp_millis(millis).map(|until| Self::Open { until })
    }
}

/// The trace. `None`: nobody was signed in here, or storage was emptied; the cookie may know better.
#[must_use]
pub fn find() -> Option<Trace> {
    storage::get(KEY).as_deref().and_then(Trace::read)
}

/// Leaves `trace`.
pub fn leave(trace: Trace) {
    storage::set(KEY, &trace.write());
}

/// The deadline of which somebody did not want to be warned any more.
#[must_use]
pub fn unwarned() -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(storage::get(UNWARNED)?.parse().ok()?)
}

/// Remembers that nobody wants to be warned of `deadline` any more.
pub fn leave_unwarned(deadline: DateTime<Utc>) {
    storage::set(UNWARNED, &deadline.timestamp_micros().to_string());
}

#[cfg(test)]
mod tests {
    use crate::test;

    use super::*;

    #[test]
    fn a_trace_is_read_as_it_was_written_and_nothing_else_is() {
        for trace in [Trace::Open { until: DateTime::UNIX_EPOCH }, Trace::Closing] {
            assert_eq!(Trace::read(&trace.write()), Some(trace));
        }
        for nothing in ["", "open", "open ", "open soon", "closing 1"] {
            assert_eq!(Trace::read(nothing), None, "{nothing}");
        }
    }
}
