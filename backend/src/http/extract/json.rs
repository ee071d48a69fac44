//! JSON bodies.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::{
    body::{expect_content_type, read},
    decode::json,
};
use crate::error::{Error, Result};

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        expect_content_type(request.headers(), "application/json")?;
        json(&read(request, state).await?).map(Self)
    }
}

/// A JSON body, or the default if it is empty.
#[derive(Debug)]
pub struct JsonOrDefault<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for JsonOrDefault<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let content_type = expect_content_type(request.headers(), "application/json");
        let bytes = read(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        content_type?;
        json(&bytes).map(Self)
    }
}
