//! Throttling: what counts against which limit (NIST SP 800-63B-4 §3.2.2, ASVS V6.3.1).
//!
//! Keys hold hashes, so that the table names nobody. Limits never touch live sessions.

use crate::{
    app::App,
    error::{Error, Result},
    keys::sha256,
    store::throttles::{self, Limit},
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Wrong passwords for a person: five, then waits from a second to a quarter of an hour. At most
/// some hundred a day, so that a password that is not among the commonest is not guessed in years.
const PERSON: Limit = Limit { free: 5, first: 1, longest: HOUR / 4, forget: DAY };
/// Wrong passwords from an address, which an office may share.
const ADDRESS: Limit = Limit { free: 30, first: 1, longest: HOUR / 12, forget: HOUR };
/// Messages to a recipient.
const RECIPIENT: Limit = Limit { free: 3, first: 60, longest: 6 * HOUR, forget: DAY };
/// Messages asked for from an address.
const SENDER: Limit = Limit { free: 20, first: 30, longest: HOUR, forget: HOUR };

/// Attempts to prove who one is, counted before they are made.
#[derive(Debug)]
pub struct Attempt {
    person: String,
    address: String,
}

impl Attempt {
    /// An attempt at a person's password. `device` is one that the person has signed in on before: its
    /// attempts count by themselves, so that nobody can keep another person out by failing as them.
    #[must_use]
    pub fn new(email: &str, address: Option<&str>, device: Option<&str>) -> Self {
        Self {
            person: key(&["password", email, device.unwrap_or_default()]),
            address: key(&["password from", address.unwrap_or_default()]),
        }
    }

    /// Turns away early who has to wait, before anything is queued for.
    ///
    /// # Errors
    ///
    /// `too_many_requests`, with how long to wait, or when the database is away.
    pub async fn check(&self, app: &App) -> Result<()> {
        let keys = [self.person.as_str(), &self.address];
        refuse(throttles::find_wait(&app.database.read, keys, app.clock.now()).await?)
    }

    /// Counts it. In a worker's turn, so that no more are under way at once than there are workers,
    /// and many right passwords at once do not count as guesses.
    ///
    /// # Errors
    ///
    /// `too_many_requests`, with how long to wait, or when the database is away.
    pub async fn count(&self, app: &App) -> Result<()> {
        let now = app.clock.now();
        let transaction = app.database.begin().await?;
        let mut wait = throttles::attempt(&transaction, &self.person, PERSON, now).await?;
        if wait.is_none() {
            wait = throttles::attempt(&transaction, &self.address, ADDRESS, now).await?;
        }
        transaction.commit().await?;
        refuse(wait)
    }

    /// It was the right password: nothing counts against anybody.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn succeeded(self, app: &App) -> Result<()> {
        let transaction = app.database.begin().await?;
        throttles::clear(&transaction, &self.person).await?;
        throttles::take_back(&transaction, &self.address).await?;
        Ok(transaction.commit().await?)
    }
}

fn refuse(wait: Option<u32>) -> Result<()> {
    wait.map_or(Ok(()), |seconds| Err(Error::throttled(seconds)))
}

/// Counts a message that somebody asks for.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn message(app: &App, recipient: &str, address: Option<&str>) -> Result<()> {
    count(app, &key(&["message from", address.unwrap_or_default()]), SENDER).await?;
    count(app, &key(&["message to", recipient]), RECIPIENT).await
}

async fn count(app: &App, key: &str, limit: Limit) -> Result<()> {
    refuse(throttles::attempt(&app.database.write, key, limit, app.clock.now()).await?)
}

fn key(parts: &[&str]) -> String {
    sha256(&parts.join("\n"))
}
