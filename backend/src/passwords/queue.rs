//! The queue before the workers: everybody gets a turn in a fair order, and nobody takes all places.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Mutex as AsyncMutex, Notify, oneshot};

use super::error::PasswordError;

/// The longest that anybody is expected to wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many may wait at least, however slow the machine: two offices that start work at the same moment.
const PLACES_MIN: usize = 128;
/// How many places one person may take.
const PER_PERSON: usize = 64;
/// What a turn takes until some were measured.
const COST: Duration = Duration::from_millis(15);

/// For whom there is something to hash or to verify.
#[derive(Debug, Clone)]
pub enum Party {
    /// Somebody who holds a session or the cookie of a device. They have places of their own.
    Known(String),
    /// Anybody else: whom they say they are, if anybody, and the network they come from.
    Stranger(Option<String>, String),
}

/// The queue.
#[derive(Debug)]
pub struct Queue {
    workers: usize,
    state: Mutex<State>,
    /// Tells that an attempt was judged, for whoever waits for that.
    pub judged: Notify,
}

#[derive(Debug)]
struct State {
    idle: usize,
    cost: Duration,
    known: Class,
    strangers: Class,
    is_turn_of_known: bool,
}

/// Those who are known, or all others: both classes get turns alternately.
#[derive(Debug, Default)]
struct Class {
    places: usize,
    shares: HashMap<String, Share>,
    /// Who waits, by lane; and the lanes in the order of their turns.
    waiting: HashMap<String, VecDeque<oneshot::Sender<Turn>>>,
    order: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Share {
    places: usize,
    judging: Arc<AsyncMutex<()>>,
}

impl Queue {
    pub(super) fn new(workers: usize) -> Self {
        let state = State {
            idle: workers,
            cost: COST,
            known: Class::default(),
            strangers: Class::default(),
            is_turn_of_known: true,
        };
        Self { workers, state: Mutex::new(state), judged: Notify::new() }
    }

    /// Takes a place.
    pub(super) fn enter(self: &Arc<Self>, party: Party) -> Result<Place, PasswordError> {
        let mut state = self.state();
        let all = state.places(self.workers);
        let (is_known, lane, person, shares) = match party {
            Party::Known(person) => (true, person.clone(), person.clone(), vec![(person, PER_PERSON)]),
            Party::Stranger(person, network) => {
                let shares = person.iter().map(|person| (person.clone(), PER_PERSON));
                let shares = shares.chain([(network.clone(), all / 2)]).collect();
                (false, network.clone(), person.unwrap_or(network), shares)
            }
        };
        let wait = state.wait(self.workers);
        let class = state.class(is_known);
        if class.places >= all {
            return Err(PasswordError::Busy);
        }
        let is_full = |(key, most): &(String, usize)| {
            class.shares.get(key).is_some_and(|share: &Share| share.places >= *most)
        };
        if shares.iter().any(is_full) {
            return Err(PasswordError::Crowded(wait));
        }
        class.places += 1;
        for (key, _) in &shares {
            class.shares.entry(key.clone()).or_default().places += 1;
        }
        let judging = class.shares.get(&person).map(|share| Arc::clone(&share.judging)).unwrap_or_default();
        let shares = shares.into_iter().map(|(key, _)| key).collect();
        Ok(Place { queue: Arc::clone(self), is_known, lane, shares, judging })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of how long a turn took.
    pub(super) fn took(&self, time: Duration) {
        let mut state = self.state();
        state.cost = (state.cost * 7 + time) / 8;
    }

    /// Gives a worker to the next one who waits.
    fn pass_on(self: &Arc<Self>) {
        let mut state = self.state();
        while let Some(next) = state.next() {
            let turn = Turn { queue: Some(Arc::clone(self)) };
            match next.send(turn) {
                Ok(()) => return,
                // Nobody waits there any longer.
                Err(mut turn) => turn.queue = None,
            }
        }
        state.idle += 1;
    }
}

impl State {
    fn class(&mut self, is_known: bool) -> &mut Class {
        if is_known { &mut self.known } else { &mut self.strangers }
    }

    /// How many places each class has.
    fn places(&self, workers: usize) -> usize {
        let cost = self.cost.as_micros().max(1);
        let turns = PATIENCE.as_micros() * workers as u128 / cost;
        usize::try_from(turns).unwrap_or(usize::MAX).max(PLACES_MIN)
    }

    /// How long those who are here are expected to take, in seconds.
    fn wait(&self, workers: usize) -> u32 {
        let waiting = u32::try_from((self.known.places + self.strangers.places) / workers.max(1));
        u32::try_from((self.cost * waiting.unwrap_or(u32::MAX)).as_secs()).unwrap_or(u32::MAX).max(1)
    }

    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let is_turn_of_known = self.is_turn_of_known;
        self.is_turn_of_known = !is_turn_of_known;
        let next = self.class(is_turn_of_known).next();
        next.or_else(|| self.class(!is_turn_of_known).next())
    }
}

impl Class {
    fn wait(&mut self, lane: &str) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        if !self.waiting.contains_key(lane) {
            self.order.push_back(lane.to_owned());
        }
        self.waiting.entry(lane.to_owned()).or_default().push_back(sender);
        receiver
    }

