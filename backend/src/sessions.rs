//! Operations on sessions, for requests and the command line alike. Tokens are signed by the caller.

pub mod password_proof;
pub mod reauthenticate;
pub mod refresh;
pub mod revoke;
pub mod start;
