//! A forgotten password, and a sign-in by someone else.

pub mod disown;
pub mod forgot_password;
pub mod reset_password;
