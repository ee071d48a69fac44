//! Invitations: made by owners, accepted by who receives their mail.

use axum::{
    Json as JsonResponse,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use curfew_shared::{
    audit::AuditKind,
    auth::{Role, TokenResponse},
    error::ErrorCode,
    id::{InviteId, UserId},
    invite::{
        AcceptInvitationRequest, CreateInviteRequest, InvitationResponse, InviteDelivery, InviteLinkResponse,
        InvitePage, InviteQuery, InviteSummary,
    },
    route::api as route,
};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Owner,
    client::Client,
    delivery::Handout,
    extract::{Json, Path, Query, cut, page_limit},
    grant::{Proof, open_session},
    registration::taken,
};
use crate::{
    app::{App, AppState},
    audit::Deed,
    domain::{field, link::LinkPurpose},
    entropy,
    error::{Error, Result},
    mail::{self, Mail, OwnerChange, OwnerEvent},
    store::{
        self, Transaction,
        invites::{self, Invite, InviteLink, NewInvite},
        users::{self, Login, NewUser},
    },
    takeover, throttle,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
        .routes(routes!(resend))
        .routes(routes!(copy_link))
        .routes(routes!(show))
        .routes(routes!(accept))
}

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
async fn list(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Query(query): Query<InviteQuery>,
) -> Result<JsonResponse<InvitePage>> {
    let limit = page_limit(query.limit)?;
    let mut invites = invites::list(&app.database.read, caller.account.id, query.cursor, limit + 1).await?;
    let next_cursor = cut(&mut invites, limit).map(|invite| invite.id);
    let invites = invites.into_iter().map(InviteSummary::from).collect();
    Ok(JsonResponse(InvitePage { invites, next_cursor }))
}

/// Invite somebody into the account.
///
/// Whether the address belongs to another account is not told: the message to it says so.
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
async fn create(
    State(app): State<AppState>,
    Owner(caller): Owner,
    client: Client,
    Json(request): Json<CreateInviteRequest>,
) -> Result<(StatusCode, JsonResponse<InviteSummary>)> {
    caller.must_be_fresh()?;
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
    let transaction = caller.begin_as_owner(&app).await?;
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
        .deed(AuditKind::InviteCreated, &client)
        .with(json!({"invite_id": id, "email": email, "role": request.role}))
        .append(&transaction)
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
    transaction.commit().await?;
    app.outbox.notify_one();
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

/// Take an invitation back; its link is no longer good.
#[utoipa::path(
    delete,
    path = route::INVITE,
    operation_id = "revoke_invite",
    tag = "account",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 204, description = "Taken back"),
        (status = 403, description = "`owner_required`"),
        (status = 404, description = "`not_found`"),
    ),
)]
async fn revoke(
    State(app): State<AppState>,
    Owner(caller): Owner,
    client: Client,
    Path(id): Path<InviteId>,
) -> Result<StatusCode> {
    let transaction = caller.begin_as_owner(&app).await?;
    let invite = invites::find(&transaction, id).await?;
    let revoked = invites::revoke(&transaction, caller.account.id, id, caller.now).await?;
    let invite = invite.filter(|_| revoked).ok_or(ErrorCode::NotFound)?;
    caller
        .deed(AuditKind::InviteRevoked, &client)
        .with(json!({"invite_id": id, "email": invite.email}))
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send an invitation once more. Only the link of the new message is good, for seven days from now.
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
async fn resend(
    State(app): State<AppState>,
    Owner(caller): Owner,
    client: Client,
    Path(id): Path<InviteId>,
) -> Result<JsonResponse<InviteSummary>> {
    caller.must_be_fresh()?;
    let invite = invites::find(&app.database.read, id).await?;
    let invite = invite.filter(|invite| invite.account_id == caller.account.id).ok_or(ErrorCode::NotFound)?;
    throttle::invitation(&app, caller.account.id, &invite.email).await?;
    let expires_at = caller.now + LinkPurpose::Invite.lifetime();
    let transaction = caller.begin_as_owner(&app).await?;
    if !invites::renew(&transaction, caller.account.id, id, caller.now, expires_at).await? {
        return Err(ErrorCode::NotFound.into());
    }
    caller
        .deed(AuditKind::InviteResent, &client)
        .with(json!({"invite_id": id, "email": invite.email}))
        .append(&transaction)
        .await?;
    Mail::Invited { invite_id: id }.enqueue(&transaction, &invite.email, caller.now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    let delivery = InviteDelivery::Queued;
    let summary =
        InviteSummary { sent_at: caller.now, expires_at, delivery, delivery_problem: None, ..invite.into() };
    Ok(JsonResponse(summary))
}

/// The link of an invitation, to pass on where mail does not arrive.
///
/// It is good as long as the link of the last message. Whoever joins with it has not proven the address: until they set a
/// password by a link in a message, no sign-in with a provider is matched to them by the address.
#[utoipa::path(
    post,
    path = route::INVITE_LINK,
    operation_id = "copy_invite_link",
    tag = "account",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 200, description = "The link", body = InviteLinkResponse),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
        (status = 404, description = "`not_found`"),
        (status = 410, description = "`invalid_link`: the invitation has expired; send it again"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
async fn copy_link(
    State(app): State<AppState>,
    Owner(caller): Owner,
    client: Client,
    Path(id): Path<InviteId>,
) -> Result<JsonResponse<InviteLinkResponse>> {
    caller.must_be_fresh()?;
    let transaction = caller.begin_as_owner(&app).await?;
    let invite = invites::find(&transaction, id).await?;
    let invite = invite.filter(|invite| invite.account_id == caller.account.id).ok_or(ErrorCode::NotFound)?;
    if invite.expires_at <= caller.now {
        return Err(ErrorCode::InvalidLink.into());
    }
    caller
        .deed(AuditKind::InviteLinkCopied, &client)
        .with(json!({"invite_id": id, "email": invite.email}))
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    let url = mail::invite_link(&app, &invite, LinkPurpose::CopiedInvite, caller.now)?;
    Ok(JsonResponse(InviteLinkResponse { url }))
}

/// Who invites whom into what. The token is that of the link.
#[utoipa::path(
    get,
    path = route::INVITATION,
    operation_id = "get_invitation",
    tag = "auth",
    security(()),
    params(("token" = String, Path, description = "What stands behind `#` in the link")),
    responses(
        (status = 200, description = "The invitation", body = InvitationResponse),
        (status = 410, description = "`invalid_link`"),
    ),
)]
async fn show(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<JsonResponse<InvitationResponse>> {
    let (invite, _) = invited(&app, &token).await?;
    Ok(JsonResponse(InvitationResponse {
        account_name: invite.account_name,
        invited_by: invite.invited_by,
        email: invite.email,
        role: invite.role,
        expires_at: invite.expires_at,
    }))
}

/// The invitation that a link is good for.
pub(super) async fn invited(app: &App, token: &str) -> Result<(Invite, InviteLink)> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let now = app.clock.now();
    let verify = |purpose| app.keys.verify_link(token, purpose, now);
    let claims = verify(LinkPurpose::Invite).or_else(|_| verify(LinkPurpose::CopiedInvite));
    let claims = claims.map_err(|_| invalid())?;
    let invite = invites::find(&app.database.read, InviteId(claims.sub)).await?;
    let good = |invite: &Invite| Some(invite.sends) == claims.sends && now < invite.expires_at;
    let invite = invite.filter(good).ok_or_else(invalid)?;
    let is_copied = claims.purpose == LinkPurpose::CopiedInvite;
    let link = InviteLink { id: invite.id, sends: invite.sends, is_copied };
    Ok((invite, link))
}

