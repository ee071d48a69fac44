//! Throttling: what counts against which limit (NIST SP 800-63B-4 §3.2.2, ASVS V6.3.1).
//!
//! Keys hold hashes, so that the table names nobody. Limits never touch live sessions.

use std::{net::IpAddr, pin::pin, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, UserId},
};
use tokio::time::timeout;

use crate::{
    app::{App, AppState},
    domain::limit::{Count, Limit},
    error::{Error, Result},
    keys::sha256,
    passwords::{Party, PasswordError, Place, Verified},
    store::{
        Connection, StoreError,
        throttles::{self, Key},
    },
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// Wrong passwords for a person by a session or on a device that is known: five, then waits from a second to a
/// quarter of an hour, and after a hundred in a row a day's pause.
const PERSON: Limit = Limit { free: 5, first: 1, longest: 15 * MINUTE, forgive: 6 * HOUR, most: 100 };
/// The same from a network on devices that nobody knows: so few that one network, and even four of them, cannot
/// use up what is left to all others.
const PERSON_FROM_NETWORK: Limit = Limit { most: 20, ..PERSON };
/// The same from all networks together: a hundred in a row bring a day's pause (NIST SP 800-63B-4 §3.2.2).
const PERSON_FROM_ANYWHERE: Limit = Limit { free: 100, ..PERSON };
/// Wrong passwords from an address, which an office may share.
const ADDRESS: Limit = Limit { free: 30, first: 1, longest: 5 * MINUTE, forgive: 2 * MINUTE, most: i32::MAX };
/// Messages to a recipient. The longest wait is shorter than a link to set a new password is good.
const RECIPIENT: Limit =
    Limit { free: 3, first: MINUTE, longest: 30 * MINUTE, forgive: 2 * HOUR, most: i32::MAX };
/// Notices to a recipient on one topic: three at once, then one after ten minutes, and so on up to an hour.
/// Nothing is refused: a notice in between joins the one that waits.
const NOTICES: Limit =
    Limit { free: 2, first: 10 * MINUTE, longest: HOUR, forgive: 2 * HOUR, most: i32::MAX };
/// Messages asked for from an address.
const SENDER: Limit =
    Limit { free: 20, first: 30, longest: 30 * MINUTE, forgive: 3 * MINUTE, most: i32::MAX };
/// Requests by one genuine link that come to nothing, such as passwords that are too weak.
const LINK: Limit = SENDER;
/// Invitations of an account: a company's worth at once, and then some.
const INVITES: Limit =
    Limit { free: 200, first: 30, longest: 30 * MINUTE, forgive: 5 * MINUTE, most: i32::MAX };
/// Sign-ins at providers that came to nothing, from an address, which an office may share; one counts
/// twice, for its beginning and for its answer.
const PROVIDER: Limit = Limit { free: 100, first: 1, longest: MINUTE, forgive: 10, most: i32::MAX };
/// Changes by a person, each of which the audit trail keeps for ever: what nobody does by hand.
const CHANGES: Limit = Limit { free: 60, first: 1, longest: 5 * MINUTE, forgive: MINUTE, most: i32::MAX };
/// Changes by an owner, who may have a whole company to put in order.
const CHANGES_OF_OWNER: Limit = Limit { free: 500, forgive: 10, longest: MINUTE, ..CHANGES };
/// Changes by all of an account together.
const CHANGES_OF_ACCOUNT: Limit = Limit { free: 2_000, forgive: 2, longest: 10, ..CHANGES };
/// Proofs in one session, right or wrong, that its person is there.
const PROOFS: Limit = Limit { forgive: 30, longest: MINUTE, ..CHANGES };

/// How long an attempt may wait until others of the same person are judged.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often to look whether another replica has judged one.
const EVERY: Duration = Duration::from_millis(100);

/// What an attempt to prove who one is comes with, besides the password.
#[derive(Debug, Clone)]
pub enum By {
    /// What nobody else can show: a session of the person's, or the cookie of a device.
    Secret(String),
    /// A program at an address that the person has signed in with before, and the address.
    Program(String, Option<String>),
    /// Nothing; from this address.
    Nothing(Option<String>),
}

/// An attempt to prove who one is by a password. While it is in flight, others wait if they would be more than
/// are admitted one after the other; only a wrong password counts. Dropped before it has come to something, it
/// does not count.
#[derive(Debug)]
pub struct Attempt {
    app: AppState,
    /// Of the person first, of the network last.
    limits: Vec<Counted>,
    place: Arc<Place>,
    state: State,
}

#[derive(Debug)]
struct Counted {
    key: Key,
    limit: Limit,
    /// Of the person, and not of a network, where a right password does not make up for guesses at others.
    is_personal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    InFlight,
    Settled,
}

impl Attempt {
    /// Begins an attempt at the password of `email`: takes a place in the queue, and waits until no more are in
    /// flight than may be.
    ///
    /// # Errors
    ///
    /// `too_many_requests`, with how long to wait; when the queue is full, or the database is away.
    pub async fn begin(app: &AppState, email: &str, by: By) -> Result<Self> {
        let anywhere = key(&["password", email, ""]);
        let from = |address: &Option<String>| network(address.as_deref());
        let (limits, party) = match &by {
            By::Secret(secret) => {
                let own = key(&["password", email, secret]);
                (vec![personal(&own, None, PERSON)], Party::Known(own))
            }
            By::Program(program, address) => {
                let own = key(&["password", email, program]);
                let network = key(&["password from", &from(address)]);
                let limits = vec![personal(&own, None, PERSON), shared(&network)];
                (limits, Party::Stranger(Some(own), network))
            }
            By::Nothing(address) => {
                let own = key(&["password", email, "from", &from(address)]);
                let network = key(&["password from", &from(address)]);
                let limits = vec![
                    personal(&anywhere, None, PERSON_FROM_ANYWHERE),
                    personal(&own, Some(&anywhere), PERSON_FROM_NETWORK),
                    shared(&network),
                ];
                (limits, Party::Stranger(Some(own), network))
            }
        };
        let place = Arc::new(app.passwords.enter(party)?);
        let mut attempt = Self { app: AppState::clone(app), limits, place, state: State::Waiting };
        // Who has to wait does not take the place of somebody who writes.
        let counts = throttles::find(&app.database.read, &attempt.keys()).await?;
        refuse(attempt.wait(&counts, app.clock.now()))?;
        timeout(PATIENCE, attempt.take_off()).await.map_err(|_| PasswordError::Busy)??;
        attempt.state = State::InFlight;
        Ok(attempt)
    }

    /// Compares the password with a hash as [`Passwords::verify_in`](crate::passwords::Passwords::verify_in)
    /// does. One attempt counts once, however many hashes it is compared with.
    ///
    /// # Errors
    ///
    /// When the hash cannot be read.
    pub async fn verify(&self, password: &str, phc: Option<&str>) -> Result<Verified> {
        Ok(self.app.passwords.verify_in(&self.place, password, phc).await?)
    }

    /// It was the right password, which clears what counts against the person. To be told in the transaction of
    /// what the password was for; [`Attempt::close`] follows the commit.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn succeed(&self, transaction: &impl Connection, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.settle(transaction, now, |count, counted, at| {
            count.end(at);
            if counted.is_personal {
                count.clear();
            }
        })
        .await
    }

    /// It has come to something, and that is committed.
    pub fn close(mut self) {
        self.state = State::Settled;
    }

    /// It was a wrong password.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn fail(self) -> Result<()> {
        let now = self.app.clock.now();
        let transaction = self.app.database.begin().await?;
        self.settle(&transaction, now, |count, counted, at| {
            count.end(at);
            count.add(counted.limit, at);
        })
        .await?;
        transaction.commit().await?;
        self.close();
        Ok(())
    }

    /// It was the right password, and there is nothing else to be done in one transaction with that. Answers the
    /// place of who showed it, for what else there is to be hashed.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn succeed_alone(self) -> Result<Arc<Place>> {
        let transaction = self.app.database.begin().await?;
        self.succeed(&transaction, self.app.clock.now()).await?;
        transaction.commit().await?;
        let place = Arc::clone(&self.place);
        self.close();
        Ok(place)
    }

    /// Waits until no more than may be are in flight, this one among them. Of one person's, only the first
    /// looks; all others wait behind it.
    async fn take_off(&self) -> Result<()> {
        let _first = self.place.judging().lock().await;
        loop {
            let mut judged = pin!(self.app.passwords.judged().notified());
            judged.as_mut().enable();
            if self.reserve().await? {
                return Ok(());
            }
            let _ = timeout(EVERY, judged).await;
        }
    }

    /// Notes that the attempt is in flight, unless too many are.
    async fn reserve(&self) -> Result<bool> {
        let now = self.app.clock.now();
        let transaction = self.app.database.begin().await?;
        let mut counts = throttles::hold(&transaction, &self.keys(), now).await?;
        let wait = self.wait(&counts, now);
        let has_room = |count: &Count| {
            self.counted(count).is_none_or(|counted| count.has_room(counted.limit, now.timestamp()))
        };
        let is_let_in = wait.is_none() && counts.iter().all(has_room);
        if is_let_in {
            for count in &mut counts {
                count.begin(now.timestamp());
            }
            throttles::save(&transaction, &counts).await?;
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        refuse(wait)?;
        Ok(is_let_in)
    }

    async fn settle(
        &self,
        transaction: &impl Connection,
        now: DateTime<Utc>,
        change: impl Fn(&mut Count, &Counted, i64),
    ) -> Result<(), StoreError> {
        let mut counts = throttles::hold(transaction, &self.keys(), now).await?;
        for count in &mut counts {
            if let Some(counted) = self.counted(count) {
                change(count, counted, now.timestamp());
            }
        }
        throttles::save(transaction, &counts).await
    }

    fn keys(&self) -> Vec<Key> {
        self.limits.iter().map(|counted| counted.key.clone()).collect()
    }

    fn counted(&self, count: &Count) -> Option<&Counted> {
        self.limits.iter().find(|counted| counted.key.key == count.key)
    }

    fn wait(&self, counts: &[Count], now: DateTime<Utc>) -> Option<u32> {
        let wait = |count: &Count| count.wait(self.counted(count)?.limit, now.timestamp());
        counts.iter().filter_map(wait).max()
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        match self.state {
            State::Waiting => {}
            State::Settled => self.app.passwords.judged().notify_waiters(),
            State::InFlight => {
                let app = AppState::clone(&self.app);
                let keys = self.keys();
                self.app.background.spawn(async move {
                    if let Err(error) = give_up(&app, &keys).await {
                        tracing::error!(%error, "an attempt that came to nothing is in flight for a minute more");
                    }
                    app.passwords.judged().notify_waiters();
                });
            }
        }
    }
}

