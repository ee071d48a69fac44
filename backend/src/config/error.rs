//! The error of the settings.

/// Why the settings are no good, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

pub(super) fn fault(message: impl Into<String>) -> ConfigError {
    ConfigError(message.into())
}
