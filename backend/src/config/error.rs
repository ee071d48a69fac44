//! The error of the settings.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue};

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting is wrong; a sentence that names it and does not repeat its value if that may be secret.
    #[error("{0}")]
    Setting(String),
    /// The command line is wrong, or asks for help.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self::Setting(message.into())
    }
}

/// Which setting is wrong and why, without its value, which may be secret.
pub(super) fn wrong_setting(error: &clap::Error) -> Option<(String, String)> {
    let Some(ContextValue::String(usage)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = usage.split_whitespace().next()?;
    Some((flag.trim_start_matches('-').replace('-', "_"), error.source()?.to_string()))
}
