//! The cookies, each with its name in one place.

pub(super) mod oauth_flow;
pub(super) mod registration;
mod set;

pub(super) use set::{COOKIE, cookie, no_cookie, set_cookie, set_cookies};
