//! HTTP and nothing but HTTP. A handler extracts, calls, and answers.

mod cookies;
mod extract;
mod middleware;
mod respond;
mod router;
mod routes;

pub use router::{BODY_MAX, metrics_router, openapi, router};
