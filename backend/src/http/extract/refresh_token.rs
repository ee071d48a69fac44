//! The token that a client presents to refresh or to end a session.

use axum::http::HeaderMap;
use curfew_shared::{auth::TokenDelivery, error::ErrorCode};

use super::{bearer::bearer, fetch_metadata::is_same_origin_json};
use crate::{
    app::App,
    error::Result,
    http::cookies::{REFRESH_TOKEN, find_cookie},
};

/// A token that a client presented. The new tokens are delivered in the same way.
pub(in crate::http) struct PresentedToken {
    /// The token.
    pub token: String,
    /// How it was presented.
    pub delivery: TokenDelivery,
}

impl PresentedToken {
    /// Looks in the Authorization header, in the body, in the cookie, in this order.
    ///
    /// Browsers send the cookie on their own, so it counts only in a request of our own page
    /// (ASVS V3.5.1–V3.5.3).
    pub(in crate::http) fn find(app: &App, headers: &HeaderMap, in_body: Option<String>) -> Result<Self> {
        if let Some(token) = bearer(headers).map(str::to_owned).or(in_body) {
            return Ok(Self { token, delivery: TokenDelivery::Body });
        }
        let token = find_cookie(headers, REFRESH_TOKEN).ok_or(ErrorCode::InvalidRefreshToken)?.to_owned();
        if !is_same_origin_json(headers, app.config.server.public_url.origin()) {
            return Err(ErrorCode::Forbidden.into());
        }
        Ok(Self { token, delivery: TokenDelivery::Cookie })
    }
}
