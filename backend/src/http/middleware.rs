//! The layers around every request.

use std::time::{Duration, Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use curfew_shared::{error::ErrorCode, route};
use tower_http::{
    cors::CorsLayer,
    request_id::{MakeRequestId, RequestId},
};

use super::{extract::fetch_metadata::is_cross_site, respond::problem::problem};
use crate::{app::AppState, entropy, error::Error};

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Sent with every response that does not set them itself.
static HEADERS: [(HeaderName, &str); 9] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Cross-origin headers for the configured origins, without credentials. None by default.
pub(super) fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins.to_vec())
            .expose_headers([header::RETRY_AFTER, header::WWW_AUTHENTICATE, REQUEST_ID])
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("idempotency-key"),
            ])
            .max_age(Duration::from_mins(10))
    })
}

/// Adds the common headers, and a body to every error that has none (a wrong method, a timeout).
pub(super) async fn complete_response(response: Response) -> Response {
    let mut response = match code_without_body(&response) {
        Some(code) => {
            let mut full = Error::from(code).into_response();
            if let Some(allow) = response.headers().get(header::ALLOW) {
                full.headers_mut().insert(header::ALLOW, allow.clone());
            }
            full
        }
        None => response,
    };
    for (name, value) in &HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Removes cookies from the responses to pages of other sites, for every endpoint.
pub(super) async fn strip_cross_site_cookies(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let is_cross_site = is_cross_site(request.headers(), app.config.server.public_url.origin());
    let mut response = next.run(request).await;
    if is_cross_site {
        response.headers_mut().remove(header::SET_COOKIE);
    }
    response
}

/// The code for an error response without a body.
fn code_without_body(response: &Response) -> Option<ErrorCode> {
    if response.headers().contains_key(header::CONTENT_TYPE) {
        return None;
    }
    match response.status() {
        StatusCode::NOT_FOUND => Some(ErrorCode::NotFound),
        StatusCode::METHOD_NOT_ALLOWED => Some(ErrorCode::MethodNotAllowed),
        StatusCode::SERVICE_UNAVAILABLE => Some(ErrorCode::Unavailable),
        status if status.is_server_error() => Some(ErrorCode::Internal),
        _ => None,
    }
}

pub(super) async fn record_request_metrics(
    State(app): State<AppState>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    // Any word can be a method; a label for each would use up the memory.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let method = known.into_iter().find(|method| method == request.method());
    let method = method.as_ref().map_or("other", Method::as_str).to_owned();
    let response = next.run(request).await;
    let route = path.as_ref().map_or("page", MatchedPath::as_str);
    app.metrics.request(&method, route, response.status().as_u16(), start.elapsed());
    response
}

/// Logs the path without the query, which may hold secrets.
pub(super) fn span(request: &Request) -> tracing::Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", id, method = %request.method(), path = loggable(request.uri().path()))
}

/// The path without the token of an invitation.
fn loggable(path: &str) -> &str {
    let parent = route::api::INVITATION.trim_end_matches("{token}");
    let of_api = path.strip_prefix(route::API).filter(|path| path.starts_with(parent));
    let of_page = path.strip_prefix(route::page::INVITE).filter(|rest| rest.starts_with('/'));
    let length = match (of_api, of_page) {
        (Some(_), _) => route::API.len() + parent.len(),
        (_, Some(_)) => route::page::INVITE.len() + 1,
        (None, None) => path.len(),
    };
    &path[..length]
}

pub(super) fn on_response(response: &Response, took: Duration, _: &tracing::Span) {
    tracing::info!(status = response.status().as_u16(), micros = took.as_micros(), "answered");
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub(super) fn on_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = message.unwrap_or("no message"), "a handler panicked");
    problem(ErrorCode::Internal, Vec::new())
}

/// Removes the request id that a client sent, so that it does not appear in our log as ours.
pub(super) async fn strip_client_request_id(mut request: Request) -> Request {
    request.headers_mut().remove(REQUEST_ID);
    request
}

#[derive(Clone, Copy)]
pub(super) struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = u128::from_be_bytes(entropy::bytes().ok()?);
        HeaderValue::from_str(&format!("{id:032x}")).ok().map(RequestId::new)
    }
}

#[cfg(test)]
mod tests {
    use super::loggable;

    #[test]
    fn the_token_of_an_invitation_is_in_no_log() {
        for (path, shown) in [
            ("/api/v1/invites/eyJ.a.b", "/api/v1/invites/"),
            ("/api/v1/invites/eyJ.a.b/accept", "/api/v1/invites/"),
            ("/invite/eyJ.a.b", "/invite/"),
            ("/invite", "/invite"),
            ("/api/v1/accounts/me/invites", "/api/v1/accounts/me/invites"),
            ("/", "/"),
        ] {
            assert_eq!(loggable(path), shown);
        }
    }
}
