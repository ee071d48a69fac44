//! The document and its window: title, focus, visibility, connection.

use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement, VisibilityState};

/// The document. `None` only outside a window.
#[must_use]
pub fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// Whether a person may be looking at the page.
#[must_use]
pub fn is_visible() -> bool {
    document().is_none_or(|document| document.visibility_state() != VisibilityState::Hidden)
}

/// False if the device knows that it has no network; true promises nothing.
#[must_use]
pub fn is_online() -> bool {
    web_sys::window().is_none_or(|window| window.navigator().on_line())
}

/// Names the page, in the tab and to a screen reader.
pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// Moves the focus to the first element that matches `selector`.
pub fn focus(selector: &str) {
    let element = document().and_then(|document| document.query_selector(selector).ok().flatten());
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Fails on elements that cannot have it; then nothing moves.
        let _ = element.focus();
    }
}
