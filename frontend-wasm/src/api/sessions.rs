//! The person's own sessions.

use curfew_shared::{id::SessionId, route::api, security::RevokeSessionsResponse, session::OwnSessionPage};

use super::request::{Call, Request};

pub fn sessions(cursor: Option<SessionId>) -> Call<OwnSessionPage> {
    Request::get(api::SESSIONS).page(cursor).json()
}

pub fn revoke_session(id: SessionId) -> Call<()> {
    Request::delete(&Request::path(api::SESSION, "{id}", id)).no_content()
}

/// Ends every session but this one.
pub fn revoke_other_sessions() -> Call<RevokeSessionsResponse> {
    Request::post_without_body(api::REVOKE_OTHERS).json()
}
