//! What is said when a call of the API has failed, and about the connection.

use curfew_shared::error::ErrorCode;

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

/// What to say to somebody who is signed in and got no answer.
#[must_use]
pub(super) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "No answer: you're offline.".into(),
        Failure::Unreachable | Failure::SignedOut => "No answer from Curfew.".into(),
        Failure::Refused { problem, .. } => problem.title.clone(),
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
    use curfew_shared::error::Problem;
    use wasm_bindgen_test::wasm_bindgen_test as test;

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
