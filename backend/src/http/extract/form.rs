//! Form bodies.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::{
    body::{expect_content_type, read},
    decode::form,
};
use crate::error::{Error, Result};

/// A form body.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        expect_content_type(request.headers(), "application/x-www-form-urlencoded")?;
        let bytes = read(request, state).await?;
        form(&bytes).map(Self)
    }
}
