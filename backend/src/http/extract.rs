//! Extractors that refuse with our own problem body where axum would answer with plain text.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use curfew_shared::error::{ErrorCode, FieldCode, FieldError};
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    domain::field::required,
    error::{Error, Result},
};

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        expect_content_type(request.headers(), "application/json")?;
        json(&bytes(request, state).await?).map(Self)
    }
}

/// A JSON body that may be left out.
#[derive(Debug)]
pub struct JsonOrDefault<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for JsonOrDefault<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let content_type = expect_content_type(request.headers(), "application/json");
        let bytes = bytes(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        content_type?;
        json(&bytes).map(Self)
    }
}

/// A form body.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        expect_content_type(request.headers(), "application/x-www-form-urlencoded")?;
        let bytes = bytes(request, state).await?;
        form(&bytes).map(Self)
    }
}

/// The query of the address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        form(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// A segment of the path. One that cannot be what is asked for names nothing.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value)).map_err(|_| ErrorCode::NotFound.into())
    }
}

/// What names a request, so that its answer can be asked for again if it gets lost.
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

/// How many entries a page has: 50 unless asked otherwise, 100 at the most.
pub fn page_limit(asked: Option<u32>) -> Result<u32> {
    const PAGE: u32 = 50;
    const PAGE_MAX: u32 = 100;
    let limit = asked.unwrap_or(PAGE);
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    let (code, bound) = if limit == 0 { (FieldCode::TooSmall, 1) } else { (FieldCode::TooLarge, PAGE_MAX) };
    let fault = FieldError::new("limit", code, format!("Ask for 1 to {PAGE_MAX}."));
    Err(Error::invalid(vec![fault.with_limit(bound.into())]))
}

/// Cuts what was found, which is one more than asked for where there is a next page, to `limit`. Answers the last
/// that is left if there is one.
pub fn cut<T>(found: &mut Vec<T>, limit: u32) -> Option<&T> {
    let limit = limit as usize;
    let has_next = found.len() > limit;
    found.truncate(limit);
    found.last().filter(|_| has_next)
}

/// Whether the body is declared to be JSON. A browser cannot declare that to another site unasked.
pub fn is_json(headers: &HeaderMap) -> bool {
    expect_content_type(headers, "application/json").is_ok()
}

fn expect_content_type(headers: &HeaderMap, expected: &str) -> Result<()> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) { Ok(()) } else { Err(ErrorCode::UnsupportedMediaType.into()) }
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let too_large = axum::response::IntoResponse::into_response(rejection).status() == 413;
        if too_large {
            ErrorCode::PayloadTooLarge.into()
        } else {
            malformed("", "The body could not be read.")
        }
    })
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // Serde would take an array for an object, its fields in order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(malformed("", "The body is not a JSON object."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            field_error(&error.path().to_string(), &error.inner().to_string())
        } else {
            malformed("", "The body is not valid JSON.")
        }
    })?;
    deserializer.end().map_err(|_| malformed("", "The body is not valid JSON."))?;
    Ok(value)
}

fn form<T: DeserializeOwned>(pairs: &[u8]) -> Result<T> {
    let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(pairs));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| field_error(&error.path().to_string(), &error.inner().to_string()))
}

fn malformed(field: &str, message: &str) -> Error {
    Error::invalid(vec![FieldError::new(field, FieldCode::Malformed, message)])
}

/// Serde tells the kind of a fault only in its words: "unknown field `x`, …", "missing field `x`".
fn field_error(path: &str, words: &str) -> Error {
    let named = || words.split('`').nth(1).unwrap_or_default();
    if words.starts_with("missing field") {
        return Error::invalid(vec![required(named())]);
    }
    let (field, code, message) = if words.starts_with("unknown field") {
        (named(), FieldCode::Unknown, "There is no such field here.")
    } else if path.is_empty() || path == "." {
        ("", FieldCode::Malformed, "The body does not have the form that is asked for.")
    } else {
        (path, FieldCode::Malformed, "This does not have the form that is asked for.")
    };
    Error::invalid(vec![FieldError::new(field, code, message)])
}
