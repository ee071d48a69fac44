//! Decoding bytes, with an error that names the invalid field.

use curfew_shared::error::{FieldCode, FieldError};
use serde::de::DeserializeOwned;

use crate::{
    domain::field::required,
    error::{Error, Result},
};

pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // Serde would accept an array, with the fields in order.
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

pub(super) fn form<T: DeserializeOwned>(pairs: &[u8]) -> Result<T> {
    let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(pairs));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| field_error(&error.path().to_string(), &error.inner().to_string()))
}

pub(super) fn malformed(field: &str, message: &str) -> Error {
    Error::invalid(vec![FieldError::new(field, FieldCode::Malformed, message)])
}

/// Serde tells kinds of errors apart only in the message: "unknown field `x`, …", "missing field `x`".
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
