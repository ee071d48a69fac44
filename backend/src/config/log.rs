//! Settings of the log.

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log")]
pub struct LogConfig {
    /// What to log, such as `info` or `curfew=debug`
    #[arg(long, env = "CURFEW_LOG", default_value = "info")]
    pub log: String,
    /// How to log [default: text to a terminal, else json]
    #[arg(long, env = "CURFEW_LOG_FORMAT", value_enum, default_value_t = LogFormat::of_terminal(), hide_default_value = true)]
    pub log_format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl LogFormat {
    fn of_terminal() -> Self {
        if io::stderr().is_terminal() { Self::Text } else { Self::Json }
    }
}