/// Join with a password. The link of a message has proven the address; one that an owner copied has not.
#[utoipa::path(
    post,
    path = route::INVITATION_ACCEPT,
    operation_id = "accept_invitation",
    tag = "auth",
    security(()),
    request_body = AcceptInvitationRequest,
    params(("token" = String, Path, description = "What stands behind `#` in the link")),
    responses(
        (status = 200, description = "Joined, and signed in", body = TokenResponse),
        (status = 403, description = "`forbidden`: cookie delivery asked for from another site"),
        (status = 409, description = "`address_taken`"),
        (status = 410, description = "`invalid_link`"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
async fn accept(
    State(app): State<AppState>,
    client: Client,
    Path(token): Path<String>,
    Json(request): Json<AcceptInvitationRequest>,
) -> Result<Response> {
    let delivery = client.may_be_given(request.token_delivery)?;
    let (invite, link) = invited(&app, &token).await?;
    throttle::link(&app, &token).await?;
    let place = app.passwords.enter(throttle::party(client.origin.address.as_deref()))?;
    let about = [invite.email.as_str(), &request.name, &invite.account_name];
    field::refuse([
        field::check_name("name", &request.name),
        app.passwords.judge_in(&place, "password", &request.password, &about).await?,
    ])?;
    let hash = app.passwords.hash_in(&place, &request.password).await?;
    let transaction = app.database.begin().await?;
    throttle::link_used(&transaction, &token, app.clock.now()).await?;
    let invited = (&invite, !link.is_copied);
    let login = join(&transaction, &app, &client, invited, request.name.trim(), Some(&hash)).await?;
    let by = (Proof::Invitation, delivery.get());
    let grant = open_session(&transaction, &app, &client, &login, by).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(Handout::new(&app, &grant, delivery)?.remember(&client)?.into_response())
}

/// Makes the invited person a user of the account, and notes whether they proved the address. Of several that accept
/// at once, one does.
pub(super) async fn join(
    transaction: &Transaction,
    app: &App,
    client: &Client,
    (invite, is_proven): (&Invite, bool),
    name: &str,
    password_hash: Option<&str>,
) -> Result<Login> {
    let now = app.clock.now();
    if !invites::accept(transaction, invite.id, invite.sends, now).await? {
        return Err(ErrorCode::InvalidLink.into());
    }
    let user_id = UserId(entropy::id(now)?);
    let user = NewUser {
        id: user_id,
        account_id: invite.account_id,
        email: &invite.email,
        email_verified_at: is_proven.then_some(now),
        name,
        role: invite.role,
        password_hash,
    };
    users::insert(transaction, user, now).await.map_err(taken)?;
    Deed::new(AuditKind::InviteAccepted, invite.account_id, now)
        .by(user_id)
        .from(client.origin.address.as_deref())
        .with(json!({"invite_id": invite.id, "email": invite.email, "role": invite.role}))
        .append(transaction)
        .await?;
    let joined = (user_id, invite.role);
    takeover::record_joining(transaction, invite.account_id, joined, invite.inviter, now).await?;
    if invite.role == Role::Owner {
        let change = OwnerChange {
            account: (invite.account_id, &invite.account_name),
            event: OwnerEvent::Joined,
            person: (Some(user_id), &invite.email),
            by: Some((
                invite.inviter,
                invite.invited_by.as_deref().unwrap_or("someone who was removed since"),
            )),
        };
        change.announce(transaction, now).await?;
    }
    users::find_login_by_id(transaction, user_id).await?.ok_or_else(|| ErrorCode::Internal.into())
}
