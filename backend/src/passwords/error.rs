//! Why a password was neither hashed nor verified.

use crate::entropy::NoEntropy;

/// Why a password was neither hashed nor verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The queue is full.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The person or the network has as many in the queue as it may; how many seconds to wait.
    #[error("too many passwords of one person or network wait to be hashed")]
    Crowded(u32),
    /// The stored hash is not one, or the library refused.
    #[error("argon2: {0}")]
    Argon2(String),
    /// No randomness for a salt.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}
