//! The one place that asks for the time.

use std::{
    fmt::Debug,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::store::{Database, StoreError};

/// How far the machine's clock may be from the database's before the log says so.
const NOTICED: TimeDelta = TimeDelta::seconds(5);
/// How long the database's clock is known after it was read.
const KNOWN: Duration = Duration::from_mins(5);
/// The longest that reading it may take: the error is half of that at most.
const PRECISE: Duration = Duration::from_secs(1);

/// Tells the time, in whole microseconds: the finest that both databases keep.
pub trait Clock: Debug + Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;

    /// Whether what it tells can be relied on.
    fn is_trusted(&self) -> bool {
        true
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// The clock of PostgreSQL, by which all replicas agree; in SQLite the machine's.
///
/// Between two readings it goes on by the time that has passed, so that the machine's own clock may be wrong,
/// or be set, and nothing comes of it.
#[derive(Debug)]
pub struct DatabaseClock<C = SystemClock> {
    machine: C,
    reading: RwLock<Option<Reading>>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    time: DateTime<Utc>,
    at: Instant,
}

impl Reading {
    fn now(self) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(self.at.elapsed()).unwrap_or_default();
        (self.time + passed).trunc_subsecs(6)
    }
}

impl<C: Clock> DatabaseClock<C> {
    /// Reads the database's clock for the first time.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn new(machine: C, database: &Database) -> Result<Self, StoreError> {
        let clock = Self { machine, reading: RwLock::new(None) };
        clock.read(database).await?;
        Ok(clock)
    }

    /// Reads the database's clock again.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn read(&self, database: &Database) -> Result<(), StoreError> {
        let begun = Instant::now();
        let Some(time) = database.time().await? else { return Ok(()) };
        let took = begun.elapsed();
        if took > PRECISE && self.reading().is_some() {
            return Ok(());
        }
        let reading = Reading { time, at: begun + took / 2 };
        let off = self.machine.now() - reading.now();
        if off.abs() > NOTICED {
            tracing::warn!(
                seconds = off.num_seconds(),
                "this machine's clock differs from the database's, which is used; mend its time service"
            );
        }
        *self.reading.write().unwrap_or_else(PoisonError::into_inner) = Some(reading);
        Ok(())
    }

    fn reading(&self) -> Option<Reading> {
        *self.reading.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> Clock for DatabaseClock<C> {
    fn now(&self) -> DateTime<Utc> {
        self.reading().map_or_else(|| self.machine.now(), Reading::now)
    }

    fn is_trusted(&self) -> bool {
        self.reading().is_none_or(|reading| reading.at.elapsed() < KNOWN)
    }
}
