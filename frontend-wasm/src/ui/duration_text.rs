//! Durations and counts as text. Pure.

const UNITS: [(u32, &str); 3] = [(24 * 60, "day"), (60, "hour"), (1, "minute")];

/// “3 days”, “1 hour 30 minutes”: exact, in as few units as possible.
#[must_use]
pub fn minutes_in_words(minutes: u32) -> String {
    let mut rest = minutes;
    let mut words = Vec::new();
    for (size, unit) in UNITS {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            words.push(counted(count.into(), unit));
        }
    }
    if words.is_empty() { counted(0, "minute") } else { words.join(" ") }
}

/// “1 session”, “2 sessions”.
#[must_use]
pub fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// “1 person”, “2 people”.
#[must_use]
pub fn people(count: u64) -> String {
    if count == 1 { "1 person".into() } else { format!("{count} people") }
}

/// “4:59”: the time left, in minutes and seconds. Rounded up, so that it reaches 0:00 at the end and not before.
#[must_use]
pub fn countdown(left: chrono::TimeDelta) -> String {
    let millis = left.num_milliseconds().max(0);
    let seconds = millis / 1_000 + i64::from(millis % 1_000 > 0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use crate::test;
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn lengths_are_exact() {
        for (minutes, words) in [
            (0, "0 minutes"),
            (1, "1 minute"),
            (60, "1 hour"),
            (90, "1 hour 30 minutes"),
            (1_440, "1 day"),
            (1_441, "1 day 1 minute"),
            (4_320, "3 days"),
            (20_160, "14 days"),
            (129_599, "89 days 23 hours 59 minutes"),
        ] {
            assert_eq!(minutes_in_words(minutes), words, "{minutes}");
        }
    }

    #[test]
    fn a_countdown_ends_at_zero_and_not_before() {
        for (millis, words) in
            [(300_000, "5:00"), (299_001, "5:00"), (61_000, "1:01"), (1, "0:01"), (0, "0:00"), (-1, "0:00")]
        {
            assert_eq!(countdown(TimeDelta::milliseconds(millis)), words, "{millis}");
        }
    }
}
