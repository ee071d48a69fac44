//! What a provider publishes, kept for a while: one asks for it anew, who needs it waits for that one's
//! answer, and nobody else waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::fetch::OidcError;

/// How long it is kept.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// How long it does while the provider cannot be asked anew.
const STALE: TimeDelta = TimeDelta::days(1);
/// How often at most it is asked for before its time, and how long what is stale does before it is tried again.
const EVERY: TimeDelta = TimeDelta::minutes(1);

/// A document of a provider's.
#[derive(Debug)]
pub(super) struct Kept<T> {
    state: Mutex<State<T>>,
    /// Whose turn it is to ask.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State<T> {
    value: Option<Arc<T>>,
    /// When it was asked for.
    asked_at: DateTime<Utc>,
    /// Until when nobody asks for it because it is old.
    fresh_until: DateTime<Utc>,
    /// Until when nobody asks for it because it does not have what is wanted.
    complete_until: DateTime<Utc>,
    /// How often it was asked for.
    tries: u64,
    /// What the last try came to, if to nothing.
    failure: Option<OidcError>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        let never = DateTime::UNIX_EPOCH;
        let state = State {
            value: None,
            asked_at: never,
            fresh_until: never,
            complete_until: never,
            tries: 0,
            failure: None,
        };
        Self { state: Mutex::new(state), turn: tokio::sync::Mutex::default() }
    }
}

