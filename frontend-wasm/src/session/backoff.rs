//! How long to wait before a failing server is tried again. Pure.

use chrono::TimeDelta;

const FIRST_MS: u32 = 2_000;
const LONGEST_MS: u32 = 60_000;

/// The pause after `attempts` failures in a row: twice as long each time, and at least `retry_after` seconds. `jitter`,
/// from 0 to 1, spreads the pages that lost the server at the same time over half of it.
pub(super) fn pause(attempts: u32, retry_after: Option<u32>, jitter: f64) -> TimeDelta {
    let ceiling = FIRST_MS.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(LONGEST_MS);
    let asked = retry_after.unwrap_or(0).saturating_mul(1_000).min(LONGEST_MS);
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 60 000")]
    let millis = (f64::from(ceiling) * (0.5 + jitter.clamp(0.0, 1.0) / 2.0)) as i64;
    TimeDelta::milliseconds(millis.max(asked.into()))
}

#[cfg(test)]
mod tests {
    use crate::test;

    use super::pause;

    #[test]
    fn the_pause_doubles_up_to_a_minute_and_respects_what_the_server_asks() {
        let seconds = |attempts, retry_after, jitter| pause(attempts, retry_after, jitter).num_seconds();
        assert_eq!((seconds(1, None, 1.0), seconds(1, None, 0.0)), (2, 1));
        assert_eq!((seconds(2, None, 1.0), seconds(3, None, 1.0)), (4, 8));
        assert_eq!((seconds(6, None, 1.0), seconds(4_000_000_000, None, 1.0)), (60, 60));
        assert_eq!((seconds(1, Some(30), 0.5), seconds(6, Some(1), 1.0)), (30, 60));
        assert_eq!(seconds(1, Some(u32::MAX), 0.5), 60, "a mistake of the server locks no page for years");
    }
}
