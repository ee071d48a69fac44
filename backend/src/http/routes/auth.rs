//! `/auth`: signing in, staying signed in, signing out.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::AppState;

mod change_password;
mod login;
mod logout;
mod me;
mod oauth_callback;
mod oauth_providers;
mod oauth_start;
mod reauthenticate;
mod recovery;
mod refresh;
mod register;
mod verify_email;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::login_json))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(me::me))
        .routes(routes!(register::register))
        .routes(routes!(register::resend_verification))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(recovery::forgot_password))
        .routes(routes!(recovery::reset_password))
        .routes(routes!(recovery::disown))
        .routes(routes!(change_password::change_password))
        .routes(routes!(reauthenticate::reauthenticate))
        .routes(routes!(oauth_providers::providers))
        .routes(routes!(oauth_start::start))
        .routes(routes!(oauth_callback::callback))
}
