//! The one error of the server's edge: a word of the taxonomy, and the cause for the log alone.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use curfew_shared::error::{ErrorCode, FieldError, Problem};
use sea_orm::DbErr;

use crate::{
    audit::AppendError, domain::field::Faults, entropy::NoEntropy, keys::KeyError, oidc::OidcError,
    passwords::PasswordError, store,
};

/// How long a client is asked to wait when the server has too much to do, in seconds.
const RETRY_AFTER: u32 = 2;

/// What a handler fails with.
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    errors: Vec<FieldError>,
    token_sent: bool,
    retry_after: Option<u32>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a handler answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The request has faults in these fields.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..ErrorCode::ValidationFailed.into() }
    }

    /// A token was sent, and refused with this code: the challenge says so (RFC 6750 §3.1).
    #[must_use]
    pub fn token(code: ErrorCode) -> Self {
        Self { token_sent: true, ..code.into() }
    }

    /// There were too many attempts; the next may be made in so many seconds.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..ErrorCode::TooManyRequests.into() }
    }

    /// The machine word.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The machine word and, for the log alone, the cause.
    #[must_use]
    pub fn describe(&self) -> String {
        self.cause.as_ref().map_or_else(|| self.code.to_string(), |cause| format!("{}: {cause}", self.code))
    }

    fn with_cause(code: ErrorCode, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..code.into() }
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        let retry_after = matches!(code.status(), 429 | 503).then_some(RETRY_AFTER);
        Self { code, errors: Vec::new(), token_sent: false, retry_after, cause: None }
    }
}

impl From<Faults> for Error {
    fn from(Faults(errors): Faults) -> Self {
        Self::invalid(errors)
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let code = if store::is_away(&error) { ErrorCode::Unavailable } else { ErrorCode::Internal };
        Self::with_cause(code, error)
    }
}

impl From<AppendError> for Error {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Store(error) => error.into(),
            AppendError::Entropy(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            // The surplus of a storm: no fault of the server's, and too much for a log.
            PasswordError::Busy => ErrorCode::Unavailable.into(),
            PasswordError::Crowded(seconds) => Self::throttled(seconds),
            PasswordError::Argon2(_) | PasswordError::Entropy(_) => {
                Self::with_cause(ErrorCode::Internal, error)
            }
        }
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::with_cause(ErrorCode::Internal, error)
    }
}

impl From<OidcError> for Error {
    fn from(error: OidcError) -> Self {
        let code = match error {
            OidcError::Away(_) => ErrorCode::OauthUnavailable,
            OidcError::Untrue(_) => ErrorCode::OauthFailed,
            OidcError::Entropy(_) => ErrorCode::Internal,
        };
        Self::with_cause(code, error)
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::with_cause(ErrorCode::Internal, error)
    }
}

impl From<NoEntropy> for Error {
    fn from(error: NoEntropy) -> Self {
        Self::with_cause(ErrorCode::Internal, error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Some(cause) = self.cause {
            tracing::error!(code = %self.code, cause = %cause, "request failed");
        } else {
            tracing::debug!(code = %self.code, "request refused");
        }
        let mut response = problem(self.code, self.errors);
        let headers = response.headers_mut();
        if self.code.status() == 401 {
            let challenge = if self.token_sent {
                r#"Bearer realm="curfew", error="invalid_token""#
            } else {
                r#"Bearer realm="curfew""#
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The problem body for `code` (RFC 9457), and nothing else of an answer.
#[must_use]
pub fn problem(code: ErrorCode, errors: Vec<FieldError>) -> Response {
    let body = serde_json::to_vec(&Problem::new(code, errors)).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}
