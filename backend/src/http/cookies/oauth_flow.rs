//! The cookies that bind sign-ins with a provider to their browser: one each, so that several tabs can sign in.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use cookie::SameSite;

use super::set::{find_cookie, set_cookie};
use crate::{error::Result, keys::sha256, store::oauth_flows};

/// The start of their names; the rest is a part of the hash of the state.
const PREFIX: &str = "__Host-curfew_oauth_";
/// How many a browser keeps. The oldest are dropped first.
const COUNT_MAX: usize = 8;

fn name(state: &str) -> String {
    format!("{PREFIX}{:.16}", sha256(state))
}

/// The secret in the browser's cookie for a state.
pub(in crate::http) fn secret<'a>(headers: &'a HeaderMap, state: &str) -> Option<&'a str> {
    find_cookie(headers, &name(state))
}

/// Sets the cookie for a state, and clears the oldest if there are too many. `Lax`, since the provider sends the
/// browser back.
pub(in crate::http) fn set(headers: &HeaderMap, state: &str, secret: &str) -> Result<Vec<HeaderValue>> {
    let names: Vec<_> = headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|all| all.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('=').map(|(name, _)| name))
        .filter(|name| name.starts_with(PREFIX) && name.is_ascii())
        .collect();
    // Browsers send the oldest first (RFC 6265 §5.4).
    let too_many = &names[..(names.len() + 1).saturating_sub(COUNT_MAX)];
    let mut cookies: Vec<_> = too_many.iter().map(|name| clear_named(name)).collect::<Result<_>>()?;
    cookies.push(set_cookie(&name(state), secret, SameSite::Lax, oauth_flows::LIFETIME)?);
    Ok(cookies)
}

/// Clears the cookie for a state.
pub(in crate::http) fn clear(state: &str) -> Result<HeaderValue> {
    clear_named(&name(state))
}

fn clear_named(name: &str) -> Result<HeaderValue> {
    set_cookie(name, "", SameSite::Lax, TimeDelta::zero())
}
