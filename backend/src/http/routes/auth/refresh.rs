//! Staying signed in: one refresh token for the next, and what a refusal means for the session.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::{RefreshRequest, TokenResponse},
    error::ErrorCode,
    id::UserId,
    route::api as route,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::{App, AppState},
    audit::Deed,
    domain::{
        claim::{Carried, RefreshClaims},
        session::{Session, Snapshot, Step, Verdict, step},
    },
    error::{Error, Result},
    http::{
        extract::{Client, IdempotencyKey, JsonOrDefault, Shown},
        respond::tokens::Handout,
    },
    keys::Grant,
    store::{
        sessions::{self, Consumption, Reason},
        users,
    },
};

/// Exchange a refresh token for its successor.
///
/// The token comes as a bearer token, in the body, or in the cookie; the answer goes the same way.
#[utoipa::path(
    post,
    path = route::REFRESH,
    tag = "auth",
    security((), ("refresh_token" = [])),
    params(IdempotencyKey),
    request_body = Option<RefreshRequest>,
    responses(
        (status = 200, description = "The successor", body = TokenResponse),
        (status = 401, description = "`session_expired_idle`, `session_expired_absolute` or `invalid_refresh_token`"),
        (status = 403, description = "`forbidden`: a cookie sent from another site"),
        (status = 503, description = "`unavailable`: nothing was ended"),
    ),
)]
pub(super) async fn refresh(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    IdempotencyKey(key): IdempotencyKey,
    JsonOrDefault(request): JsonOrDefault<RefreshRequest>,
) -> Result<Response> {
    let shown = Shown::find(&app, &headers, request.refresh_token)?;
    let delivery = client.may_be_given(shown.delivery)?;
    let granted = rotate(&app, &client.origin, shown, request.passive, key).await;
    app.metrics.refresh(granted.as_ref().map(drop).map_err(Error::code));
    Ok(Handout::new(&app, &granted?, delivery)?.into_response())
}

async fn rotate(
    app: &App,
    origin: &sessions::Origin,
    shown: Shown,
    passive: bool,
    key: Option<Uuid>,
) -> Result<Grant> {
    let invalid = || Error::token(ErrorCode::InvalidRefreshToken);
    let claims = app.keys.verify_refresh(&shown.token).map_err(|_| invalid())?;
    let idle_expires_at = claims.expires_at().ok_or_else(invalid)?;
    let now = app.clock.now();
    let token = claims.jti;
    if now >= idle_expires_at {
        // The successor whose answer was lost may live longer than the token it came from.
        let repeated = repeat(app, &claims, key, now).await?;
        return repeated.ok_or_else(|| Error::token(ErrorCode::SessionExpiredIdle));
    }
    let (snapshot, first) = match claims.carried() {
        Carried::Snapshot(snapshot) => (snapshot, false),
        Carried::Nothing => (first_snapshot(app, claims.sub, now).await?.ok_or_else(invalid)?, true),
        Carried::Nonsense => return Err(invalid()),
    };
    let leeway = app.config.replay_leeway;
    let consumption = Consumption { token, user_id: claims.sub, key, leeway, now };
    match step(&snapshot, idle_expires_at, passive, now) {
        Step::Rotate(deadlines) => {
            let consumed =
                sessions::rotate(&app.database.write, consumption, deadlines, first.then_some(&snapshot))
                    .await?;
            if let Some(consumed) = consumed {
                return Ok(Grant {
                    user_id: claims.sub,
                    account_id: consumed.account_id,
                    role: consumed.role,
                    session_id: token.session,
                    generation: token.generation + 1,
                    snapshot,
                    deadlines,
                });
            }
        }
        Step::End => {
            let transaction = app.database.begin().await?;
            if let Some(consumed) = sessions::expire(&transaction, consumption).await? {
                Deed::new(AuditKind::SessionExpired, consumed.account_id, now)
                    .in_session(token.session)
                    .from(origin.address.as_deref())
                    .with(json!({"user_id": claims.sub, "reason": "absolute"}))
                    .append(&transaction)
                    .await?;
                transaction.commit().await?;
                return Err(Error::token(ErrorCode::SessionExpiredAbsolute));
            }
            transaction.rollback().await?;
        }
    }
    if let Some(grant) = repeat(app, &claims, key, now).await? {
        return Ok(grant);
    }
    end_if_replayed(app, origin, &claims, key, now).await?;
    Err(invalid())
}

/// The snapshot for a token from before policies: the account's policy as it is now.
async fn first_snapshot(app: &App, user: UserId, now: DateTime<Utc>) -> Result<Option<Snapshot>> {
    let login = users::find_login_by_id(&app.database.read, user).await?;
    Ok(login.map(|login| Snapshot::at_sign_in(now, app.config.policy.in_force(login.policy))))
}

/// The successor of a consumed token once more, where the answer with it was lost.
async fn repeat(
    app: &App,
    claims: &RefreshClaims,
    key: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Option<Grant>> {
    if key.is_none() {
        return Ok(None);
    }
    let Some(session) = sessions::find(&app.database.read, claims.jti.session).await? else {
        return Ok(None);
    };
    let verdict = session.judge(claims.jti.generation, key, app.config.replay_leeway, now);
    if verdict != Verdict::Repeat || session.user_id != claims.sub {
        return Ok(None);
    }
    let Some(login) = users::find_login_by_id(&app.database.read, claims.sub).await? else { return Ok(None) };
    Ok(login.is_active.then_some(Grant {
        user_id: session.user_id,
        account_id: session.account_id,
        role: login.role,
        session_id: session.id,
        generation: session.generation,
        snapshot: session.snapshot,
        deadlines: session.deadlines,
    }))
}

/// Ends the session of a consumed token that is shown again too late to be a race's loser.
async fn end_if_replayed(
    app: &App,
    origin: &sessions::Origin,
    claims: &RefreshClaims,
    key: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<()> {
    let judge = |session: &Session| {
        session.user_id == claims.sub
            && session.judge(claims.jti.generation, key, app.config.replay_leeway, now) == Verdict::Replay
    };
    // Most refusals are no replays, and cost no lock.
    let session = sessions::find(&app.database.read, claims.jti.session).await?;
    let Some(session) = session.filter(judge) else { return Ok(()) };
    let transaction = app.database.begin().await?;
    if sessions::revoke(&transaction, session.id, Reason::Replayed, now).await? {
        Deed::new(AuditKind::ReplayDetected, session.account_id, now)
            .in_session(session.id)
            .from(origin.address.as_deref())
            .with(json!({"user_id": session.user_id}))
            .append(&transaction)
            .await?;
        tracing::warn!(session = %session.id, "a consumed refresh token was shown again; the session was ended");
    }
    transaction.commit().await?;
    Ok(())
}
