//! Which site a request comes from, as far as the browser says.

use axum::http::{HeaderMap, header};

use super::body::is_json;

/// Whether a page of our own made the request: JSON, and from the same origin.
pub(in crate::http) fn is_our_page(headers: &HeaderMap, own: &str) -> bool {
    is_json(headers) && is_same_origin(headers, own)
}

fn is_same_origin(headers: &HeaderMap, own: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|origin| origin == own),
    }
}

/// Whether the browser says that a page of another site made the request. What is no browser says nothing.
pub(in crate::http) fn is_foreign(headers: &HeaderMap, own: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site != "same-origin" && site != "none",
        None => headers.get(header::ORIGIN).is_some_and(|origin| origin != own),
    }
}
