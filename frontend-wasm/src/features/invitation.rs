//! Accepting an invitation.

pub mod page;
