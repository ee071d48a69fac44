//! One exchange of the refresh token: the key that makes it repeatable, and what its end means.

use curfew_shared::{auth::TokenResponse, error::ErrorCode};
use uuid::Uuid;

use super::{Failure, auth, send};
use crate::{
    browser::{random, storage},
    store::auth::{Cause, SignOut, TroubleKind},
};

/// What a refresh came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RefreshEnd {
    /// The session lives on.
    Renewed(TokenResponse),
    /// The session is over.
    Over(SignOut),
    /// Nobody said that it is over: it is kept.
    Kept {
        /// What is wrong.
        trouble: TroubleKind,
        /// How many seconds to wait, if the server said so.
        retry_after: Option<u32>,
    },
}

/// What the outcome of a refresh means for the session. Only three words of the taxonomy end one.
#[must_use]
pub(super) fn classify(outcome: Result<TokenResponse, Failure>) -> RefreshEnd {
    match outcome {
        Ok(tokens) => RefreshEnd::Renewed(tokens),
        Err(failure) => match failure.code() {
            Some(ErrorCode::SessionExpiredIdle | ErrorCode::SessionExpiredAbsolute) => {
                RefreshEnd::Over(SignOut::Expired)
            }
            Some(ErrorCode::InvalidRefreshToken) => RefreshEnd::Over(SignOut::Refused),
            _ => RefreshEnd::Kept {
                trouble: failure.trouble().unwrap_or(TroubleKind::Unavailable),
                retry_after: failure.retry_after(),
            },
        },
    }
}

/// Refreshes, for `cause`. If an answer got lost before, in this tab or another, the same key is
/// sent again, so that the server repeats that answer instead of taking it for a theft.
pub(super) async fn exchange(cause: Cause) -> RefreshEnd {
    loop {
        let (key, begun_for) = pending().unwrap_or_else(|| begin(cause));
        let end = classify(send(auth::refresh(cause, key)).await);
        if matches!(end, RefreshEnd::Kept { .. }) {
            return end;
        }
        storage::remove(KEY);
        // A repeated answer has the deadlines of the first time, when nobody was there.
        let renewed_for_nobody = matches!(end, RefreshEnd::Renewed(_)) && begun_for == Cause::Timer;
        if !(renewed_for_nobody && cause == Cause::Person) {
            return end;
        }
    }
}

/// Whether there is a refresh whose answer is yet to come, or was lost.
pub(super) fn is_pending() -> bool {
    pending().is_some()
}

/// The key for a call that renews the session as a refresh does: should its answer get lost, the next refresh
/// gets it.
pub(super) fn expect() -> Uuid {
    begin(Cause::Person).0
}

/// Notes how that call fared. Only where nobody knows what it came to, there is still something to get.
pub(super) fn settle(failure: Option<&Failure>) {
    if failure.is_none_or(|failure| failure.trouble().is_none()) {
        storage::remove(KEY);
    }
}

/// Where the key of a refresh without an answer stands: `<uuid>` or `<uuid> passive`.
const KEY: &str = "curfew.refresh";
const PASSIVE: &str = " passive";

fn pending() -> Option<(Uuid, Cause)> {
    let text = storage::get(KEY)?;
    let (key, cause) = match text.strip_suffix(PASSIVE) {
        Some(key) => (key, Cause::Timer),
        None => (text.as_str(), Cause::Person),
    };
    Some((key.parse().ok()?, cause))
}

fn begin(cause: Cause) -> (Uuid, Cause) {
    let key = random::uuid();
    let suffix = if cause == Cause::Timer { PASSIVE } else { "" };
    storage::set(KEY, &format!("{key}{suffix}"));
    (key, cause)
}

#[cfg(test)]
mod tests;