    /// The first in the lane whose turn it is; the lane then waits for all others.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let lane = self.order.pop_front()?;
        let waiting = self.waiting.get_mut(&lane)?;
        let next = waiting.pop_front();
        if waiting.is_empty() {
            self.waiting.remove(&lane);
        } else {
            self.order.push_back(lane);
        }
        next
    }
}

/// A place in the queue, good for any number of turns.
#[derive(Debug)]
pub struct Place {
    queue: Arc<Queue>,
    is_known: bool,
    lane: String,
    shares: Vec<String>,
    judging: Arc<AsyncMutex<()>>,
}

impl Place {
    /// Held by the first who waits for attempts of the same person to be judged; all others wait behind.
    #[must_use]
    pub fn judging(&self) -> &AsyncMutex<()> {
        &self.judging
    }

    /// Waits for a worker.
    ///
    /// # Errors
    ///
    /// When there are no workers any more.
    pub async fn turn(&self) -> Result<Turn, PasswordError> {
        let waiting = {
            let mut state = self.queue.state();
            if state.idle > 0 {
                state.idle -= 1;
                return Ok(Turn { queue: Some(Arc::clone(&self.queue)) });
            }
            state.class(self.is_known).wait(&self.lane)
        };
        waiting.await.map_err(|_| PasswordError::Busy)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        let class = state.class(self.is_known);
        class.places -= 1;
        for key in &self.shares {
            if let Some(share) = class.shares.get_mut(key) {
                share.places -= 1;
                if share.places == 0 {
                    class.shares.remove(key);
                }
            }
        }
    }
}

/// A worker's time.
#[derive(Debug)]
pub struct Turn {
    queue: Option<Arc<Queue>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn stranger(person: usize, network: &str) -> Party {
        Party::Stranger(Some(format!("person {person}")), network.to_owned())
    }

    fn enter(queue: &Arc<Queue>, party: Party) -> Place {
        queue.enter(party).unwrap()
    }

    #[tokio::test]
    async fn a_flood_from_one_network_delays_others_by_a_turn_at_most() {
        let queue = Arc::new(Queue::new(1));
        let busy = enter(&queue, stranger(0, "a")).turn().await.unwrap();
        let flood: Vec<_> = (0..60).map(|n| enter(&queue, stranger(n, "a"))).collect();
        let mut flood: Vec<_> = flood.iter().map(|place| Box::pin(place.turn())).collect();
        assert!(flood.iter_mut().all(|turn| turn.now_or_never().is_none()));
        let other = enter(&queue, stranger(99, "b"));
        let known = enter(&queue, Party::Known("ada".to_owned()));
        let (mut other, mut known) = (Box::pin(other.turn()), Box::pin(known.turn()));
        assert!((&mut other).now_or_never().is_none() && (&mut known).now_or_never().is_none());
        drop(busy);
        let turn = (&mut known).now_or_never().expect("those who are known are first").unwrap();
        drop(turn);
        let turn = flood[0].as_mut().now_or_never().unwrap().unwrap();
        drop(turn);
        let turn = (&mut other).now_or_never().expect("each network has its turn").unwrap();
        // Who gave up is passed over.
        drop(flood.remove(1));
        drop(turn);
        assert!(flood[1].as_mut().now_or_never().is_some());
        drop(flood);
        assert_eq!(queue.state().idle, 1);
    }

    #[test]
    fn the_places_are_as_many_as_have_their_turn_within_five_seconds() {
        let queue = Arc::new(Queue::new(2));
        assert_eq!(queue.state().places(2), 666);
        for _ in 0..100 {
            queue.took(Duration::from_secs(1));
        }
        assert_eq!(queue.state().places(2), 128, "however slow it is");
    }

    #[test]
    fn nobody_takes_all_places() {
        let queue = Arc::new(Queue::new(1));
        for _ in 0..100 {
            queue.took(Duration::from_secs(1));
        }
        let crowded = |party| matches!(queue.enter(party), Err(PasswordError::Crowded(_)));
        let known = || Party::Known("ada".to_owned());
        let ada: Vec<_> = (0..64).map(|_| enter(&queue, known())).collect();
        assert!(crowded(known()));
        let one: Vec<_> = (0..64).map(|n| enter(&queue, stranger(n, "a"))).collect();
        assert!(crowded(stranger(64, "a")));
        let another: Vec<_> = (0..64).map(|n| enter(&queue, stranger(n, "b"))).collect();
        // What strangers take is none of those who are known, and the other way round.
        assert!(matches!(queue.enter(stranger(64, "c")), Err(PasswordError::Busy)));
        assert!(queue.enter(Party::Known("bob".to_owned())).is_ok());
        drop((ada, one, another));
        assert!(queue.enter(known()).is_ok());
        assert!(queue.state().strangers.shares.is_empty());
    }
}
