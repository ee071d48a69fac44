//! Closes sessions that nobody used in time, and deletes those that ended long ago (and what else
//! has run out), in small batches, so that writers that queue get their turn between two.

use std::time::Duration;

use chrono::TimeDelta;
use curfew_shared::audit::AuditKind;
use serde_json::json;
use tokio::time::MissedTickBehavior;

use crate::{
    app::AppState,
    audit::{AppendError, Deed},
    store::{oauth_flows, registrations, sessions, throttles},
};

/// How often to look.
const EVERY: Duration = Duration::from_mins(1);
/// How many to change in one transaction.
const BATCH: u32 = 500;
/// How long a session is kept after its last possible moment.
const KEPT: TimeDelta = TimeDelta::days(1);
/// How long a count of attempts is kept; longer than any limit remembers.
const THROTTLES_KEPT: TimeDelta = TimeDelta::days(2);

/// Sweeps for ever.
pub async fn run(app: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match sweep(&app).await {
            Ok(Swept { closed: 0, deleted: 0 }) => {}
            Ok(Swept { closed, deleted }) => tracing::info!(closed, deleted, "swept sessions"),
            Err(error) => tracing::warn!(%error, "sweeping failed; it goes on at the next turn"),
        }
    }
}

/// What one turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Sessions whose idle window had passed, now on record as expired.
    pub closed: u64,
    /// Sessions deleted a day after their last possible moment.
    pub deleted: u64,
}

/// Takes one turn.
///
/// # Errors
///
/// When the database is away.
pub async fn sweep(app: &AppState) -> Result<Swept, AppendError> {
    let now = app.clock.now();
    let mut swept = Swept { closed: 0, deleted: 0 };
    loop {
        let transaction = app.database.begin().await?;
        let idled = sessions::close_idle(&transaction, BATCH, now).await?;
        for session in &idled {
            let reason = if session.absolute { "absolute" } else { "idle" };
            Deed::new(AuditKind::SessionExpired, session.account_id, now)
                .by(session.user_id)
                .in_session(session.id)
                .with(json!({"reason": reason}))
                .append(&transaction)
                .await?;
        }
        transaction.commit().await?;
        swept.closed += idled.len() as u64;
        if idled.len() < BATCH as usize {
            break;
        }
    }
    registrations::delete_expired(&app.database.write, now, BATCH).await?;
    oauth_flows::delete_stale(&app.database.write, now - oauth_flows::LIFETIME, BATCH).await?;
    throttles::delete_stale(&app.database.write, now - THROTTLES_KEPT, BATCH).await?;
    loop {
        let batch = sessions::delete_expired(&app.database.write, now - KEPT, BATCH).await?;
        swept.deleted += batch;
        app.metrics.swept(batch);
        if batch < u64::from(BATCH) {
            return Ok(swept);
        }
    }
}
