//! Signing in, with a password or with a provider.

pub mod oauth_callback;
pub mod page;
pub mod sign_in_form;
