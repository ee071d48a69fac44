//! The document and its window: title, focus, visibility, connection.

use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition, VisibilityState};

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

/// The first element that matches `selector`.
#[must_use]
pub fn find(selector: &str) -> Option<HtmlElement> {
    document()?.query_selector(selector).ok()??.dyn_into().ok()
}

/// Moves the focus to the first element that matches `selector`.
pub fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        // Fails on elements that cannot have it; then nothing moves.
        let _ = element.focus();
    }
}

/// Scrolls, if need be, so that what has the focus is not hidden by anything that sticks to an edge.
pub fn keep_focus_in_sight() {
    let focused = document().and_then(|document| document.active_element());
    if let Some(element) = focused.filter(|element| element.closest("main").is_ok_and(|main| main.is_some()))
    {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Moves the focus to `element`, or to the content if that is gone, but only if nothing has it.
pub fn give_lost_focus_to(element: Option<&HtmlElement>) {
    let is_lost =
        document().is_some_and(|document| document.active_element().is_none_or(|it| it.tag_name() == "BODY"));
    if !is_lost {
        return;
    }
    match element.filter(|element| element.is_connected()) {
        Some(element) => {
            let _ = element.focus();
        }
        None => focus("main"),
    }
}
