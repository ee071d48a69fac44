//! Waiting for a condition, never for a time.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{Error, Result};

/// How long anything may take that happens at once for a person; generous, for a machine that builds meanwhile.
pub const SOON: Duration = Duration::from_mins(1);

const EVERY: Duration = Duration::from_millis(40);

/// Asks until there is an answer. An error is no answer; the last one is told when time is up.
///
/// # Errors
///
/// When there was no answer `within` the time.
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
