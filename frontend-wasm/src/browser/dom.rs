//! The document and its window: title, focus, visibility, connection.

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{
    Document, Element, HtmlDialogElement, HtmlElement, NodeList, ScrollIntoViewOptions,
    ScrollLogicalPosition, VisibilityState,
};

/// Returns `None` only outside a window.
pub fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// Whether a person may be looking at the page.
pub fn is_visible() -> bool {
    document().is_none_or(|document| document.visibility_state() != VisibilityState::Hidden)
}

/// Returns `false` if the device knows that it has no network; `true` promises nothing.
pub fn is_online() -> bool {
    web_sys::window().is_none_or(|window| window.navigator().on_line())
}

pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// The first element that matches `selector`.
pub fn find(selector: &str) -> Option<HtmlElement> {
    document()?.query_selector(selector).ok()??.dyn_into().ok()
}

/// The index of the child of `parent` (a selector) that has the focus in it.
pub fn focused_child(parent: &str) -> Option<u32> {
    let focused = document()?.active_element()?;
    let children = children(parent)?;
    (0..children.length()).find(|at| children.item(*at).is_some_and(|child| child.contains(Some(&focused))))
}

/// The child of `parent` (a selector) at this index, or the last before it.
pub fn child(parent: &str, at: u32) -> Option<HtmlElement> {
    let children = children(parent)?;
    children.item(at.min(children.length().checked_sub(1)?))?.dyn_into().ok()
}

fn children(parent: &str) -> Option<NodeList> {
    document()?.query_selector_all(&[parent, " > *"].concat()).ok()
}

/// Moves the focus to the first element that matches `selector`.
pub fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        // Fails on an element that cannot have the focus; then nothing moves.
        let _ = element.focus();
    }
}

/// Whether the focus is in a dialog, also in one that has just been closed.
pub fn is_focus_in_dialog() -> bool {
    let focused = document().and_then(|document| document.active_element());
    focused.is_some_and(|element| element.closest("dialog").is_ok_and(|dialog| dialog.is_some()))
}

/// Scrolls, if necessary, so that the element with the focus is not hidden by anything that sticks to an edge.
pub fn scroll_focus_into_view() {
    let focused = document().and_then(|document| document.active_element());
    if let Some(element) = focused.filter(|element| element.closest("main").is_ok_and(|main| main.is_some()))
    {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Moves the focus to `element`, or to the content if that is gone, but only if no element has it.
pub fn restore_focus(element: Option<&HtmlElement>) {
    // A dialog that has just closed keeps the focus until the next frame.
    let is_nowhere = |it: &Element| it.matches("body, dialog:not([open]) *").unwrap_or_default();
    let is_lost =
        document().is_some_and(|document| document.active_element().is_none_or(|it| is_nowhere(&it)));
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

/// Waits until the current content has been painted. Returns immediately in a hidden tab, where nothing is painted.
pub async fn next_paint() {
    // The next frame shows it; by the one after, that has been painted.
    for _ in 0..2 {
        let Some(window) = web_sys::window().filter(|_| is_visible()) else { return };
        let frame = Promise::new(&mut |resolve, _| {
            // Fails only outside a window.
            let _ = window.request_animation_frame(&resolve);
        });
        let _ = JsFuture::from(frame).await;
    }
}

/// Like [`next_paint`], but waits no longer than this, in milliseconds: the tab may be hidden meanwhile.
pub async fn next_paint_within(limit_ms: u32) {
    let shown = future_to_promise(async {
        next_paint().await;
        Ok(JsValue::UNDEFINED)
    });
    let late = future_to_promise(async move {
        TimeoutFuture::new(limit_ms).await;
        Ok(JsValue::UNDEFINED)
    });
    let _ = JsFuture::from(Promise::race(&Array::of2(&shown, &late))).await;
}

/// Opens `dialog` as a modal. The notices at the edge of the page move into it, so that nobody misses that the session
/// is about to end.
pub fn open_modal(dialog: &HtmlDialogElement) {
    // Fails only if the dialog is not on the page.
    let _ = dialog.show_modal();
    move_notices(dialog, dialog);
}

/// Closes `dialog`, which may have been removed from the page already.
pub fn close_modal(dialog: &HtmlDialogElement) {
    dialog.close();
    if let Some(place) = find("dialog[open]").or_else(|| find(".dock")) {
        move_notices(dialog, &place);
    }
}

fn move_notices(dialog: &HtmlDialogElement, place: &HtmlElement) {
    let taken_along = || dialog.query_selector("#notices").ok()??.dyn_into().ok();
    if let Some(notices) = find("#notices").or_else(taken_along) {
        // Fails only if one contains the other.
        let _ = place.append_child(&notices);
    }
}

/// The path and the query of the address.
pub fn path_and_query() -> Option<String> {
    let location = web_sys::window()?.location();
    Some([location.pathname().ok()?, location.search().ok()?].concat())
}

/// Returns the fragment and removes it from the address: it is a secret, and stays neither in the address bar nor in
/// the browser's history.
pub fn take_fragment() -> Option<String> {
    let fragment = fragment()?;
    replace_address(&path_and_query()?);
    Some(fragment)
}

/// The fragment of the address.
pub fn fragment() -> Option<String> {
    let location = web_sys::window()?.location();
    Some(location.hash().ok()?.strip_prefix('#')?.to_owned())
}

/// The last segment of the path.
pub fn last_segment() -> Option<String> {
    let path = web_sys::window()?.location().pathname().ok()?;
    path.rsplit('/').next().filter(|segment| !segment.is_empty()).map(str::to_owned)
}

/// Returns the query and removes it from the address.
pub fn take_query() -> Option<web_sys::UrlSearchParams> {
    let location = web_sys::window()?.location();
    let query = web_sys::UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
    replace_address(&location.pathname().ok()?);
    Some(query)
}

/// Changes the address without a navigation.
pub fn replace_address(address: &str) {
    let history = web_sys::window().and_then(|window| window.history().ok());
    if let Some(history) = history {
        // Fails only for an address of another origin.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(address));
    }
}
