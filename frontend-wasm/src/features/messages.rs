//! The messages about failed calls of the API and about the connection.

use curfew_shared::error::{ErrorCode, FieldError, Problem};

use crate::api::failure::{ConnectionProblem, Failure};

/// The notice above the page while someone is signed in.
pub fn connection_notice(problem: ConnectionProblem) -> &'static str {
    match problem {
        ConnectionProblem::Offline => {
            "You're offline. You are still signed in; we'll reconnect by ourselves."
        }
        ConnectionProblem::Unreachable => {
            "Curfew can't be reached. You are still signed in; we'll reconnect by ourselves."
        }
        ConnectionProblem::Unavailable => {
            "Curfew can't answer for the moment. You are still signed in; we'll try again by ourselves."
        }
    }
}

/// Why a sign-in failed, and what to do.
pub fn sign_in_failure(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline. Connect to the network and try again.".into(),
        Failure::Unreachable => "Curfew can't be reached. Try again in a moment.".into(),
        Failure::SignedOut => "You were signed out meanwhile. Try again.".into(),
        Failure::Refused { problem, retry_after } => {
            if problem.detail == ErrorCode::Unavailable {
                format!("Curfew is too busy to sign you in. Try again {}.", when(*retry_after))
            } else {
                refusal(problem, *retry_after)
            }
        }
    }
}

/// What the server refused, and what to do about it.
fn refusal(problem: &Problem, retry_after: Option<u32>) -> String {
    let advice = match problem.detail {
        ErrorCode::TooManyRequests => {
            return format!("Too many attempts. Try again {}.", when(retry_after));
        }
        ErrorCode::PayloadTooLarge => return "That is too long. Shorten it, then try again.".into(),
        ErrorCode::ReauthenticationRequired => {
            return "You did not confirm that it is you. Try again, then confirm it.".into();
        }
        ErrorCode::EmailNotVerified => "Open the link in the message that we sent to it.",
        ErrorCode::LastOwner => "Make somebody else an owner first.",
        ErrorCode::OwnMembership => "Ask another owner.",
        ErrorCode::AddressTaken => "Sign in with it, or use another.",
        ErrorCode::RegistrationClosed => "Ask an owner of the account to invite you.",
        ErrorCode::OauthStateInvalid => "Begin again.",
        ErrorCode::OauthDenied => "Try again, or sign in another way.",
        ErrorCode::OauthFailed => "Begin again; if it stays, tell the operator.",
        ErrorCode::OauthUnavailable => "Try again in a moment, or sign in another way.",
        ErrorCode::IdentityMismatch => "Begin again as the one whom you linked there.",
        ErrorCode::WrongBrowser => "Or sign in with the provider once more in this one.",
        ErrorCode::IdentityTaken => "Unlink it there first.",
        ErrorCode::LastSignInMethod => "Set a password or link another provider first.",
        ErrorCode::Internal => "Try again; if it stays, tell the operator.",
        ErrorCode::ValidationFailed | ErrorCode::Forbidden | ErrorCode::NotFound | ErrorCode::Conflict => {
            "Load the page again, then try once more."
        }
        _ => return problem.title.clone(),
    };
    [&*problem.title, advice].join(" ")
}

fn when(retry_after: Option<u32>) -> String {
    retry_after.map_or_else(|| "in a moment".into(), |seconds| format!("in {}", duration(seconds)))
}

/// Why something was not done that can simply be tried again.
pub fn not_done(failure: &Failure) -> String {
    match (failure, failure.code()) {
        (Failure::Refused { retry_after, .. }, Some(ErrorCode::Unavailable)) => {
            format!("Curfew can’t do that for the moment. Try again {}.", when(*retry_after))
        }
        _ => sign_in_failure(failure),
    }
}

/// Why a re-authentication failed.
pub fn not_confirmed(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::InvalidCredentials) => "That is not your password. Try again.".into(),
        _ => not_done(failure),
    }
}

/// What the server refused, by field.
pub fn field_errors(failure: Option<&Failure>) -> Vec<FieldError> {
    match failure {
        Some(Failure::Refused { problem, .. }) => problem.errors.clone(),
        _ => Vec::new(),
    }
}

/// A short message that a check failed.
pub fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "No answer: you're offline.".into(),
        Failure::Unreachable | Failure::SignedOut => "No answer from Curfew.".into(),
        Failure::Refused { problem, .. } => problem.title.clone(),
    }
}

/// Why the session could not be extended.
pub fn not_extended(problem: ConnectionProblem) -> &'static str {
    match problem {
        ConnectionProblem::Offline => {
            "You're offline, so the time could not be extended. You are still signed in: connect, then try again."
        }
        ConnectionProblem::Unreachable | ConnectionProblem::Unavailable => {
            "No answer, so the time could not be extended. You are still signed in: try again."
        }
    }
}

/// Why the session could not be ended in order to sign in again.
pub fn not_signed_in_again(failure: &Failure) -> &'static str {
    match failure {
        Failure::Offline => "You're offline, and signing in needs the network. Connect, then try again.",
        _ => "No answer from Curfew, so nothing was ended. You are still signed in: try again.",
    }
}

/// Why something could not be loaded.
pub fn not_loaded(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline, so this could not be loaded. Connect, then try again.".into(),
        Failure::Unreachable => "Curfew can't be reached, so this could not be loaded. Try again.".into(),
        Failure::SignedOut => "You were signed out meanwhile.".into(),
        Failure::Refused { problem, retry_after } => {
            format!("This could not be loaded. {}", refusal(problem, *retry_after))
        }
    }
}

