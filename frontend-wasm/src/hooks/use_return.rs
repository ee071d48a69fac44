//! Notices when somebody looks at the page again.

use gloo_events::EventListener;
use yew::prelude::*;

use crate::browser::page;

/// Calls `on_return` as it was at the first render, whenever the page comes to be seen again.
#[hook]
pub fn use_return(on_return: Callback<()>) {
    use_effect_with((), move |()| {
        let listener = page::document().map(|document| {
            EventListener::new(&document, "visibilitychange", move |_| {
                if page::is_visible() {
                    on_return.emit(());
                }
            })
        });
        move || drop(listener)
    });
}
