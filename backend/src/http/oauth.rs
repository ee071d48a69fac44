//! Signing in with an OpenID provider, and one's own identities there.
//!
//! A sign-in is bound to one browser by a cookie, to one provider, and to what was asked for; its
//! answer is taken once. Identity is issuer and subject: an address alone never is (ASVS V6.8.1).

use axum::{Json as JsonResponse, Router, extract::State, routing::post};
use curfew_shared::{
    oauth::{Provider as ShownProvider, ProvidersResponse},
    route::{api as route, page},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::AppState, config, oidc::Provider};

mod callback;
mod cookies;
mod form_post;
mod found;
mod identities;
mod start;

pub(super) use identities::{By, Link, link};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(providers))
        .routes(routes!(start::start))
        .routes(routes!(callback::callback))
        .routes(routes!(identities::list))
        .routes(routes!(identities::unlink))
}

/// What lies outside the API: the address that providers send the browser back to.
pub(super) fn redirect_router() -> Router<AppState> {
    let path = format!("{}/{{provider}}", page::OAUTH_CALLBACK);
    Router::new().route(&path, post(form_post::receive).fallback(super::page::serve))
}

/// The ways to sign in besides a password.
#[utoipa::path(
    get,
    path = route::OAUTH_PROVIDERS,
    operation_id = "list_oauth_providers",
    tag = "auth",
    security(()),
    responses((status = 200, description = "The providers", body = ProvidersResponse)),
)]
async fn providers(State(app): State<AppState>) -> JsonResponse<ProvidersResponse> {
    let shown = |provider: &Provider| ShownProvider {
        name: provider.config.name.clone(),
        display_name: provider.config.display_name.clone(),
        icon: provider.config.icon,
    };
    JsonResponse(ProvidersResponse {
        providers: app.oidc.providers().iter().map(shown).collect(),
        registration_open: app.config.policy.registration == config::policy::Registration::Open,
    })
}
