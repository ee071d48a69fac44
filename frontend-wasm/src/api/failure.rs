//! Why a call of the API has no result.

use curfew_shared::error::{ErrorCode, Problem};

/// Why a call of the API has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// Curfew refused and gave a reason.
    Refused {
        problem: Problem,
        /// Seconds to wait, if the server asked for that.
        retry_after: Option<u32>,
    },
    /// The device has no network.
    Offline,
    /// No response in time, or one that is not Curfew's (a proxy's error page, a captive portal).
    Unreachable,
    /// Nobody is signed in, so nothing was sent.
    SignedOut,
}

/// Why the server cannot be used for the moment. None of these ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionProblem {
    /// The device has no network.
    Offline,
    /// No response, or none that came from Curfew.
    Unreachable,
    /// Curfew responded that it is unavailable.
    Unavailable,
}

impl Failure {
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { problem, .. } => Some(problem.detail),
            Self::Offline | Self::Unreachable | Self::SignedOut => None,
        }
    }

    /// Seconds to wait, if the server asked for that.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Offline | Self::Unreachable | Self::SignedOut => None,
        }
    }

    /// Whether a refresh of the access token may help.
    pub fn is_about_the_access_token(&self) -> bool {
        matches!(
            self.code(),
            Some(ErrorCode::InvalidAccessToken | ErrorCode::AccessTokenExpired | ErrorCode::SessionRevoked)
        )
    }

    /// The connection problem that this is a sign of. `None` if the server is fine and has decided; a failing
    /// sign-in provider is not the server's problem.
    pub fn connection_problem(&self) -> Option<ConnectionProblem> {
        match self {
            Self::Offline => Some(ConnectionProblem::Offline),
            Self::Unreachable => Some(ConnectionProblem::Unreachable),
            Self::Refused { problem, .. } => {
                let is_a_providers =
                    matches!(problem.detail, ErrorCode::OauthFailed | ErrorCode::OauthUnavailable);
                (problem.status >= 500 && !is_a_providers).then_some(ConnectionProblem::Unavailable)
            }
            Self::SignedOut => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    #[test]
    fn a_failing_provider_is_no_connection_problem() {
        for &code in ErrorCode::ALL {
            let failure = Failure::Refused { problem: Problem::new(code, vec![]), retry_after: None };
            let is_own = matches!(code, ErrorCode::Unavailable | ErrorCode::Internal);
            let expected = is_own.then_some(ConnectionProblem::Unavailable);
            assert_eq!(failure.connection_problem(), expected, "{code}");
        }
        assert_eq!(Failure::Offline.connection_problem(), Some(ConnectionProblem::Offline));
        assert_eq!(Failure::Unreachable.connection_problem(), Some(ConnectionProblem::Unreachable));
        assert_eq!(Failure::SignedOut.connection_problem(), None);
    }
}
