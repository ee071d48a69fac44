//! The idempotency key of a request.

use axum::{extract::FromRequestParts, http::request::Parts};
use utoipa::IntoParams;
use uuid::Uuid;

use super::decode::malformed;
use crate::error::{Error, Result};

/// The key with which a client repeats a request if the response was lost.
#[derive(Debug, Clone, Copy, IntoParams)]
#[into_params(names("Idempotency-Key"), parameter_in = Header)]
pub struct IdempotencyKey(
    /// A UUID of the client's own; repeat it after a lost answer.
    #[param(value_type = Uuid, required = false)]
    pub Option<Uuid>,
);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(key) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = key.to_str().ok().and_then(|key| key.parse().ok());
        key.map(|key| Self(Some(key))).ok_or_else(|| malformed("Idempotency-Key", "Send a UUID."))
    }
}
