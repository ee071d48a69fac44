//! Sends what is in the outbox, at once where it can, later where it cannot.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use tokio::time::{MissedTickBehavior, timeout};

use crate::{
    app::{App, AppState},
    error::Result,
    mail::{self, Mail, post::Post},
    store::{mails, users},
};

/// How often to look for what was put off, or left behind by another replica.
const EVERY: Duration = Duration::from_secs(15);
/// How many to take at once.
const BATCH: u32 = 20;
/// How long a message is taken for; longer than its sending can last.
const LEASE: TimeDelta = TimeDelta::minutes(15);
/// The first wait after a failure; each is four times as long as the one before.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(15);
/// The longest wait.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(4);
/// How often to try: for about two days.
const ATTEMPTS: i32 = 16;

/// Delivers for ever.
pub async fn run(app: AppState, post: Post) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.outbox.notified() => {}
        }
        if let Err(error) = deliver(&app, &post).await {
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
    let mut sent = 0;
    loop {
        let now = app.clock.now();
        let due = mails::take(&app.database.write, BATCH, now, now + LEASE).await?;
        if due.is_empty() {
            return Ok(sent);
        }
        for due in due {
            sent += u32::from(handle(app, post, &due).await?);
        }
    }
}

/// Sends one message. Answers whether it left.
async fn handle(app: &App, post: &Post, due: &mails::Due) -> Result<bool> {
    let database = &app.database.write;
    let parsed = serde_json::from_value(json!({"kind": due.kind, "payload": due.payload}));
    let Ok(mail) = parsed else {
        tracing::error!(id = %due.id, kind = due.kind, "a message of an unknown kind was dropped");
        mails::delete(database, due.id).await?;
        return Ok(false);
    };
    if let Mail::SessionsEndedInBulk { account_id, by, at } = mail {
        let transaction = app.database.begin().await?;
        for email in users::list_ended_in_bulk(&transaction, account_id, by, at).await? {
            Mail::SessionsEnded { at }.enqueue(&transaction, &email, app.clock.now()).await?;
        }
        mails::delete(&transaction, due.id).await?;
        transaction.commit().await?;
        return Ok(false);
    }
    let Some(letter) = mail::write(app, &mail, &due.recipient).await? else {
        mails::delete(database, due.id).await?;
        return Ok(false);
    };
    let message = match letter.message(&app.config.mail_from, &due.recipient) {
        Ok(message) => message,
        Err(error) => {
            tracing::warn!(id = %due.id, kind = due.kind, %error, "a message was dropped");
            mails::delete(database, due.id).await?;
            return Ok(false);
        }
    };
    let name = due.id.to_string();
    let outcome = timeout(Duration::from_mins(1), post.send(message, &name)).await;
    let (error, permanent) = match outcome {
        Ok(Ok(())) => {
            mails::delete(database, due.id).await?;
            tracing::info!(id = name, kind = due.kind, "message sent");
            app.metrics.mail("sent");
            return Ok(true);
        }
        Ok(Err(error)) => (error.to_string(), error.is_permanent()),
        Err(_) => ("no answer in time".to_owned(), false),
    };
    if permanent || due.attempts >= ATTEMPTS {
        tracing::error!(id = name, kind = due.kind, error, "a message could not be sent and was dropped");
        app.metrics.mail("dropped");
        mails::delete(database, due.id).await?;
    } else {
        tracing::warn!(id = name, kind = due.kind, attempts = due.attempts, error, "a message was put off");
        app.metrics.mail("put_off");
        mails::put_off(database, due.id, app.clock.now() + wait(due.attempts)).await?;
    }
    Ok(false)
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
        let all: TimeDelta = (1..ATTEMPTS).map(wait).sum();
        assert!((TimeDelta::hours(36)..TimeDelta::hours(72)).contains(&all), "{all}");
    }
}
