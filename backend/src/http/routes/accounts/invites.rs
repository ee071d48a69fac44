//! Invitations that owners make.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    error::ErrorCode,
    id::InviteId,
    invite::{
        CreateInviteRequest, InviteDelivery, InviteLinkResponse, InvitePage, InviteQuery, InviteSummary,
    },
    route::api as route,
};
use serde_json::json;

use crate::{
    app::AppState,
    domain::{field, link::LinkPurpose},
    entropy,
    error::{Error, Result},
    http::extract::{Json, Owner, Path, Query, page_limit, truncate_page},
    mail::{self, Mail, OwnerChange, OwnerEvent},
    store::{
        self,
        invites::{self, NewInvite},
        users,
    },
    throttle,
};

/// The account's open invitations, newest first.
#[utoipa::path(
    get,
    path = route::INVITES,
    operation_id = "list_invites",
    tag = "account",
    params(InviteQuery),
    responses(
        (status = 200, description = "A page of invitations", body = InvitePage),
        (status = 403, description = "`owner_required`"),
    ),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Query(query): Query<InviteQuery>,
) -> Result<JsonResponse<InvitePage>> {
    let limit = page_limit(query.limit)?;
    let mut invites = invites::list(&app.database.read, caller.account.id, query.cursor, limit + 1).await?;
    let next_cursor = truncate_page(&mut invites, limit).map(|invite| invite.id);
    let invites = invites.into_iter().map(InviteSummary::from).collect();
    Ok(JsonResponse(InvitePage { invites, next_cursor }))
}

