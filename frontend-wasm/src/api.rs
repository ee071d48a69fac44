//! The only place with HTTP: one file a resource, each with a description of every call.

pub mod access_token;
pub mod account;
pub mod audit;
pub mod auth;
pub mod failure;
pub mod identities;
pub mod invites;
pub mod members;
pub mod oauth;
pub mod profile;
pub mod recovery;
pub mod registration;
pub mod request;
pub mod security;
pub mod sessions;
pub mod use_request;
