//! What the browser offers, in Rust's terms. No rule of Curfew's lives here.
//!
//! Every function copes with a browser that refuses (storage switched off, no Web Locks): it returns `None` or does
//! nothing, and never panics.

pub mod channel;
pub mod clipboard;
pub mod clock;
pub mod collation;
pub mod dom;
pub mod download;
pub mod lock;
pub mod random;
pub mod storage;
