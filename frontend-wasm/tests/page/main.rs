//! The page's parts in a real browser. Run by `wasm-bindgen-test-runner` in headless Chromium.
#![cfg(test)]

mod banner;
mod layout;
mod screen;
mod server;
mod session;
mod sign_in_form;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
