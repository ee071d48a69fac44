//! A short message about what has just been done.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::{focus::use_focus_given_back, said::use_said};

/// How long a message stays, in milliseconds, unless somebody is at it. What it says can be seen elsewhere too.
const LIFE_MS: u32 = 10_000;

/// Props of [`ToastRegion`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ToastRegionProps {
    /// The number of the message, so that each has its own time.
    #[prop_or_default]
    pub id: u32,
    /// What to say; nothing while there is nothing to say.
    #[prop_or_default]
    pub message: Option<AttrValue>,
    /// Called with the number when somebody takes the message away, or its time is over.
    pub on_dismiss: Callback<u32>,
}

/// Says something in a live region that stands there from the start, its button outside.
#[component]
pub fn ToastRegion(props: &ToastRegionProps) -> Html {
    let id = props.id;
    let message = use_said(props.message.clone().map(|message| (id, message)));
    let is_filled = message.is_some();
    let focus = use_focus_given_back(is_filled);
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
    let (hold_on, let_go) = (hold(Some(id)), hold(None));
    html! {
        <div
            ref={focus.part} class={classes!("toast", is_filled.then_some("filled"))}
            onfocusin={both(focus.on_in, hold_on.clone())} onfocusout={both(focus.on_out, let_go.clone())}
            onmouseenter={move |_: MouseEvent| hold_on()} onmouseleave={move |_: MouseEvent| let_go()}
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
