//! The endpoints under `/auth`. They know nothing of the store.

use curfew_shared::{
    auth::{LoginRequest, LogoutRequest, MeResponse, RefreshRequest, TokenResponse},
    route::api,
};
use uuid::Uuid;

use super::{Failure, http::Request};
use crate::store::auth::{AccessToken, Cause};

/// Signs in.
///
/// # Errors
/// What the server refused, or why there was no answer.
pub async fn login(request: &LoginRequest) -> Result<TokenResponse, Failure> {
    Request::post(api::LOGIN_JSON, request).json().await
}

/// Exchanges the refresh token in the cookie for its successor. The same `key` again gets the same
/// successor, as long as that was not used.
///
/// # Errors
/// What the server refused, or why there was no answer.
pub async fn refresh(cause: Cause, key: Uuid) -> Result<TokenResponse, Failure> {
    let request = RefreshRequest { refresh_token: None, passive: cause == Cause::Timer };
    Request::post(api::REFRESH, &request).idempotency_key(key).json().await
}

/// Ends the session of the cookie.
///
/// # Errors
/// What the server refused, or why there was no answer.
pub async fn logout() -> Result<(), Failure> {
    Request::post(api::LOGOUT, &LogoutRequest::default()).done().await
}

/// Who is signed in, where, until when.
///
/// # Errors
/// What the server refused, or why there was no answer.
pub async fn me(token: &AccessToken) -> Result<MeResponse, Failure> {
    Request::get(api::ME).bearer(token).json().await
}
