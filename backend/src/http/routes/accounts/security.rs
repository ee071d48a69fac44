//! An account's security settings: its session policy, who is signed in, and ending sessions in bulk.

use axum::{Json as JsonResponse, extract::State};
use curfew_shared::{
    audit::AuditKind,
    policy::{PolicyOverride, validate},
    route::api as route,
    security::{
        PolicyView, Preset, PresetName, RevokeScope, RevokeSessionsRequest, RevokeSessionsResponse,
        SecurityResponse, UpdatePolicyRequest,
    },
};
use serde_json::json;

use crate::{
    app::{App, AppState},
    config::policy::SystemPolicy,
    error::{Error, Result},
    http::extract::{Caller, Json, JsonOrDefault, Owner},
    mail::Mail,
    store::{
        Connection, accounts,
        sessions::{self, Bulk},
    },
};

/// How many active users are listed; the rest is counted.
const ACTIVE_USERS: u32 = 100;

/// The session policy, and who is signed in.
#[utoipa::path(
    get,
    path = route::SECURITY,
    operation_id = "get_security",
    tag = "account",
    responses(
        (status = 200, description = "The settings", body = SecurityResponse),
        (status = 403, description = "`owner_required`"),
    ),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    Owner(caller): Owner,
) -> Result<JsonResponse<SecurityResponse>> {
    let database = &app.database.read;
    let set = accounts::find_policy(database, caller.account.id).await?;
    settings(database, &app, &caller, set).await
}

/// Change the session policy, for sign-ins from now on.
#[utoipa::path(
    patch,
    path = route::SECURITY,
    operation_id = "update_security",
    tag = "account",
    request_body = UpdatePolicyRequest,
    responses(
        (status = 200, description = "The settings as they are now", body = SecurityResponse),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
        (status = 422, description = "`validation_failed`: out of bounds, or effective idle > effective absolute"),
    ),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Json(request): Json<UpdatePolicyRequest>,
) -> Result<JsonResponse<SecurityResponse>> {
    caller.require_recent_authentication()?;
    let SystemPolicy { default, bounds } = app.config.policy.system();
    let transaction = caller.begin_owner_transaction(&app).await?;
    let old = accounts::find_policy(&transaction, caller.account.id).await?;
    let new = request.apply(old);
    let faults = validate(new, default, bounds);
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    if new != old {
        accounts::set_policy(&transaction, caller.account.id, new).await?;
        let payload = json!({
            "old": old,
            "new": new,
            "effective_old": app.config.policy.in_force(old),
            "effective_new": app.config.policy.in_force(new),
        });
        caller.record(&transaction, AuditKind::PolicyUpdated, payload).await?;
    }
    // Before the commit, so that a change whose response fails is not made.
    let settings = settings(&transaction, &app, &caller, new).await?;
    transaction.commit().await?;
    Ok(settings)
}

/// End the account's live sessions, with or without the caller's own.
///
/// Access tokens of ended sessions are refused at once. After `all`, the caller alone keeps the
/// access token in hand until it expires.
#[utoipa::path(
    post,
    path = route::REVOKE_SESSIONS,
    operation_id = "revoke_account_sessions",
    tag = "account",
    request_body = Option<RevokeSessionsRequest>,
    responses(
        (status = 200, description = "How many ended", body = RevokeSessionsResponse),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
    ),
)]
pub(super) async fn revoke_sessions(
    State(app): State<AppState>,
    Owner(caller): Owner,
    JsonOrDefault(request): JsonOrDefault<RevokeSessionsRequest>,
) -> Result<JsonResponse<RevokeSessionsResponse>> {
    caller.require_recent_authentication()?;
    let bulk = match request.scope {
        RevokeScope::All => Bulk::All(caller.access_token_id),
        RevokeScope::Others => Bulk::Others(caller.user.id),
    };
    let transaction = caller.begin_owner_transaction(&app).await?;
    let revoked_count =
        sessions::revoke_bulk(&transaction, caller.account.id, (caller.session.id, bulk), caller.now).await?;
    let payload = json!({"scope": request.scope, "revoked_count": revoked_count});
    caller.record(&transaction, AuditKind::SessionsRevoked, payload).await?;
    if revoked_count > 0 {
        let mail =
            Mail::SessionsEndedInBulk { account_id: caller.account.id, by: caller.user.id, at: caller.now };
        mail.enqueue(&transaction, &caller.user.email, caller.now).await?;
    }
    app.commit(transaction).await?;
    Ok(JsonResponse(RevokeSessionsResponse { revoked_count }))
}

async fn settings(
    connection: &impl Connection,
    app: &App,
    caller: &Caller,
    set: PolicyOverride,
) -> Result<JsonResponse<SecurityResponse>> {
    let (active_users, active_user_count) =
        sessions::list_active_users(connection, caller.account.id, caller.user.id, ACTIVE_USERS, caller.now)
            .await?;
    let policy = view(set, app.config.policy.system());
    Ok(JsonResponse(SecurityResponse { policy, active_users, active_user_count }))
}

fn view(set: PolicyOverride, system: SystemPolicy) -> PolicyView {
    let SystemPolicy { default, bounds } = system;
    let named =
        [(PresetName::Strict, PolicyOverride::default()), (PresetName::Standard, PolicyOverride::STANDARD)];
    let presets: Vec<_> = named
        .into_iter()
        // A preset may be outside of bounds that the operator has narrowed.
        .filter(|(_, sets)| validate(*sets, default, bounds).is_empty())
        .map(|(name, PolicyOverride { idle_minutes, absolute_minutes })| Preset {
            name,
            idle_minutes,
            absolute_minutes,
        })
        .collect();
    let preset =
        presets.iter().find(|preset| preset.sets() == set).map_or(PresetName::Custom, |preset| preset.name);
    PolicyView { set, effective: system.in_force(set), default, bounds, presets, preset }
}
