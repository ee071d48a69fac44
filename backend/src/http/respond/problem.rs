//! Problem bodies (RFC 9457), and the headers that belong to an error.

use std::error::Error as _;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use curfew_shared::error::{ErrorCode, FieldError, Problem};

use crate::error::Error;

/// How long a client should wait when the server is overloaded or away.
const RETRY_AFTER_SECONDS: u32 = 2;

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let code = self.code();
        if let Some(cause) = self.source() {
            tracing::error!(%code, %cause, "request failed");
        } else {
            tracing::debug!(%code, "request refused");
        }
        let mut response = problem(code, self.fields().to_vec());
        let headers = response.headers_mut();
        if code.status() == 401 {
            // RFC 6750 §3.1: a challenge names an error only if a token was presented.
            let challenge = if self.is_token_rejected() {
                r#"Bearer realm="curfew", error="invalid_token""#
            } else {
                r#"Bearer realm="curfew""#
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if matches!(code.status(), 429 | 503) {
            let seconds = self.retry_after_seconds().unwrap_or(RETRY_AFTER_SECONDS);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The problem body for `code`, without the headers of an error.
pub(in crate::http) fn problem(code: ErrorCode, fields: Vec<FieldError>) -> Response {
    let body = serde_json::to_vec(&Problem::new(code, fields)).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}
