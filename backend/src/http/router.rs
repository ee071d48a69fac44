//! The routers, and the order of the layers around them.

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn_with_state, map_request, map_response},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{PropagateRequestIdLayer, SetRequestIdLayer},
    timeout::TimeoutLayer,
    trace::TraceLayer,
};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::{
    middleware::{self, NewRequestId, REQUEST_ID},
    routes::{
        self,
        openapi::{self, Description},
        static_files,
    },
};
use crate::app::AppState;

/// The largest body of a request, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// The longest that a request may take; then the response is 503.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The OpenAPI description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    parts().1
}

fn parts() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    let (router, mut openapi) =
        OpenApiRouter::with_openapi(Description::openapi()).merge(routes::api()).split_for_parts();
    openapi::complete(&mut openapi);
    (router, openapi)
}

/// The router of the server.
pub fn router(app: AppState) -> Router {
    let (api, openapi) = parts();
    let mut router = api
        .merge(openapi::router(openapi))
        .merge(routes::others(&app.config))
        .fallback(static_files::serve)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(CatchPanicLayer::custom(middleware::on_panic));
    if let Some(cors) = middleware::cors(&app.config.server.cors_origins) {
        router = router.layer(cors);
    }
    router
        .layer(from_fn_with_state(app.clone(), middleware::strip_cross_site_cookies))
        .layer(map_response(middleware::complete_response))
        .layer(from_fn_with_state(app.clone(), middleware::record_request_metrics))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(middleware::span)
                .on_request(())
                .on_response(middleware::on_response)
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .layer(map_request(middleware::strip_client_request_id))
        .with_state(app)
}

/// The router of the listener for metrics.
pub fn metrics_router(app: AppState) -> Router {
    routes::metrics().layer(map_response(middleware::complete_response)).with_state(app)
}
