//! What crosses the wire between Curfew's server and page, and the rules that both apply to it.
//!
//! No HTTP, no database, no clock: this crate builds for the server and for wasm32 alike.

pub mod audit;
pub mod auth;
pub mod error;
pub mod id;
pub mod policy;
pub mod route;
pub mod security;
