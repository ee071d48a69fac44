//! Path parameters.

use axum::{extract::FromRequestParts, http::request::Parts};
use curfew_shared::error::ErrorCode;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// A path parameter. One that cannot be parsed is not found.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value)).map_err(|_| ErrorCode::NotFound.into())
    }
}
