use chrono::DateTime;
use curfew_shared::{auth::TokenType, error::Problem};

use super::*;
use crate::test;

fn refused(code: ErrorCode, retry_after: Option<u32>) -> Result<TokenResponse, Failure> {
    Err(Failure::Refused { problem: Problem::new(code, vec![]), retry_after })
}

#[test]
fn only_three_words_end_a_session_and_everything_else_keeps_it() {
    for &code in ErrorCode::ALL {
        let expected = match code {
            ErrorCode::SessionExpiredIdle | ErrorCode::SessionExpiredAbsolute => {
                RefreshOutcome::Ended(SignOutReason::Expired)
            }
            ErrorCode::InvalidRefreshToken => RefreshOutcome::Ended(SignOutReason::Refused),
            _ => RefreshOutcome::Kept { problem: ConnectionProblem::Unavailable, retry_after: Some(7) },
        };
        assert_eq!(classify(refused(code, Some(7))), expected, "{code}");
    }
}

#[test]
fn silence_keeps_the_session() {
    for (failure, problem) in [
        (Failure::Offline, ConnectionProblem::Offline),
        (Failure::Unreachable, ConnectionProblem::Unreachable),
    ] {
        assert_eq!(classify(Err(failure)), RefreshOutcome::Kept { problem, retry_after: None });
    }
}

#[test]
fn tokens_renew_it() {
    let tokens = TokenResponse {
        access_token: "a.b.c".into(),
        refresh_token: None,
        token_type: TokenType::Bearer,
        expires_in: 300,
        idle_expires_at: DateTime::UNIX_EPOCH,
        absolute_expires_at: DateTime::UNIX_EPOCH,
        server_time: DateTime::UNIX_EPOCH,
    };
    assert_eq!(classify(Ok(tokens.clone())), RefreshOutcome::Refreshed(tokens));
}
