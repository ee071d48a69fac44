//! The person's own sessions.

pub mod page;
