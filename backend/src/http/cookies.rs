//! The cookies that the server reads and sets, one file each.

pub(super) mod device;
pub(super) mod oauth_flow;
pub(super) mod registration;
mod set;

pub(super) use set::{REFRESH_TOKEN, clear_refresh_token, find_cookie, set_cookie, set_cookies};
