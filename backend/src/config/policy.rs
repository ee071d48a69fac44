//! Settings of sessions and registration.

use chrono::TimeDelta;
use clap::{Args, ValueEnum, value_parser};
use curfew_shared::policy::{self, Bounds, Policy, PolicyOverride, Range};

use super::error::ConfigError;

/// Who may register, and how long sessions last.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Registration and sessions")]
pub struct PolicyConfig {
    /// Whether anybody may register an account
    #[arg(long, env = "CURFEW_REGISTRATION", default_value = "open")]
    pub registration: Registration,
    /// Idle window of accounts that set none, in minutes
    #[arg(long, env = "CURFEW_IDLE_MINUTES_DEFAULT", default_value_t = Policy::STRICT.idle_minutes)]
    pub idle_minutes_default: u32,
    /// Shortest idle window that an owner can set, in minutes
    #[arg(long, env = "CURFEW_IDLE_MINUTES_MIN", default_value_t = Bounds::WIDEST.idle_minutes.min)]
    pub idle_minutes_min: u32,
    /// Longest idle window that an owner can set, in minutes
    #[arg(long, env = "CURFEW_IDLE_MINUTES_MAX", default_value_t = Bounds::WIDEST.idle_minutes.max)]
    pub idle_minutes_max: u32,
    /// Absolute window of accounts that set none, in minutes
    #[arg(long, env = "CURFEW_ABSOLUTE_MINUTES_DEFAULT", default_value_t = Policy::STRICT.absolute_minutes)]
    pub absolute_minutes_default: u32,
    /// Shortest absolute window that an owner can set, in minutes
    #[arg(long, env = "CURFEW_ABSOLUTE_MINUTES_MIN", default_value_t = Bounds::WIDEST.absolute_minutes.min)]
    pub absolute_minutes_min: u32,
    /// Longest absolute window that an owner can set, in minutes
    #[arg(long, env = "CURFEW_ABSOLUTE_MINUTES_MAX", default_value_t = Bounds::WIDEST.absolute_minutes.max)]
    pub absolute_minutes_max: u32,
    /// How long a used refresh token may be presented again without ending the session, in seconds
    #[arg(long, env = "CURFEW_REPLAY_LEEWAY_SECONDS", default_value_t = 10, value_parser = value_parser!(u32).range(0..=3_600))]
    pub replay_leeway_seconds: u32,
    /// How long after a sign-in sensitive actions need no new one, in seconds
    #[arg(long, env = "CURFEW_FRESH_SECONDS", default_value_t = 900)]
    pub fresh_seconds: u32,
}

/// Who may register an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Anybody
    Open,
    /// Nobody: accounts are created from the command line, people are invited
    Closed,
}

/// The policy of accounts that set none, and what an owner can set.
#[derive(Debug, Clone, Copy)]
pub struct SystemPolicy {
    /// The default.
    pub default: Policy,
    /// The bounds of an override.
    pub bounds: Bounds,
}

impl SystemPolicy {
    /// The policy in force for an account with this override.
    #[must_use]
    pub fn in_force(self, policy_override: PolicyOverride) -> Policy {
        policy::in_force(policy_override, self.default, self.bounds)
    }
}

impl PolicyConfig {
    /// The policy of the system.
    #[must_use]
    pub fn system(&self) -> SystemPolicy {
        SystemPolicy {
            default: Policy {
                idle_minutes: self.idle_minutes_default,
                absolute_minutes: self.absolute_minutes_default,
            },
            bounds: Bounds {
                idle_minutes: Range { min: self.idle_minutes_min, max: self.idle_minutes_max },
                absolute_minutes: Range { min: self.absolute_minutes_min, max: self.absolute_minutes_max },
            },
        }
    }

    /// The policy in force for an account with this override.
    #[must_use]
    pub fn in_force(&self, policy_override: PolicyOverride) -> Policy {
        self.system().in_force(policy_override)
    }

    /// How long a used refresh token may be presented again without ending the session.
    #[must_use]
    pub fn replay_leeway(&self) -> TimeDelta {
        TimeDelta::seconds(self.replay_leeway_seconds.into())
    }

    /// Checks the settings that limit one another.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let SystemPolicy { default, bounds } = self.system();
        let widest = Bounds::WIDEST;
        for (name, range, widest) in [
            ("idle_minutes", bounds.idle_minutes, widest.idle_minutes),
            ("absolute_minutes", bounds.absolute_minutes, widest.absolute_minutes),
        ] {
            if range.min < widest.min || range.min > range.max || range.max > widest.max {
                let Range { min, max } = widest;
                return Err(ConfigError::new(format!(
                    "{name}_min and {name}_max: must be in order, and within {min} and {max}"
                )));
            }
        }
        let max = widest.absolute_minutes.max;
        let Policy { idle_minutes, absolute_minutes } = default;
        if idle_minutes == 0 || idle_minutes > absolute_minutes || absolute_minutes > max {
            return Err(ConfigError::new(format!(
                "idle_minutes_default and absolute_minutes_default: 1 ≤ idle ≤ absolute ≤ {max}"
            )));
        }
        Ok(())
    }
}
