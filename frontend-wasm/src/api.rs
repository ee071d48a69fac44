//! The only place with HTTP: one async function an endpoint, and the client that keeps the session alive.

pub mod account;
pub mod auth;
mod backoff;
mod client;
mod failure;
mod http;
mod refresh;

pub use client::Client;
pub use failure::Failure;
