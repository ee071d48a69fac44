//! Which site a request comes from, as far as the browser says.

use axum::http::{HeaderMap, header};

use super::body::is_json;

/// Whether a page of our own sent the request: it is JSON and from the same origin.
pub(in crate::http) fn is_same_origin_json(headers: &HeaderMap, own: &str) -> bool {
    is_json(headers) && is_same_origin(headers, own)
}

fn is_same_origin(headers: &HeaderMap, own: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|origin| origin == own),
    }
}

/// Whether the browser says that a page of another site sent the request. Other clients say nothing.
pub(in crate::http) fn is_cross_site(headers: &HeaderMap, own: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site != "same-origin" && site != "none",
        None => headers.get(header::ORIGIN).is_some_and(|origin| origin != own),
    }
}
