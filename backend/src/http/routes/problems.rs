//! The pages behind a problem's `type`, which explain the error.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use curfew_shared::error::ErrorCode;

use crate::{error::Error, http::extract::Path};

const STYLE: &str = "\
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}\
body{max-width:40rem;margin:4rem auto;padding:0 1rem}\
h1{font-size:1.5rem}code{font-size:1.05em}";

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(hash)
    )
});

/// Explains one error code.
pub async fn explain(Path(word): Path<String>) -> Response {
    let Ok(code) = word.parse::<ErrorCode>() else { return Error::from(ErrorCode::NotFound).into_response() };
    let (status, title, explanation) = (code.status(), code.title(), code.explanation());
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{code} – Curfew</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>\
         <p><code>{code}</code>, HTTP status {status}</p><p>{explanation}</p></main></body></html>"
    );
    ([(header::CONTENT_SECURITY_POLICY, POLICY.as_str())], Html(html)).into_response()
}
