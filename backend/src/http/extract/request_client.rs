//! Where a request comes from, as far as the request itself tells.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Once,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use curfew_shared::auth::TokenDelivery;

use super::fetch_metadata::{is_cross_site, is_same_origin_json};
use crate::{app::AppState, error::Result, http::respond::tokens::Delivery, store::sessions::ClientInfo};

/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT_MAX: usize = 512;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client of a request.
#[derive(Debug)]
pub(in crate::http) struct RequestClient {
    /// Where the request came from.
    pub info: ClientInfo,
    /// Whether a page of our own sent the request.
    pub is_same_origin: bool,
    is_cross_site: bool,
}

impl RequestClient {
    /// The client's IP address.
    pub(in crate::http) fn ip(&self) -> Option<&str> {
        self.info.ip.as_deref()
    }

    /// Refuses to set cookies for a page of another site, which would sign people in as somebody else. Ask before
    /// anything is done.
    pub(in crate::http) fn check_cookie_delivery(&self, delivery: TokenDelivery) -> Result<Delivery> {
        Delivery::check(delivery, self.is_cross_site)
    }
}

impl FromRequestParts<AppState> for RequestClient {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        Ok(Self {
            info: client_info(parts, app.config.server.proxies),
            is_same_origin: is_same_origin_json(&parts.headers, app.config.server.public_url.origin()),
            is_cross_site: is_cross_site(&parts.headers, app.config.server.public_url.origin()),
        })
    }
}

/// The client's IP address and description.
pub(super) fn client_info(parts: &Parts, proxies: usize) -> ClientInfo {
    let peer =
        parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    ClientInfo {
        ip: address(peer, &parts.headers, proxies).map(|address| address.to_string()),
        user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_MAX).collect()),
    }
}

/// The client's IP address: that of the connection or, behind `proxies` proxies, the one that the outermost proxy
/// reports. Each proxy appends the address of its peer, so only the last entries can be trusted.
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
    // Bytes, since a client may send text that is not valid, and the proxy appends to it all the same.
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

/// The address in an entry. Proxies write it with or without quotes, brackets, port and zone.
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

/// Once a process, since clients could fill the log otherwise.
fn warn_once(once: &Once, words: &str) {
    once.call_once(|| tracing::warn!("{words}"));
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

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
