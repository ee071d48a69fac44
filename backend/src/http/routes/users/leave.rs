//! Leaving an account.

use axum::{extract::State, http::StatusCode};
use curfew_shared::{audit::AuditKind, error::ErrorCode, route::api as route};

use crate::{
    app::AppState,
    error::{Error, Result},
    http::extract::{Caller, Client},
    mail::MembershipEnd,
    membership,
    store::users,
};

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
pub(super) async fn leave(State(app): State<AppState>, caller: Caller, client: Client) -> Result<StatusCode> {
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
