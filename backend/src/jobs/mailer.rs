//! Sends what is in the outbox, at once where it can, later where it cannot.

use std::time::Duration;

use chrono::TimeDelta;
use curfew_shared::invite::DeliveryProblem;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    app::{App, AppState},
    error::Result,
    mail::{self, Mail, post::Post},
    store::{invites, mails, users},
};

/// How often to look for what was put off, or left behind by another replica.
const EVERY: Duration = Duration::from_secs(15);
/// How many messages are sent at once.
const SENDERS: usize = 4;
/// How many messages each of them sends in a round.
const ROUND: usize = 25;
/// How long the sending of a message may take.
const SENDING: Duration = Duration::from_mins(1);
/// How long a message is taken for; much longer than its sending can last.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// The first wait after a failure; each is four times as long as the one before.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(15);
/// The longest wait.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(4);
/// How often to try: for about two days.
const ATTEMPTS: i32 = 16;
/// How often to try where the server says that it is of no use: for some hours, in which an operator can
/// mend a password or a sender that it does not accept.
const REFUSALS: i32 = 8;

/// Delivers until it is told to stop.
pub async fn run(app: AppState, post: Post, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut awake = async || {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.outbox.notified() => {}
        }
    };
    while stop.run_until_cancelled(awake()).await.is_some() {
        if let Err(error) = deliver_until(&app, &post, &stop).await {
            tracing::warn!(code = %error.code(), "the outbox could not be read; it goes on at the next turn");
        }
    }
}

/// Takes one turn: sends all that is due. Answers how many left.
///
/// # Errors
///
/// When the database is away.
pub async fn deliver(app: &App, post: &Post) -> Result<u32> {
    deliver_until(app, post, &CancellationToken::new()).await
}

/// In rounds, as one message may become many while the other senders have nothing left to do.
async fn deliver_until(app: &App, post: &Post, stop: &CancellationToken) -> Result<u32> {
    let mut all = 0;
    loop {
        let rounds = join_all((0..SENDERS).map(|_| send(app, post, stop))).await;
        let rounds = rounds.into_iter().collect::<Result<Vec<_>>>()?;
        all += rounds.iter().map(|round| round.sent).sum::<u32>();
        if rounds.iter().all(|round| round.is_last) {
            return Ok(all);
        }
    }
}

/// What one sender did in a round.
struct Round {
    sent: u32,
    /// There was nothing left to do.
    is_last: bool,
}

/// Takes message after message, so that none is held that cannot be sent at once.
async fn send(app: &App, post: &Post, stop: &CancellationToken) -> Result<Round> {
    let mut sent = 0;
    for _ in 0..ROUND {
        let now = app.clock.now();
        if stop.is_cancelled() {
            return Ok(Round { sent, is_last: true });
        }
        let Some(due) = mails::take(&app.database.write, now, now + LEASE).await? else {
            return Ok(Round { sent, is_last: true });
        };
        if due.attempts == 1 {
            app.metrics.mail();
        }
        let outcome = handle(app, post, &due).await.unwrap_or_else(|error| {
            // What cannot be written now may be later; it keeps no other from being sent.
            Outcome::PutOff(format!("it could not be written: {}", error.code()))
        });
        sent += u32::from(matches!(outcome, Outcome::Sent));
        settle(app, &due, outcome).await?;
    }
    Ok(Round { sent, is_last: false })
}

/// What became of a message.
enum Outcome {
    /// It left.
    Sent,
    /// There was nothing to say, or others say it.
    Needless,
    /// It cannot be sent, now or ever.
    Dropped(String),
    /// It is to be tried again.
    PutOff(String),
}

async fn handle(app: &App, post: &Post, due: &mails::Due) -> Result<Outcome> {
    let parsed = serde_json::from_value(json!({"kind": due.kind, "payload": due.payload}));
    // Another replica may be newer.
    let Ok(mail) = parsed else { return Ok(Outcome::PutOff("its kind is unknown here".to_owned())) };
    if let Mail::SessionsEndedInBulk { account_id, by, at } = mail {
        let transaction = app.database.begin().await?;
        for email in users::list_ended_in_bulk(&transaction, account_id, by, at).await? {
            Mail::SessionsEnded { at }.enqueue(&transaction, &email, app.clock.now()).await?;
        }
        mails::delete(&transaction, due.id).await?;
        transaction.commit().await?;
        return Ok(Outcome::Needless);
    }
    let Some(letter) = mail::write(app, &mail, &due.recipient).await? else { return Ok(Outcome::Needless) };
    let message = match letter.message(&app.config.mail_from, &due.recipient, due.id) {
        Ok(message) => message,
        Err(error) => {
            note_delivery(app, &mail, due.id, Some(DeliveryProblem::Refused)).await;
            return Ok(Outcome::Dropped(error.to_string()));
        }
    };
    let sent = timeout(SENDING, post.send(message, &due.id.to_string())).await;
    let problem = match &sent {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.problem()),
        Err(_) => Some(DeliveryProblem::Unavailable),
    };
    note_delivery(app, &mail, due.id, problem).await;
    Ok(match sent {
        Ok(Ok(())) => Outcome::Sent,
        Ok(Err(error)) if error.is_refusal() && due.attempts >= REFUSALS => {
            Outcome::Dropped(error.to_string())
        }
        Ok(Err(error)) => Outcome::PutOff(error.to_string()),
        Err(_) => Outcome::PutOff("no answer in time".to_owned()),
    })
}

/// Keeps for the owners of an account what became of an invitation's message.
async fn note_delivery(app: &App, mail: &Mail, id: Uuid, problem: Option<DeliveryProblem>) {
    if !matches!(mail, Mail::Invited { .. }) {
        return;
    }
    // The message itself is settled all the same: it is not to be sent twice for this.
    if let Err(error) = invites::set_delivery_problem(&app.database.write, id, problem).await {
        tracing::warn!(%id, %error, "the outcome of an invitation's message was not kept");
    }
}

async fn settle(app: &App, due: &mails::Due, outcome: Outcome) -> Result<()> {
    let database = &app.database.write;
    let (id, kind, attempts) = (due.id, &due.kind, due.attempts);
    match outcome {
        Outcome::Sent | Outcome::Needless => {
            tracing::info!(%id, kind, "message done");
            mails::delete(database, id).await?;
        }
        Outcome::PutOff(reason) if attempts < ATTEMPTS => {
            tracing::warn!(%id, kind, attempts, reason, "a message was put off");
            mails::put_off(database, id, app.clock.now() + wait(attempts)).await?;
        }
        Outcome::PutOff(reason) | Outcome::Dropped(reason) => {
            tracing::error!(%id, kind, attempts, reason, "a message could not be sent and was dropped");
            mails::delete(database, id).await?;
        }
    }
    Ok(())
}

/// How long to wait after so many attempts.
fn wait(attempts: i32) -> TimeDelta {
    let doublings = u32::try_from(2 * (attempts - 1)).unwrap_or_default().min(20);
    (FIRST_WAIT * 2_i32.pow(doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit() {
        assert_eq!(wait(1), TimeDelta::seconds(15));
        assert_eq!(wait(2), TimeDelta::seconds(60));
        assert_eq!(wait(5), TimeDelta::seconds(3_840));
        assert_eq!(wait(ATTEMPTS), LONGEST_WAIT);
        let all = |attempts| (1..attempts).map(wait).sum::<TimeDelta>();
        assert!((TimeDelta::hours(36)..TimeDelta::hours(72)).contains(&all(ATTEMPTS)));
        assert!((TimeDelta::hours(8)..TimeDelta::hours(12)).contains(&all(REFUSALS)));
    }
}
