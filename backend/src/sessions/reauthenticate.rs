//! Starting both windows of a session again, for a person who has authenticated once more.

use curfew_shared::{audit::AuditKind, error::ErrorCode, id::SessionId};
use serde_json::json;
use uuid::Uuid;

use crate::{
    config::Config,
    context::Context,
    domain::session::Snapshot,
    error::{Error, Result},
    keys::TokenContext,
    store::{
        sessions::{self, Renewal},
        users::Login,
    },
};

/// Starts both windows of a live session again, under the present policy (NIST SP 800-63B-4 §5.2). `method` is how the
/// person authenticated; `key` is the request's idempotency key.
///
/// # Errors
///
/// `session_revoked` if the session is no longer live.
pub async fn reauthenticate_session(
    ctx: Context<'_>,
    config: &Config,
    session_id: SessionId,
    login: &Login,
    method: &str,
    key: Option<Uuid>,
) -> Result<TokenContext> {
    let now = ctx.now;
    let snapshot = Snapshot::at_sign_in(now, config.policy.in_force(login.policy));
    let renewal =
        Renewal { session_id, user_id: login.user_id, key, leeway: config.policy.replay_leeway(), now };
    let generation = sessions::renew(ctx.transaction, renewal, &snapshot).await?;
    let generation = generation.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
    ctx.by(login.user_id)
        .in_session(session_id)
        .record(login.account_id, AuditKind::Reauthenticated, json!({"method": method}))
        .await?;
    Ok(TokenContext {
        user_id: login.user_id,
        account_id: login.account_id,
        role: login.role,
        session_id,
        generation,
        snapshot,
        deadlines: snapshot.deadlines(now),
    })
}
