//! The page's parts in a real browser. Run by `wasm-bindgen-test-runner` in headless Chromium.
#![cfg(test)]

mod active_users;
mod app;
mod audit;
mod crash_screen;
mod dock;
mod fresh;
mod invitations;
mod invite;
mod isolation;
mod layout;
mod live;
mod loading;
mod members;
mod oauth_callback;
mod policy_form;
mod profile;
mod recovery;
mod registration;
mod revoke_sessions_modal;
mod screen;
mod security;
mod server;
mod session;
mod session_expiry_toast;
mod sessions;
mod sign_in_form;
mod toast_region;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
