//! The caller's own sessions.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use curfew_shared::{
    audit::AuditKind,
    error::ErrorCode,
    id::SessionId,
    route::api as route,
    security::RevokeSessionsResponse,
    session::{OwnSession, OwnSessionPage, SessionQuery},
};
use serde_json::json;

use crate::{
    app::AppState,
    domain::program::Program,
    error::Result,
    http::extract::{Caller, Path, Query, page_limit, truncate_page},
    store::sessions::{self, Own, Reason},
};

/// The caller's live sessions, the current one first.
#[utoipa::path(
    get,
    path = route::SESSIONS,
    operation_id = "list_sessions",
    tag = "users",
    params(SessionQuery),
    responses(
        (status = 200, description = "A page of sessions", body = OwnSessionPage),
    ),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Query(query): Query<SessionQuery>,
) -> Result<JsonResponse<OwnSessionPage>> {
    let limit = page_limit(query.limit)?;
    let current = caller.session.id;
    let (mut own, session_count) =
        sessions::list_own(&app.database.read, caller.user.id, current, query.cursor, limit + 1, caller.now)
            .await?;
    let next_cursor = truncate_page(&mut own, limit).map(|session| session.id);
    let shown = |session: Own| {
        let program = Program::of(session.client.user_agent.as_deref());
        OwnSession {
            is_current: session.id == current,
            id: session.id,
            browser: program.browser,
            os: program.os,
            device: program.device,
            address: session.client.ip,
            signed_in_at: session.auth_time,
            last_seen_at: session.last_seen_at,
            idle_expires_at: session.deadlines.idle_expires_at,
            absolute_expires_at: session.deadlines.absolute_expires_at,
        }
    };
    let sessions = own.into_iter().map(shown).collect();
    Ok(JsonResponse(OwnSessionPage { sessions, session_count, next_cursor, server_time: caller.now }))
}

/// End one of the caller's sessions.
#[utoipa::path(
    delete,
    path = route::SESSION,
    operation_id = "revoke_session",
    tag = "users",
    params(("id" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 403, description = "`reauthentication_required`"),
        (status = 404, description = "`not_found`"),
    ),
)]
pub(super) async fn revoke(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<SessionId>,
) -> Result<StatusCode> {
    caller.require_recent_authentication()?;
    let transaction = caller.begin_transaction(&app).await?;
    if !sessions::revoke_own(&transaction, caller.user.id, id, caller.now).await? {
        return Err(ErrorCode::NotFound.into());
    }
    caller
        .record(
            &transaction,
            AuditKind::OwnSessionsRevoked,
            json!({"scope": "one", "session_id": id, "revoked_count": 1}),
        )
        .await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all of the caller's sessions except this one.
#[utoipa::path(
    post,
    path = route::REVOKE_OTHERS,
    operation_id = "revoke_other_sessions",
    tag = "users",
    responses(
        (status = 200, description = "How many ended", body = RevokeSessionsResponse),
        (status = 403, description = "`reauthentication_required`"),
    ),
)]
pub(super) async fn revoke_others(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<JsonResponse<RevokeSessionsResponse>> {
    caller.require_recent_authentication()?;
    let transaction = caller.begin_transaction(&app).await?;
    let revoked_count = sessions::revoke_others_of_user(
        &transaction,
        caller.user.id,
        caller.session.id,
        Reason::Ended,
        caller.now,
    )
    .await?;
    if revoked_count > 0 {
        caller
            .record(
                &transaction,
                AuditKind::OwnSessionsRevoked,
                json!({"scope": "others", "revoked_count": revoked_count}),
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(JsonResponse(RevokeSessionsResponse { revoked_count }))
}
