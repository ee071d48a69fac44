//! The trace that a session leaves in this browser: a word without a secret, so that a page that
//! starts knows whether it has reason to ask the server.

use crate::browser::storage;

const KEY: &str = "curfew.session";

/// What the last page in this browser knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Somebody was signed in.
    Open,
    /// Somebody signed out, and the server could not be told.
    Closing,
}

impl Trace {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closing => "closing",
        }
    }
}

/// The trace. `None`: nobody was signed in here, or storage was emptied; the cookie may know better.
#[must_use]
pub fn find() -> Option<Trace> {
    let word = storage::get(KEY)?;
    [Trace::Open, Trace::Closing].into_iter().find(|trace| trace.as_str() == word)
}

/// Leaves `trace`.
pub fn leave(trace: Trace) {
    storage::set(KEY, trace.as_str());
}
