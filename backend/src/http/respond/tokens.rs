//! Answers that hold tokens.

use axum::{
    Json as JsonResponse,
    http::{HeaderName, HeaderValue},
    response::{AppendHeaders, IntoResponse, Response},
};
use cookie::SameSite;
use curfew_shared::auth::{TokenDelivery, TokenResponse, TokenType};

use crate::{
    app::App,
    error::Result,
    http::{
        cookies::{COOKIE, set_cookie, set_cookies},
        extract::{Client, Delivery},
    },
    keys::Grant,
};

/// The tokens of a grant, on their way out.
pub(in crate::http) struct Handout {
    /// The body.
    pub tokens: TokenResponse,
    delivery: Delivery,
    cookies: Vec<HeaderValue>,
}

impl Handout {
    /// Mints the tokens.
    pub(in crate::http) fn new(app: &App, grant: &Grant, delivery: Delivery) -> Result<Self> {
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
    pub(in crate::http) fn remember(mut self, client: &Client) -> Result<Self> {
        if self.delivery.get() == TokenDelivery::Cookie {
            self.cookies.push(client.device_cookie()?);
        }
        Ok(self)
    }

    /// The cookies alone, for an answer with another body.
    pub(in crate::http) fn cookies(self) -> AppendHeaders<Vec<(HeaderName, HeaderValue)>> {
        set_cookies(self.cookies)
    }
}

impl IntoResponse for Handout {
    fn into_response(self) -> Response {
        let body = JsonResponse(self.tokens.clone());
        (self.cookies(), body).into_response()
    }
}
