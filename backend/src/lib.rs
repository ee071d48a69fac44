//! Curfew's server: sessions that end when they should, and only then.
//!
//! `domain` decides, `store` remembers, `http` speaks; the modules beside them are what these
//! three stand on. One direction: `http → domain`, `http → store`, `store → domain`.

pub mod app;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod entropy;
pub mod error;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod mail;
pub mod membership;
pub mod metrics;
pub mod oidc;
pub mod passwords;
pub mod server;
pub mod store;
pub mod takeover;
pub mod telemetry;
pub mod throttle;
