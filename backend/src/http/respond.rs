//! What an answer holds.

pub(super) mod tokens;
