//! The people of the account and its pending invitations, for owners.

pub mod invitation;
pub mod invitations;
pub mod member_action;
pub mod page;
pub mod role_select;
