//! Waits for conditions, never for a length of time.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{Error, Result};

/// The time limit for anything that a user would see at once. Generous, for a machine that also builds.
pub const TIMEOUT: Duration = Duration::from_mins(1);

const EVERY: Duration = Duration::from_millis(40);

/// Calls `ask` until it returns a value. An error counts as no value; the last one is reported on timeout.
pub async fn until<T>(
    what: impl std::fmt::Display,
    within: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let deadline = Instant::now() + within;
    loop {
        ticks.tick().await;
        let why_not = match ask().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => String::new(),
            Err(error) => format!(" ({error})"),
        };
        if Instant::now() >= deadline {
            return Err(Error(format!("waited {} s in vain for {what}{why_not}", within.as_secs())));
        }
    }
}
