//! Who sends a request, as far as the request itself tells: address, program, device.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use cookie::SameSite;
use curfew_shared::{auth::TokenDelivery, error::ErrorCode, id::SessionId};

use super::delivery::{self, COOKIE, cookie, is_foreign, is_our_page};
use crate::{
    app::AppState,
    entropy,
    error::{Error, Result},
    keys::sha256,
    store::{devices::Device, sessions},
};

/// The longest description of itself that a client is remembered by, in characters.
const USER_AGENT_MAX: usize = 512;
/// The cookie that tells one browser from another, so that its owner is told of a sign-in on any other.
const DEVICE_COOKIE: &str = "__Host-curfew_device";
/// How long a browser remembers: as long as browsers do at the most.
const DEVICE_AGE: TimeDelta = TimeDelta::days(400);
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client of a request.
#[derive(Debug)]
pub(super) struct Client {
    /// Where the request came from.
    pub origin: sessions::Origin,
    /// The session that the browser's cookie names: a sign-in takes its place.
    pub former_session: Option<SessionId>,
    /// Whether a page of our own made the request.
    pub is_our_page: bool,
    is_foreign: bool,
    device: String,
}

/// A way for tokens to travel that the client may be given. No tokens leave without one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery(TokenDelivery);

impl Delivery {
    /// The way.
    pub(super) const fn get(self) -> TokenDelivery {
        self.0
    }
}

impl Client {
    /// Refuses to set cookies for a page of another site, which would sign people in as somebody else. To be asked
    /// before anything is done.
    pub(super) fn may_be_given(&self, delivery: TokenDelivery) -> Result<Delivery> {
        if delivery == TokenDelivery::Cookie && self.is_foreign {
            return Err(ErrorCode::Forbidden.into());
        }
        Ok(Delivery(delivery))
    }

    /// What the device is known by. A browser has a cookie of its own for that. It drops all cookies when
    /// it signs out, so it leaves the name of its program at its address behind, which is good once. What
    /// keeps no cookies has that name alone.
    pub(super) fn device(&self, delivery: TokenDelivery) -> Device {
        let address = self.origin.address.as_deref().unwrap_or_default();
        let program = self.origin.user_agent.as_deref().unwrap_or_default();
        let named = |kind| sha256(&format!("{kind} {program} at {address}"));
        match delivery {
            TokenDelivery::Cookie => {
                Device { key: sha256(&format!("cookie {}", self.device)), left: named("left") }
            }
            TokenDelivery::Body => Device { key: named("program"), left: String::new() },
        }
    }

    /// The cookie that lets the browser be known again.
    pub(super) fn device_cookie(&self) -> Result<HeaderValue> {
        delivery::set_cookie(DEVICE_COOKIE, &self.device, SameSite::Strict, DEVICE_AGE)
    }
}

impl FromRequestParts<AppState> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self> {
        let headers = &parts.headers;
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let origin = sessions::Origin {
            address: address(peer, headers, app.config.proxies).map(|address| address.to_string()),
            user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_MAX).collect()),
        };
        let is_our_page = is_our_page(headers, &app.config.origin);
        let former_session = cookie(headers, COOKIE)
            .filter(|_| is_our_page)
            .and_then(|token| app.keys.verify_refresh(token).ok())
            .map(|claims| claims.jti.session);
        let known = cookie(headers, DEVICE_COOKIE).filter(|device| device.len() == 22).map(str::to_owned);
        let device = match known {
            Some(device) => device,
            None => URL_SAFE_NO_PAD.encode(entropy::bytes::<16>()?),
        };
        let is_foreign = is_foreign(headers, &app.config.origin);
        Ok(Self { origin, former_session, is_our_page, is_foreign, device })
    }
}

/// The client's address: of the connection, or, behind `proxies` proxies, what the outermost of
/// them says (each appends whom it was asked by, so only the last entries can be believed).
fn address(peer: Option<IpAddr>, headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    if proxies == 0 {
        return peer;
    }
    // Bytes, not text: what the client wrote into it may be none, and the proxy appended to it all the same.
    let entries: Vec<&[u8]> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    let entry = entries.len().checked_sub(proxies).and_then(|index| entries.get(index));
    entry.and_then(|entry| forwarded(std::str::from_utf8(entry).ok()?.trim())).or(peer)
}

/// The address in an entry, which some proxies write with the port.
fn forwarded(entry: &str) -> Option<IpAddr> {
    let address = entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_proxies_only_what_they_wrote_is_believed() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, HeaderValue::from_static("6.6.6.6, 203.0.113.9"));
        headers.append(FORWARDED_FOR, HeaderValue::from_static("10.0.0.2"));
        let peer: Option<IpAddr> = "10.0.0.3".parse().ok();
        let of = |proxies| address(peer, &headers, proxies).map(|address| address.to_string());
        assert_eq!(of(0).as_deref(), Some("10.0.0.3"));
        assert_eq!(of(1).as_deref(), Some("10.0.0.2"));
        assert_eq!(of(2).as_deref(), Some("203.0.113.9"));
        assert_eq!(of(9).as_deref(), Some("10.0.0.3"), "a proxy that wrote nothing");
    }

    #[test]
    fn what_a_client_writes_before_it_hides_no_entry() {
        let of = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
            address(None, &headers, 1).map(|address| address.to_string())
        };
        assert_eq!(of(b"\xe9, 203.0.113.9").as_deref(), Some("203.0.113.9"));
        assert_eq!(of(b"x, 203.0.113.9:4711").as_deref(), Some("203.0.113.9"));
        assert_eq!(of(b"x, [2001:db8::1]:4711").as_deref(), Some("2001:db8::1"));
        assert_eq!(of(b"x, ::ffff:203.0.113.9").as_deref(), Some("203.0.113.9"));
    }
}
