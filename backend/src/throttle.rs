//! Throttling: what counts against which limit (NIST SP 800-63B-4 §3.2.2, ASVS V6.3.1).
//!
//! Keys hold hashes, so that the table names nobody. Limits never touch live sessions.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use curfew_shared::id::AccountId;

use crate::{
    app::{App, AppState},
    error::{Error, Result},
    keys::sha256,
    passwords::{Turn, Verified},
    store::{
        Connection, StoreError,
        throttles::{self, Limit},
    },
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// Wrong passwords for a person: five, then waits from a second to a quarter of an hour, and after a
/// hundred in a row a day's pause.
const PERSON: Limit = Limit { free: 5, first: 1, longest: 15 * MINUTE, forgive: 6 * HOUR, most: 100 };
/// Wrong passwords from an address, which an office may share.
const ADDRESS: Limit = Limit { free: 30, first: 1, longest: 5 * MINUTE, forgive: 2 * MINUTE, most: i32::MAX };
/// Messages to a recipient. The longest wait is shorter than a link to set a new password is good.
const RECIPIENT: Limit =
    Limit { free: 3, first: MINUTE, longest: 30 * MINUTE, forgive: 2 * HOUR, most: i32::MAX };
/// Messages asked for from an address.
const SENDER: Limit =
    Limit { free: 20, first: 30, longest: 30 * MINUTE, forgive: 3 * MINUTE, most: i32::MAX };
/// Invitations of an account: a company's worth at once, and then some.
const INVITES: Limit =
    Limit { free: 200, first: 30, longest: 30 * MINUTE, forgive: 5 * MINUTE, most: i32::MAX };
/// Sign-ins at providers that came to nothing, from an address, which an office may share; one counts
/// twice, for its beginning and for its answer.
const PROVIDER: Limit = Limit { free: 100, first: 1, longest: MINUTE, forgive: 10, most: i32::MAX };

/// An attempt to prove who one is by a password, counted before it is made.
#[derive(Debug)]
pub struct Attempt {
    person: String,
    /// Who is known here already is not kept waiting for what others do at the same address.
    address: Option<String>,
    /// Kept until the attempt has come to something, so that no more of them are counted and not yet taken
    /// back than there are workers: while those are no more than what is free, right passwords at once do
    /// not count as guesses.
    turn: Option<Turn>,
}

impl Attempt {
    /// An attempt at a person's password. `known` is a device that the person has signed in on before:
    /// its attempts count by themselves, so that nobody can keep another person out by failing as them.
    #[must_use]
    pub fn new(email: &str, address: Option<&str>, known: Option<&str>) -> Self {
        Self {
            person: key(&["password", email, known.unwrap_or_default()]),
            address: Some(key(&["password from", &network(address)])),
            turn: None,
        }
    }

    /// An attempt by what nobody else can show: a session of the person's, or the cookie of a device.
    #[must_use]
    pub fn by(email: &str, secret: &str) -> Self {
        Self { person: key(&["password", email, secret]), address: None, turn: None }
    }

    /// Turns away early who has to wait, before anything is queued for.
    ///
    /// # Errors
    ///
    /// `too_many_requests`, with how long to wait, or when the database is away.
    pub async fn check(&self, app: &App) -> Result<()> {
        let keys: Vec<&str> =
            [Some(self.person.as_str()), self.address.as_deref()].into_iter().flatten().collect();
        refuse(throttles::find_wait(&app.database.read, &keys, app.clock.now()).await?)
    }

    /// Waits for a worker, counts the attempt, and compares the password with a hash as
    /// [`Passwords::verify`](crate::passwords::Passwords::verify) does. One attempt counts once, however many
    /// hashes it is compared with.
    ///
    /// # Errors
    ///
    /// `too_many_requests`, with how long to wait; when too many wait for a worker, or the database is away.
    pub async fn verify(&mut self, app: &App, password: &str, phc: Option<&str>) -> Result<Verified> {
        let turn = if let Some(turn) = self.turn.take() {
            turn
        } else {
            let turn = app.passwords.turn().await?;
            self.count(app).await?;
            turn
        };
        let (verified, turn) = app.passwords.verify_in(turn, password, phc).await?;
        self.turn = Some(turn);
        Ok(verified)
    }

    async fn count(&self, app: &App) -> Result<()> {
        let now = app.clock.now();
        let transaction = app.database.begin().await?;
        let mut wait = throttles::attempt(&transaction, &self.person, PERSON, now).await?;
        if let (None, Some(address)) = (wait, &self.address) {
            wait = throttles::attempt(&transaction, address, ADDRESS, now).await?;
        }
        transaction.commit().await?;
        refuse(wait)
    }

    /// It was the right password: nothing counts against anybody. The worker is kept until this is dropped,
    /// which is to be after the commit.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn succeeded(
        &self,
        connection: &impl Connection,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        throttles::clear(connection, &self.person).await?;
        match &self.address {
            Some(address) => throttles::take_back(connection, address, now).await,
            None => Ok(()),
        }
    }

    /// It was the right password, but what it was for could not be done. The person is not to blame for
    /// that, nor does the answer wait for this.
    pub fn excuse(self, app: &AppState) {
        let app = AppState::clone(app);
        app.background.clone().spawn(async move {
            if let Err(error) = self.succeeded(&app.database.write, app.clock.now()).await {
                tracing::error!(%error, "a right password counts as a guess");
            }
        });
    }
}

