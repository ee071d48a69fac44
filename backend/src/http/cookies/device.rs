//! The cookie that tells one browser from another, so that a user is told about a sign-in on a new one.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use cookie::SameSite;
use curfew_shared::auth::TokenDelivery;

use super::set::{find_cookie, set_cookie};
use crate::{
    app::AppState,
    entropy,
    error::{Error, Result},
    keys::sha256,
    store::{devices::Device, sessions::ClientInfo},
};

const COOKIE: &str = "__Host-curfew_device";
/// The longest lifetime that browsers allow.
const LIFETIME: TimeDelta = TimeDelta::days(400);

/// The id in the browser's cookie, or a new one.
#[derive(Debug)]
pub(in crate::http) struct DeviceCookie(String);

impl DeviceCookie {
    /// The keys of the device. A browser that gets cookies is known by its own; other clients are known by program
    /// and IP address.
    pub(in crate::http) fn device(&self, client: &ClientInfo, delivery: TokenDelivery) -> Device {
        match delivery {
            TokenDelivery::Cookie => {
                Device { key: sha256(&format!("cookie {}", self.0)), left: key("left", client) }
            }
            TokenDelivery::Body => Device { key: key("program", client), left: String::new() },
        }
    }

    /// Sets the cookie.
    pub(in crate::http) fn set(&self) -> Result<HeaderValue> {
        set_cookie(COOKIE, &self.0, SameSite::Strict, LIFETIME)
    }
}

impl FromRequestParts<AppState> for DeviceCookie {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self> {
        let known = find_cookie(&parts.headers, COOKIE).filter(|id| id.len() == 22).map(str::to_owned);
        Ok(Self(match known {
            Some(id) => id,
            None => URL_SAFE_NO_PAD.encode(entropy::bytes::<16>()?),
        }))
    }
}

fn key(kind: &str, client: &ClientInfo) -> String {
    let address = client.ip.as_deref().unwrap_or_default();
    let program = client.user_agent.as_deref().unwrap_or_default();
    sha256(&format!("{kind} {program} at {address}"))
}
