//! `/users/me`: the caller's own user.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::AppState;

mod identities;
mod leave;
mod profile;
mod sessions;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(profile::update))
        .routes(routes!(profile::change_email))
        .routes(routes!(leave::leave))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::revoke))
        .routes(routes!(sessions::revoke_others))
        .routes(routes!(identities::list))
        .routes(routes!(identities::unlink))
}