fn personal(key: &str, person: Option<&str>, limit: Limit) -> Counted {
    let key = Key { key: key.to_owned(), person: person.map(str::to_owned) };
    Counted { key, limit, is_personal: true }
}

fn shared(network: &str) -> Counted {
    Counted { key: Key { key: network.to_owned(), person: None }, limit: ADDRESS, is_personal: false }
}

async fn give_up(app: &App, keys: &[Key]) -> Result<(), StoreError> {
    let now = app.clock.now();
    let transaction = app.database.begin().await?;
    let mut counts = throttles::hold(&transaction, keys, now).await?;
    for count in &mut counts {
        count.end(now.timestamp());
    }
    throttles::save(&transaction, &counts).await?;
    transaction.commit().await
}

/// Forgets the guesses at a person's password from devices that nobody knows: it is another now.
///
/// # Errors
///
/// When the database is away.
pub async fn forgive(connection: &impl Connection, email: &str) -> Result<(), StoreError> {
    throttles::forget_person(connection, &key(&["password", email, ""])).await
}

/// Whom the queue of the passwords takes somebody from an address for.
#[must_use]
pub fn party(address: Option<&str>) -> Party {
    Party::Stranger(None, key(&["password from", &network(address)]))
}

/// Counts a request that may send a message, or takes long to judge, by where it comes from.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn sender(app: &App, address: Option<&str>) -> Result<()> {
    count(app, &[(key(&["message from", &network(address)]), SENDER)]).await
}

