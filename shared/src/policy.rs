//! The session policy: presets, bounds, resolution and validity. Server and page apply the same functions.
//!
//! Lengths are in minutes here; the seconds of a token's claims are the server's business.

use serde::{Deserialize, Serialize};

use crate::error::{FieldCode, FieldError};

/// What an owner has set. `None`: the system's default holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyOverride {
    /// How long a session may go without a refresh, in minutes.
    pub idle_minutes: Option<u32>,
    /// How long a session may live at all, in minutes.
    pub absolute_minutes: Option<u32>,
}

/// A policy without gaps: the system's default, or what is in force for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Policy {
    /// How long a session may go without a refresh, in minutes.
    pub idle_minutes: u32,
    /// How long a session may live at all, in minutes.
    pub absolute_minutes: u32,
}

impl PolicyOverride {
    /// What the Standard preset sets: 7 days idle, 30 days in all.
    pub const STANDARD: Self = Self { idle_minutes: Some(10_080), absolute_minutes: Some(43_200) };
}

impl Policy {
    /// The Strict preset and the default of a system that configures none: 3 days idle, 14 days in all.
    pub const STRICT: Self = Self { idle_minutes: 4_320, absolute_minutes: 20_160 };
}

/// The least and the greatest value of an override, both allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Range {
    /// The least value, in minutes.
    pub min: u32,
    /// The greatest value, in minutes.
    pub max: u32,
}

/// The bounds of both overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bounds {
    /// For the idle window.
    pub idle_minutes: Range,
    /// For the absolute window.
    pub absolute_minutes: Range,
}

impl Bounds {
    /// The widest bounds there are; the database checks them too. An operator may narrow them.
    pub const WIDEST: Self = Self {
        idle_minutes: Range { min: 15, max: 43_200 },
        absolute_minutes: Range { min: 60, max: 129_600 },
    };
}

/// The policy in force: the override where set, the default elsewhere.
#[must_use]
pub fn resolve(set: PolicyOverride, default: Policy) -> Policy {
    Policy {
        idle_minutes: set.idle_minutes.unwrap_or(default.idle_minutes),
        absolute_minutes: set.absolute_minutes.unwrap_or(default.absolute_minutes),
    }
}

/// The policy in force: [`resolve`], within bounds that an operator may have narrowed, and with a default that
/// may have been lowered, since the override was set.
#[must_use]
pub fn in_force(set: PolicyOverride, default: Policy, bounds: Bounds) -> Policy {
    let within = |value: Option<u32>, range: Range| value.map(|value| value.max(range.min).min(range.max));
    let set = PolicyOverride {
        idle_minutes: within(set.idle_minutes, bounds.idle_minutes),
        absolute_minutes: within(set.absolute_minutes, bounds.absolute_minutes),
    };
    let Policy { idle_minutes, absolute_minutes } = resolve(set, default);
    Policy { idle_minutes: idle_minutes.min(absolute_minutes), absolute_minutes }
}

/// What is wrong with an override: each value inside its bounds first, then, only if both are,
/// effective idle ≤ effective absolute. Empty: nothing.
#[must_use]
pub fn validate(set: PolicyOverride, default: Policy, bounds: Bounds) -> Vec<FieldError> {
    let fields = [
        ("idle_minutes", set.idle_minutes, bounds.idle_minutes),
        ("absolute_minutes", set.absolute_minutes, bounds.absolute_minutes),
    ];
    let out_of_bounds: Vec<_> =
        fields.into_iter().filter_map(|(field, value, range)| outside(field, value?, range)).collect();
    if !out_of_bounds.is_empty() {
        return out_of_bounds;
    }
    let effective = resolve(set, default);
    if effective.idle_minutes <= effective.absolute_minutes {
        return Vec::new();
    }
    let message = format!("At most {} minutes, the longest a session may last.", effective.absolute_minutes);
    vec![
        FieldError::new("idle_minutes", FieldCode::ExceedsAbsolute, message)
            .with_limit(effective.absolute_minutes.into()),
    ]
}

