//! Reading a body.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use curfew_shared::error::ErrorCode;

use super::decode::malformed;
use crate::error::Result;

/// Whether the content type is JSON. A browser does not send that to another site without asking it first.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    expect_content_type(headers, "application/json").is_ok()
}

pub(super) fn expect_content_type(headers: &HeaderMap, expected: &str) -> Result<()> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) { Ok(()) } else { Err(ErrorCode::UnsupportedMediaType.into()) }
}

pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let too_large = axum::response::IntoResponse::into_response(rejection).status() == 413;
        if too_large {
            ErrorCode::PayloadTooLarge.into()
        } else {
            malformed("", "The body could not be read.")
        }
    })
}
