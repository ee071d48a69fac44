//! Sends what is in the outbox, at once where it can, later where it cannot.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use curfew_shared::invite::DeliveryProblem;
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{MissedTickBehavior, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    app::{App, AppState},
    error::Result,
    mail::{self, Mail, Priority, post::Post},
    store::{invites, mails, users},
};

/// How often to look for what was put off, or left behind by another replica.
const EVERY: Duration = Duration::from_secs(15);
/// How many messages are sent at once.
const SENDERS: usize = 8;
/// How many of those are reserved for messages that a person waits for, so that notices to a slow mail server do not
/// hold up a link to set a new password.
const RESERVED: usize = 2;
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
    let mut dispatcher = Dispatcher::new(Arc::clone(&app), post);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
            () = app.outbox.notified() => {}
            Some(ended) = dispatcher.sending.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the sending of a message failed; it is tried again");
                }
            }
        }
        if let Err(error) = dispatcher.start(&stop).await {
            let cause = error.to_string();
            tracing::warn!(cause, "the outbox could not be read; it goes on at the next turn");
        }
    }
    while dispatcher.sending.join_next().await.is_some() {}
}

/// Takes one turn: sends all that is due. Answers how many left.
///
/// # Errors
///
/// When the database is away.
pub async fn deliver(app: &AppState, post: &Post) -> Result<u32> {
    let mut dispatcher = Dispatcher::new(Arc::clone(app), post.clone());
    let mut sent = 0;
    loop {
        dispatcher.start(&CancellationToken::new()).await?;
        let Some(is_sent) = dispatcher.sending.join_next().await else { return Ok(sent) };
        sent += u32::from(is_sent?);
    }
}

/// Takes messages out of the outbox and starts to send them, each in a task of its own: whoever waits for the
/// database's one writer goes on as soon as it is free.
struct Dispatcher {
    app: AppState,
    post: Post,
    /// Returns whether the message left.
    sending: JoinSet<bool>,
    /// The places for all other messages.
    unreserved: Arc<Semaphore>,
}

impl Dispatcher {
    fn new(app: AppState, post: Post) -> Self {
        let unreserved = Arc::new(Semaphore::new(SENDERS - RESERVED));
        Self { app, post, sending: JoinSet::new(), unreserved }
    }

    /// Starts to send what is due, the most urgent first, as far as there are places: no message is held that
    /// cannot be sent at once.
    async fn start(&mut self, stop: &CancellationToken) -> Result<()> {
        while self.sending.len() < SENDERS && !stop.is_cancelled() {
            let place = Arc::clone(&self.unreserved).try_acquire_owned().ok();
            let least_urgent = if place.is_some() { Priority::Notice } else { Priority::Awaited };
            let now = self.app.clock.now();
            let due = mails::take(&self.app.database.write, now, now + LEASE, least_urgent as i32).await?;
            let Some(due) = due else { return Ok(()) };
            // A message that a person waits for takes none of these places.
            let place = place.filter(|_| due.priority > Priority::Awaited as i32);
            let (app, post) = (Arc::clone(&self.app), self.post.clone());
            self.sending.spawn(async move {
                let is_sent = send(&app, &post, &due).await;
                drop(place);
                is_sent
            });
        }
        Ok(())
    }
}

/// Returns whether the message left.
async fn send(app: &App, post: &Post, due: &mails::Due) -> bool {
    if due.attempts == 1 {
        app.metrics.mail();
    }
    let outcome = handle(app, post, due).await.unwrap_or_else(|error| {
        // What cannot be written now may be later; it keeps no other from being sent.
        Outcome::PutOff(format!("it could not be written: {error}"))
    });
    let is_sent = matches!(outcome, Outcome::Sent);
    if let Err(error) = settle(app, due, outcome).await {
        let (id, kind, cause) = (due.id, &due.kind, error.to_string());
        tracing::error!(%id, kind, cause, is_sent, "what became of a message could not be noted; it is tried again");
    }
    is_sent
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
        let mut recipients = users::list_ended_in_bulk(&transaction, account_id, by, at).await?;
        recipients.sort_unstable();
        for email in recipients {
            Mail::SessionsEnded { at }.enqueue(&transaction, &email, app.clock.now()).await?;
        }
        mails::delete(&transaction, due.id).await?;
        transaction.commit().await?;
        return Ok(Outcome::Needless);
    }
    let Some(letter) = mail::write(app, &mail, &due.recipient, &earlier(due)).await? else {
        return Ok(Outcome::Needless);
    };
    let message = match letter.message(&app.config.mail.mail_from, &due.recipient, due.id) {
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
            Outcome::Dropped(error.describe())
        }
        Ok(Err(error)) => Outcome::PutOff(error.describe()),
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

/// The messages that this one stands for too, those of a kind that is known here.
fn earlier(due: &mails::Due) -> Vec<Mail> {
    let Some(Value::Array(earlier)) = &due.earlier else { return Vec::new() };
    earlier.iter().filter_map(|mail| serde_json::from_value(mail.clone()).ok()).collect()
}

async fn settle(app: &App, due: &mails::Due, outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Sent | Outcome::Needless => done(app, due).await,
        Outcome::PutOff(reason) if due.attempts < ATTEMPTS => put_off(app, due, &reason).await,
        Outcome::PutOff(reason) | Outcome::Dropped(reason) => give_up(app, due, &reason).await,
    }
}

async fn done(app: &App, due: &mails::Due) -> Result<()> {
    tracing::info!(id = %due.id, kind = due.kind, "message done");
    Ok(mails::delete(&app.database.write, due.id).await?)
}

async fn put_off(app: &App, due: &mails::Due, reason: &str) -> Result<()> {
    let (id, kind, attempts) = (due.id, &due.kind, due.attempts);
    tracing::warn!(%id, kind, attempts, reason, "a message was put off");
    Ok(mails::put_off(&app.database.write, id, app.clock.now() + wait(attempts)).await?)
}

async fn give_up(app: &App, due: &mails::Due, reason: &str) -> Result<()> {
    let (id, kind, attempts) = (due.id, &due.kind, due.attempts);
    tracing::error!(%id, kind, attempts, reason, "a message could not be sent and was dropped");
    Ok(mails::delete(&app.database.write, id).await?)
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
