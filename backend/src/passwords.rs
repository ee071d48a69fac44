//! Hashing and judging of passwords, on a pool of its own.
//!
//! One hash takes 19 MiB and some 15 ms of a core, and to judge one takes as long at the worst. Unbounded, a
//! storm of sign-ins would take all cores and all memory, and refreshes would starve; here it queues, and the
//! surplus is refused.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use argon2::{CustomizedPasswordHasher, Params, PasswordHash, PasswordVerifier};
use curfew_shared::error::FieldError;
use tokio::sync::Notify;

use self::{memory::Memory, queue::Queue};
use crate::{
    domain::field::{self, normal_password},
    entropy,
};

mod error;
mod memory;
mod queue;

pub use error::PasswordError;
pub use queue::{Party, Place, Turn};

/// What came of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// The password is not the one.
    No,
    /// It is.
    Yes,
    /// It is, and its hash was made with weaker parameters: this one is to take its place.
    YesRenewed(String),
}

/// The pool. Argon2id with m = 19 456 KiB, t = 2, p = 1 (ASVS V11.4.2).
#[derive(Debug, Clone)]
pub struct Passwords {
    queue: Arc<Queue>,
    /// Of those workers that are idle.
    memories: Arc<Mutex<Vec<Memory>>>,
    /// Verified against where there is no hash, so that the answer takes the same time.
    nobody: Arc<str>,
}

impl Passwords {
    /// A pool of `workers`.
    ///
    /// # Errors
    ///
    /// When there is no randomness for a salt.
    pub fn new(workers: usize) -> Result<Self, PasswordError> {
        Ok(Self {
            queue: Arc::new(Queue::new(workers)),
            memories: Arc::default(),
            nobody: hash(&Memory::default(), "nobody has this password")?.into(),
        })
    }

    /// Takes a place in the queue, before anything is done for `party`.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Busy`] when the queue is full, [`PasswordError::Crowded`] when their part of it is.
    pub fn enter(&self, party: Party) -> Result<Place, PasswordError> {
        self.queue.enter(party)
    }

    /// Tells that an attempt to prove who one is was judged.
    #[must_use]
    pub fn judged(&self) -> &Notify {
        &self.queue.judged
    }

    /// Hashes a password to a PHC string, for nobody in particular.
    ///
    /// # Errors
    ///
    /// As [`Passwords::enter`].
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        self.hash_in(&self.enter(nobody())?, password).await
    }

    /// Hashes a password to a PHC string.
    ///
    /// # Errors
    ///
    /// When there is no randomness for a salt.
    pub async fn hash_in(&self, place: &Place, password: &str) -> Result<String, PasswordError> {
        let password = normal_password(password);
        self.run(place, move |memory| hash(memory, &password)).await
    }

    /// Verifies a password against a PHC string, for nobody in particular.
    ///
    /// # Errors
    ///
    /// As [`Passwords::enter`] and [`Passwords::verify_in`].
    pub async fn verify(&self, password: &str, phc: Option<&str>) -> Result<Verified, PasswordError> {
        self.verify_in(&self.enter(nobody())?, password, phc).await
    }

    /// Verifies a password against a PHC string; without one it takes as long and the answer is no.
    ///
    /// # Errors
    ///
    /// When the hash cannot be read.
    pub async fn verify_in(
        &self,
        place: &Place,
        password: &str,
        phc: Option<&str>,
    ) -> Result<Verified, PasswordError> {
        let password = normal_password(password);
        let known = phc.is_some();
        let phc = phc.unwrap_or(&self.nobody).to_owned();
        let verified = self.run(place, move |memory| verify(memory, &password, &phc)).await?;
        Ok(if known { verified } else { Verified::No })
    }

    /// What is wrong with a password to be, if anything; see [`field::check_new_password`]. `about` are words
    /// that an attacker knows of its owner.
    ///
    /// # Errors
    ///
    /// As [`Passwords::enter`].
    pub async fn judge(
        &self,
        name: &'static str,
        password: &str,
        about: &[&str],
    ) -> Result<Option<FieldError>, PasswordError> {
        self.judge_in(&self.enter(nobody())?, name, password, about).await
    }

    /// The same, in a place that was taken for somebody.
    ///
    /// # Errors
    ///
    /// When the work was cut short.
    pub async fn judge_in(
        &self,
        place: &Place,
        name: &'static str,
        password: &str,
        about: &[&str],
    ) -> Result<Option<FieldError>, PasswordError> {
        if let Some(fault) = field::check_password(name, password) {
            return Ok(Some(fault));
        }
        let password = password.to_owned();
        let about: Vec<_> = about.iter().map(|&text| text.to_owned()).collect();
        self.run(place, move |_| {
            let about: Vec<_> = about.iter().map(String::as_str).collect();
            Ok(field::check_new_password(name, &password, &about))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        place: &Place,
        work: impl FnOnce(&Memory) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = place.turn().await?;
        let (memories, queue) = (Arc::clone(&self.memories), Arc::clone(&self.queue));
        // The turn lives in the blocking task: a client that hangs up does not free the worker before
        // the work is done.
        let work = move || {
            let begun = Instant::now();
            let memory = memories.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let result = work(&memory);
            memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            queue.took(begun.elapsed());
            drop(turn);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| PasswordError::Argon2(error.to_string()))?
    }
}

/// Whoever is not told from others.
fn nobody() -> Party {
    Party::Stranger(None, String::new())
}

fn hash(memory: &Memory, password: &str) -> Result<String, PasswordError> {
    let salt = entropy::bytes::<16>()?;
    let hash = memory.hash_password_customized(password.as_bytes(), &salt, None, None, Params::default());
    hash.map(|hash| hash.to_string()).map_err(argon2)
}

fn verify(memory: &Memory, password: &str, phc: &str) -> Result<Verified, PasswordError> {
    let stored = PasswordHash::new(phc).map_err(argon2)?;
    match memory.verify_password(password.as_bytes(), &stored) {
        Ok(()) if is_weaker(&stored) => hash(memory, password).map(Verified::YesRenewed),
        Ok(()) => Ok(Verified::Yes),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Verified::No),
        Err(error) => Err(argon2(error)),
    }
}

