//! What the page has to do for its session next. Pure: state and circumstances in, one step out.

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::auth::{AuthState, Cause, Phase, Session, SignOut};

/// The longest wait, so that a timer that slept with the device, or one beyond what `setTimeout` can
/// count (2³¹ ms), is never far off.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(30);

/// Real input renews the idle window at most this often, or four times a window if that is shorter.
const RENEW_EVERY: TimeDelta = TimeDelta::seconds(60);

/// Input older than this no longer shows that a person is here: the device may have slept since.
const INPUT_IS_FRESH: TimeDelta = TimeDelta::seconds(120);

/// A deadline has passed by our clock and the server says otherwise: ask again after this.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// What the state does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// What the device's clock says.
    pub device_now: DateTime<Utc>,
    /// When a person last touched the page, by the device's clock.
    pub last_input_at: Option<DateTime<Utc>>,
    /// Whether a person may be looking at it.
    pub is_visible: bool,
}

impl Circumstances {
    fn has_fresh_input(&self) -> bool {
        // Input that is yet to come is of before somebody put the clock back.
        let age = self.last_input_at.map(|last| self.device_now - last);
        age.is_some_and(|age| (TimeDelta::zero()..INPUT_IS_FRESH).contains(&age))
    }
}

/// Something to do for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Refresh it, or find out whether there is one.
    Refresh(Cause),
    /// A deadline has passed and the server cannot be asked: clear the page.
    Expire,
    /// Tell the server of a sign-out that it does not know of.
    ConfirmSignOut,
    /// Nothing yet; look again after this.
    Wait(TimeDelta),
    /// Nothing at all until the state changes.
    Rest,
}

/// The step that is due.
#[must_use]
pub fn next_step(state: &AuthState, circumstances: Circumstances) -> Step {
    let now = state.now(circumstances.device_now);
    let retry_in =
        state.trouble.map(|trouble| trouble.retry_at - now).filter(|wait| *wait > TimeDelta::zero());
    match &state.phase {
        Phase::SignedOut { reason: SignOut::Unconfirmed, .. } => retry_in.map_or(Step::ConfirmSignOut, wait),
        Phase::SignedOut { .. } => Step::Rest,
        Phase::Starting => {
            // Whoever loads a page they look at is there; hours of an outage later they may not be.
            let is_first_try = state.trouble.is_none();
            let is_person = circumstances.is_visible && (is_first_try || circumstances.has_fresh_input());
            let cause = if is_person { Cause::Person } else { Cause::Timer };
            retry_in.map_or(Step::Refresh(cause), wait)
        }
        Phase::SignedIn(session) => {
            if now >= session.expires_at() {
                return after_the_deadline(state, session, now);
            }
            let wait = |time: TimeDelta| Step::Wait(time.min(next_look(state, circumstances.device_now)));
            let renew_in = until_renewal(session, now, circumstances);
            match (retry_in, renew_in) {
                (Some(retry_in), _) => wait(retry_in),
                (None, Some(renew_in)) if renew_in <= TimeDelta::zero() => Step::Refresh(Cause::Person),
                (None, _) if state.trouble.is_some() => Step::Refresh(Cause::Timer),
                (None, renew_in) => wait(renew_in.unwrap_or(LONGEST_WAIT)),
            }
        }
    }
}

/// How long until the page has to look at the clock, whatever else it does or waits for: the warning
/// and the end come on time.
#[must_use]
pub fn next_look(state: &AuthState, device_now: DateTime<Utc>) -> TimeDelta {
    let now = state.now(device_now);
    let change = state.session().and_then(|session| session.expiry(now).until_change(now));
    change.map_or(LONGEST_WAIT, |change| change.min(LONGEST_WAIT))
}

/// By the server's clock the session is over. Its answer decides; without one the page is cleared.
fn after_the_deadline(state: &AuthState, session: &Session, now: DateTime<Utc>) -> Step {
    let asked_in_vain = state.trouble.is_some_and(|trouble| trouble.tried_at >= session.expires_at());
    let since_last_answer = now - session.issued_at;
    if asked_in_vain {
        Step::Expire
    } else if session.issued_at >= session.expires_at() && since_last_answer < ASK_AGAIN {
        wait(ASK_AGAIN - since_last_answer)
    } else {
        Step::Refresh(Cause::Timer)
    }
}

/// How long until the idle window is to start anew; `None` unless a person was just here.
fn until_renewal(session: &Session, now: DateTime<Utc>, circumstances: Circumstances) -> Option<TimeDelta> {
    let is_news = session.now(circumstances.last_input_at?) > session.renewed_at;
    if !(circumstances.is_visible && circumstances.has_fresh_input() && is_news) {
        return None;
    }
    let idle_window = session.idle_expires_at - session.renewed_at;
    Some(session.renewed_at + RENEW_EVERY.min(idle_window / 4) - now)
}

fn wait(time: TimeDelta) -> Step {
    Step::Wait(time.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests;
