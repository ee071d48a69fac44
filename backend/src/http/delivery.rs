//! How tokens travel: out in a body or a cookie, in by a header, a body or a cookie.

use axum::{
    Json as JsonResponse,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use chrono::TimeDelta;
use cookie::{Cookie, SameSite};
use curfew_shared::{
    auth::{TokenDelivery, TokenResponse, TokenType},
    error::ErrorCode,
};

use super::{
    caller::bearer,
    client::{Client, Delivery},
    extract::is_json,
};
use crate::{app::App, error::Result, keys::Grant};

/// The cookie that carries the refresh token. The prefix makes the browser insist on `Secure`,
/// `Path=/` and no `Domain`, so that no other host can plant one.
pub(super) const COOKIE: &str = "__Host-curfew_rt";

/// The tokens of a grant, on their way out.
pub(super) struct Handout {
    /// The body.
    pub tokens: TokenResponse,
    delivery: Delivery,
    cookies: Vec<HeaderValue>,
}

impl Handout {
    /// Mints the tokens.
    pub(super) fn new(app: &App, grant: &Grant, delivery: Delivery) -> Result<Self> {
        let now = app.clock.now();
        let minted = app.keys.mint(grant, now)?;
        let in_cookie = delivery.get() == TokenDelivery::Cookie;
        let left = grant.deadlines.nearer() - now;
        let cookies = if in_cookie {
            vec![set_cookie(COOKIE, &minted.refresh_token, SameSite::Strict, left)?]
        } else {
            Vec::new()
        };
        let tokens = TokenResponse {
            access_token: minted.access_token,
            refresh_token: (!in_cookie).then_some(minted.refresh_token),
            token_type: TokenType::Bearer,
            expires_in: u32::try_from(minted.expires_in).unwrap_or_default(),
            idle_expires_at: grant.deadlines.idle_expires_at,
            absolute_expires_at: grant.deadlines.absolute_expires_at,
            server_time: now,
        };
        Ok(Self { tokens, delivery, cookies })
    }

    /// Lets the browser remember which device it is.
    pub(super) fn remember(mut self, client: &Client) -> Result<Self> {
        if self.delivery.get() == TokenDelivery::Cookie {
            self.cookies.push(client.device_cookie()?);
        }
        Ok(self)
    }

    /// The cookies alone, for an answer with another body.
    pub(super) fn cookies(self) -> AppendHeaders<Vec<(HeaderName, HeaderValue)>> {
        set_cookies(self.cookies)
    }
}

impl IntoResponse for Handout {
    fn into_response(self) -> Response {
        let body = JsonResponse(self.tokens.clone());
        (self.cookies(), body).into_response()
    }
}

/// Makes the browser drop the refresh token.
pub(super) fn no_cookie() -> Result<HeaderValue> {
    set_cookie(COOKIE, "", SameSite::Strict, TimeDelta::zero())
}

/// Cookies, as a part of an answer.
pub(super) fn set_cookies(
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> AppendHeaders<Vec<(HeaderName, HeaderValue)>> {
    AppendHeaders(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect())
}

/// A cookie that no script can read, for this host alone; with no time left the browser drops it.
pub(super) fn set_cookie(
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

/// The value of the cookie `name`. Another site of the same domain may have set cookies that are no text.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs =
        headers.get_all(header::COOKIE).iter().flat_map(|all| all.as_bytes().split(|byte| *byte == b';'));
    let value = |pair: &'a [u8]| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=");
    pairs.filter_map(value).find_map(|value| std::str::from_utf8(value).ok())
}

/// A token that a client showed, and the way that the answer goes.
pub(super) struct Shown {
    /// The token.
    pub token: String,
    /// The way.
    pub delivery: TokenDelivery,
}

impl Shown {
    /// Looks in the Authorization header, in the body, in the cookie, in this order.
    ///
    /// The cookie comes by itself, so it counts only in a request that a page of our own made
    /// (ASVS V3.5.1–V3.5.3).
    pub(super) fn find(app: &App, headers: &HeaderMap, in_body: Option<String>) -> Result<Self> {
        if let Some(token) = bearer(headers).map(str::to_owned).or(in_body) {
            return Ok(Self { token, delivery: TokenDelivery::Body });
        }
        let token = cookie(headers, COOKIE).ok_or(ErrorCode::InvalidRefreshToken)?.to_owned();
        if !is_our_page(headers, app.config.server.public_url.origin()) {
            return Err(ErrorCode::Forbidden.into());
        }
        Ok(Self { token, delivery: TokenDelivery::Cookie })
    }
}

/// Whether a page of our own made the request: JSON, and from the same origin.
pub(super) fn is_our_page(headers: &HeaderMap, own: &str) -> bool {
    is_json(headers) && is_same_origin(headers, own)
}

fn is_same_origin(headers: &HeaderMap, own: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|origin| origin == own),
    }
}

/// Whether the browser says that a page of another site made the request. What is no browser says nothing.
pub(super) fn is_foreign(headers: &HeaderMap, own: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site != "same-origin" && site != "none",
        None => headers.get(header::ORIGIN).is_some_and(|origin| origin != own),
    }
}
