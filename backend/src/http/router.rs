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
/// How long a request may take before it is answered 503.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The description of the API.
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

/// Everything that the server answers.
pub fn router(app: AppState) -> Router {
    let (api, openapi) = parts();
    let mut router = api
        .merge(openapi::router(openapi))
        .merge(routes::others(&app.config))
        .fallback(static_files::serve)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(CatchPanicLayer::custom(middleware::on_panic));
    if let Some(cors) = middleware::cors(&app.config.cors_origins) {
        router = router.layer(cors);
    }
    router
        .layer(from_fn_with_state(app.clone(), middleware::keep_cookies_home))
        .layer(map_response(middleware::finish))
        .layer(from_fn_with_state(app.clone(), middleware::count))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(middleware::span)
                .on_request(())
                .on_response(middleware::on_response)
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .layer(map_request(middleware::only_ours))
        .with_state(app)
}

/// What is served to whoever collects metrics, on a listener of its own.
pub fn metrics_router(app: AppState) -> Router {
    routes::metrics().layer(map_response(middleware::finish)).with_state(app)
}