/// Whether a stored hash was made with less memory or fewer passes than are asked for now, or
/// with another variant.
fn is_weaker(stored: &PasswordHash) -> bool {
    let now = Params::default();
    stored.algorithm != argon2::ARGON2ID_IDENT
        || Params::try_from(stored)
            .map_or(true, |then| then.m_cost() < now.m_cost() || then.t_cost() < now.t_cost())
}

fn argon2(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Argon2(error.to_string())
}

#[cfg(test)]
mod tests {
    use ::argon2::{Argon2, PasswordHasher};

    use super::*;

    #[tokio::test]
    async fn a_stored_hash_names_the_parameters_that_the_standard_asks_for() {
        let hash = Passwords::new(1).unwrap().hash("correct horse battery").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_it_was_composed() {
        let passwords = Passwords::new(1).unwrap();
        let hash = passwords.hash("cafe\u{301} au lait, s'il").await.unwrap();
        assert_eq!(passwords.verify("caf\u{e9} au lait, s'il", Some(&hash)).await.unwrap(), Verified::Yes);
        assert_eq!(passwords.verify("cafe au lait, s'il", Some(&hash)).await.unwrap(), Verified::No);
    }

    #[tokio::test]
    async fn nobody_signs_in_without_a_hash() {
        let passwords = Passwords::new(1).unwrap();
        assert_eq!(passwords.verify("nobody has this password", None).await.unwrap(), Verified::No);
    }

    #[tokio::test]
    async fn a_weaker_hash_is_renewed_at_sign_in() {
        let passwords = Passwords::new(1).unwrap();
        let weak = Argon2::new(
            ::argon2::Algorithm::Argon2id,
            ::argon2::Version::V0x13,
            Params::new(8, 1, 1, None).unwrap(),
        );
        let weak =
            weak.hash_password_with_salt(b"correct horse battery", b"sixteen bytes ok").unwrap().to_string();
        let Verified::YesRenewed(renewed) =
            passwords.verify("correct horse battery", Some(&weak)).await.unwrap()
        else {
            panic!("not renewed");
        };
        assert_eq!(passwords.verify("correct horse battery", Some(&renewed)).await.unwrap(), Verified::Yes);
        assert_eq!(passwords.verify("wrong", Some(&weak)).await.unwrap(), Verified::No);
    }
}
