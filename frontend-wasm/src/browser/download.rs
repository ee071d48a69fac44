//! Saves a file that is in the page's memory.

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Blob, HtmlAnchorElement, Url};

use crate::browser::dom;

/// How long the content stays in memory, in milliseconds.
const REVOKE_AFTER_MS: u32 = 60_000;

/// Saves `content` as a download called `name`. Returns `false` if the browser refuses.
#[must_use]
pub fn save(content: &Blob, name: &str) -> bool {
    let Some(anchor) = dom::document().and_then(|document| document.create_element("a").ok()) else {
        return false;
    };
    let Ok(url) = Url::create_object_url_with_blob(content) else { return false };
    let anchor: HtmlAnchorElement = anchor.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // Some browsers begin to read only after the click has been handled.
    Timeout::new(REVOKE_AFTER_MS, move || {
        let _ = Url::revoke_object_url(&url);
    })
    .forget();
    true
}
