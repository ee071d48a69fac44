//! Operations on accounts and their people, for requests, jobs and the command line alike.

pub mod close;
pub mod create;
pub mod identities;
pub mod invitations;
pub mod members;
pub mod membership_history;
pub mod provider_sign_in;
pub mod recovery;
pub mod registration;
pub mod takeover;
