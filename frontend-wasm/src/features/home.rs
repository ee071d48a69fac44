//! The first page after signing in.

pub mod page;
mod session_card;
