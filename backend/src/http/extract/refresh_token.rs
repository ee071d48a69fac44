//! The token that a client shows to stay signed in, or to sign out.

use axum::http::HeaderMap;
use curfew_shared::{auth::TokenDelivery, error::ErrorCode};

use super::{bearer::bearer, fetch_metadata::is_our_page};
use crate::{
    app::App,
    error::Result,
    http::cookies::{COOKIE, cookie},
};

/// A token that a client showed, and the way that the answer goes.
pub(in crate::http) struct Shown {
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
    pub(in crate::http) fn find(app: &App, headers: &HeaderMap, in_body: Option<String>) -> Result<Self> {
        if let Some(token) = bearer(headers).map(str::to_owned).or(in_body) {
            return Ok(Self { token, delivery: TokenDelivery::Body });
        }
        let token = cookie(headers, COOKIE).ok_or(ErrorCode::InvalidRefreshToken)?.to_owned();
        if !is_our_page(headers, &app.config.origin) {
            return Err(ErrorCode::Forbidden.into());
        }
        Ok(Self { token, delivery: TokenDelivery::Cookie })
    }
}
