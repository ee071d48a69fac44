//! Shows one toast.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::ui::{use_focus_return::use_focus_return, use_live_announcement::use_live_announcement};

/// How long a toast stays, in milliseconds, unless it has the focus or the pointer. It repeats what is visible elsewhere.
const LIFE_MS: u32 = 10_000;

/// Props of [`ToastRegion`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ToastRegionProps {
    /// The id of the toast, so that each has its own time.
    #[prop_or_default]
    pub id: u32,
    #[prop_or_default]
    pub message: Option<AttrValue>,
    /// Called with the id when the toast is dismissed, or its time is over.
    pub on_dismiss: Callback<u32>,
}

/// A live region for the message, which is always there, and a button outside it.
#[component]
pub fn ToastRegion(props: &ToastRegionProps) -> Html {
    let id = props.id;
    let message = use_live_announcement(props.message.clone().map(|message| (id, message)));
    let is_filled = message.is_some();
    let focus = use_focus_return(is_filled);
    // The toast that has the focus or the pointer.
    let held = use_state(|| None);
    {
        let on_dismiss = props.on_dismiss.clone();
        use_effect_with((id, is_filled && *held != Some(id)), move |&(id, is_running)| {
            let timer = is_running.then(|| Timeout::new(LIFE_MS, move || on_dismiss.emit(id)));
            move || drop(timer)
        });
    }
    let hold = |held_id: Option<u32>| {
        let held = held.setter();
        move || held.set(held_id)
    };
    let (hold_current, release) = (hold(Some(id)), hold(None));
    html! {
        <div
            ref={focus.node} class={classes!("toast", is_filled.then_some("filled"))}
            onfocusin={both(focus.on_focus_in, hold_current.clone())} onfocusout={both(focus.on_focus_out, release.clone())}
            onmouseenter={move |_: MouseEvent| hold_current()} onmouseleave={move |_: MouseEvent| release()}
        >
            <p id="toast" role="status">{ message.unwrap_or_default() }</p>
            if is_filled {
                <button
                    id="toast-dismiss" type="button" class="button small"
                    onclick={props.on_dismiss.reform(move |_| id)}
                >
                    { "Dismiss" }<span class="visually-hidden">{ " this message" }</span>
                </button>
            }
        </div>
    }
}

fn both(first: Callback<FocusEvent>, then: impl Fn() + 'static) -> Callback<FocusEvent> {
    Callback::from(move |event| {
        first.emit(event);
        then();
    })
}
