//! The alphabetical order of the reader's own language.

use std::cmp::Ordering;

use js_sys::{Array, JsString, Object};

/// Compares two names in the reader's locale.
#[must_use]
pub fn locale_compare(one: &str, other: &str) -> Ordering {
    // No locale named: the reader's own.
    JsString::from(one).locale_compare(other, &Array::new(), &Object::new()).cmp(&0)
}
