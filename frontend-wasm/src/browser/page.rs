//! The document and its window: title, focus, visibility, connection.

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{
    Document, Element, HtmlDialogElement, HtmlElement, NodeList, ScrollIntoViewOptions,
    ScrollLogicalPosition, VisibilityState,
};

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

/// Which child of the element that matches `parent` has the focus in it, counted from 0.
#[must_use]
pub fn child_with_focus(parent: &str) -> Option<u32> {
    let focused = document()?.active_element()?;
    let children = children(parent)?;
    (0..children.length()).find(|at| children.item(*at).is_some_and(|child| child.contains(Some(&focused))))
}

/// The child of the element that matches `parent` at this place, or the last before it.
#[must_use]
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
    // A dialog that has just closed keeps it until the next picture, for nobody to see.
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

/// Waits until what is on the page now has been painted; not where nobody looks, as nothing is painted there.
pub async fn painted() {
    // The first picture to come shows it; by the second, that has been painted.
    for _ in 0..2 {
        let Some(window) = web_sys::window().filter(|_| is_visible()) else { return };
        let picture = Promise::new(&mut |begun, _| {
            // Fails only outside a window.
            let _ = window.request_animation_frame(&begun);
        });
        let _ = JsFuture::from(picture).await;
    }
}

/// As [`painted`], but for no longer than this, in milliseconds: whoever looks away meanwhile is not waited for.
pub async fn painted_within(limit_ms: u32) {
    let shown = future_to_promise(async {
        painted().await;
        Ok(JsValue::UNDEFINED)
    });
    let late = future_to_promise(async move {
        TimeoutFuture::new(limit_ms).await;
        Ok(JsValue::UNDEFINED)
    });
    let _ = JsFuture::from(Promise::race(&Array::of2(&shown, &late))).await;
}

/// Opens `dialog` above the page, which cannot be reached meanwhile. What is said at the edge of every page
/// comes along, so that nobody misses that the session is about to end.
pub fn open_modal(dialog: &HtmlDialogElement) {
    // Fails only where the dialog is not on the page.
    let _ = dialog.show_modal();
    move_notices(dialog, dialog);
}

/// Closes `dialog`, which may be gone from the page already.
pub fn close_modal(dialog: &HtmlDialogElement) {
    dialog.close();
    if let Some(place) = find("dialog[open]").or_else(|| find(".dock")) {
        move_notices(dialog, &place);
    }
}

fn move_notices(dialog: &HtmlDialogElement, place: &HtmlElement) {
    let taken_along = || dialog.query_selector("#notices").ok()??.dyn_into().ok();
    if let Some(notices) = find("#notices").or_else(taken_along) {
        // Fails only where one holds the other.
        let _ = place.append_child(&notices);
    }
}

/// Where the page is: path and query.
#[must_use]
pub fn address() -> Option<String> {
    let location = web_sys::window()?.location();
    Some([location.pathname().ok()?, location.search().ok()?].concat())
}

/// What stands behind `#` in the address, which is taken out of it: it is a secret, and stays neither
/// in the address bar nor in the browser's history.
#[must_use]
pub fn take_fragment() -> Option<String> {
    let fragment = fragment()?;
    replace_address(&address()?);
    Some(fragment)
}

/// What stands behind `#` in the address.
#[must_use]
pub fn fragment() -> Option<String> {
    let location = web_sys::window()?.location();
    Some(location.hash().ok()?.strip_prefix('#')?.to_owned())
}

/// The last segment of the path.
#[must_use]
pub fn last_segment() -> Option<String> {
    let path = web_sys::window()?.location().pathname().ok()?;
    path.rsplit('/').next().filter(|segment| !segment.is_empty()).map(str::to_owned)
}

/// The values of a query, which is taken out of the address.
#[must_use]
pub fn take_query() -> Option<web_sys::UrlSearchParams> {
    let location = web_sys::window()?.location();
    let query = web_sys::UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
    replace_address(&location.pathname().ok()?);
    Some(query)
}

/// Shows another address for the same page.
pub fn replace_address(address: &str) {
    let history = web_sys::window().and_then(|window| window.history().ok());
    if let Some(history) = history {
        // Refused only where the address is of another origin.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(address));
    }
}
