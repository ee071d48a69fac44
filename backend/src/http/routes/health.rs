//! Health, metrics and public keys, for machines.

use axum::{Json, Router, extract::State, http::header, response::IntoResponse, routing::get};
use curfew_shared::error::ErrorCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::AppState, error::Result, keys::Jwk};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).routes(routes!(jwks))
}

#[derive(Serialize, ToSchema)]
#[schema(examples(json!({"status": "ok"})))]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the process runs.
#[utoipa::path(get, path = "/health/live", operation_id = "get_liveness", tag = "service", security(()), responses((status = 200, description = "The process runs", body = Health)))]
async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the process can serve: the database answers and can be written to, its clock is known, and nobody asked the
/// process to stop.
#[utoipa::path(
    get,
    path = "/health/ready",
    operation_id = "get_readiness",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "The database answers", body = Health),
        (status = 503, description = "`unavailable`"),
    ),
)]
async fn ready(State(app): State<AppState>) -> Result<Json<Health>> {
    if app.stopping.is_cancelled() || !app.clock.is_trusted() {
        return Err(ErrorCode::Unavailable.into());
    }
    app.database.check().await?;
    Ok(Json(Health { status: "ok" }))
}

/// The endpoints of the listener for metrics, which is not public.
pub(super) fn metrics_router() -> Router<AppState> {
    Router::new().route("/metrics", get(metrics))
}

/// Counters and durations, in the text format of `OpenMetrics`.
async fn metrics(State(app): State<AppState>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], app.metrics.text())
}

/// The public keys that verify access tokens.
#[derive(Serialize, ToSchema)]
// The key of RFC 8037 §A.
#[schema(examples(json!({"keys": [{
    "kty": "OKP",
    "crv": "Ed25519",
    "alg": "EdDSA",
    "use": "sig",
    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}]})))]
struct Jwks {
    keys: Vec<Jwk>,
}

/// The public keys that verify access tokens (RFC 7517).
///
/// Keys stay in the set as long as tokens that they signed may be valid.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "get_jwks", tag = "service", security(()), responses((status = 200, description = "The key set", body = Jwks)))]
async fn jwks(State(app): State<AppState>) -> impl IntoResponse {
    let keys = app.keys.public().to_vec();
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(Jwks { keys }))
}
