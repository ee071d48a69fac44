//! A setting, its value and where that came from.

use std::collections::BTreeMap;

use clap::{Arg, Args, Command};

use super::{
    log::LogConfig, mail::MailConfig, policy::PolicyConfig, secret::SecretConfig, server::ServerConfig,
    storage::StorageConfig,
};

/// Where a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Nobody set it.
    Default,
    /// The TOML file.
    File,
    /// A variable of the environment, or a file that one names.
    Environment,
    /// The command line.
    Flag,
}

impl Source {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

/// Values below the environment, which clap takes as defaults, by setting.
pub(super) type Defaults = BTreeMap<String, (String, Source)>;

/// A setting in force, for people.
#[derive(Debug, serde::Serialize)]
pub struct SettingWithSource {
    /// The name, as in the file.
    pub name: String,
    /// The value, without secrets.
    pub value: String,
    /// Where it came from.
    pub source: &'static str,
}

/// The settings: all arguments but those that say where settings are.
pub(super) fn settings() -> Vec<Arg> {
    let groups = [
        ServerConfig::augment_args,
        StorageConfig::augment_args,
        SecretConfig::augment_args,
        PolicyConfig::augment_args,
        MailConfig::augment_args,
        LogConfig::augment_args,
    ];
    let command = groups.iter().fold(Command::new("curfew"), |command, augment| augment(command));
    command.get_arguments().cloned().collect()
}
