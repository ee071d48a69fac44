//! What is said when a call of the API has failed, and about the connection.

use curfew_shared::error::{ErrorCode, FieldError};

use crate::{api::Failure, store::auth::TroubleKind};

/// What the notice above the page says to somebody who is signed in.
#[must_use]
pub fn connection_notice(trouble: TroubleKind) -> &'static str {
    match trouble {
        TroubleKind::Offline => "You're offline. You are still signed in; we'll reconnect by ourselves.",
        TroubleKind::Unreachable => {
            "Curfew can't be reached. You are still signed in; we'll reconnect by ourselves."
        }
        TroubleKind::Unavailable => {
            "Curfew can't answer for the moment. You are still signed in; we'll try again by ourselves."
        }
    }
}

/// What to say to somebody who could not sign in. Nothing was lost, so it says what to do.
#[must_use]
pub(super) fn sign_in_failure(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline. Connect to the network and try again.".into(),
        Failure::Unreachable => "Curfew can't be reached. Try again in a moment.".into(),
        Failure::SignedOut => "You were signed out meanwhile. Try again.".into(),
        Failure::Refused { problem, retry_after } => {
            let again =
                retry_after.map_or_else(|| "in a moment".into(), |seconds| format!("in {}", length(seconds)));
            match problem.detail {
                ErrorCode::TooManyRequests => format!("Too many attempts. Try again {again}."),
                ErrorCode::Unavailable => format!("Curfew is too busy to sign you in. Try again {again}."),
                _ => problem.title.clone(),
            }
        }
    }
}

/// Why something was not done, for whatever can simply be tried again.
#[must_use]
pub(super) fn not_done(failure: &Failure) -> String {
    match (failure, failure.code()) {
        (Failure::Refused { .. }, Some(ErrorCode::Unavailable)) => {
            "Curfew can’t do that for the moment. Try again.".into()
        }
        _ => sign_in_failure(failure),
    }
}

/// Why somebody could not confirm who they are.
#[must_use]
pub fn not_confirmed(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::InvalidCredentials) => "That is not your password. Try again.".into(),
        _ => not_done(failure),
    }
}

/// What the server said about single fields.
#[must_use]
pub(super) fn field_errors(failure: Option<&Failure>) -> Vec<FieldError> {
    match failure {
        Some(Failure::Refused { problem, .. }) => problem.errors.clone(),
        _ => Vec::new(),
    }
}

/// What to say to somebody who is signed in and got no answer.
#[must_use]
pub(super) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "No answer: you're offline.".into(),
        Failure::Unreachable | Failure::SignedOut => "No answer from Curfew.".into(),
        Failure::Refused { problem, .. } => problem.title.clone(),
    }
}

/// Why the session's end could not be put off.
#[must_use]
pub fn not_extended(trouble: TroubleKind) -> &'static str {
    match trouble {
        TroubleKind::Offline => {
            "You're offline, so the time could not be extended. You are still signed in: connect, then try again."
        }
        TroubleKind::Unreachable | TroubleKind::Unavailable => {
            "No answer, so the time could not be extended. You are still signed in: try again."
        }
    }
}

/// Why somebody could not go on to sign in anew.
#[must_use]
pub fn not_signed_in_again(failure: &Failure) -> &'static str {
    match failure {
        Failure::Offline => "You're offline, and signing in needs the network. Connect, then try again.",
        _ => "No answer from Curfew, so nothing was ended. You are still signed in: try again.",
    }
}

/// Why there is nothing to see yet.
#[must_use]
pub fn not_loaded(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline, so this could not be loaded. Connect, then try again.".into(),
        Failure::Unreachable => "Curfew can't be reached, so this could not be loaded. Try again.".into(),
        Failure::SignedOut => "You were signed out meanwhile.".into(),
        Failure::Refused { problem, .. } => format!("This could not be loaded. {}", problem.title),
    }
}

/// Why the policy was not saved. Saving it twice does no harm.
#[must_use]
pub(super) fn not_saved(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline, so nothing was saved. Connect, then save again.".into(),
        Failure::Unreachable => "No answer from Curfew, so it may not have been saved. Save again.".into(),
        Failure::SignedOut => "You were signed out meanwhile, so nothing was saved.".into(),
        Failure::Refused { problem, .. } => format!("Nothing was saved. {}", problem.title),
    }
}

/// Why sessions were not ended, as far as that is known. Ending them twice does no harm.
#[must_use]
pub(super) fn not_revoked(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline, so nobody was signed out. Connect, then try again.".into(),
        Failure::Unreachable => {
            "No answer from Curfew, so it is not known whether it was done. Trying again does no harm.".into()
        }
        Failure::SignedOut => "You were signed out meanwhile, so nobody else was.".into(),
        Failure::Refused { problem, .. } => format!("Nobody was signed out. {}", problem.title),
    }
}

/// Why there is no file.
#[must_use]
pub(super) fn not_exported(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline, so there is no file. Connect, then try again.".into(),
        Failure::Unreachable | Failure::SignedOut => "The file did not arrive whole. Try again.".into(),
        Failure::Refused { problem, .. } => format!("There is no file. {}", problem.title),
    }
}

fn length(seconds: u32) -> String {
    match seconds {
        0 | 1 => "a second".into(),
        2..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use crate::test;
    use curfew_shared::error::Problem;

    use super::*;

    #[test]
    fn somebody_who_cannot_sign_in_is_told_how_long_to_wait() {
        let said = |code, retry_after| {
            sign_in_failure(&Failure::Refused { problem: Problem::new(code, vec![]), retry_after })
        };
        assert_eq!(said(ErrorCode::TooManyRequests, Some(1)), "Too many attempts. Try again in a second.");
        assert_eq!(
            said(ErrorCode::TooManyRequests, Some(119)),
            "Too many attempts. Try again in 119 seconds."
        );
        assert_eq!(said(ErrorCode::TooManyRequests, Some(121)), "Too many attempts. Try again in 3 minutes.");
        assert_eq!(said(ErrorCode::TooManyRequests, None), "Too many attempts. Try again in a moment.");
        assert!(!said(ErrorCode::Unavailable, None).contains("still signed in"));
        assert_eq!(said(ErrorCode::InvalidCredentials, None), ErrorCode::InvalidCredentials.title());
    }
}
