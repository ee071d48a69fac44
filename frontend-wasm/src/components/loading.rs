//! The word that something is being loaded, in a live region that is there before it.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::kept::use_kept;

/// How long a wait is before it is told, in milliseconds. Most are over by then, and nothing flickers.
const PATIENCE_MS: u32 = 200;

/// Props of [`Loading`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LoadingProps {
    /// The id of the region.
    pub id: AttrValue,
    /// Whether something is being loaded.
    pub is_busy: bool,
}

/// Tells of a wait. The region is shown empty first, so that a screen reader announces what comes
/// into it (WCAG 4.1.3).
#[component]
pub fn Loading(props: &LoadingProps) -> Html {
    let is_long = use_kept(|| false);
    {
        let is_long = is_long.setter();
        use_effect_with(props.is_busy, move |is_busy| {
            is_long.set(false);
            let timer = is_busy.then(|| Timeout::new(PATIENCE_MS, move || is_long.set(true)));
            move || drop(timer)
        });
    }
    html! {
        <div id={props.id.clone()} role="status" class="live">
            if props.is_busy && *is_long {
                <p class="waiting"><span class="spinner" aria-hidden="true"></span>{ "Loading…" }</p>
            }
        </div>
    }
}
