//! Reading and setting cookies.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::AppendHeaders,
};
use chrono::TimeDelta;
use cookie::{Cookie, SameSite};
use curfew_shared::error::ErrorCode;

use crate::error::Result;

/// The cookie that holds the refresh token. Browsers accept the prefix only with `Secure`, `Path=/` and no `Domain`, so
/// that no other host can set it.
pub(in crate::http) const REFRESH_TOKEN: &str = "__Host-curfew_rt";

/// Makes the browser drop the refresh token.
pub(in crate::http) fn clear_refresh_token() -> Result<HeaderValue> {
    set_cookie(REFRESH_TOKEN, "", SameSite::Strict, TimeDelta::zero())
}

/// The headers that set cookies.
pub(in crate::http) fn set_cookies(
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> AppendHeaders<Vec<(HeaderName, HeaderValue)>> {
    AppendHeaders(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect())
}

/// A cookie that no script can read, for this host alone; without time left, the browser drops it.
pub(in crate::http) fn set_cookie(
    name: &str,
    value: &str,
    same_site: SameSite,
    left: TimeDelta,
) -> Result<HeaderValue> {
    let cookie = Cookie::build((name, value))
        .http_only(true)
        .secure(true)
        .same_site(same_site)
        .path("/")
        .max_age(cookie::time::Duration::seconds(left.num_seconds()));
    HeaderValue::from_str(&cookie.to_string()).map_err(|_| ErrorCode::Internal.into())
}

/// The value of the cookie `name`. Another site of the same domain may have set cookies that are not text.
pub(in crate::http) fn find_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs =
        headers.get_all(header::COOKIE).iter().flat_map(|all| all.as_bytes().split(|byte| *byte == b';'));
    let value = |pair: &'a [u8]| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=");
    pairs.filter_map(value).find_map(|value| std::str::from_utf8(value).ok())
}
