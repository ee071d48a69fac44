//! One exchange of the refresh token: the idempotency key that makes it repeatable, and the meaning of its result.

use curfew_shared::{auth::TokenResponse, error::ErrorCode};
use uuid::Uuid;

use super::auth_state::{RefreshTrigger, SignOutReason};
use crate::{
    api::{
        auth,
        failure::{ConnectionProblem, Failure},
        request::send,
    },
    browser::{random, storage},
};

/// The result of a refresh.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RefreshOutcome {
    Refreshed(TokenResponse),
    /// The session is over.
    Ended(SignOutReason),
    /// The server did not decide, so the session stays.
    Kept {
        problem: ConnectionProblem,
        /// Seconds to wait, if the server asked for that.
        retry_after: Option<u32>,
    },
}

/// What the result of a refresh means for the session. Only three error codes end one.
pub(super) fn classify(result: Result<TokenResponse, Failure>) -> RefreshOutcome {
    match result {
        Ok(tokens) => RefreshOutcome::Refreshed(tokens),
        Err(failure) => match failure.code() {
            Some(ErrorCode::SessionExpiredIdle | ErrorCode::SessionExpiredAbsolute) => {
                RefreshOutcome::Ended(SignOutReason::Expired)
            }
            Some(ErrorCode::InvalidRefreshToken) => RefreshOutcome::Ended(SignOutReason::Refused),
            _ => RefreshOutcome::Kept {
                problem: failure.connection_problem().unwrap_or(ConnectionProblem::Unavailable),
                retry_after: failure.retry_after(),
            },
        },
    }
}

/// Refreshes. If the response to an earlier refresh was lost, in this tab or in another, the same key is sent again,
/// so that the server repeats that response instead of taking the request for a replay.
pub(super) async fn send_refresh(trigger: RefreshTrigger) -> RefreshOutcome {
    loop {
        let (key, first_trigger) = pending_key().unwrap_or_else(|| new_key(trigger));
        let passive = trigger == RefreshTrigger::Background;
        let outcome = classify(send(auth::refresh(passive, key)).await);
        if matches!(outcome, RefreshOutcome::Kept { .. }) {
            return outcome;
        }
        storage::remove(KEY);
        // A repeated response has the deadlines of the first attempt. If that was in the background, the idle window
        // was not restarted and still has to be for the user.
        let was_passive =
            matches!(outcome, RefreshOutcome::Refreshed(_)) && first_trigger == RefreshTrigger::Background;
        if !(was_passive && trigger == RefreshTrigger::UserActivity) {
            return outcome;
        }
    }
}

/// Whether there is a refresh without a response yet, or whose response was lost.
pub(super) fn has_pending_key() -> bool {
    pending_key().is_some()
}

/// Stores a key for a call that moves the session on like a refresh. If its response is lost, the next refresh gets
/// it.
pub(super) fn begin_key() -> Uuid {
    new_key(RefreshTrigger::UserActivity).0
}

/// Forgets the key, unless the result of that call is unknown.
pub(super) fn finish_key(failure: Option<&Failure>) {
    if failure.is_none_or(|failure| failure.connection_problem().is_none()) {
        storage::remove(KEY);
    }
}

/// Holds the key of a refresh without a response: `<uuid>` or `<uuid> passive`.
const KEY: &str = "curfew.refresh";
const PASSIVE: &str = " passive";

fn pending_key() -> Option<(Uuid, RefreshTrigger)> {
    let text = storage::get(KEY)?;
    let (key, trigger) = match text.strip_suffix(PASSIVE) {
        Some(key) => (key, RefreshTrigger::Background),
        None => (text.as_str(), RefreshTrigger::UserActivity),
    };
    Some((key.parse().ok()?, trigger))
}

fn new_key(trigger: RefreshTrigger) -> (Uuid, RefreshTrigger) {
    let key = random::uuid();
    let suffix = if trigger == RefreshTrigger::Background { PASSIVE } else { "" };
    storage::set(KEY, &format!("{key}{suffix}"));
    (key, trigger)
}

#[cfg(test)]
mod tests;
