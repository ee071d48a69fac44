//! The errors of the harness and of journeys.

use std::{fmt, panic::Location};

/// A sentence that says what was tried or awaited.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// The result of the harness's own functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The result of a journey.
pub type TestResult = Result<(), TestError>;

impl Error {
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// Puts the action that failed in front.
    #[must_use]
    pub fn during(self, act: impl fmt::Display) -> Self {
        Self(format!("{act}: {}", self.0))
    }
}

macro_rules! from {
    ($($source:ty),+) => {
        $(impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Self(chain(&source))
            }
        })+
    };
}
from!(
    std::io::Error,
    reqwest::Error,
    sea_orm::DbErr,
    serde_json::Error,
    thirtyfour::error::WebDriverError,
    tokio::time::error::Elapsed
);

/// An error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// The reason why a journey failed, and the line where it did.
pub struct TestError {
    sentence: String,
    at: &'static Location<'static>,
}

impl<E: std::error::Error> From<E> for TestError {
    #[track_caller]
    fn from(error: E) -> Self {
        Self { sentence: chain(&error), at: Location::caller() }
    }
}

impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.sentence)
    }
}
