use crate::test;
use chrono::DateTime;
use curfew_shared::{auth::TokenType, error::Problem};

use super::*;

fn refused(code: ErrorCode, retry_after: Option<u32>) -> Result<TokenResponse, Failure> {
    Err(Failure::Refused { problem: Problem::new(code, vec![]), retry_after })
}

#[test]
fn only_three_words_end_a_session_and_everything_else_keeps_it() {
    for &code in ErrorCode::ALL {
        let expected = match code {
            ErrorCode::SessionExpiredIdle | ErrorCode::SessionExpiredAbsolute => {
                RefreshEnd::Over(SignOut::Expired)
            }
            ErrorCode::InvalidRefreshToken => RefreshEnd::Over(SignOut::Refused),
            _ => RefreshEnd::Kept { trouble: TroubleKind::Unavailable, retry_after: Some(7) },
        };
        assert_eq!(classify(refused(code, Some(7))), expected, "{code}");
    }
}

#[test]
fn silence_keeps_the_session() {
    for (failure, trouble) in
        [(Failure::Offline, TroubleKind::Offline), (Failure::Unreachable, TroubleKind::Unreachable)]
    {
        assert_eq!(classify(Err(failure)), RefreshEnd::Kept { trouble, retry_after: None });
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
    assert_eq!(classify(Ok(tokens.clone())), RefreshEnd::Renewed(tokens));
}
