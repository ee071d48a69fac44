//! The only place with HTTP: a description of each call, and the client that keeps the session alive.

pub mod account;
pub mod auth;
mod backoff;
mod client;
mod failure;
mod http;
pub mod people;
mod refresh;

pub use client::{Answer, Client, Prompt};
pub use failure::Failure;
pub use http::{Call, send};
