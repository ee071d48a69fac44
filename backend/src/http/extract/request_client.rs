//! Who sends a request, as far as the request itself tells: address, program, device.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Once,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use cookie::SameSite;
use curfew_shared::{auth::TokenDelivery, error::ErrorCode, id::SessionId};

use super::fetch_metadata::{is_foreign, is_our_page};
use crate::{
    app::AppState,
    entropy,
    error::{Error, Result},
    http::cookies::{COOKIE, cookie, set_cookie},
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
pub(in crate::http) struct Client {
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
pub(in crate::http) struct Delivery(TokenDelivery);

impl Delivery {
    /// The way.
    pub(in crate::http) const fn get(self) -> TokenDelivery {
        self.0
    }
}

impl Client {
    /// Refuses to set cookies for a page of another site, which would sign people in as somebody else. To be asked
    /// before anything is done.
    pub(in crate::http) fn may_be_given(&self, delivery: TokenDelivery) -> Result<Delivery> {
        if delivery == TokenDelivery::Cookie && self.is_foreign {
            return Err(ErrorCode::Forbidden.into());
        }
        Ok(Delivery(delivery))
    }

    /// What the device is known by. A browser has a cookie of its own for that. It drops all cookies when
    /// it signs out, so it leaves the name of its program at its address behind, which is good once. What
    /// keeps no cookies has that name alone.
    pub(in crate::http) fn device(&self, delivery: TokenDelivery) -> Device {
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
    pub(in crate::http) fn device_cookie(&self) -> Result<HeaderValue> {
        set_cookie(DEVICE_COOKIE, &self.device, SameSite::Strict, DEVICE_AGE)
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
        let address = address(peer, headers, app.config.proxies);
        let origin = sessions::Origin {
            address: address.map(|address| address.to_string()),
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
        if headers.contains_key(FORWARDED_FOR) {
            warn_once(
                &IGNORED,
                "a request has X-Forwarded-For, which is ignored as CURFEW_PROXIES is 0: if a proxy stands in \
                 front, all clients count as one address; set CURFEW_PROXIES to the number of proxies",
            );
        }
        return peer;
    }
    // Bytes, not text: what the client wrote into it may be none, and the proxy appended to it all the same.
    let entries: Vec<&[u8]> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    let entry = entries.len().checked_sub(proxies).and_then(|index| entries.get(index));
    let client = entry.and_then(|entry| forwarded(std::str::from_utf8(entry).ok()?));
    if client.is_none() {
        warn_once(
            &UNREADABLE,
            "a request has fewer addresses in X-Forwarded-For than CURFEW_PROXIES says, or one that cannot be \
             read: the address of the connection counts as the client's",
        );
    }
    client.or(peer)
}

/// The address in an entry. Proxies write it bare or in quotes, IPv6 with brackets or without, with the port or
/// without, and that of a link with its zone.
fn forwarded(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim().trim_matches('"');
    let address = match entry.strip_prefix('[') {
        Some(bracketed) => {
            let (address, port) = bracketed.split_once(']')?;
            let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            v6(address).filter(|_| is_port)?
        }
        None => match entry.split_once(':') {
            Some((address, port)) if is_port(port) => address.parse().ok().map(IpAddr::V4)?,
            Some(_) => v6(entry)?,
            None => entry.parse().ok().map(IpAddr::V4)?,
        },
    };
    Some(address.to_canonical())
}

fn v6(address: &str) -> Option<IpAddr> {
    let without_zone = address.split('%').next()?;
    without_zone.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// Whether this is a port, or the word that hides one (RFC 7239 §6.3).
fn is_port(port: &str) -> bool {
    let is_hidden = port.strip_prefix('_').is_some_and(|word| !word.is_empty());
    is_hidden || port.parse::<u16>().is_ok()
}

static IGNORED: Once = Once::new();
static UNREADABLE: Once = Once::new();

/// Once a process, as whoever sends requests could fill the log.
fn warn_once(once: &Once, words: &str) {
    once.call_once(|| tracing::warn!("{words}"));
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

    #[test]
    fn every_form_that_proxies_write_is_read() {
        for (entry, address) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("203.0.113.9:_hidden", "203.0.113.9"),
            ("\"203.0.113.9:4711\"", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("\"[2001:db8::1]\"", "2001:db8::1"),
            ("[fe80::1%eth0]:443", "fe80::1"),
            ("fe80::1%25eth0", "fe80::1"),
            ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ] {
            assert_eq!(forwarded(entry), address.parse().ok(), "{entry}");
        }
        for entry in
            ["", "unknown", "_hidden", "[]", "[203.0.113.9]", "[2001:db8::1", "[2001:db8::1]x", "1.2.3.4:x"]
        {
            assert_eq!(forwarded(entry), None, "{entry}");
        }
    }
}