fn outside(field: &str, value: u32, range: Range) -> Option<FieldError> {
    let (code, words, limit) = if value < range.min {
        (FieldCode::TooSmall, "At least", range.min)
    } else if value > range.max {
        (FieldCode::TooLarge, "At most", range.max)
    } else {
        return None;
    };
    Some(FieldError::new(field, code, format!("{words} {limit} minutes.")).with_limit(limit.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(idle_minutes: impl Into<Option<u32>>, absolute_minutes: impl Into<Option<u32>>) -> PolicyOverride {
        PolicyOverride { idle_minutes: idle_minutes.into(), absolute_minutes: absolute_minutes.into() }
    }

    #[test]
    fn an_override_holds_where_set_and_the_default_elsewhere() {
        let resolve = |set| {
            let Policy { idle_minutes, absolute_minutes } = resolve(set, Policy::STRICT);
            (idle_minutes, absolute_minutes)
        };
        assert_eq!(resolve(set(None, None)), (4_320, 20_160));
        assert_eq!(resolve(set(60, None)), (60, 20_160));
        assert_eq!(resolve(set(None, 240)), (4_320, 240));
        assert_eq!(resolve(set(60, 240)), (60, 240));
    }

    #[test]
    fn what_an_operator_narrowed_later_holds_for_what_was_set_before() {
        let narrow = Bounds {
            idle_minutes: Range { min: 30, max: 60 },
            absolute_minutes: Range { min: 120, max: 480 },
        };
        let in_force = |set, default| {
            let Policy { idle_minutes, absolute_minutes } = in_force(set, default, narrow);
            (idle_minutes, absolute_minutes)
        };
        let short = Policy { idle_minutes: 20, absolute_minutes: 50 };
        assert_eq!(in_force(set(60, 480), Policy::STRICT), (60, 480));
        assert_eq!(in_force(set(61, 481), Policy::STRICT), (60, 480));
        assert_eq!(in_force(set(15, 60), Policy::STRICT), (30, 120));
        assert_eq!(in_force(set(None, None), short), (20, 50), "a default is free");
        assert_eq!(in_force(set(60, None), short), (50, 50));
    }

    #[test]
    fn each_bound_holds_on_both_sides_and_idle_never_exceeds_absolute() {
        use FieldCode::{ExceedsAbsolute, TooLarge, TooSmall};
        type Fault = (&'static str, FieldCode, i64);
        let cases: &[(PolicyOverride, &[Fault])] = &[
            (set(None, None), &[]),
            (set(15, None), &[]),
            (set(14, None), &[("idle_minutes", TooSmall, 15)]),
            (set(43_200, 129_600), &[]),
            (set(43_201, 129_600), &[("idle_minutes", TooLarge, 43_200)]),
            (set(15, 60), &[]),
            (set(15, 59), &[("absolute_minutes", TooSmall, 60)]),
            (set(None, 129_600), &[]),
            (set(None, 129_601), &[("absolute_minutes", TooLarge, 129_600)]),
            (set(0, 0), &[("idle_minutes", TooSmall, 15), ("absolute_minutes", TooSmall, 60)]),
            (set(240, 240), &[]),
            (set(241, 240), &[("idle_minutes", ExceedsAbsolute, 240)]),
            // Partial overrides, which no CHECK of the database can see.
            (set(43_200, None), &[("idle_minutes", ExceedsAbsolute, 20_160)]),
            (set(20_160, None), &[]),
            (set(None, 4_319), &[("idle_minutes", ExceedsAbsolute, 4_319)]),
            (set(None, 4_320), &[]),
        ];
        for (set, expected) in cases {
            let found: Vec<_> = validate(*set, Policy::STRICT, Bounds::WIDEST)
                .into_iter()
                .map(|e| (e.field, e.code, e.limit.unwrap()))
                .collect();
            let expected: Vec<_> = expected.iter().map(|(f, c, l)| ((*f).to_owned(), *c, *l)).collect();
            assert_eq!(found, expected, "{set:?}");
        }
    }
}
