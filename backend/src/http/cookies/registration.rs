//! The cookie that recognises the browser in which a registration was started.

use ::cookie::SameSite;
use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::set::{find_cookie, set_cookie};
use crate::{domain::link::LinkPurpose, entropy, error::Result, keys::sha256};

const COOKIE: &str = "__Host-curfew_registration";

/// The secret of the browser in which a registration was started. Only there does a link prove that its bearer chose
/// the password, or signed in with the identity: anybody can register with somebody else's address.
pub(in crate::http) struct RegistrationCookie(String);

impl RegistrationCookie {
    /// The secret in the browser's cookie, or a new one.
    pub(in crate::http) fn read_or_create(headers: &HeaderMap) -> Result<Self> {
        let known = find_cookie(headers, COOKIE).filter(|secret| secret.len() == 43).map(str::to_owned);
        let secret = match known {
            Some(secret) => secret,
            None => URL_SAFE_NO_PAD.encode(entropy::bytes::<32>()?),
        };
        Ok(Self(secret))
    }

    /// The hash of the secret, which is what is stored.
    pub(in crate::http) fn hash(&self) -> String {
        sha256(&self.0)
    }

    /// Sets the cookie. `Strict`: the link in the message leads to a page, which sends the request.
    pub(in crate::http) fn set(&self) -> Result<HeaderValue> {
        set_cookie(COOKIE, &self.0, SameSite::Strict, LinkPurpose::VerifyRegistration.lifetime())
    }
}

/// The hash of the secret in the browser's cookie.
pub(in crate::http) fn registration_cookie_hash(headers: &HeaderMap) -> Option<String> {
    find_cookie(headers, COOKIE).map(sha256)
}
