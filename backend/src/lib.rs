//! Curfew's server: sessions that end when they should, and only then.
//!
//! One direction: `http`, `cli` and `jobs` call the operations in `accounts` and `sessions`; those decide with `domain`
//! and read and write through `store`.

pub mod accounts;
pub mod app;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod context;
pub mod domain;
pub mod entropy;
pub mod error;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod mail;
pub mod metrics;
pub mod oidc;
pub mod passwords;
pub mod server;
pub mod sessions;
pub mod store;
pub mod telemetry;
pub mod throttle;
