//! The error of operations and handlers: a code of the taxonomy, and a cause for the log. It knows no HTTP.

use std::fmt;

use curfew_shared::error::{ErrorCode, FieldError};

use crate::{
    audit::AppendError,
    domain::field::Faults,
    entropy::NoEntropy,
    keys::KeyError,
    oidc::OidcError,
    passwords::PasswordError,
    store::{self, StoreError},
};

/// Why an operation failed. Whoever ends with one logs the cause: `respond/problem.rs` for requests, each job for
/// itself.
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    fields: Vec<FieldError>,
    is_token_rejected: bool,
    retry_after_seconds: Option<u32>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of an operation or a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Fields of the request are invalid.
    #[must_use]
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        Self { fields, ..ErrorCode::ValidationFailed.into() }
    }

    /// A token was presented and rejected with this code.
    #[must_use]
    pub fn token(code: ErrorCode) -> Self {
        Self { is_token_rejected: true, ..code.into() }
    }

    /// There were too many attempts. The next one is allowed after this many seconds.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        Self { retry_after_seconds: Some(seconds), ..ErrorCode::TooManyRequests.into() }
    }

    /// The code that clients see.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The fields that are invalid.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// Whether a token was presented and rejected.
    #[must_use]
    pub const fn is_token_rejected(&self) -> bool {
        self.is_token_rejected
    }

    /// When the next attempt is allowed, if that is known.
    #[must_use]
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }

    fn with_cause(code: ErrorCode, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..code.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{}: {cause}", self.code),
            None => self.code.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self { code, fields: Vec::new(), is_token_rejected: false, retry_after_seconds: None, cause: None }
    }
}

impl From<Faults> for Error {
    fn from(Faults(errors): Faults) -> Self {
        Self::invalid(errors)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
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
            // Load that the server sheds: not a fault, and too much for a log.
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
