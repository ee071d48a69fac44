//! The audit trail, for owners.

mod audit_filters;
mod audit_list;
mod filter;
pub mod page;
mod sentence;
mod use_audit_trail;
