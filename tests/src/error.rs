//! What goes wrong on the stage, and where in a journey it did.

use std::{fmt, panic::Location};

/// A sentence on what was waited for or tried in vain.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// What the stage's own functions answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a journey answers.
pub type Outcome = Result<(), Broken>;

impl Error {
    /// With a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// The same, after what was being done.
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

/// An error and its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// Why a journey did not reach its end, and at which of its lines.
pub struct Broken {
    sentence: String,
    at: &'static Location<'static>,
}

impl<E: std::error::Error> From<E> for Broken {
    #[track_caller]
    fn from(error: E) -> Self {
        Self { sentence: chain(&error), at: Location::caller() }
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.sentence)
    }
}
