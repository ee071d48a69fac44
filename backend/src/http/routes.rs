//! The endpoints: one file per resource, in folders that mirror the URLs.

use axum::{
    Router,
    routing::{get, post},
};
use curfew_shared::route::{self, page};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::AppState, config::Config};

mod accounts;
mod auth;
mod dev_mail;
mod health;
mod invitations;
mod oauth_form_post;
pub(super) mod openapi;
mod problems;
pub(super) mod static_files;
mod users;

/// The API, which has a description.
pub(super) fn api() -> OpenApiRouter<AppState> {
    let invitations =
        OpenApiRouter::new().routes(routes!(invitations::show)).routes(routes!(invitations::accept));
    let api = auth::router().merge(accounts::router()).merge(users::router()).merge(invitations);
    OpenApiRouter::new().nest(route::API, api).merge(health::router())
}

/// Endpoints outside the API, which have no description.
pub(super) fn others(config: &Config) -> Router<AppState> {
    // The address that providers send the browser back to; a GET is a page's.
    let oauth_callback = post(oauth_form_post::receive).fallback(static_files::serve);
    Router::new()
        .route(&format!("{}/{{provider}}", page::OAUTH_CALLBACK), oauth_callback)
        .route(&format!("{}{{word}}", route::PROBLEMS), get(problems::explain))
        .merge(dev_mail::router(config))
}

/// The endpoints of the listener for metrics.
pub(super) fn metrics() -> Router<AppState> {
    health::metrics_router()
}
