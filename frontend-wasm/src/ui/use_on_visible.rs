//! Notices when the page becomes visible again.

use gloo_events::EventListener;
use yew::prelude::*;

use crate::browser::dom;

/// Calls `on_visible`, as it was at the first render, whenever the page becomes visible.
#[hook]
pub fn use_on_visible(on_visible: Callback<()>) {
    use_effect_with((), move |()| {
        let listener = dom::document().map(|document| {
            EventListener::new(&document, "visibilitychange", move |_| {
                if dom::is_visible() {
                    on_visible.emit(());
                }
            })
        });
        move || drop(listener)
    });
}
