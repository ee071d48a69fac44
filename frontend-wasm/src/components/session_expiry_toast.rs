//! The warning that the session is about to end, with what can be done about it.

use chrono::{DateTime, TimeDelta, Utc};
use gloo_timers::callback::Interval;
use yew::prelude::*;

use super::focus::use_focus_given_back;
use crate::{
    browser::{clock, page},
    expiry::{Reason, SessionExpiry, Warning},
    length::{countdown, counted},
};

/// The second and last announcement comes this long before the end.
const LAST_CALL: TimeDelta = TimeDelta::seconds(60);

/// Props of [`SessionExpiryToast`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SessionExpiryToastProps {
    /// How the session stands; `None` while nobody is signed in, or wants to be warned.
    pub expiry: Option<SessionExpiry>,
    /// How far the server's clock is ahead of the device's.
    pub clock_ahead: TimeDelta,
    /// Whether what was asked for is under way.
    #[prop_or_default]
    pub is_busy: bool,
    /// Why it did not come about.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Called to start the idle window anew.
    pub on_stay: Callback<()>,
    /// Called to sign in anew.
    pub on_sign_in: Callback<()>,
    /// Called when nobody wants to be warned of this deadline any more.
    pub on_dismiss: Callback<DateTime<Utc>>,
}

/// Warns of the nearer deadline: of the idle one in amber, of the absolute one in cyan. Never takes the
/// focus; where it had it, it gives it back.
///
/// The message stands in a live region and changes twice at most; countdown and buttons stand outside.
#[component]
pub fn SessionExpiryToast(props: &SessionExpiryToastProps) -> Html {
    let expiry = props.expiry.filter(|expiry| expiry.warning != Warning::None);
    let left = use_left(expiry.map(|expiry| expiry.deadline), props.clock_ahead);
    let message = use_message(expiry, left);
    let focus = use_focus_given_back(expiry.is_some());
    use_effect_with(expiry.is_some(), |is_shown| {
        if *is_shown {
            // What has the focus is not hidden by it (WCAG 2.4.11).
            page::keep_focus_in_sight();
        }
    });

    let on_dismiss = {
        let on_dismiss = props.on_dismiss.clone();
        Callback::from(move |()| {
            if let Some(expiry) = expiry {
                on_dismiss.emit(expiry.deadline);
            }
        })
    };
    let onkeydown = {
        let on_dismiss = on_dismiss.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                // Not for the dialog that this may stand in.
                event.prevent_default();
                event.stop_propagation();
                on_dismiss.emit(());
            }
        })
    };
    let tone = expiry.map(|expiry| match expiry.reason {
        Reason::Idle => "filled warn",
        Reason::Absolute => "filled info",
    });

    html! {
        <div
            ref={focus.part} id="session-expiry" class={classes!("expiry", tone)} {onkeydown}
            onfocusin={focus.on_in} onfocusout={focus.on_out}
            role={expiry.map(|_| "region")} aria-label={expiry.map(|_| "Session ending")}
        >
            <p id="session-expiry-message" role="status">{ message }</p>
            if let Some(expiry) = expiry {
                <p id="session-expiry-countdown" class="countdown" role="timer">
                    <span class="visually-hidden">{ "Time left: " }</span>{ countdown(left) }
                </p>
                if expiry.warning == Warning::Soon {
                    <div class="actions">
                        { action(expiry.reason, props) }
                        <button
                            id="session-expiry-dismiss" type="button" class="button small"
                            onclick={on_dismiss.reform(|_| ())}
                        >
                            { "Dismiss" }<span class="visually-hidden">{ " this warning" }</span>
                        </button>
                    </div>
                }
            }
            <p id="session-expiry-alert" class="error" role="alert">
                { expiry.and_then(|_| props.error.clone()).unwrap_or_default() }
            </p>
        </div>
    }
}

fn action(reason: Reason, props: &SessionExpiryToastProps) -> Html {
    let (id, words, busy_words, act) = match reason {
        Reason::Idle => ("stay-signed-in", "Stay signed in", "Extending…", &props.on_stay),
        Reason::Absolute => ("sign-in-now", "Sign in now", "Ending this session…", &props.on_sign_in),
    };
    let onclick = {
        let (act, is_busy) = (act.clone(), props.is_busy);
        Callback::from(move |_: MouseEvent| {
            if !is_busy {
                act.emit(());
            }
        })
    };
    html! {
        <button {id} type="button" class="button small act" {onclick} aria-disabled={props.is_busy.then_some("true")}>
            { if props.is_busy { busy_words } else { words } }
        </button>
    }
}

/// How long it is until `deadline`, anew every second.
#[hook]
fn use_left(deadline: Option<DateTime<Utc>>, clock_ahead: TimeDelta) -> TimeDelta {
    let tick = use_force_update();
    use_effect_with(deadline.is_some(), move |is_counting| {
        let interval = is_counting.then(|| Interval::new(1_000, move || tick.force_update()));
        move || drop(interval)
    });
    deadline.map_or(TimeDelta::zero(), |deadline| deadline - (clock::now() + clock_ahead))
}

/// What the live region says. It is told anew only when the warning begins and at the last call, and
/// therefore holds no number that changes, but for whoever only hears it.
#[hook]
fn use_message(expiry: Option<SessionExpiry>, left: TimeDelta) -> Html {
    let is_last_call = left <= LAST_CALL;
    let message = use_memo(
        (expiry.map(|expiry| (expiry.reason, expiry.deadline, expiry.warning)), is_last_call),
        |(expiry, is_last_call)| {
            let Some((reason, _, warning)) = expiry else { return Html::default() };
            let words = match (warning, reason) {
                (Warning::Now, _) => return html! { "Your session is over. Asking the server…" },
                (_, Reason::Idle) => "Your session ends soon, because it is not being used.",
                (_, Reason::Absolute) => {
                    "Your session soon reaches the longest time it may last. Sign in again to go on."
                }
            };
            if *is_last_call {
                let words = match reason {
                    Reason::Idle => "Your session ends in less than a minute, because it is not being used.",
                    Reason::Absolute => "Your session ends in less than a minute. Sign in again to go on.",
                };
                return html! { words };
            }
            let minutes = u64::try_from((left.num_seconds() + 30) / 60).unwrap_or_default();
            html! {
                <>{ words }<span class="visually-hidden">{ format!(" It ends in {}.", counted(minutes, "minute")) }</span></>
            }
        },
    );
    (*message).clone()
}
