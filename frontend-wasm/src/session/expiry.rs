//! The nearer deadline of a session, and when to warn of it. Pure; times are by the server's clock.

use chrono::{DateTime, TimeDelta, Utc};

/// How long before the end the warning comes.
pub const WARN_AHEAD: TimeDelta = TimeDelta::minutes(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    None,
    /// At most five minutes away.
    Soon,
    /// A deadline equal to now has passed.
    Now,
}

/// The window whose deadline is nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Activity restarts it.
    Idle,
    /// Nothing extends it.
    Absolute,
}

/// The nearer deadline of a session at a certain time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpiry {
    pub warning: Warning,
    pub reason: Reason,
    pub deadline: DateTime<Utc>,
}

impl SessionExpiry {
    /// The nearer of two deadlines. If they are equal it is the absolute one, since nothing can be extended.
    #[must_use]
    pub fn at(
        idle_expires_at: DateTime<Utc>,
        absolute_expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Self {
        let (reason, deadline) = if idle_expires_at < absolute_expires_at {
            (Reason::Idle, idle_expires_at)
        } else {
            (Reason::Absolute, absolute_expires_at)
        };
        let warning = if now >= deadline {
            Warning::Now
        } else if now >= deadline - WARN_AHEAD {
            Warning::Soon
        } else {
            Warning::None
        };
        Self { warning, reason, deadline }
    }

    /// How long after `now` the warning changes; `None` once it no longer does.
    #[must_use]
    pub fn until_change(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        match self.warning {
            Warning::None => Some(self.deadline - WARN_AHEAD - now),
            Warning::Soon => Some(self.deadline - now),
            Warning::Now => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::test;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_warning_changes_exactly_at_its_boundaries() {
        let warning = |millis| {
            let now = at(0) + TimeDelta::milliseconds(millis);
            SessionExpiry::at(at(900), at(3_600), now).warning
        };
        assert_eq!(warning(0), Warning::None);
        assert_eq!(warning(599_999), Warning::None);
        assert_eq!(warning(600_000), Warning::Soon);
        assert_eq!(warning(899_999), Warning::Soon);
        assert_eq!(warning(900_000), Warning::Now, "a deadline equal to now has passed");
        assert_eq!(warning(90_000_000), Warning::Now);
    }

    #[test]
    fn the_nearer_deadline_counts_and_of_two_at_once_the_one_that_nothing_extends() {
        let nearer = |idle, absolute| {
            let expiry = SessionExpiry::at(at(idle), at(absolute), at(0));
            (expiry.reason, expiry.deadline)
        };
        assert_eq!(nearer(899, 900), (Reason::Idle, at(899)));
        assert_eq!(nearer(900, 900), (Reason::Absolute, at(900)));
        assert_eq!(nearer(901, 900), (Reason::Absolute, at(900)));
    }

    #[test]
    fn it_is_looked_at_again_when_it_changes() {
        let until_change = |now| {
            let change = SessionExpiry::at(at(900), at(3_600), at(now)).until_change(at(now));
            change.map(|time| time.num_seconds())
        };
        assert_eq!(until_change(0), Some(600));
        assert_eq!(until_change(599), Some(1));
        assert_eq!(until_change(600), Some(300));
        assert_eq!(until_change(899), Some(1));
        assert_eq!(until_change(900), None);
    }
}
