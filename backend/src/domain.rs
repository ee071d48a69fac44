//! The rules, pure: time, policy and data come in as arguments; a value or a small enum comes out.
//!
//! No database, clock, randomness or HTTP in here.

pub mod autolink;
pub mod claim;
pub mod field;
pub mod limit;
pub mod link;
pub mod membership;
pub mod program;
pub mod session;
