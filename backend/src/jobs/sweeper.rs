//! Closes sessions that nobody used in time, and deletes those that ended long ago (and what else
//! has run out), in small batches, so that writers that queue get their turn between two.

use std::time::Duration;

use chrono::TimeDelta;
use curfew_shared::audit::AuditKind;
use serde_json::json;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{
    app::AppState,
    audit::AppendError,
    context::Context,
    domain::link::DISOWN_REACH,
    store::{
        StoreError, address_changes, devices, invites, membership_changes, oauth_flows, registrations,
        sessions, throttles,
    },
};

/// How often to look.
const EVERY: Duration = Duration::from_mins(1);
/// How many to change in one transaction.
const BATCH: u32 = 500;
/// How long a session is kept after its last possible moment.
const KEPT: TimeDelta = TimeDelta::days(1);
/// How long a count of attempts is kept: until the longest is forgiven.
const THROTTLES_KEPT: TimeDelta = TimeDelta::days(26);
/// How long an invitation is kept after it ran out, for an owner to send it again.
const INVITES_KEPT: TimeDelta = TimeDelta::days(90);
/// How long a device is known that nobody signs in on; as long as browsers keep its cookie.
const DEVICES_KEPT: TimeDelta = TimeDelta::days(400);

/// Sweeps until it is told to stop.
pub async fn run(app: AppState, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
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
    // Most turns find nothing, and need not hold up who writes.
    while sessions::any_idle(&app.database.read, now).await? {
        // Entries of the audit trail are committed soon after their time, however many batches there are.
        let now = app.clock.now();
        let transaction = app.database.begin().await?;
        let idled = sessions::close_idle(&transaction, BATCH, now).await?;
        for session in &idled {
            let reason = if session.absolute { "absolute" } else { "idle" };
            let payload = json!({"user_id": session.user_id, "reason": reason});
            Context::of_job(&transaction, now)
                .in_session(session.id)
                .record(session.account_id, AuditKind::SessionExpired, payload)
                .await?;
        }
        transaction.commit().await?;
        swept.closed += idled.len() as u64;
        if idled.len() < BATCH as usize {
            break;
        }
    }
    let database = &app.database.write;
    exhaust(|| registrations::delete_expired(database, now, BATCH)).await?;
    exhaust(|| oauth_flows::delete_stale(database, now - oauth_flows::LIFETIME, BATCH)).await?;
    exhaust(|| invites::delete_stale(database, now - INVITES_KEPT, BATCH)).await?;
    exhaust(|| throttles::delete_stale(database, now - THROTTLES_KEPT, BATCH)).await?;
    exhaust(|| devices::delete_stale(database, now - DEVICES_KEPT, BATCH)).await?;
    exhaust(|| address_changes::delete_stale(database, now - DISOWN_REACH, BATCH)).await?;
    exhaust(|| membership_changes::delete_stale(database, now - DISOWN_REACH, BATCH)).await?;
    swept.deleted = exhaust(|| sessions::delete_expired(database, now - KEPT, BATCH)).await?;
    app.metrics.swept(swept.deleted);
    Ok(swept)
}

/// Deletes batch after batch, until one is not full. Answers how many were deleted in all.
async fn exhaust<F>(mut next: impl FnMut() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut deleted = 0;
    loop {
        let batch = next().await?;
        deleted += batch;
        if batch < u64::from(BATCH) {
            return Ok(deleted);
        }
    }
}
