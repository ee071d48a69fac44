//! The account itself.

use axum::{Json as JsonResponse, extract::State};
use curfew_shared::{
    account::{AccountResponse, UpdateAccountRequest},
    audit::AuditKind,
    route::api as route,
};
use serde_json::json;

use crate::{
    app::AppState,
    domain::field,
    error::Result,
    http::extract::{Caller, Json, Owner},
    store::accounts,
};

/// The caller's account.
#[utoipa::path(
    get,
    path = route::ACCOUNT,
    operation_id = "get_account",
    tag = "account",
    responses(
        (status = 200, description = "The account", body = AccountResponse),
    ),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<JsonResponse<AccountResponse>> {
    Ok(JsonResponse(accounts::find(&app.database.read, caller.account.id).await?))
}

/// Change the account's name.
#[utoipa::path(
    patch,
    path = route::ACCOUNT,
    operation_id = "update_account",
    tag = "account",
    request_body = UpdateAccountRequest,
    responses(
        (status = 200, description = "The account", body = AccountResponse),
        (status = 403, description = "`owner_required`"),
    ),
)]
pub(super) async fn rename(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Json(request): Json<UpdateAccountRequest>,
) -> Result<JsonResponse<AccountResponse>> {
    field::refuse([field::check_name("name", &request.name)])?;
    let name = request.name.trim();
    if name != caller.account.name {
        let transaction = caller.begin_owner_transaction(&app).await?;
        // Of several requests with the same name at once, only one is a change.
        if accounts::set_name(&transaction, caller.account.id, name).await? {
            caller
                .record(
                    &transaction,
                    AuditKind::AccountRenamed,
                    json!({"old": caller.account.name, "new": name}),
                )
                .await?;
        }
        transaction.commit().await?;
    }
    Ok(JsonResponse(accounts::find(&app.database.read, caller.account.id).await?))
}
