//! Limits on attempts: how many are free, how long the next has to wait, how many may be judged at once.

/// A limit: so many attempts are free, then each makes the next wait twice as long as the one
/// before, from `first` up to `longest`. All times are in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// How many attempts are free.
    pub free: i32,
    /// The first wait.
    pub first: i64,
    /// The longest wait.
    pub longest: i64,
    /// After how long one attempt is forgiven.
    pub forgive: i64,
    /// How many attempts may be made in a row; then there is a day's pause.
    pub most: i32,
}

/// The pause after the last attempt that a limit admits, in seconds.
const PAUSE: i64 = 24 * 60 * 60;
/// How far the clocks of two replicas may differ, in seconds. A block that lies farther ahead than the longest
/// wait and this was made by a clock that was wrong.
const SKEW: i64 = 60;
/// How long an attempt is taken to be in flight, in seconds: longer than any request lasts. A process that was
/// killed never tells what became of its attempts.
const FLIGHT: i64 = 60;

/// What is counted under one key. Moments are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// What it is kept under.
    pub key: String,
    /// Attempts that count, of those the ones that are not forgiven yet.
    pub attempts: i32,
    /// Until when the next has to wait.
    pub blocked_until: i64,
    /// Since when attempts are forgiven.
    pub updated_at: i64,
    /// Attempts that are being judged, and may or may not come to count.
    pub in_flight: i32,
    /// Until when those are believed to be.
    pub in_flight_until: i64,
}

impl Count {
    /// How many seconds the next attempt has to wait, if at all.
    #[must_use]
    pub fn wait(&self, limit: Limit, now: i64) -> Option<u32> {
        let longest = if self.attempts >= limit.most { PAUSE } else { limit.longest };
        let wait = self.blocked_until - now;
        if wait <= longest + SKEW { u32::try_from(wait).ok().filter(|wait| *wait > 0) } else { None }
    }

    /// Whether one more attempt may be judged now: even if all those in flight come to count, no more are made
    /// than one after the other would be.
    #[must_use]
    pub fn has_room(&self, limit: Limit, now: i64) -> bool {
        let room = limit.free.saturating_add(1).min(limit.most) - self.left(limit, now);
        self.flying(now) < room.max(1)
    }

    /// Takes note of an attempt that is about to be judged.
    pub fn begin(&mut self, now: i64) {
        self.in_flight = self.flying(now) + 1;
        self.in_flight_until = now + FLIGHT;
    }

    /// Takes note that an attempt has been judged, or was given up.
    pub fn end(&mut self, now: i64) {
        self.in_flight = (self.flying(now) - 1).max(0);
    }

    /// Counts an attempt, which may make the next one wait.
    pub fn add(&mut self, limit: Limit, now: i64) {
        let before = self.left(limit, now);
        // By whole forgiven attempts, so that nothing of the time between two is lost.
        let forgiven = (now - self.updated_at).max(0) / limit.forgive;
        let is_ahead = self.updated_at > now;
        self.updated_at =
            if before == 0 || is_ahead { now } else { self.updated_at + forgiven * limit.forgive };
        self.attempts = before.saturating_add(1);
        let wait = if self.attempts >= limit.most {
            PAUSE
        } else if before < limit.free {
            0
        } else {
            let doubled = u32::try_from(before - limit.free).unwrap_or(0).min(20);
            (limit.first << doubled).min(limit.longest)
        };
        // What is free blocks nobody, whatever the clock says later.
        self.blocked_until = if wait > 0 { now + wait } else { 0 };
    }

    /// Takes one attempt back, and the wait that it brought.
    pub fn take_back(&mut self) {
        self.attempts = (self.attempts - 1).max(0);
        self.blocked_until = 0;
    }

    /// Takes all attempts back.
    pub fn clear(&mut self) {
        self.attempts = 0;
        self.blocked_until = 0;
    }

    /// Whether there is nothing left to keep.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.attempts == 0 && self.in_flight == 0
    }

    /// The attempts that are not forgiven by now.
    fn left(&self, limit: Limit, now: i64) -> i32 {
        let forgiven = (now - self.updated_at).max(0) / limit.forgive;
        i32::try_from((i64::from(self.attempts) - forgiven).max(0)).unwrap_or(i32::MAX)
    }

    fn flying(&self, now: i64) -> i32 {
        let believed = now < self.in_flight_until && self.in_flight_until <= now + FLIGHT + SKEW;
        if believed { self.in_flight } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { free: 2, first: 1, longest: 8, forgive: 100, most: 20 };
    const NOW: i64 = 1_000_000;

    fn new() -> Count {
        Count {
            key: String::new(),
            attempts: 0,
            blocked_until: 0,
            updated_at: NOW,
            in_flight: 0,
            in_flight_until: 0,
        }
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest_and_after_the_last_there_is_a_pause() {
        let mut count = new();
        let mut now = NOW;
        let mut waits = Vec::new();
        for _ in 0..20 {
            count.add(Limit { forgive: 1_000_000, ..LIMIT }, now);
            let wait = count.wait(LIMIT, now).unwrap_or(0);
            now += i64::from(wait);
            waits.push(wait);
        }
        assert_eq!(waits[..8], [0, 0, 1, 2, 4, 8, 8, 8]);
        assert_eq!(waits[19], 86_400);
    }

    #[test]
    fn attempts_are_forgiven_one_by_one() {
        let mut count = new();
        count.add(LIMIT, NOW);
        count.add(LIMIT, NOW + 50);
        count.add(LIMIT, NOW + 110);
        assert_eq!((count.attempts, count.blocked_until, count.updated_at), (2, 0, NOW + 100));
        count.add(LIMIT, NOW + 400);
        assert_eq!((count.attempts, count.updated_at), (1, NOW + 400));
    }

    #[test]
    fn no_more_are_in_flight_than_could_be_made_one_after_the_other() {
        let mut count = new();
        for _ in 0..3 {
            assert!(count.has_room(LIMIT, NOW));
            count.begin(NOW);
        }
        assert!(!count.has_room(LIMIT, NOW));
        count.end(NOW);
        assert!(count.has_room(LIMIT, NOW));
        count.add(LIMIT, NOW);
        assert!(!count.has_room(LIMIT, NOW));
        // Those of a process that was killed are forgotten.
        assert!(count.has_room(LIMIT, NOW + 60));
    }

    #[test]
    fn a_clock_that_was_ahead_blocks_nobody() {
        let ahead = NOW + 3_600;
        let mut count = new();
        for _ in 0..6 {
            count.begin(ahead);
            count.end(ahead);
            count.add(LIMIT, ahead);
        }
        count.begin(ahead);
        assert_eq!(count.wait(LIMIT, ahead), Some(8));
        assert_eq!(count.wait(LIMIT, NOW), None);
        assert!(count.has_room(LIMIT, NOW));
        count.add(LIMIT, NOW);
        assert_eq!((count.attempts, count.updated_at, count.wait(LIMIT, NOW)), (7, NOW, Some(8)));
        // A replica whose clock is a little behind respects the wait all the same.
        assert_eq!(count.wait(LIMIT, NOW - 30), Some(38));
    }

    #[test]
    fn what_is_free_blocks_nobody_whatever_the_clock() {
        let mut count = new();
        count.add(LIMIT, NOW + 3);
        assert_eq!(count.wait(LIMIT, NOW), None);
        count.take_back();
        assert!(count.is_empty());
        assert_eq!(count.wait(LIMIT, NOW), None);
    }
}
