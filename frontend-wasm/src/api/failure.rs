//! What can come back instead of an answer.

use curfew_shared::error::{ErrorCode, Problem};

use crate::store::auth::TroubleKind;

/// Why a call of the API has no answer to give.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// Curfew refused and said why.
    Refused {
        /// What it said.
        problem: Problem,
        /// How many seconds to wait, if it said that.
        retry_after: Option<u32>,
    },
    /// The device has no network.
    Offline,
    /// No answer in time, or one that is not Curfew's (a proxy's error page, a captive portal).
    Unreachable,
    /// Nobody is signed in (any more), so nothing was asked.
    SignedOut,
}

impl Failure {
    /// The machine word, if Curfew said one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { problem, .. } => Some(problem.detail),
            Self::Offline | Self::Unreachable | Self::SignedOut => None,
        }
    }

    /// How many seconds Curfew asked to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Offline | Self::Unreachable | Self::SignedOut => None,
        }
    }

    /// Whether a refresh may help.
    #[must_use]
    pub fn is_about_the_access_token(&self) -> bool {
        matches!(
            self.code(),
            Some(ErrorCode::InvalidAccessToken | ErrorCode::AccessTokenExpired | ErrorCode::SessionRevoked)
        )
    }

    /// The trouble that this is a sign of; `None` if the server is fine and means what it says, of itself
    /// or of a provider that is not.
    #[must_use]
    pub fn trouble(&self) -> Option<TroubleKind> {
        match self {
            Self::Offline => Some(TroubleKind::Offline),
            Self::Unreachable => Some(TroubleKind::Unreachable),
            Self::Refused { problem, .. } => {
                let is_a_providers =
                    matches!(problem.detail, ErrorCode::OauthFailed | ErrorCode::OauthUnavailable);
                (problem.status >= 500 && !is_a_providers).then_some(TroubleKind::Unavailable)
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
    fn trouble_is_the_servers_own_and_not_a_providers() {
        for &code in ErrorCode::ALL {
            let failure = Failure::Refused { problem: Problem::new(code, vec![]), retry_after: None };
            let is_own = matches!(code, ErrorCode::Unavailable | ErrorCode::Internal);
            assert_eq!(failure.trouble(), is_own.then_some(TroubleKind::Unavailable), "{code}");
        }
        assert_eq!(Failure::Offline.trouble(), Some(TroubleKind::Offline));
        assert_eq!(Failure::Unreachable.trouble(), Some(TroubleKind::Unreachable));
        assert_eq!(Failure::SignedOut.trouble(), None);
    }
}
