//! Responses.

pub(super) mod problem;
pub(super) mod tokens;
