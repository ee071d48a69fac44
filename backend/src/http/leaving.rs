//! Leaving an account, and closing it.

use axum::{extract::State, http::StatusCode};
use curfew_shared::{
    account::CloseAccountRequest,
    audit::AuditKind,
    error::{ErrorCode, FieldCode, FieldError},
    route::api as route,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Caller, Owner},
    client::Client,
    extract::Json,
};
use crate::{
    app::AppState,
    error::{Error, Result},
    mail::MembershipEnd,
    membership,
    store::users,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(leave)).routes(routes!(close))
}

/// Leave the account.
///
/// Deletes the caller's user with all sessions and linked identities, cancels the invitations that they
/// sent, and frees their address. The audit trail keeps their name and address.
#[utoipa::path(
    post,
    path = route::LEAVE,
    tag = "users",
    responses(
        (status = 204, description = "Left; this access token is refused from now on"),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`last_owner`"),
    ),
)]
async fn leave(State(app): State<AppState>, caller: Caller, client: Client) -> Result<StatusCode> {
    caller.must_be_fresh()?;
    // Two owners who leave at once must not both think that the other stays.
    let (transaction, _) = caller.begin_in_account(&app).await?;
    let member = users::find_member(&transaction, caller.account.id, caller.user.id).await?;
    let member = member.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
    if users::is_last_owner(&transaction, &member).await? {
        return Err(ErrorCode::LastOwner.into());
    }
    let by = (caller.deed(AuditKind::MemberLeft, &client), MembershipEnd::Left);
    membership::end(&transaction, &member, &caller.account.name, by, caller.now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Close the account for good.
///
/// Deletes all its users with their sessions and linked identities, and its invitations, and tells every
/// person by mail. Their addresses are free. The account's name and its audit trail are kept.
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
async fn close(
    State(app): State<AppState>,
    Owner(caller): Owner,
    client: Client,
    Json(request): Json<CloseAccountRequest>,
) -> Result<StatusCode> {
    caller.must_be_fresh()?;
    if request.name.trim() != caller.account.name {
        let fault = FieldError::new("name", FieldCode::Malformed, "This is not the account’s name.");
        return Err(Error::invalid(vec![fault]));
    }
    let transaction = caller.begin_as_owner(&app).await?;
    let account = (caller.account.id, caller.account.name.as_str());
    let deed = |kind| caller.deed(kind, &client);
    membership::close(&transaction, account, deed, MembershipEnd::Closed, caller.now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(StatusCode::NO_CONTENT)
}
