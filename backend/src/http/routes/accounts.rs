//! `/accounts/me`: the account, for its owners.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::AppState;

mod account;
mod audit_events;
mod close;
mod invites;
mod members;
mod security;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(account::show, account::rename))
        .routes(routes!(close::close))
        .routes(routes!(members::list))
        .routes(routes!(members::update, members::remove))
        .routes(routes!(members::revoke_sessions))
        .routes(routes!(invites::list, invites::create))
        .routes(routes!(invites::revoke))
        .routes(routes!(invites::resend))
        .routes(routes!(invites::copy_link))
        .routes(routes!(security::show, security::update))
        .routes(routes!(security::revoke_sessions))
        .routes(routes!(audit_events::list))
}
