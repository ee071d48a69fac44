//! The order that names have in the reader's own language.

use std::cmp::Ordering;

use js_sys::{Array, JsString, Object};

/// How `one` and `other` stand in a list.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    // No locale named: the reader's own.
    JsString::from(one).locale_compare(other, &Array::new(), &Object::new()).cmp(&0)
}
