//! The session policy, who is signed in, and signing people out; for owners.

pub mod active_users;
pub mod page;
pub mod policy_form;
pub mod revoke_sessions_modal;
mod use_active_users;
mod use_policy_save;