impl<T> Kept<T> {
    /// What is kept, or else what `ask` answers: where there is nothing, where it is old, and, once a
    /// minute, where it does not have what is wanted.
    ///
    /// # Errors
    ///
    /// With those of `ask`. A provider that is away counts only once what is kept is a day old.
    pub(super) async fn get(
        &self,
        now: DateTime<Utc>,
        has_it: impl Fn(&T) -> bool,
        ask: impl AsyncFnOnce() -> Result<T, OidcError>,
    ) -> Result<Arc<T>, OidcError> {
        let tries = {
            let state = self.state();
            if let Some(value) = state.find(now, &has_it) {
                return Ok(value);
            }
            state.tries
        };
        let _turn = self.turn.lock().await;
        {
            let mut state = self.state();
            if let Some(value) = state.find(now, &has_it) {
                return Ok(value);
            }
            // Somebody asked while this one waited, and their answer is this one's too.
            if let Some(failure) = state.failure.clone().filter(|_| state.tries != tries) {
                return state.fall_back(now, &has_it, failure);
            }
        }
        let answer = ask().await;
        self.state().settle(now, &has_it, answer)
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn find(&self, now: DateTime<Utc>, has_it: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let good = |value: &&Arc<T>| now < self.fresh_until && (has_it(value) || now < self.complete_until);
        self.value.as_ref().filter(good).cloned()
    }

    fn settle(
        &mut self,
        now: DateTime<Utc>,
        has_it: impl Fn(&T) -> bool,
        answer: Result<T, OidcError>,
    ) -> Result<Arc<T>, OidcError> {
        self.tries += 1;
        match answer {
            Ok(value) => {
                // Only what was asked for before its time is not asked for again at once.
                if self.value.is_some() && now < self.fresh_until {
                    self.complete_until = now + EVERY;
                }
                self.asked_at = now;
                self.fresh_until = now + KEPT;
                self.failure = None;
                Ok(Arc::clone(self.value.insert(Arc::new(value))))
            }
            Err(error) => {
                self.failure = Some(error.clone());
                self.fall_back(now, has_it, error)
            }
        }
    }

    /// What is old, if it will do.
    fn fall_back(
        &mut self,
        now: DateTime<Utc>,
        has_it: impl Fn(&T) -> bool,
        error: OidcError,
    ) -> Result<Arc<T>, OidcError> {
        let old = self.value.as_ref().filter(|value| now < self.asked_at + STALE && has_it(value));
        match old {
            Some(value) if matches!(error, OidcError::Away(_)) => {
                tracing::warn!(%error, "what the provider published before still counts");
                self.fresh_until = now + EVERY;
                Ok(Arc::clone(value))
            }
            _ => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::{join_all, poll_immediate};

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(365) + TimeDelta::seconds(seconds)
    }

    fn away() -> OidcError {
        OidcError::Away("it sleeps".to_owned())
    }

    fn outcome(answer: Result<Arc<i32>, OidcError>) -> Result<i32, String> {
        answer.map(|value| *value).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn of_many_that_want_it_one_asks_and_all_have_its_answer() {
        for answer in [Ok(7), Err(away())] {
            let (kept, asked) = (Kept::default(), Cell::new(0));
            let ask = async || {
                asked.set(asked.get() + 1);
                // Everybody else comes to wait meanwhile.
                tokio::task::yield_now().await;
                answer.clone()
            };
            let all = join_all((0..20).map(|_| kept.get(at(0), |_| true, ask))).await;
            assert_eq!(asked.get(), 1);
            let expected = answer.clone().map_err(|error| error.to_string());
            assert!(all.into_iter().all(|one| outcome(one) == expected));
        }
    }

    #[tokio::test]
    async fn who_needs_nothing_new_does_not_wait_for_who_does() {
        let kept = Kept::default();
        kept.get(at(0), |_| true, async || Ok(1)).await.unwrap();
        let mut hangs = Box::pin(kept.get(at(1), |value| *value == 2, async || std::future::pending().await));
        assert!(poll_immediate(&mut hangs).await.is_none());
        let other = poll_immediate(kept.get(at(1), |value| *value == 1, async || Err(away()))).await;
        assert_eq!(other.map(outcome), Some(Ok(1)));
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_turn_to_the_next() {
        let kept = Kept::default();
        let mut first = Box::pin(kept.get(at(0), |_: &i32| true, async || std::future::pending().await));
        assert!(poll_immediate(&mut first).await.is_none());
        let second = kept.get(at(0), |_| true, async || Ok(2));
        let mut second = Box::pin(second);
        assert!(poll_immediate(&mut second).await.is_none(), "it is not its turn");
        drop(first);
        assert_eq!(outcome(second.await), Ok(2));
    }

    #[tokio::test]
    async fn a_failure_is_not_remembered() {
        let kept = Kept::default();
        assert_eq!(outcome(kept.get(at(0), |_| true, async || Ok(1)).await), Ok(1));
        let lacks = |value: &i32| *value == 2;
        assert!(kept.get(at(1), lacks, async || Err(away())).await.is_err());
        assert_eq!(outcome(kept.get(at(1), lacks, async || Ok(2)).await), Ok(2));
    }

    #[tokio::test]
    async fn what_it_lacks_is_asked_for_at_most_once_a_minute() {
        let kept = Kept::default();
        let ask = async |seconds: i64, wanted: i32, new: i32| {
            outcome(kept.get(at(seconds), |value| *value == wanted, async || Ok(new)).await)
        };
        assert_eq!(ask(0, 1, 1).await, Ok(1));
        assert_eq!(ask(0, 2, 2).await, Ok(2), "the first ask is no such one");
        assert_eq!(ask(59, 3, 3).await, Ok(2));
        assert_eq!(ask(60, 3, 3).await, Ok(3));
    }

    #[tokio::test]
    async fn what_is_old_does_for_a_day_while_the_provider_is_away_but_not_when_it_lies() {
        const HOUR: i64 = 3_600;
        let kept = Kept::default();
        let get = async |seconds, answer: Result<i32, OidcError>| {
            outcome(kept.get(at(seconds), |_| true, async || answer).await)
        };
        assert_eq!(get(0, Ok(1)).await, Ok(1));
        assert_eq!(get(HOUR - 1, Ok(2)).await, Ok(1), "young");
        assert_eq!(get(HOUR, Err(away())).await, Ok(1));
        assert_eq!(get(HOUR + 59, Ok(2)).await, Ok(1), "tried a moment ago");
        assert!(get(HOUR + 60, Err(OidcError::untrue("it lies"))).await.is_err());
        assert_eq!(get(24 * HOUR - 1, Err(away())).await, Ok(1));
        assert!(get(24 * HOUR + 59, Err(away())).await.is_err());
        assert_eq!(get(24 * HOUR + 59, Ok(2)).await, Ok(2));
    }
}
