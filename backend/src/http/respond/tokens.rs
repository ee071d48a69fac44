//! Responses that hold tokens.

use axum::{
    Json as JsonResponse,
    http::{HeaderName, HeaderValue},
    response::{AppendHeaders, IntoResponse, Response},
};
use cookie::SameSite;
use curfew_shared::{
    auth::{TokenDelivery, TokenResponse, TokenType},
    error::ErrorCode,
};

use crate::{
    app::App,
    error::Result,
    http::cookies::{REFRESH_TOKEN, device::DeviceCookie, set_cookie, set_cookies},
    keys::TokenContext,
};

/// A token delivery that the client is allowed to ask for. No tokens leave without one.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Delivery(TokenDelivery);

impl Delivery {
    /// Fails for a cookie that a page of another site asks for.
    pub(in crate::http) fn check(delivery: TokenDelivery, is_cross_site: bool) -> Result<Self> {
        if delivery == TokenDelivery::Cookie && is_cross_site {
            return Err(ErrorCode::Forbidden.into());
        }
        Ok(Self(delivery))
    }

    /// The delivery.
    pub(in crate::http) const fn get(self) -> TokenDelivery {
        self.0
    }
}

/// New tokens, as a response or as a part of one.
pub(in crate::http) struct IssuedTokens {
    /// The body.
    pub body: TokenResponse,
    delivery: Delivery,
    cookies: Vec<HeaderValue>,
}

impl IssuedTokens {
    /// Signs the tokens.
    pub(in crate::http) fn sign(app: &App, context: &TokenContext, delivery: Delivery) -> Result<Self> {
        let now = app.clock.now();
        let pair = app.keys.sign_pair(context, now)?;
        let in_cookie = delivery.get() == TokenDelivery::Cookie;
        let lifetime = context.deadlines.nearer() - now;
        let cookies = if in_cookie {
            vec![set_cookie(REFRESH_TOKEN, &pair.refresh_token, SameSite::Strict, lifetime)?]
        } else {
            Vec::new()
        };
        let body = TokenResponse {
            access_token: pair.access_token,
            refresh_token: (!in_cookie).then_some(pair.refresh_token),
            token_type: TokenType::Bearer,
            expires_in: u32::try_from(pair.expires_in).unwrap_or_default(),
            idle_expires_at: context.deadlines.idle_expires_at,
            absolute_expires_at: context.deadlines.absolute_expires_at,
            server_time: now,
        };
        Ok(Self { body, delivery, cookies })
    }

    /// Sets the device cookie too, if tokens are delivered in cookies.
    pub(in crate::http) fn with_device_cookie(mut self, device: &DeviceCookie) -> Result<Self> {
        if self.delivery.get() == TokenDelivery::Cookie {
            self.cookies.push(device.set()?);
        }
        Ok(self)
    }

    /// The cookies alone, for a response with another body.
    pub(in crate::http) fn cookies(self) -> AppendHeaders<Vec<(HeaderName, HeaderValue)>> {
        set_cookies(self.cookies)
    }
}

impl IntoResponse for IssuedTokens {
    fn into_response(self) -> Response {
        let body = JsonResponse(self.body.clone());
        (self.cookies(), body).into_response()
    }
}
