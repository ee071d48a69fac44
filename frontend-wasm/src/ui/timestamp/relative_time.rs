//! Relative times as text. Pure.

use chrono::{DateTime, TimeDelta, Utc};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const UNITS: [(i64, &str); 3] = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")];

/// `at` relative to `now`: “in 2 days 3 hours”, “4 minutes ago”, “just now”. The future has two units and is rounded to
/// the nearest of the smaller one; minutes alone are rounded down, so that nobody counts on time that is not there. The
/// past has one unit, rounded down.
pub(super) fn relative_time(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let distance = at - now;
    if distance > TimeDelta::zero() {
        let rounding = match distance.num_seconds() {
            ..HOUR => 0,
            HOUR..DAY => MINUTE / 2,
            _ => HOUR / 2,
        };
        match length(distance + TimeDelta::seconds(rounding), 2) {
            Some(length) => format!("in {length}"),
            None => "in less than a minute".into(),
        }
    } else {
        match length(-distance, 1) {
            Some(length) => format!("{length} ago"),
            None => "just now".into(),
        }
    }
}

/// The greatest unit that fits and at most `units - 1` of the next smaller ones; `None` below a minute.
fn length(time: TimeDelta, units: usize) -> Option<String> {
    let seconds = time.num_seconds();
    let first = UNITS.iter().position(|(size, _)| seconds >= *size)?;
    let mut rest = seconds;
    let mut words = Vec::new();
    for (size, unit) in UNITS.iter().skip(first).take(units) {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            words.push(format!("{count} {unit}{plural}"));
        }
    }
    Some(words.join(" "))
}

#[cfg(test)]
mod tests {
    use crate::test;

    use super::*;

    #[test]
    fn times_read_like_a_person_says_them() {
        for (seconds, words) in [
            (0, "just now"),
            (-59, "just now"),
            (-60, "1 minute ago"),
            (-2 * HOUR - 59 * MINUTE, "2 hours ago"),
            (-3 * DAY, "3 days ago"),
            (1, "in less than a minute"),
            (59, "in less than a minute"),
            (60, "in 1 minute"),
            (5 * MINUTE + 59, "in 5 minutes"),
            (HOUR, "in 1 hour"),
            (HOUR + MINUTE, "in 1 hour 1 minute"),
            (2 * HOUR - 31, "in 1 hour 59 minutes"),
            (2 * HOUR - 30, "in 2 hours"),
            (DAY - 1, "in 1 day"),
            (DAY + 31 * MINUTE, "in 1 day 1 hour"),
            (3 * DAY - 1, "in 3 days"),
            (3 * DAY - 31 * MINUTE, "in 2 days 23 hours"),
            (3 * DAY + 29 * MINUTE, "in 3 days"),
            (14 * DAY, "in 14 days"),
        ] {
            let now = DateTime::UNIX_EPOCH;
            assert_eq!(relative_time(now, now + TimeDelta::seconds(seconds)), words, "{seconds}");
        }
    }
}
