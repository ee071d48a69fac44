//! Work that no request waits for.

pub mod mailer;
pub mod sweeper;
