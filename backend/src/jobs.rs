//! Work that no request waits for.

pub mod database;
pub mod mailer;
pub mod sweeper;
