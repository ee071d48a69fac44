//! The warning that the session is about to end.

use chrono::{DateTime, TimeDelta, Utc};
use gloo_timers::callback::Interval;
use yew::prelude::*;

use crate::{
    browser::{clock, dom},
    session::expiry::{Reason, SessionExpiry, Warning},
    ui::{
        duration_text::{countdown, counted},
        use_focus_return::use_focus_return,
    },
};

/// When the second and last announcement is made, before the end.
const LAST_CALL: TimeDelta = TimeDelta::seconds(60);

/// Props of [`SessionExpiryToast`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SessionExpiryToastProps {
    /// The nearer deadline; `None` while nobody is signed in, or the warning was dismissed.
    pub expiry: Option<SessionExpiry>,
    /// How far the server's clock is ahead of the device's.
    pub clock_ahead: TimeDelta,
    #[prop_or_default]
    pub is_busy: bool,
    /// Why the last action failed.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Called to restart the idle window.
    pub on_stay: Callback<()>,
    /// Called to end the session and sign in again.
    pub on_sign_in: Callback<()>,
    /// Called to dismiss the warning of this deadline.
    pub on_dismiss: Callback<DateTime<Utc>>,
}

/// Warns of the nearer deadline: of the idle one in amber, of the absolute one in cyan. It never takes the focus, and
/// returns it when it goes.
///
/// The message is in a live region and changes twice at most; countdown and buttons are outside.
#[component]
pub fn SessionExpiryToast(props: &SessionExpiryToastProps) -> Html {
    let expiry = props.expiry.filter(|expiry| expiry.warning != Warning::None);
    let left = use_time_left(expiry.map(|expiry| expiry.deadline), props.clock_ahead);
    let message = use_message(expiry, left);
    let focus = use_focus_return(expiry.is_some());
    use_effect_with(expiry.is_some(), |is_shown| {
        if *is_shown {
            // The warning must not hide the element with the focus (WCAG 2.4.11).
            dom::scroll_focus_into_view();
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
                // The key is not meant for the dialog that this may be in.
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
            ref={focus.node} id="session-expiry" class={classes!("expiry", tone)} {onkeydown}
            onfocusin={focus.on_focus_in} onfocusout={focus.on_focus_out}
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
    let (id, label, busy_label, callback) = match reason {
        Reason::Idle => ("stay-signed-in", "Stay signed in", "Extending…", &props.on_stay),
        Reason::Absolute => ("sign-in-now", "Sign in now", "Ending this session…", &props.on_sign_in),
    };
    let onclick = {
        let (callback, is_busy) = (callback.clone(), props.is_busy);
        Callback::from(move |_: MouseEvent| {
            if !is_busy {
                callback.emit(());
            }
        })
    };
    html! {
        <button {id} type="button" class="button small act" {onclick} aria-disabled={props.is_busy.then_some("true")}>
            { if props.is_busy { busy_label } else { label } }
        </button>
    }
}

/// The time until `deadline`. Renders the component again every second.
#[hook]
fn use_time_left(deadline: Option<DateTime<Utc>>, clock_ahead: TimeDelta) -> TimeDelta {
    let tick = use_force_update();
    use_effect_with(deadline.is_some(), move |is_counting| {
        let interval = is_counting.then(|| Interval::new(1_000, move || tick.force_update()));
        move || drop(interval)
    });
    deadline.map_or(TimeDelta::zero(), |deadline| deadline - (clock::now() + clock_ahead))
}

/// The text of the live region. It changes only when the warning begins and at the last call, so it has no number that
/// changes, except for people who only hear it.
#[hook]
fn use_message(expiry: Option<SessionExpiry>, left: TimeDelta) -> Html {
    let is_last_call = left <= LAST_CALL;
    let message = use_memo(
        (expiry.map(|expiry| (expiry.reason, expiry.deadline, expiry.warning)), is_last_call),
        |(expiry, is_last_call)| {
            let Some((reason, _, warning)) = expiry else { return Html::default() };
            let text = match (warning, reason) {
                (Warning::Now, _) => return html! { "Your session is over. Asking the server…" },
                (_, Reason::Idle) => "Your session ends soon, because it is not being used.",
                (_, Reason::Absolute) => {
                    "Your session soon reaches the longest time it may last. Sign in again to go on."
                }
            };
            if *is_last_call {
                let text = match reason {
                    Reason::Idle => "Your session ends in less than a minute, because it is not being used.",
                    Reason::Absolute => "Your session ends in less than a minute. Sign in again to go on.",
                };
                return html! { text };
            }
            let minutes = u64::try_from((left.num_seconds() + 30) / 60).unwrap_or_default();
            html! {
                <>{ text }<span class="visually-hidden">{ format!(" It ends in {}.", counted(minutes, "minute")) }</span></>
            }
        },
    );
    (*message).clone()
}
