//! Decides what to do for the session next. Pure: state and circumstances in, one step out.

use chrono::{DateTime, TimeDelta, Utc};

use crate::session::auth_state::{AuthState, Phase, RefreshTrigger, Session, SignOutReason};

/// The longest wait. It bounds the delay of a timer that slept with the device, and keeps every timer below the limit
/// of `setTimeout` (2³¹ ms).
pub const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(30);

/// Activity restarts the idle window at most this often, or four times a window if that is shorter.
const RENEW_EVERY: TimeDelta = TimeDelta::seconds(60);

/// Activity older than this no longer shows that someone is here: the device may have slept since.
const INPUT_IS_FRESH: TimeDelta = TimeDelta::seconds(120);

/// If a deadline has passed by this clock and the server says otherwise, ask again after this.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// Everything that the decision depends on besides the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    pub device_now: DateTime<Utc>,
    /// The last activity, by the device's clock.
    pub last_input_at: Option<DateTime<Utc>>,
    pub is_visible: bool,
}

impl Circumstances {
    fn has_fresh_input(&self) -> bool {
        // Activity in the future was recorded before the device's clock was set back.
        let age = self.last_input_at.map(|last| self.device_now - last);
        age.is_some_and(|age| (TimeDelta::zero()..INPUT_IS_FRESH).contains(&age))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Refresh it, or find out whether there is one.
    Refresh(RefreshTrigger),
    /// Clear the page: a deadline has passed and the server cannot be asked.
    Expire,
    /// Tell the server of a sign-out that it does not know of.
    ConfirmSignOut,
    /// Check again after this.
    Wait(TimeDelta),
    /// Do nothing until the state changes.
    Idle,
}

/// The next step.
pub fn next_step(state: &AuthState, circumstances: Circumstances) -> Step {
    let now = state.now(circumstances.device_now);
    let retry_in = state.outage.map(|outage| outage.retry_at - now).filter(|wait| *wait > TimeDelta::zero());
    match &state.phase {
        Phase::SignedOut { reason: SignOutReason::Unconfirmed, .. } => {
            retry_in.map_or(Step::ConfirmSignOut, wait)
        }
        Phase::SignedOut { .. } => Step::Idle,
        Phase::Starting => {
            // Someone who loads a visible page is there; after hours of an outage they may not be.
            let is_first_try = state.outage.is_none();
            let is_active = circumstances.is_visible && (is_first_try || circumstances.has_fresh_input());
            let trigger = if is_active { RefreshTrigger::UserActivity } else { RefreshTrigger::Background };
            retry_in.map_or(Step::Refresh(trigger), wait)
        }
        Phase::SignedIn(session) => {
            if now >= session.expires_at() {
                return after_the_deadline(state, session, now);
            }
            let wait = |time: TimeDelta| Step::Wait(time.min(next_check(state, circumstances.device_now)));
            let renew_in = time_to_renewal(session, now, circumstances);
            match (retry_in, renew_in) {
                (Some(retry_in), _) => wait(retry_in),
                (None, Some(renew_in)) if renew_in <= TimeDelta::zero() => {
                    Step::Refresh(RefreshTrigger::UserActivity)
                }
                (None, _) if state.outage.is_some() => Step::Refresh(RefreshTrigger::Background),
                (None, renew_in) => wait(renew_in.unwrap_or(LONGEST_WAIT)),
            }
        }
    }
}

/// How long until the page has to check the clock, whatever else it waits for, so that the warning and the end come on
/// time.
pub fn next_check(state: &AuthState, device_now: DateTime<Utc>) -> TimeDelta {
    let now = state.now(device_now);
    let change = state.session().and_then(|session| session.expiry(now).until_change(now));
    change.map_or(LONGEST_WAIT, |change| change.min(LONGEST_WAIT))
}

/// The session is over by the server's clock. The server decides; if it does not respond, the page is cleared.
fn after_the_deadline(state: &AuthState, session: &Session, now: DateTime<Utc>) -> Step {
    let has_asked = state.outage.is_some_and(|outage| outage.tried_at >= session.expires_at());
    let since_last_response = now - session.issued_at;
    if has_asked {
        Step::Expire
    } else if session.issued_at >= session.expires_at() && since_last_response < ASK_AGAIN {
        wait(ASK_AGAIN - since_last_response)
    } else {
        Step::Refresh(RefreshTrigger::Background)
    }
}

/// How long until the idle window is restarted; `None` without recent activity.
fn time_to_renewal(session: &Session, now: DateTime<Utc>, circumstances: Circumstances) -> Option<TimeDelta> {
    let is_new = session.now(circumstances.last_input_at?) > session.renewed_at;
    if !(circumstances.is_visible && circumstances.has_fresh_input() && is_new) {
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
