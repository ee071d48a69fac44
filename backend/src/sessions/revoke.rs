//! Ending one session.

use curfew_shared::audit::AuditKind;
use serde_json::Value;

use crate::{
    context::Context,
    domain::session::Session,
    error::Result,
    store::sessions::{self, Reason},
};

/// Ends a session if it is live. Otherwise the access token that outlived it, if one did, stops working. Returns
/// whether the session was live.
///
/// # Errors
///
/// When the database is away.
pub async fn end_session(
    ctx: Context<'_>,
    session: &Session,
    reason: Reason,
    kind: AuditKind,
    payload: Value,
) -> Result<bool> {
    if !session.is_live(ctx.now) {
        sessions::spare_no_longer(ctx.transaction, session.id).await?;
        return Ok(false);
    }
    revoke_session(ctx, session, reason, kind, payload).await
}

/// Revokes a session and records it, unless it was revoked already. Returns whether it did.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke_session(
    ctx: Context<'_>,
    session: &Session,
    reason: Reason,
    kind: AuditKind,
    payload: Value,
) -> Result<bool> {
    let is_revoked = sessions::revoke(ctx.transaction, session.id, reason, ctx.now).await?;
    if is_revoked {
        ctx.in_session(session.id).record(session.account_id, kind, payload).await?;
    }
    Ok(is_revoked)
}
