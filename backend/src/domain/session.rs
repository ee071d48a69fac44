//! A session's life: its snapshot of the policy, its deadlines, and what becomes of a refresh.
//!
//! A deadline equal to now has passed. Deadlines are whole seconds, as in the tokens that carry them.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use curfew_shared::{
    id::{AccountId, SessionId, UserId},
    policy::Policy,
};
use uuid::Uuid;

/// The longest window that a snapshot can hold: far beyond every bound, near enough to add to any time.
const LONGEST: i64 = 100 * 366 * 24 * 60 * 60;

/// The policy as it stood at sign-in, and when that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    auth_time: DateTime<Utc>,
    idle_max: TimeDelta,
    abs_max: TimeDelta,
}

impl Snapshot {
    /// From a token's claims, in seconds; `None` unless both windows are positive and the times exist.
    #[must_use]
    pub fn new(auth_time: i64, idle_max: i64, abs_max: i64) -> Option<Self> {
        let window = |seconds| (1..=LONGEST).contains(&seconds).then(|| TimeDelta::try_seconds(seconds))?;
        (0..=LONGEST).contains(&auth_time).then_some(())?;
        Some(Self {
            auth_time: DateTime::from_timestamp(auth_time, 0)?,
            idle_max: window(idle_max)?,
            abs_max: window(abs_max)?,
        })
    }

    /// Of a sign-in at `now` under `policy`.
    #[must_use]
    pub fn at_sign_in(now: DateTime<Utc>, policy: Policy) -> Self {
        Self {
            auth_time: now.trunc_subsecs(0),
            idle_max: TimeDelta::minutes(policy.idle_minutes.into()),
            abs_max: TimeDelta::minutes(policy.absolute_minutes.into()),
        }
    }

    /// When the person signed in.
    #[must_use]
    pub const fn auth_time(&self) -> DateTime<Utc> {
        self.auth_time
    }

    /// The idle window, in seconds.
    #[must_use]
    pub const fn idle_max(&self) -> i64 {
        self.idle_max.num_seconds()
    }

    /// The absolute window, in seconds.
    #[must_use]
    pub const fn abs_max(&self) -> i64 {
        self.abs_max.num_seconds()
    }

    /// Both deadlines of a session that is used at `now`.
    #[must_use]
    pub fn deadlines(&self, now: DateTime<Utc>) -> Deadlines {
        Deadlines {
            idle_expires_at: now.trunc_subsecs(0) + self.idle_max,
            absolute_expires_at: self.auth_time + self.abs_max,
        }
    }
}

/// When a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Unless it is refreshed before.
    pub idle_expires_at: DateTime<Utc>,
    /// Whatever happens.
    pub absolute_expires_at: DateTime<Utc>,
}

impl Deadlines {
    /// The one that comes first.
    #[must_use]
    pub fn nearer(&self) -> DateTime<Utc> {
        self.idle_expires_at.min(self.absolute_expires_at)
    }

    /// Whether either has passed.
    #[must_use]
    pub fn passed(&self, now: DateTime<Utc>) -> bool {
        now >= self.nearer()
    }
}

/// What a refresh with an unconsumed token does to the session, decided before the database is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The session goes on, with these deadlines.
    Rotate(Deadlines),
    /// The absolute window has passed: the session ends, and its generation is consumed all the same.
    End,
}

/// Decides the step for a token whose idle window, still open, ends at `idle_expires_at`.
/// A passive refresh leaves that deadline where it is; nothing puts it off.
#[must_use]
pub fn step(snapshot: &Snapshot, idle_expires_at: DateTime<Utc>, passive: bool, now: DateTime<Utc>) -> Step {
    let renewed = snapshot.deadlines(now);
    if now >= renewed.absolute_expires_at {
        Step::End
    } else if passive {
        // A token from before policies may name a deadline that no policy would have given it.
        let idle_expires_at = idle_expires_at.min(renewed.idle_expires_at);
        Step::Rotate(Deadlines { idle_expires_at, ..renewed })
    } else {
        Step::Rotate(renewed)
    }
}

/// A session as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose account it belongs to.
    pub account_id: AccountId,
    /// Who signed in.
    pub user_id: UserId,
    /// The generation that the next refresh must name.
    pub generation: i64,
    /// When the last generations were consumed.
    pub rotations: Rotations,
    /// Which generations were consumed before those.
    pub marks: Marks,
    /// The idempotency key of the refresh that made the present generation.
    pub rotation_key: Option<Uuid>,
    /// The policy at sign-in.
    pub snapshot: Snapshot,
    /// When it ends.
    pub deadlines: Deadlines,
    /// When it was ended before its time.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What to make of a token whose generation could not be consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The answer to this very refresh was lost: the same successor again.
    Repeat,
    /// Refused, and nothing more: a race's loser, or a session that has ended.
    Refuse,
    /// Refused, and the session with it: somebody holds a stolen token (RFC 9700 §4.14.2).
    Replay,
}

