//! The session: its state, the client that keeps it alive, its deadlines, and what the tabs tell each other.

mod access_claims;
pub mod auth_state;
pub mod auth_store;
mod backoff;
pub mod client;
pub mod expiry;
pub mod reauth_prompt;
mod refresh;
pub mod session_marker;
pub mod tab_sync;
pub mod use_client;
pub mod use_server_now;
pub mod use_session_expiry;
pub mod use_session_keeper;
