//! Curfew's page: a Yew app that signs in, keeps its session alive, and says why it ended.

#![allow(missing_docs, reason = "nothing here is public to another crate; a comment says what a name cannot")]
#![allow(clippy::missing_errors_doc, reason = "every call of the API fails with a `Failure`, which says why")]
#![allow(
    clippy::must_use_candidate,
    reason = "in an application the attribute would stand on every function"
)]

pub mod api;
pub mod app;
pub mod browser;
pub mod features;
pub mod route;
pub mod session;
pub mod ui;

pub use app::App;

/// Renders the page into the element with the id `app`, in place of what the document shows until then.
pub fn run() {
    app::crash_screen::install();
    match browser::dom::document().and_then(|document| document.get_element_by_id("app")) {
        Some(root) => yew::Renderer::<App>::with_root(root).render(),
        None => yew::Renderer::<App>::new().render(),
    };
}

// Pure code is tested on the machine that builds and, like the rest, in the browser.
#[cfg(all(test, not(target_arch = "wasm32")))]
pub(crate) use core::prelude::v1::test;
#[cfg(all(test, target_arch = "wasm32"))]
pub(crate) use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