impl Session {
    /// Whether it can still be refreshed.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && !self.deadlines.passed(now)
    }

    /// Judges a token that names `generation` and could not be consumed, sent with `key`.
    ///
    /// The present generation's predecessor is repeated for the key that consumed it, for as long
    /// as the session lives. Any other consumed generation is a replay once `leeway` has passed
    /// since its consumption.
    #[must_use]
    pub fn judge(
        &self,
        generation: i64,
        key: Option<Uuid>,
        leeway: TimeDelta,
        now: DateTime<Utc>,
    ) -> Verdict {
        if !self.is_live(now) || generation >= self.generation {
            return Verdict::Refuse;
        }
        let age = self.generation - 1 - generation;
        if age == 0 && key.is_some() && key == self.rotation_key {
            return Verdict::Repeat;
        }
        let is_past = |consumed_at: DateTime<Utc>| now > consumed_at + leeway;
        if self.marks.is_old(generation, is_past) || self.rotations.consumed_at(age).is_some_and(is_past) {
            Verdict::Replay
        } else {
            Verdict::Refuse
        }
    }
}

/// What stays known of generations that [`Rotations`] keeps no longer.
///
/// Whoever refreshes fast enough makes every kept rotation a recent one. A mark is set at most once
/// in a leeway, so it ages whatever happens meanwhile: a generation that was consumed three times
/// the leeway ago is known to be old for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// This generation, and all before it, were consumed more than a leeway ago.
    pub old_generation: i64,
    /// This generation was consumed at `marked_at`, and all before it no later.
    pub generation: i64,
    /// When the mark was set.
    pub marked_at: Option<DateTime<Utc>>,
}

impl Marks {
    /// Of a session that was never refreshed.
    pub const NONE: Self = Self { old_generation: -1, generation: -1, marked_at: None };

    fn is_old(&self, generation: i64, is_past: impl Fn(DateTime<Utc>) -> bool) -> bool {
        generation <= self.old_generation
            || (generation <= self.generation && self.marked_at.is_some_and(is_past))
    }
}

/// When the last few generations were consumed, newest first, as the database keeps it: 16
/// hexadecimal digits of microseconds since the epoch each. For these the leeway is exact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rotations(String);

impl Rotations {
    /// How many are kept.
    pub const KEPT: usize = 4;
    /// Digits of one.
    pub const DIGITS: usize = 16;
    /// Length of the whole text.
    pub const LENGTH: usize = Self::KEPT * Self::DIGITS;

    /// As read from the database.
    #[must_use]
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The entry for a rotation at `now`, to be put before the others.
    #[must_use]
    pub fn entry(now: DateTime<Utc>) -> String {
        format!("{:016x}", now.timestamp_micros())
    }

