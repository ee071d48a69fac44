//! Leaving an account.

use axum::{extract::State, http::StatusCode};
use curfew_shared::{error::ErrorCode, route::api as route};

use crate::{
    accounts::members,
    app::AppState,
    error::{Error, Result},
    http::extract::Caller,
    mail::MembershipEnd,
    store::users,
};

/// Leave the account.
///
/// Deletes the caller's user with all sessions and linked identities, revokes the invitations that they sent, and
/// frees their address. The audit trail keeps their name and address.
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
pub(super) async fn leave(State(app): State<AppState>, caller: Caller) -> Result<StatusCode> {
    caller.require_recent_authentication()?;
    // Two owners who leave at once must not both think that the other stays.
    let transaction = caller.begin_account_transaction(&app).await?;
    let ctx = caller.context(&transaction);
    let member = users::find_member(&transaction, caller.account.id, caller.user.id).await?;
    let member = member.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
    members::check_not_last_owner(ctx, &member).await?;
    members::remove(ctx, &caller.account.name, &member, MembershipEnd::Left).await?;
    app.commit(transaction).await?;
    Ok(StatusCode::NO_CONTENT)
}
