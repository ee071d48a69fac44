//! Signing in and out, and refreshing the session.

use curfew_shared::{
    auth::{LoginRequest, LogoutRequest, MeResponse, RefreshRequest, TokenDelivery, TokenResponse},
    person::ReauthenticateRequest,
    route::api,
};
use uuid::Uuid;

use super::request::{Call, Request};

pub fn login(request: &LoginRequest) -> Call<TokenResponse> {
    Request::post(api::LOGIN_JSON, request).json()
}

/// Exchanges the refresh token in the cookie for its successor. The same `key` gets the same successor again, as
/// long as that was not used. A `passive` refresh does not restart the idle window.
pub fn refresh(passive: bool, key: Uuid) -> Call<TokenResponse> {
    let request = RefreshRequest { refresh_token: None, passive };
    Request::post(api::REFRESH, &request).idempotency_key(key).json()
}

/// Ends the session of the cookie.
pub fn logout() -> Call<()> {
    Request::post(api::LOGOUT, &LogoutRequest::default()).no_content()
}

pub fn me() -> Call<MeResponse> {
    Request::get(api::ME).json()
}

pub fn reauthenticate(password: String, key: Uuid) -> Call<TokenResponse> {
    let request = ReauthenticateRequest { password, token_delivery: TokenDelivery::Cookie };
    Request::post(api::REAUTHENTICATE, &request).idempotency_key(key).json()
}
