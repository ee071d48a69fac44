//! Journeys through the built product, one per file: `just test-e2e`, or `just test-e2e NAME` for one.
//!
//! They run side by side, each with its own servers, browsers, databases and ports. Nothing waits for a
//! length of time, only for a condition. A failed journey leaves screenshots, documents and logs in
//! `target/e2e/`.

mod accessibility;
mod accounts;
mod accounts_axe;
mod accounts_keyboard;
mod accounts_screen_reader;
mod addresses;
mod api_reader;
mod audit_trail;
mod ending_sessions;
mod filters;
mod invitations;
mod members;
mod openid;
mod own_sessions;
mod pages;
mod poolers;
mod proxies;
mod replicas;
mod server_away;
mod session_ends;
mod session_policy;
mod session_warning;
mod sign_in;
mod tokens;
mod two_tabs;