/// Why a list could not be loaded, or not loaded again.
pub fn not_listed(failure: &Failure, is_stale: bool) -> String {
    let reason = not_loaded(failure);
    if is_stale { format!("The list may be out of date. {reason}") } else { reason }
}

/// Why something was not saved that can be saved twice without harm.
pub fn not_saved(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline, so nothing was saved. Connect, then save again.".into(),
        Failure::Unreachable => "No answer from Curfew, so it may not have been saved. Save again.".into(),
        Failure::SignedOut => "You were signed out meanwhile, so nothing was saved.".into(),
        Failure::Refused { problem, retry_after } => {
            format!("Nothing was saved. {}", refusal(problem, *retry_after))
        }
    }
}

/// Why sessions were not ended, as far as that is known. Ending them twice does no harm.
pub fn not_revoked(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline, so nobody was signed out. Connect, then try again.".into(),
        Failure::Unreachable => {
            "No answer from Curfew, so it is not known whether it was done. Trying again does no harm.".into()
        }
        Failure::SignedOut => "You were signed out meanwhile, so nobody else was.".into(),
        Failure::Refused { problem, retry_after } => {
            format!("Nobody was signed out. {}", refusal(problem, *retry_after))
        }
    }
}

/// Why there is no file.
pub fn not_exported(failure: &Failure) -> String {
    match failure {
        Failure::Offline => "You're offline, so there is no file. Connect, then try again.".into(),
        Failure::Unreachable | Failure::SignedOut => "The file did not arrive whole. Try again.".into(),
        Failure::Refused { problem, retry_after } => {
            format!("There is no file. {}", refusal(problem, *retry_after))
        }
    }
}

/// Whether a link is used up or expired, so that trying again is of no use.
pub fn is_used_up(failure: Option<&Failure>) -> bool {
    let code = failure.and_then(Failure::code);
    matches!(code, Some(ErrorCode::InvalidLink | ErrorCode::AddressTaken | ErrorCode::IdentityTaken))
}

/// Whether something was done. `false` if its subject was gone already, so that there was nothing to do.
pub fn ok_unless_gone(result: Result<(), Failure>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(failure) if failure.code() == Some(ErrorCode::NotFound) => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn duration(seconds: u32) -> String {
    match seconds {
        0 | 1 => "a second".into(),
        2..120 => format!("{seconds} seconds"),
        120..=3_540 => format!("{} minutes", seconds.div_ceil(60)),
        3_541..=3_600 => "an hour".into(),
        3_601..=82_800 => format!("{} hours", seconds.div_ceil(3_600)),
        _ => "a day".into(),
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
        for (seconds, words) in [
            (3_540, "59 minutes"),
            (3_541, "an hour"),
            (3_600, "an hour"),
            (3_601, "2 hours"),
            (82_800, "23 hours"),
            (82_801, "a day"),
            (86_400, "a day"),
        ] {
            assert_eq!(duration(seconds), words, "{seconds}");
        }
        assert!(!said(ErrorCode::Unavailable, None).contains("still signed in"));
        assert_eq!(said(ErrorCode::InvalidCredentials, None), ErrorCode::InvalidCredentials.title());
    }

    fn refused(code: ErrorCode, retry_after: Option<u32>) -> Failure {
        Failure::Refused { problem: Problem::new(code, vec![]), retry_after }
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        // The title says enough, or a page of its own says more.
        let is_enough = |code| {
            matches!(
                code,
                ErrorCode::InvalidCredentials
                    | ErrorCode::OwnerRequired
                    | ErrorCode::InvalidLink
                    | ErrorCode::OauthLinkRequired
                    | ErrorCode::SessionRevoked
                    | ErrorCode::SessionExpiredIdle
                    | ErrorCode::SessionExpiredAbsolute
                    | ErrorCode::InvalidRefreshToken
                    | ErrorCode::InvalidAccessToken
                    | ErrorCode::AccessTokenExpired
                    | ErrorCode::MethodNotAllowed
                    | ErrorCode::UnsupportedMediaType
            )
        };
        for &code in ErrorCode::ALL {
            let words = not_done(&refused(code, None));
            assert!(words.ends_with('.'), "{words}");
            assert_eq!(words == code.title(), is_enough(code), "{code}: {words}");
        }
    }

    #[test]
    fn a_refusal_is_told_with_what_it_was_about() {
        let wait = refused(ErrorCode::TooManyRequests, Some(3_600));
        for (words, beginning) in [
            (not_saved(&wait), "Nothing was saved."),
            (not_revoked(&wait), "Nobody was signed out."),
            (not_loaded(&wait), "This could not be loaded."),
            (not_exported(&wait), "There is no file."),
        ] {
            assert_eq!(words, format!("{beginning} Too many attempts. Try again in an hour."));
        }
        assert_eq!(
            not_done(&refused(ErrorCode::Unavailable, Some(5))),
            "Curfew can’t do that for the moment. Try again in 5 seconds."
        );
        assert!(
            not_listed(&wait, true).starts_with("The list may be out of date. This could not be loaded.")
        );
        assert_eq!(not_listed(&wait, false), not_loaded(&wait));
    }
}
