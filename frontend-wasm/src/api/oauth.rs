//! Signing in with a provider.

use curfew_shared::{
    auth::TokenDelivery,
    oauth::{
        OauthCallbackRequest, OauthPurpose, OauthStartRequest, OauthStartResponse, OauthTokenResponse,
        ProvidersResponse,
    },
    route::api,
};
use uuid::Uuid;

use super::request::{Call, Request};

/// The ways to sign in, and whether registration is open.
pub fn providers() -> Call<ProvidersResponse> {
    Request::get(api::OAUTH_PROVIDERS).json()
}

/// Starts a flow with a provider. Every purpose but a sign-in needs the access token.
pub fn start(
    provider: &str,
    purpose: OauthPurpose,
    invite_token: Option<String>,
) -> Call<OauthStartResponse> {
    let request = OauthStartRequest { purpose, invite_token, token_delivery: TokenDelivery::Cookie };
    Request::post(&Request::path(api::OAUTH_START, "{provider}", provider), &request).json()
}

/// Hands in what the provider sent the browser back with.
pub fn callback(provider: &str, request: &OauthCallbackRequest, key: Uuid) -> Call<OauthTokenResponse> {
    let path = Request::path(api::OAUTH_CALLBACK, "{provider}", provider);
    Request::post(&path, request).idempotency_key(key).json()
}
