//! What an answer holds.

pub(super) mod problem;
pub(super) mod tokens;
