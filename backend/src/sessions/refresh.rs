//! Refreshing a session: one refresh token for the next, and what a refusal means for the session.
//!
//! An example, with refresh tokens A, B and C of one session, A the oldest:
//!
//! 1. The client sends A. One statement consumes it and moves the session on; the client gets B.
//! 2. The response is lost, so the client sends A again with the same idempotency key: it gets B once more.
//! 3. The client sends B and gets C.
//! 4. Somebody sends A within the leeway after its use: refused, as two tabs may race. Nothing else happens.
//! 5. Somebody sends A later than that: refused, and the session ends, since A must have been stolen
//!    (RFC 9700 §4.14.2).

use chrono::{DateTime, Utc};
use curfew_shared::{audit::AuditKind, error::ErrorCode, id::UserId};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::App,
    context::Context,
    domain::{
        claim::{Carried, RefreshClaims},
        session::{Session, Snapshot, Step, Verdict, step},
    },
    error::{Error, Result},
    keys::TokenContext,
    sessions::revoke::revoke_session,
    store::{
        sessions::{self, ClientInfo, Consumed, Consumption, Reason},
        users,
    },
};

/// A refresh.
#[derive(Debug)]
pub struct Refresh<'a> {
    /// The refresh token.
    pub token: &'a str,
    /// Whether no person asked for it, so that the idle window does not start again.
    pub is_passive: bool,
    /// The request's idempotency key.
    pub key: Option<Uuid>,
    /// Where the request came from.
    pub client: &'a ClientInfo,
}

/// Exchanges a refresh token for its successor. The usual case is one statement.
///
/// # Errors
///
/// `session_expired_idle`, `session_expired_absolute` or `invalid_refresh_token`.
pub async fn refresh(app: &App, refresh: Refresh<'_>) -> Result<TokenContext> {
    let claims = app.keys.verify_refresh(refresh.token).map_err(|_| invalid())?;
    let idle_expires_at = claims.expires_at().ok_or_else(invalid)?;
    let now = app.clock.now();
    if now >= idle_expires_at {
        return refuse(app, &refresh, &claims, ErrorCode::SessionExpiredIdle, now).await;
    }
    let (snapshot, is_first) = match claims.carried() {
        Carried::Snapshot(snapshot) => (snapshot, false),
        Carried::Nothing => (present_snapshot(app, claims.sub, now).await?.ok_or_else(invalid)?, true),
        Carried::Nonsense => return Err(invalid()),
    };
    let token = claims.jti;
    let leeway = app.config.policy.replay_leeway();
    let consumption = Consumption { token, user_id: claims.sub, key: refresh.key, leeway, now };
    match step(&snapshot, idle_expires_at, refresh.is_passive, now) {
        Step::Rotate(deadlines) => {
            let first = is_first.then_some(&snapshot);
            let rotated = sessions::rotate(&app.database.write, consumption, deadlines, first).await?;
            if let Some(Consumed { account_id, role }) = rotated {
                let (user_id, session_id) = (claims.sub, token.session);
                let generation = token.generation + 1;
                return Ok(TokenContext {
                    user_id,
                    account_id,
                    role,
                    session_id,
                    generation,
                    snapshot,
                    deadlines,
                });
            }
        }
        Step::End => {
            if expire(app, refresh.client, consumption).await? {
                return Err(Error::token(ErrorCode::SessionExpiredAbsolute));
            }
        }
    }
    refuse(app, &refresh, &claims, ErrorCode::InvalidRefreshToken, now).await
}

fn invalid() -> Error {
    Error::token(ErrorCode::InvalidRefreshToken)
}

/// The snapshot for a token from before policies: the account's policy as it is now.
async fn present_snapshot(app: &App, user: UserId, now: DateTime<Utc>) -> Result<Option<Snapshot>> {
    let login = users::find_login_by_id(&app.database.read, user).await?;
    Ok(login.map(|login| Snapshot::at_sign_in(now, app.config.policy.in_force(login.policy))))
}

/// Ends a session whose absolute window has passed. The end is committed before the refusal is sent. Returns
/// `false` if the token's generation was not the present one.
async fn expire(app: &App, client: &ClientInfo, consumption: Consumption) -> Result<bool> {
    let transaction = app.database.begin().await?;
    let Some(expired) = sessions::expire(&transaction, consumption).await? else {
        transaction.rollback().await?;
        return Ok(false);
    };
    let ctx =
        Context::of_request(&transaction, consumption.now, client).in_session(consumption.token.session);
    let payload = json!({"user_id": consumption.user_id, "reason": "absolute"});
    ctx.record(expired.account_id, AuditKind::SessionExpired, payload).await?;
    transaction.commit().await?;
    Ok(true)
}

/// What becomes of a token that could not be consumed: `code`, unless only the response to it was lost.
async fn refuse(
    app: &App,
    refresh: &Refresh<'_>,
    claims: &RefreshClaims,
    code: ErrorCode,
    now: DateTime<Utc>,
) -> Result<TokenContext> {
    let is_expired = code == ErrorCode::SessionExpiredIdle;
    // The successor may live longer than an expired token, but only a key can ask for it.
    if is_expired && refresh.key.is_none() {
        return Err(Error::token(code));
    }
    let session = sessions::find(&app.database.read, claims.jti.session).await?;
    let Some(session) = session.filter(|session| session.user_id == claims.sub) else {
        return Err(Error::token(code));
    };
    match session.judge(claims.jti.generation, refresh.key, app.config.policy.replay_leeway(), now) {
        Verdict::Repeat => repeat(app, &session).await?.ok_or_else(|| Error::token(code)),
        Verdict::Replay if !is_expired => {
            revoke_replayed(app, refresh.client, &session, now).await?;
            Err(Error::token(code))
        }
        Verdict::Replay | Verdict::Refuse => Err(Error::token(code)),
    }
}

/// The present tokens of a session once more, if its user is still active.
async fn repeat(app: &App, session: &Session) -> Result<Option<TokenContext>> {
    let login = users::find_login_by_id(&app.database.read, session.user_id).await?;
    Ok(login.filter(|login| login.is_active).map(|login| TokenContext {
        user_id: session.user_id,
        account_id: session.account_id,
        role: login.role,
        session_id: session.id,
        generation: session.generation,
        snapshot: session.snapshot,
        deadlines: session.deadlines,
    }))
}

async fn revoke_replayed(
    app: &App,
    client: &ClientInfo,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<()> {
    let transaction = app.database.begin().await?;
    let ctx = Context::of_request(&transaction, now, client);
    let payload = json!({"user_id": session.user_id});
    if revoke_session(ctx, session, Reason::Replayed, AuditKind::ReplayDetected, payload).await? {
        tracing::warn!(session = %session.id, "a used refresh token was presented again; its session was ended");
    }
    transaction.commit().await?;
    Ok(())
}
