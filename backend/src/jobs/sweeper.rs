//! Deletes sessions some time after their end, in small batches, so that the table does not grow for ever.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::time::MissedTickBehavior;

use crate::{
    app::{App, AppState},
    store::{StoreError, sessions},
};

/// How often to look.
const EVERY: Duration = Duration::from_mins(1);
/// How many to delete in one statement.
const BATCH: u32 = 500;
/// How long a session is kept after its last possible moment.
const KEPT: TimeDelta = TimeDelta::days(1);

/// Sweeps for ever.
pub async fn run(app: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match sweep(&app).await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "deleted sessions that ended long ago"),
            Err(error) => tracing::warn!(%error, "sweeping failed; it goes on at the next turn"),
        }
    }
}

/// Deletes every session whose absolute window passed a day ago, batch by batch. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn sweep(app: &Arc<App>) -> Result<u64, StoreError> {
    let before = app.clock.now() - KEPT;
    let mut swept = 0;
    loop {
        let batch = sessions::delete_expired(&app.database.write, before, BATCH).await?;
        swept += batch;
        app.metrics.swept(batch);
        if batch < u64::from(BATCH) {
            return Ok(swept);
        }
        // Between batches the writers that queue get their turn.
        tokio::task::yield_now().await;
    }
}
