//! The endpoints under `/auth`. They know nothing of the store.

use curfew_shared::{
    auth::{LoginRequest, LogoutRequest, MeResponse, RefreshRequest, TokenResponse},
    route::api,
};
use uuid::Uuid;

use super::http::{Call, Request};
use crate::store::auth::Cause;

/// Signs in.
#[must_use]
pub fn login(request: &LoginRequest) -> Call<TokenResponse> {
    Request::post(api::LOGIN_JSON, request).json()
}

/// Exchanges the refresh token in the cookie for its successor. The same `key` again gets the same
/// successor, as long as that was not used.
#[must_use]
pub fn refresh(cause: Cause, key: Uuid) -> Call<TokenResponse> {
    let request = RefreshRequest { refresh_token: None, passive: cause == Cause::Timer };
    Request::post(api::REFRESH, &request).idempotency_key(key).json()
}

/// Ends the session of the cookie.
#[must_use]
pub fn logout() -> Call<()> {
    Request::post(api::LOGOUT, &LogoutRequest::default()).no_content()
}

/// Who is signed in, where, until when.
#[must_use]
pub fn me() -> Call<MeResponse> {
    Request::get(api::ME).json()
}
