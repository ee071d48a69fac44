//! The person's own name, address, password and providers, and leaving the account.

mod email;
mod leave_account;
mod name;
pub mod page;
mod password;
mod providers;
