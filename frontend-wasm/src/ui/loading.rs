//! A wait and its failure, each in a live region that is there before its text.

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::live_region::LiveRegion;
use crate::browser::dom;

/// How long a wait has to be before it is shown, in milliseconds. Most are over by then, and nothing flickers.
const SHOW_AFTER_MS: u32 = 200;

/// Props of [`Loading`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LoadingProps {
    /// The ids are this with `-loading`, `-alert` and `-retry` after it.
    pub name: AttrValue,
    pub is_busy: bool,
    /// Why it could not be loaded.
    #[prop_or_default]
    pub failure: Option<AttrValue>,
    /// Called to try again.
    #[prop_or_default]
    pub on_retry: Callback<()>,
}

/// Shows a wait and its failure. The button stays until the retry has a result; then the focus goes to the place where
/// reading continues.
#[component]
pub fn Loading(props: &LoadingProps) -> Html {
    let is_long = use_state(|| false);
    {
        let is_long = is_long.setter();
        use_effect_with(props.is_busy, move |is_busy| {
            is_long.set(false);
            let timer = is_busy.then(|| Timeout::new(SHOW_AFTER_MS, move || is_long.set(true)));
            move || drop(timer)
        });
    }
    let had_button = use_mut_ref(|| false);
    let can_retry = props.failure.is_some() || (props.is_busy && *had_button.borrow());
    *had_button.borrow_mut() = can_retry;
    let id = |suffix: &str| format!("{}-{suffix}", props.name);
    {
        let region = format!("#{}", id("loading"));
        use_effect_with(can_retry, move |&had_button| {
            move || {
                if had_button {
                    // The content that was loaded may take the place of all this first.
                    spawn_local(async move { dom::restore_focus(dom::find(&region).as_ref()) });
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
            <div id={id("loading")} role="status" class="live" tabindex="-1">
                if props.is_busy && *is_long {
                    <p class="waiting"><span class="spinner" aria-hidden="true"></span>{ "Loading…" }</p>
                }
            </div>
            <LiveRegion id={id("alert")} is_alert=true text={props.failure.clone()} />
            if can_retry {
                <button
                    id={id("retry")} type="button" class="button" {onclick}
                    aria-disabled={props.is_busy.then_some("true")}
                >
                    { "Try again" }
                </button>
            }
        </div>
    }
}
