//! The providers to sign in with.

use axum::{Json as JsonResponse, extract::State};
use curfew_shared::{
    oauth::{Provider as ShownProvider, ProvidersResponse},
    route::api as route,
};

use crate::{app::AppState, config, oidc::Provider};

/// The ways to sign in besides a password.
#[utoipa::path(
    get,
    path = route::OAUTH_PROVIDERS,
    operation_id = "list_oauth_providers",
    tag = "auth",
    security(()),
    responses((status = 200, description = "The providers", body = ProvidersResponse)),
)]
pub(super) async fn providers(State(app): State<AppState>) -> JsonResponse<ProvidersResponse> {
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
