//! Relative times in words. Pure.

use chrono::{DateTime, TimeDelta, Utc};

const UNITS: [(i64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];

/// `at` as seen from `now`: “in 2 days 3 hours”, “4 minutes ago”, “now”. What is to come is told in
/// two units and rounded down, so that nobody counts on time that is not there; what is past in one.
#[must_use]
pub(super) fn relative(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let distance = at - now;
    if distance > TimeDelta::zero() {
        match length(distance, 2) {
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
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn times_read_like_a_person_says_them() {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 3_600;
        const DAY: i64 = 86_400;
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
            (DAY - 1, "in 23 hours 59 minutes"),
            (3 * DAY - 1, "in 2 days 23 hours"),
            (3 * DAY + 59 * MINUTE, "in 3 days"),
            (14 * DAY, "in 14 days"),
        ] {
            let now = DateTime::UNIX_EPOCH;
            assert_eq!(relative(now, now + TimeDelta::seconds(seconds)), words, "{seconds}");
        }
    }
}