/// Counts a message to somebody.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn recipient(app: &App, recipient: &str) -> Result<()> {
    count(app, &[(key(&["message to", recipient]), RECIPIENT)]).await
}

/// Counts a message with a link to set a new password, apart from all others: asking for those keeps nobody
/// from the way back in.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn reset(app: &App, to: &str, address: Option<&str>) -> Result<()> {
    sender(app, address).await?;
    count(app, &[(key(&["reset to", to]), RECIPIENT)]).await
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

/// Counts a notice to somebody, and returns when to send it.
///
/// # Errors
///
/// When the database is away.
pub async fn notice(
    connection: &impl Connection,
    recipient: &str,
    topic: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, StoreError> {
    let key = Key { key: key(&["notice to", recipient, topic]), person: None };
    let mut counts = throttles::hold(connection, std::slice::from_ref(&key), now).await?;
    let wait = counts.iter().filter_map(|count| count.wait(NOTICES, now.timestamp())).max().unwrap_or(0);
    for count in &mut counts {
        count.add(NOTICES, now.timestamp());
    }
    throttles::save(connection, &counts).await?;
    Ok(now + TimeDelta::seconds(wait.into()))
}

/// Counts a request that shows a genuine, unused link, by the link alone: an office's worth of people may
/// follow theirs at once, and what others ask for keeps nobody from it.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn link(app: &App, token: &str) -> Result<()> {
    count(app, &[(key(&["link", token]), LINK)]).await
}

