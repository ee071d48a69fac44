//! The cookie that recognises the browser in which a registration was begun.

use ::cookie::SameSite;
use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::set::{cookie, set_cookie};
use crate::{domain::link::LinkPurpose, entropy, error::Result, keys::sha256};

const COOKIE: &str = "__Host-curfew_registration";

/// The browser in which a registration is begun. Only there a link proves that its bearer chose the password, or
/// signed in with the identity: anybody can register with somebody else's address.
pub(in crate::http) struct Browser(String);

impl Browser {
    /// As it was known before, or as a new one.
    pub(in crate::http) fn of(headers: &HeaderMap) -> Result<Self> {
        let known = cookie(headers, COOKIE).filter(|secret| secret.len() == 43).map(str::to_owned);
        let secret = match known {
            Some(secret) => secret,
            None => URL_SAFE_NO_PAD.encode(entropy::bytes::<32>()?),
        };
        Ok(Self(secret))
    }

    /// What is kept of its secret.
    pub(in crate::http) fn hash(&self) -> String {
        sha256(&self.0)
    }

    /// The cookie that lets it be known again. `Strict`: the link of the message leads to a page, which asks.
    pub(in crate::http) fn cookie(&self) -> Result<HeaderValue> {
        set_cookie(COOKIE, &self.0, SameSite::Strict, LinkPurpose::VerifyRegistration.lifetime())
    }
}

/// What a registration that was begun in this browser is known by.
pub(in crate::http) fn browser_hash(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE).map(sha256)
}
