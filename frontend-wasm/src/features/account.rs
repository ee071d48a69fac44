//! The account page: the person's own settings, and for owners those of the account.

mod close_account;
pub mod page;
mod rename_account;
