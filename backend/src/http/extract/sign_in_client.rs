//! The client of a request that starts a session.

use axum::{extract::FromRequestParts, http::request::Parts};
use curfew_shared::{auth::TokenDelivery, id::SessionId};

use super::request_client::RequestClient;
use crate::{
    app::AppState,
    error::{Error, Result},
    http::{
        cookies::{REFRESH_TOKEN, device::DeviceCookie, find_cookie},
        respond::tokens::Delivery,
    },
    sessions::start::Browser,
    store::sessions::ClientInfo,
};

/// The client of a request that starts a session, with what its cookies say.
#[derive(Debug)]
pub(in crate::http) struct SignInClient {
    client: RequestClient,
    /// The device that it says it is.
    pub device: DeviceCookie,
    cookie_session: Option<SessionId>,
}

impl SignInClient {
    /// Where the request came from.
    pub(in crate::http) const fn info(&self) -> &ClientInfo {
        &self.client.info
    }

    /// The client's IP address.
    pub(in crate::http) fn ip(&self) -> Option<&str> {
        self.client.ip()
    }

    /// Whether a page of our own sent the request.
    pub(in crate::http) const fn is_same_origin(&self) -> bool {
        self.client.is_same_origin
    }

    /// Refuses to set cookies for a page of another site. Ask before anything is done.
    pub(in crate::http) fn check_cookie_delivery(&self, delivery: TokenDelivery) -> Result<Delivery> {
        self.client.check_cookie_delivery(delivery)
    }

    /// The device, and the session that the new one replaces: a browser holds one cookie, so the session that it
    /// named before would be left behind, live and unseen.
    pub(in crate::http) fn browser(&self, delivery: TokenDelivery) -> Browser {
        Browser {
            device: self.device.device(&self.client.info, delivery),
            replaced_session: self.cookie_session.filter(|_| delivery == TokenDelivery::Cookie),
        }
    }
}

impl FromRequestParts<AppState> for SignInClient {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self> {
        let Ok(client) = RequestClient::from_request_parts(parts, app).await;
        let device = DeviceCookie::from_request_parts(parts, app).await?;
        let cookie_session = find_cookie(&parts.headers, REFRESH_TOKEN)
            .filter(|_| client.is_same_origin)
            .and_then(|token| app.keys.verify_refresh(token).ok())
            .map(|claims| claims.jti.session);
        Ok(Self { client, device, cookie_session })
    }
}