/// Invite somebody into the account.
///
/// The response does not tell whether the address belongs to another account; the message to it does.
#[utoipa::path(
    post,
    path = route::INVITES,
    operation_id = "create_invite",
    tag = "account",
    request_body = CreateInviteRequest,
    responses(
        (status = 201, description = "The invitation", body = InviteSummary),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
        (status = 409, description = "`address_taken`: by somebody of the account; `conflict`: the address has an open invitation"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Json(request): Json<CreateInviteRequest>,
) -> Result<(StatusCode, JsonResponse<InviteSummary>)> {
    caller.require_recent_authentication()?;
    let email = field::normal_email(&request.email);
    field::refuse([field::check_email("email", &email)])?;
    let member = users::find_by_email(&app.database.read, &email).await?;
    if member.is_some_and(|(_, account)| account == caller.account.id) {
        return Err(ErrorCode::AddressTaken.into());
    }
    throttle::invitation(&app, caller.account.id, &email).await?;
    let now = caller.now;
    let id = InviteId(entropy::id(now)?);
    let expires_at = now + LinkPurpose::Invite.lifetime();
    let transaction = caller.begin_owner_transaction(&app).await?;
    let new = NewInvite {
        id,
        account_id: caller.account.id,
        email: &email,
        role: request.role,
        invited_by: caller.user.id,
        expires_at,
    };
    invites::insert(&transaction, new, now).await.map_err(|error| {
        if store::is_taken(&error) { ErrorCode::Conflict.into() } else { Error::from(error) }
    })?;
    caller
        .record(
            &transaction,
            AuditKind::InviteCreated,
            json!({"invite_id": id, "email": email, "role": request.role}),
        )
        .await?;
    Mail::Invited { invite_id: id }.enqueue(&transaction, &email, now).await?;
    if request.role == Role::Owner {
        let change = OwnerChange {
            account: (caller.account.id, &caller.account.name),
            event: OwnerEvent::Invited,
            person: (None, &email),
            by: Some((caller.user.id, &caller.user.name)),
        };
        change.announce(&transaction, now).await?;
    }
    app.commit(transaction).await?;
    let summary = InviteSummary {
        id,
        email,
        role: request.role,
        invited_by: Some(caller.user.name),
        created_at: now,
        sent_at: now,
        expires_at,
        delivery: InviteDelivery::Queued,
        delivery_problem: None,
    };
    Ok((StatusCode::CREATED, JsonResponse(summary)))
}

/// Revoke an invitation. Its link stops working.
#[utoipa::path(
    delete,
    path = route::INVITE,
    operation_id = "revoke_invite",
    tag = "account",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 403, description = "`owner_required`"),
        (status = 404, description = "`not_found`"),
    ),
)]
pub(super) async fn revoke(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Path(id): Path<InviteId>,
) -> Result<StatusCode> {
    let transaction = caller.begin_owner_transaction(&app).await?;
    let invite = invites::find(&transaction, id).await?;
    let revoked = invites::revoke(&transaction, caller.account.id, id, caller.now).await?;
    let invite = invite.filter(|_| revoked).ok_or(ErrorCode::NotFound)?;
    caller
        .record(&transaction, AuditKind::InviteRevoked, json!({"invite_id": id, "email": invite.email}))
        .await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send an invitation again. Only the link in the new message works, for seven days.
#[utoipa::path(
    post,
    path = route::INVITE_RESEND,
    operation_id = "resend_invite",
    tag = "account",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 200, description = "The invitation", body = InviteSummary),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
        (status = 404, description = "`not_found`"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn resend(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Path(id): Path<InviteId>,
) -> Result<JsonResponse<InviteSummary>> {
    caller.require_recent_authentication()?;
    let invite = invites::find(&app.database.read, id).await?;
    let invite = invite.filter(|invite| invite.account_id == caller.account.id).ok_or(ErrorCode::NotFound)?;
    throttle::invitation(&app, caller.account.id, &invite.email).await?;
    let expires_at = caller.now + LinkPurpose::Invite.lifetime();
    let transaction = caller.begin_owner_transaction(&app).await?;
    if !invites::renew(&transaction, caller.account.id, id, caller.now, expires_at).await? {
        return Err(ErrorCode::NotFound.into());
    }
    caller
        .record(&transaction, AuditKind::InviteResent, json!({"invite_id": id, "email": invite.email}))
        .await?;
    Mail::Invited { invite_id: id }.enqueue(&transaction, &invite.email, caller.now).await?;
    app.commit(transaction).await?;
    let delivery = InviteDelivery::Queued;
    let summary =
        InviteSummary { sent_at: caller.now, expires_at, delivery, delivery_problem: None, ..invite.into() };
    Ok(JsonResponse(summary))
}

/// The link of an invitation, for an owner to pass on if mail does not arrive.
///
/// It works as long as the link in the last message. It does not verify the address: until the user sets a
/// password by a link in a message, no sign-in with a provider is matched to them by the address.
#[utoipa::path(
    post,
    path = route::INVITE_LINK,
    operation_id = "copy_invite_link",
    tag = "account",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 200, description = "The link", body = InviteLinkResponse),
        (status = 403, description = "`owner_required`, `reauthentication_required`; `forbidden`: another owner invited this person"),
        (status = 404, description = "`not_found`"),
        (status = 410, description = "`invalid_link`: the invitation has expired; send it again"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn copy_link(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Path(id): Path<InviteId>,
) -> Result<JsonResponse<InviteLinkResponse>> {
    caller.require_recent_authentication()?;
    let transaction = caller.begin_owner_transaction(&app).await?;
    let invite = invites::find(&transaction, id).await?;
    let invite = invite.filter(|invite| invite.account_id == caller.account.id).ok_or(ErrorCode::NotFound)?;
    // What an owner did is undone with the invitations that they sent: a copied link must be one of these.
    if invite.inviter != caller.user.id {
        return Err(ErrorCode::Forbidden.into());
    }
    if invite.expires_at <= caller.now {
        return Err(ErrorCode::InvalidLink.into());
    }
    let payload = json!({"invite_id": id, "email": invite.email});
    caller.record(&transaction, AuditKind::InviteLinkCopied, payload).await?;
    transaction.commit().await?;
    let url = mail::invite_link(&app, &invite, LinkPurpose::CopiedInvite, caller.now)?;
    Ok(JsonResponse(InviteLinkResponse { url }))
}
