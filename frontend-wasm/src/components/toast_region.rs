//! A short message about what has just been done.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

/// How long a message stays, in milliseconds. What it says can be seen elsewhere too.
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
    let is_filled = props.message.is_some();
    {
        let on_dismiss = props.on_dismiss.clone();
        use_effect_with((props.id, is_filled), move |&(id, is_filled)| {
            let timer = is_filled.then(|| Timeout::new(LIFE_MS, move || on_dismiss.emit(id)));
            move || drop(timer)
        });
    }
    let id = props.id;
    html! {
        <div class={classes!("toast", is_filled.then_some("filled"))}>
            <p id="toast" role="status">{ props.message.clone().unwrap_or_default() }</p>
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