/// Takes back what was counted by a link, which has been used.
///
/// # Errors
///
/// When the database is away.
pub async fn link_used(
    connection: &impl Connection,
    token: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    change(connection, &key(&["link", token]), now, Count::clear).await
}

/// Counts an invitation.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn invitation(app: &App, account: AccountId, recipient: &str) -> Result<()> {
    count(app, &[(key(&["invitation of", &account.to_string()]), INVITES)]).await?;
    // Apart from what strangers ask for, so that they cannot use it up.
    count(app, &[(key(&["invitation to", &account.to_string(), recipient]), RECIPIENT)]).await
}

/// Counts a change that the audit trail keeps, by the person who makes it and by the account.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn change_by(app: &App, user: UserId, role: Role, account: AccountId) -> Result<()> {
    let limit = if role == Role::Owner { CHANGES_OF_OWNER } else { CHANGES };
    let person = key(&["change by", &user.to_string()]);
    let account = key(&["change in", &account.to_string()]);
    count(app, &[(person, limit), (account, CHANGES_OF_ACCOUNT)]).await
}

/// Counts a proof, right or wrong, that the person of a session is there.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn proof(app: &App, session: &str) -> Result<()> {
    count(app, &[(key(&["proof in", session]), PROOFS)]).await
}

/// Counts a sign-in at a provider that begins, or its answer.
///
/// # Errors
///
/// `too_many_requests`, with how long to wait, or when the database is away.
pub async fn oauth(app: &App, address: Option<&str>) -> Result<()> {
    count(app, &[(key(&["provider from", &network(address)]), PROVIDER)]).await
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
    let back = |count: &mut Count| {
        count.take_back();
        count.take_back();
    };
    change(connection, &key(&["provider from", &network(address)]), now, back).await
}

/// Counts under all these keys, or under none of them.
async fn count(app: &App, limits: &[(String, Limit)]) -> Result<()> {
    let now = app.clock.now();
    let keys: Vec<_> = limits.iter().map(|(key, _)| Key { key: key.clone(), person: None }).collect();
    let limit = |count: &Count| limits.iter().find(|(key, _)| *key == count.key).map(|(_, limit)| *limit);
    let wait =
        |counts: &[Count]| counts.iter().filter_map(|count| count.wait(limit(count)?, now.timestamp())).max();
    // Who has to wait does not take the place of somebody who writes.
    refuse(wait(&throttles::find(&app.database.read, &keys).await?))?;
    let transaction = app.database.begin().await?;
    let mut counts = throttles::hold(&transaction, &keys, now).await?;
    let wait = wait(&counts);
    if wait.is_none() {
        for count in &mut counts {
            if let Some(limit) = limit(count) {
                count.add(limit, now.timestamp());
            }
        }
        throttles::save(&transaction, &counts).await?;
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    refuse(wait)
}

async fn change(
    connection: &impl Connection,
    key: &str,
    now: DateTime<Utc>,
    change: impl Fn(&mut Count),
) -> Result<(), StoreError> {
    let key = Key { key: key.to_owned(), person: None };
    let mut counts = throttles::hold(connection, std::slice::from_ref(&key), now).await?;
    counts.iter_mut().for_each(change);
    throttles::save(connection, &counts).await
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
