//! The entries of the audit trail to show. Pure, except for the reader's time zone.

use curfew_shared::{
    audit::{AuditKind, AuditQuery},
    id::UserId,
};

use crate::browser::clock;

/// The entries to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub kind: Option<AuditKind>,
    pub actor_id: Option<UserId>,
    /// From the beginning of this day, as `2026-11-23`; empty for no limit.
    pub from_day: String,
    /// To the end of this day; empty for no limit.
    pub to_day: String,
}

impl Filter {
    /// Whether the last day is before the first, so that nothing can match.
    pub fn is_backwards(&self) -> bool {
        // Days of this form sort like the days they name.
        !self.from_day.is_empty() && !self.to_day.is_empty() && self.to_day < self.from_day
    }

    /// The query for the API. The days are the reader's, and both are included.
    pub fn query(&self) -> AuditQuery {
        AuditQuery {
            kind: self.kind,
            actor_id: self.actor_id,
            from: clock::local_midnight(&self.from_day, 0),
            to: clock::local_midnight(&self.to_day, 1),
            ..AuditQuery::default()
        }
    }
}