/// Forgets the guesses at a person's password from devices that nobody knows: it is another now.
///
/// # Errors
///
/// When the database is away.
pub async fn forgive(connection: &impl Connection, email: &str) -> Result<(), StoreError> {
    throttles::clear(connection, &key(&["password", email, ""])).await
}

/// Counts a request that may send a message, or takes long to judge, by where it comes from.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn sender(app: &App, address: Option<&str>) -> Result<()> {
    count(app, &key(&["message from", &network(address)]), SENDER).await
}

/// Counts a message to somebody.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn recipient(app: &App, recipient: &str) -> Result<()> {
    count(app, &key(&["message to", recipient]), RECIPIENT).await
}

/// Counts a message with a link to set a new password, apart from all others: asking for those keeps nobody
/// from the way back in.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn reset(app: &App, to: &str, address: Option<&str>) -> Result<()> {
    sender(app, address).await?;
    count(app, &key(&["reset to", to]), RECIPIENT).await
}

/// Counts a message that somebody asks for, by both.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn message(app: &App, to: &str, address: Option<&str>) -> Result<()> {
    sender(app, address).await?;
    recipient(app, to).await
}

/// Counts an invitation.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn invitation(app: &App, account: AccountId, recipient: &str) -> Result<()> {
    count(app, &key(&["invitation of", &account.to_string()]), INVITES).await?;
    // Apart from what strangers ask for, so that they cannot use it up.
    count(app, &key(&["invitation to", &account.to_string(), recipient]), RECIPIENT).await
}

/// Counts a sign-in at a provider that begins, or its answer.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn oauth(app: &App, address: Option<&str>) -> Result<()> {
    count(app, &key(&["provider from", &network(address)]), PROVIDER).await
}

/// Takes a sign-in at a provider back that came to an end, its beginning and its answer.
///
/// # Errors
///
/// When the database is away.
pub async fn oauth_succeeded(
    connection: &impl Connection,
    address: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = key(&["provider from", &network(address)]);
    throttles::take_back(connection, &key, now).await?;
    throttles::take_back(connection, &key, now).await
}

async fn count(app: &App, key: &str, limit: Limit) -> Result<()> {
    let now = app.clock.now();
    // Who has to wait does not take the place of somebody who writes.
    refuse(throttles::find_wait(&app.database.read, &[key], now).await?)?;
    refuse(throttles::attempt(&app.database.write, key, limit, now).await?)
}

fn refuse(wait: Option<u32>) -> Result<()> {
    wait.map_or(Ok(()), |seconds| Err(Error::throttled(seconds)))
}

/// What counts as one address: of version 6 the first half, as the rest is one household's to choose.
fn network(address: Option<&str>) -> String {
    match address.and_then(|address| address.parse::<IpAddr>().ok()).map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => format!("{:x}::/64", u128::from(address) >> 64),
        Some(address) => address.to_string(),
        None => String::new(),
    }
}

fn key(parts: &[&str]) -> String {
    sha256(&parts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_as_its_network() {
        let of = |address| network(Some(address));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.9"), "203.0.113.9");
        assert_ne!(of("203.0.113.9"), of("203.0.113.10"));
        assert_eq!(network(None), "");
    }
}
