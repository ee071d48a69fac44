//! What the browser offers, in Rust's terms. No rule of Curfew's lives here.
//!
//! Everything answers even where the browser refuses (storage switched off, no Web Locks): with
//! `None` or with nothing done, never with a panic.

pub mod channel;
pub mod clipboard;
pub mod clock;
pub mod download;
pub mod json;
pub mod lock;
pub mod order;
pub mod page;
pub mod random;
pub mod storage;
