//! Closing an account.

use axum::{extract::State, http::StatusCode};
use curfew_shared::{
    account::CloseAccountRequest,
    error::{FieldCode, FieldError},
    route::api as route,
};

use crate::{
    accounts::close::close_account,
    app::AppState,
    error::{Error, Result},
    http::extract::{Json, Owner},
    mail::MembershipEnd,
};

/// Close the account for good.
///
/// Deletes all its users with their sessions and linked identities, and its invitations, and tells every
/// person by mail. Their addresses become free. The account's name and its audit trail are kept.
#[utoipa::path(
    post,
    path = route::ACCOUNT_CLOSE,
    tag = "account",
    request_body = CloseAccountRequest,
    responses(
        (status = 204, description = "Closed; this access token is refused from now on"),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
        (status = 422, description = "`validation_failed`: among others, another name than the account's"),
    ),
)]
pub(super) async fn close(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Json(request): Json<CloseAccountRequest>,
) -> Result<StatusCode> {
    caller.require_recent_authentication()?;
    if request.name.trim() != caller.account.name {
        let fault = FieldError::new("name", FieldCode::Malformed, "This is not the account’s name.");
        return Err(Error::invalid(vec![fault]));
    }
    let transaction = caller.begin_owner_transaction(&app).await?;
    close_account(caller.context(&transaction), &caller.account, MembershipEnd::Closed).await?;
    app.commit(transaction).await?;
    Ok(StatusCode::NO_CONTENT)
}
