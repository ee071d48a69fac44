//! Curfew's page: a Yew app that signs in, keeps its session alive, and says why it ended.

pub mod api;
mod app;
pub mod browser;
pub mod components;
pub mod expiry;
pub mod hooks;
pub mod length;
pub mod pages;
pub mod role;
pub mod route;
pub mod store;

pub use app::App;

/// Shows the page in the element with the id `app`, in place of what the document shows until then.
pub fn run() {
    match browser::page::document().and_then(|document| document.get_element_by_id("app")) {
        Some(root) => yew::Renderer::<App>::with_root(root).render(),
        None => yew::Renderer::<App>::new().render(),
    };
}

// What is pure is tested on the machine that builds and, like the rest, in the browser.
#[cfg(all(test, not(target_arch = "wasm32")))]
pub(crate) use core::prelude::v1::test;
#[cfg(all(test, target_arch = "wasm32"))]
pub(crate) use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
