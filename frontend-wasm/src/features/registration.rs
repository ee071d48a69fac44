//! Creating an account, and verifying an email address.

pub mod register;
pub mod verify_email;
