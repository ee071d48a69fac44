//! Builds the indexes that are missing while the process serves, and keeps the database's time.

use std::{sync::Arc, time::Duration};

use tokio::time::MissedTickBehavior;

use crate::{clock::DatabaseClock, store::Database};

/// How often to read the database's clock.
const EVERY: Duration = Duration::from_secs(15);

/// Goes on for as long as the process runs.
pub async fn run(database: Database, url: String, clock: Arc<DatabaseClock>) {
    tokio::join!(build_indexes(&database, &url), keep_time(&database, &clock));
}

async fn build_indexes(database: &Database, url: &str) {
    if let Err(error) = database.build_indexes(url).await {
        tracing::warn!(%error, "an index could not be built; the next start tries again");
    }
}

async fn keep_time(database: &Database, clock: &DatabaseClock) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = clock.read(database).await {
            tracing::warn!(%error, "the database's clock could not be read");
        }
    }
}
