//! The built page, which is embedded in the binary and compressed at build time.

use std::sync::LazyLock;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use curfew_shared::{error::ErrorCode, route};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{error::Error, http::extract::accept::quality};

// A debug build reads the files that `just page` writes, on each request.
#[derive(RustEmbed)]
#[cfg_attr(debug_assertions, folder = "$CARGO_MANIFEST_DIR/../dist")]
#[cfg_attr(not(debug_assertions), folder = "$OUT_DIR/page")]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// The encodings that build.rs makes, best first.
const ENCODINGS: &[(&str, &str)] = &[("br", ".br"), ("gzip", ".gz")];

/// Serves a file of the page, or the page itself for its routes.
///
/// Other paths get the page with status 404, so that a person sees its "not found"; those with an extension or under
/// `/api` get a problem.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let not_found = || Error::from(ErrorCode::NotFound).into_response();
    if (method != Method::GET && method != Method::HEAD) || path.starts_with("/api/") || path == "/api" {
        return not_found();
    }
    // A route first: the last part of an invitation's is a token, dots and all.
    if route::page::is_known(path) {
        return index(StatusCode::OK, &headers);
    }
    let name = path.trim_start_matches('/');
    if name.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        let shown = name != INDEX && !is_variant(name);
        return match Files::get(name).filter(|_| shown) {
            Some(file) => asset(name, file, &headers),
            None => not_found(),
        };
    }
    index(StatusCode::NOT_FOUND, &headers)
}

/// The content security policy of the embedded page, which never changes.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| policy(&Files::get(INDEX)?.data));

fn index(status: StatusCode, headers: &HeaderMap) -> Response {
    let Some(file) = Files::get(INDEX) else {
        tracing::error!("the page is not built; run `just page`");
        return Error::from(ErrorCode::NotFound).into_response();
    };
    let policy = if cfg!(debug_assertions) { policy(&file.data) } else { POLICY.clone() };
    let (encoding, body) = encoded(INDEX, file, headers);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    describe_encoding(headers, encoding);
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn asset(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    // Weak: the same for each encoding (RFC 9110 §8.8.3.3).
    let etag = format!("W/\"{}\"", STANDARD.encode(file.metadata.sha256_hash()));
    let content_type = file.metadata.mimetype().to_owned();
    let unchanged = headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == etag.as_bytes());
    let (encoding, body) = if unchanged { (None, Body::empty()) } else { encoded(name, file, headers) };
    let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    // Every name but the page's own contains a hash of the content.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    for (name, value) in [(header::ETAG, etag), (header::CONTENT_TYPE, content_type)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    describe_encoding(headers, encoding);
    response
}

/// The file in the best encoding that the client accepts.
fn encoded(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> (Option<&'static str>, Body) {
    for (encoding, suffix) in ENCODINGS {
        if quality(headers, &header::ACCEPT_ENCODING, encoding) > 0.0
            && let Some(variant) = Files::get(&format!("{name}{suffix}"))
        {
            return (Some(encoding), body(variant));
        }
    }
    (None, body(file))
}

fn is_variant(name: &str) -> bool {
    ENCODINGS.iter().any(|(_, suffix)| name.ends_with(suffix))
}

fn describe_encoding(headers: &mut HeaderMap, encoding: Option<&'static str>) {
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
}

fn body(file: EmbeddedFile) -> Body {
    match file.data {
        std::borrow::Cow::Borrowed(bytes) => Body::from(Bytes::from_static(bytes)),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes),
    }
}

/// The page's content-security policy. The one inline script, which loads the app, is admitted by its hash.
fn policy(index: &[u8]) -> Option<HeaderValue> {
    let hashes: String =
        std::str::from_utf8(index).ok()?.split("<script").skip(1).filter_map(inline_hash).collect();
    HeaderValue::from_str(&format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         object-src 'none'; frame-ancestors 'none'"
    ))
    .ok()
}

fn inline_hash(after_tag_name: &str) -> Option<String> {
    let (attributes, rest) = after_tag_name.split_once('>')?;
    let (script, _) = rest.split_once("</script")?;
    if attributes.contains("src=") || script.is_empty() {
        return None;
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes());
    Some(format!(" 'sha256-{}'", STANDARD.encode(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_admits_inline_scripts_by_their_hash_and_no_others() {
        let html = br#"<script src="/a.js"></script><script type="module">1</script>"#;
        let policy = policy(html).unwrap();
        let policy = policy.to_str().unwrap();
        // echo -n 1 | openssl dgst -sha256 -binary | base64
        assert!(
            policy.contains("'wasm-unsafe-eval' 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=';"),
            "{policy}"
        );
        assert_eq!(policy.matches("sha256-").count(), 1);
        assert!(!policy.contains("unsafe-inline"));
    }
}