    /// When the generation that is `age` rotations older than the newest consumed one was consumed.
    /// Of those no longer kept, the latest moment that it can have been.
    #[must_use]
    pub fn consumed_at(&self, age: i64) -> Option<DateTime<Utc>> {
        let kept = self.0.len() / Self::DIGITS;
        let index = usize::try_from(age).ok()?.min(kept.checked_sub(1)?);
        let digits = self.0.get(index * Self::DIGITS..(index + 1) * Self::DIGITS)?;
        DateTime::from_timestamp_micros(i64::from_str_radix(digits, 16).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEEWAY: TimeDelta = TimeDelta::seconds(10);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn millis(n: i64) -> TimeDelta {
        TimeDelta::milliseconds(n)
    }

    fn session(policy: Policy) -> Session {
        let snapshot = Snapshot::at_sign_in(at(0), policy);
        Session {
            id: SessionId(Uuid::nil()),
            account_id: AccountId(Uuid::nil()),
            user_id: UserId(Uuid::nil()),
            generation: 0,
            rotations: Rotations::default(),
            marks: Marks::NONE,
            rotation_key: None,
            snapshot,
            deadlines: snapshot.deadlines(at(0)),
            revoked_at: None,
        }
    }

    /// What the one statement of the store does to a row.
    fn rotate(session: &mut Session, deadlines: Deadlines, key: Option<Uuid>, now: DateTime<Utc>) {
        let is_past = |at: DateTime<Utc>| at < now - LEEWAY;
        if session.rotations.consumed_at(0).is_some_and(is_past) {
            session.marks.old_generation = session.generation - 1;
        } else if session.marks.marked_at.is_some_and(is_past) {
            session.marks.old_generation = session.marks.generation;
        }
        if session.marks.marked_at.is_none_or(is_past) {
            session.marks.generation = session.generation;
            session.marks.marked_at = Some(now);
        }
        session.generation += 1;
        session.deadlines = deadlines;
        session.rotation_key = key;
        let mut text = Rotations::entry(now) + &session.rotations.0;
        text.truncate(Rotations::LENGTH);
        session.rotations = Rotations(text);
    }

    #[test]
    fn a_deadline_equal_to_now_has_passed() {
        let session = session(Policy::STRICT);
        assert_eq!(session.snapshot.idle_max(), 259_200);
        assert_eq!(session.snapshot.abs_max(), 1_209_600);
        let idle = session.deadlines.idle_expires_at;
        assert_eq!(idle, at(259_200));
        assert!(session.is_live(idle - millis(1)));
        assert!(!session.is_live(idle));
        assert!(!session.is_live(idle + millis(1)));
    }

    #[test]
    fn the_absolute_gate_closes_at_the_boundary_however_recently_the_session_was_used() {
        let snapshot = session(Policy::STRICT).snapshot;
        let end = at(1_209_600);
        let idle = end + TimeDelta::days(1);
        assert!(matches!(step(&snapshot, idle, false, end - millis(1)), Step::Rotate(_)));
        assert_eq!(step(&snapshot, idle, false, end), Step::End);
        assert_eq!(step(&snapshot, idle, true, end + millis(1)), Step::End);
    }

    #[test]
    fn only_an_active_refresh_moves_the_idle_deadline_and_none_the_absolute_one() {
        let snapshot = session(Policy::STRICT).snapshot;
        let (idle, now) = (at(259_200), at(1_000) + millis(900));
        let Step::Rotate(active) = step(&snapshot, idle, false, now) else { panic!() };
        let Step::Rotate(passive) = step(&snapshot, idle, true, now) else { panic!() };
        assert_eq!(active.idle_expires_at, at(260_200), "whole seconds");
        assert_eq!(passive.idle_expires_at, idle);
        assert_eq!(active.absolute_expires_at, at(1_209_600));
        assert_eq!(passive.absolute_expires_at, at(1_209_600));
        let far = step(&snapshot, at(999_999), true, now);
        assert_eq!(far, Step::Rotate(active), "a deadline that no policy gave");
    }

    #[test]
    fn a_consumed_generation_is_a_replay_only_once_the_leeway_has_passed() {
        let mut session = session(Policy::STRICT);
        let deadlines = session.snapshot.deadlines(at(100));
        rotate(&mut session, deadlines, None, at(100));
        assert_eq!(session.judge(0, None, LEEWAY, at(110)), Verdict::Refuse);
        assert_eq!(session.judge(0, None, LEEWAY, at(110) + millis(1)), Verdict::Replay);
        assert_eq!(
            session.judge(1, None, LEEWAY, at(1_000)),
            Verdict::Refuse,
            "not consumed: a race with revocation"
        );
    }

    #[test]
    fn the_leeway_does_not_slide_with_later_rotations() {
        let mut session = session(Policy::STRICT);
        for second in [100, 104, 108] {
            let deadlines = session.snapshot.deadlines(at(second));
            rotate(&mut session, deadlines, None, at(second));
        }
        // At 112 the last rotation is recent, the first is not.
        assert_eq!(session.judge(0, None, LEEWAY, at(112)), Verdict::Replay);
        assert_eq!(session.judge(1, None, LEEWAY, at(112)), Verdict::Refuse);
        assert_eq!(session.judge(2, None, LEEWAY, at(112)), Verdict::Refuse);
    }

    #[test]
    fn the_leeway_does_not_slide_under_a_storm_of_rotations() {
        let mut session = session(Policy::STRICT);
        for second in 100..=131 {
            let deadlines = session.snapshot.deadlines(at(second));
            rotate(&mut session, deadlines, None, at(second));
            let verdict = session.judge(0, None, LEEWAY, at(second));
            assert_eq!(verdict == Verdict::Replay, second > 110, "consumed {} s ago", second - 100);
        }
    }

    #[test]
    fn a_lost_answer_is_repeated_for_its_key_until_the_successor_is_used_or_the_session_ends() {
        let (key, other) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let mut session = session(Policy::STRICT);
        let deadlines = session.snapshot.deadlines(at(100));
        rotate(&mut session, deadlines, key, at(100));
        assert_eq!(session.judge(0, key, LEEWAY, at(50_000)), Verdict::Repeat, "the next morning");
        assert_eq!(session.judge(0, other, LEEWAY, at(50_000)), Verdict::Replay);
        assert_eq!(session.judge(0, None, LEEWAY, at(50_000)), Verdict::Replay);
        assert_eq!(session.judge(0, key, LEEWAY, deadlines.idle_expires_at), Verdict::Refuse);
        let revoked = Session { revoked_at: Some(at(200)), ..session.clone() };
        assert_eq!(revoked.judge(0, key, LEEWAY, at(300)), Verdict::Refuse);
        rotate(&mut session, deadlines, other, at(60_000));
        assert_eq!(session.judge(0, key, LEEWAY, at(60_001)), Verdict::Replay, "the successor was used");
    }

    #[test]
    fn claims_that_cannot_be_make_no_snapshot() {
        assert!(Snapshot::new(0, 1, 1).is_some());
        for (auth_time, idle_max, abs_max) in [
            (0, 0, 1),
            (0, 1, 0),
            (0, -1, 1),
            (-1, 1, 1),
            (i64::MAX, 1, 1),
            (0, i64::MAX, 1),
            (0, 1, i64::MAX),
        ] {
            assert_eq!(Snapshot::new(auth_time, idle_max, abs_max), None);
        }
    }

    /// One thing that can happen to a session.
    #[derive(Debug, Clone)]
    enum Event {
        Wait { seconds: i64 },
        Refresh { token: prop::sample::Index, key: Option<u8>, passive: bool },
        Revoke,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => (0..20_i64).prop_map(|seconds| Event::Wait { seconds }),
            1 => (0..5_000_i64).prop_map(|seconds| Event::Wait { seconds }),
            8 => (any::<prop::sample::Index>(), prop::option::of(0..3_u8), any::<bool>())
                .prop_map(|(token, key, passive)| Event::Refresh { token, key, passive }),
            1 => Just(Event::Revoke),
        ]
    }

    proptest! {
        /// Random histories, against a model that remembers every token and every consumption.
        #[test]
        fn every_history_keeps_the_rules(events in prop::collection::vec(event(), 1..60)) {
            let policy = Policy { idle_minutes: 60, absolute_minutes: 240 };
            let mut session = session(policy);
            let mut now = at(0);
            // The model: each token's idle deadline, and when and with which key it was consumed.
            let mut tokens = vec![(session.deadlines.idle_expires_at, None::<(DateTime<Utc>, Option<u8>)>)];
            let mut ended = false;
            for event in events {
                match event {
                    Event::Wait { seconds } => now += TimeDelta::seconds(seconds),
                    Event::Revoke => {
                        session.revoked_at.get_or_insert(now);
                        ended = true;
                    }
                    Event::Refresh { token, key, passive } => {
                        let generation = token.index(tokens.len());
                        let (idle_expires_at, consumed) = tokens[generation];
                        if now >= idle_expires_at {
                            continue;
                        }
                        let step = step(&session.snapshot, idle_expires_at, passive, now);
                        let named = i64::try_from(generation).unwrap();
                        let consumable = session.revoked_at.is_none() && named == session.generation;
                        prop_assert_eq!(consumable, !ended && consumed.is_none());
                        if consumable {
                            tokens[generation].1 = Some((now, key));
                            match step {
                                Step::End => {
                                    prop_assert!(now >= at(240 * 60));
                                    session.revoked_at = Some(now);
                                    ended = true;
                                }
                                Step::Rotate(deadlines) => {
                                    prop_assert!(now < at(240 * 60));
                                    let key = key.map(|k| Uuid::from_u128(k.into()));
                                    rotate(&mut session, deadlines, key, now);
                                    prop_assert_eq!(deadlines.absolute_expires_at, at(240 * 60));
                                    prop_assert!(!passive || deadlines.idle_expires_at == idle_expires_at);
                                    tokens.push((deadlines.idle_expires_at, None));
                                }
                            }
                            continue;
                        }
                        let uuid = key.map(|k| Uuid::from_u128(k.into()));
                        let verdict = session.judge(named, uuid, LEEWAY, now);
                        let over = ended || session.deadlines.passed(now);
                        let Some((consumed_at, first_key)) = consumed else {
                            prop_assert_eq!(verdict, Verdict::Refuse);
                            continue;
                        };
                        let newest = generation + 2 == tokens.len();
                        let stale = now > consumed_at + LEEWAY;
                        match verdict {
                            Verdict::Repeat => prop_assert!(!over && newest && key.is_some() && key == first_key),
                            // Never too early; that it comes at all is told by the next arm.
                            Verdict::Replay => {
                                prop_assert!(!over && stale);
                                session.revoked_at = Some(now);
                                ended = true;
                            }
                            Verdict::Refuse => {
                                let recent = tokens.iter().filter_map(|t| t.1).filter(|c| now <= c.0 + LEEWAY).count();
                                prop_assert!(over || !stale || recent >= Rotations::KEPT);
                                prop_assert!(over || now <= consumed_at + LEEWAY * 3, "it comes all the same");
                            }
                        }
                    }
                }
            }
        }
    }
}
