//! A wait and what came of it: each is said in a live region that is there before it.

use std::cell::Cell;

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::Live;
use crate::browser::page;

/// How long a wait is before it is told, in milliseconds. Most are over by then, and nothing flickers.
const PATIENCE_MS: u32 = 200;

/// Props of [`Loading`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LoadingProps {
    /// The name of what is loaded: the ids are this with `-loading`, `-alert` and `-retry` after it.
    pub name: AttrValue,
    /// Whether it is being loaded.
    pub is_busy: bool,
    /// Why it could not be loaded.
    #[prop_or_default]
    pub failure: Option<AttrValue>,
    /// Called to try again.
    #[prop_or_default]
    pub on_retry: Callback<()>,
}

/// Tells of a wait and of its failure. The regions are shown empty first, so that a screen reader
/// announces what comes into them (WCAG 4.1.3). The button stays until trying again has come to something;
/// then the focus goes to where reading goes on.
#[component]
pub fn Loading(props: &LoadingProps) -> Html {
    let is_long = use_state(|| false);
    {
        let is_long = is_long.setter();
        use_effect_with(props.is_busy, move |is_busy| {
            is_long.set(false);
            let timer = is_busy.then(|| Timeout::new(PATIENCE_MS, move || is_long.set(true)));
            move || drop(timer)
        });
    }
    let part = |name: &str| format!("{}-{name}", props.name);
    let has_button = use_state(|| Cell::new(false));
    let can_retry = props.failure.is_some() || (props.is_busy && has_button.get());
    has_button.replace(can_retry);
    {
        let region = format!("#{}", part("loading"));
        use_effect_with(can_retry, move |can_retry| {
            let had_button = *can_retry;
            move || {
                if had_button {
                    // What was loaded may stand in place of all this.
                    spawn_local(async move { page::give_lost_focus_to(page::find(&region).as_ref()) });
                }
            }
        });
    }
    let onclick = {
        let (on_retry, is_busy) = (props.on_retry.clone(), props.is_busy);
        move |_: MouseEvent| {
            if !is_busy {
                on_retry.emit(());
            }
        }
    };
    html! {
        <div class="load">
            <div id={part("loading")} role="status" class="live" tabindex="-1">
                if props.is_busy && *is_long {
                    <p class="waiting"><span class="spinner" aria-hidden="true"></span>{ "Loading…" }</p>
                }
            </div>
            <Live id={part("alert")} is_alert={true} words={props.failure.clone()} />
            if can_retry {
                <button
                    id={part("retry")} type="button" class="button" {onclick}
                    aria-disabled={props.is_busy.then_some("true")}
                >
                    { "Try again" }
                </button>
            }
        </div>
    }
}
