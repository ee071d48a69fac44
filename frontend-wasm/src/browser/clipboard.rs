//! The system's clipboard.

use wasm_bindgen_futures::JsFuture;

/// Copies `text`. False if the browser refuses.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let clipboard = window.navigator().clipboard();
    // It exists in secure contexts only.
    !clipboard.is_undefined() && JsFuture::from(clipboard.write_text(text)).await.is_ok()
}
