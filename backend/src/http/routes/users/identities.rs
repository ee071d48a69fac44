//! The caller's identities at providers.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use curfew_shared::{
    audit::AuditKind,
    error::ErrorCode,
    id::IdentityId,
    oauth::{Identity, IdentityList},
    route::api as route,
};
use serde_json::json;

use crate::{
    app::{App, AppState},
    error::Result,
    http::extract::{Caller, Path},
    store::{
        identities::{self, Linked},
        users,
    },
};

/// The caller's identities at providers.
#[utoipa::path(
    get,
    path = route::IDENTITIES,
    operation_id = "list_identities",
    tag = "users",
    responses((status = 200, description = "The identities", body = IdentityList)),
)]
pub(super) async fn list(State(app): State<AppState>, caller: Caller) -> Result<JsonResponse<IdentityList>> {
    let linked = identities::list(&app.database.read, caller.user.id).await?;
    let shown = |linked: Linked| Identity {
        id: IdentityId(linked.id),
        provider: provider_name(&app, linked.issuer),
        email: linked.email,
        linked_at: linked.linked_at,
        last_used_at: linked.last_used_at,
    };
    Ok(JsonResponse(IdentityList {
        identities: linked.into_iter().map(shown).collect(),
        has_password: caller.user.has_password,
    }))
}

/// Unlink one of the caller's identities, unless it is the last way to sign in.
#[utoipa::path(
    delete,
    path = route::IDENTITY,
    operation_id = "unlink_identity",
    tag = "users",
    params(("id" = Uuid, Path, description = "The identity")),
    responses(
        (status = 204, description = "Unlinked"),
        (status = 403, description = "`reauthentication_required`"),
        (status = 404, description = "`not_found`"),
        (status = 409, description = "`last_sign_in_method`"),
    ),
)]
pub(super) async fn unlink(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<IdentityId>,
) -> Result<StatusCode> {
    caller.require_recent_authentication()?;
    // Locks the user, so that two requests cannot unlink the last two identities at once.
    let transaction = caller.begin_transaction(&app).await?;
    let login = users::find_login_by_id(&transaction, caller.user.id).await?;
    let has_password = login.is_some_and(|login| login.password_hash.is_some());
    let mut others = identities::list(&transaction, caller.user.id).await?;
    let index = others.iter().position(|linked| linked.id == id.0).ok_or(ErrorCode::NotFound)?;
    let linked = others.remove(index);
    // Nobody can sign in with an identity at a provider that is no longer configured.
    let another = others.iter().any(|other| app.oidc.provider_of(&other.issuer).is_some());
    if !has_password && !another {
        return Err(ErrorCode::LastSignInMethod.into());
    }
    identities::delete(&transaction, id).await?;
    caller
        .record(
            &transaction,
            AuditKind::IdentityUnlinked,
            json!({"provider": provider_name(&app, linked.issuer), "identity_id": id}),
        )
        .await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn provider_name(app: &App, issuer: String) -> String {
    app.oidc.provider_of(&issuer).map_or(issuer, |provider| provider.config.name.clone())
}
