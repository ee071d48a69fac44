//! Journeys through the built product, one a file: `just test-e2e`, or `just test-e2e NAME` for one.
//!
//! They run side by side, each with servers, browsers, databases and ports of its own. Nothing waits
//! for a time, only for a condition. What was on the stage when a journey failed is in `target/e2e/`.

mod accessibility;
mod accessibility_people;
mod addresses;
mod api_reader;
mod audit_trail;
mod clock;
mod ending_sessions;
mod filters;
mod hearing_people;
mod invitations;
mod keyboard;
mod keyboard_people;
mod members;
mod openid;
mod own_sessions;
mod pages;
mod people;
mod race;
mod replicas;
mod server_away;
mod session_ends;
mod session_policy;
mod session_warning;
mod sign_in;
mod tokens;
mod two_tabs;
