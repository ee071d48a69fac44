//! Invitations, for who receives their mail.

use axum::{
    Json as JsonResponse,
    extract::State,
    response::{IntoResponse, Response},
};
use curfew_shared::{
    audit::AuditKind,
    auth::{Role, TokenResponse},
    error::ErrorCode,
    id::{InviteId, UserId},
    invite::{AcceptInvitationRequest, InvitationResponse},
    route::api as route,
};
use serde_json::json;

use super::auth::{
    grant::{Proof, open_session},
    verify_email::taken,
};
use crate::{
    app::{App, AppState},
    audit::Deed,
    domain::{field, link::LinkPurpose},
    entropy,
    error::{Error, Result},
    http::{
        extract::{Client, Json, Path},
        respond::tokens::Handout,
    },
    mail::{OwnerChange, OwnerEvent},
    store::{
        Transaction,
        invites::{self, Invite},
        users::{self, Login, NewUser},
    },
    takeover, throttle,
};

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
pub(super) async fn show(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<JsonResponse<InvitationResponse>> {
    let invite = invited(&app, &token).await?;
    Ok(JsonResponse(InvitationResponse {
        account_name: invite.account_name,
        invited_by: invite.invited_by,
        email: invite.email,
        role: invite.role,
        expires_at: invite.expires_at,
    }))
}

/// The invitation that a link is good for.
pub(super) async fn invited(app: &App, token: &str) -> Result<Invite> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let now = app.clock.now();
    let claims = app.keys.verify_link(token, LinkPurpose::Invite, now).map_err(|_| invalid())?;
    let invite = invites::find(&app.database.read, InviteId(claims.sub)).await?;
    let good = |invite: &Invite| Some(invite.sends) == claims.sends && now < invite.expires_at;
    invite.filter(good).ok_or_else(invalid)
}

/// Join with a password. The link has proven the address.
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
pub(super) async fn accept(
    State(app): State<AppState>,
    client: Client,
    Path(token): Path<String>,
    Json(request): Json<AcceptInvitationRequest>,
) -> Result<Response> {
    let delivery = client.may_be_given(request.token_delivery)?;
    let invite = invited(&app, &token).await?;
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
    let login = join(&transaction, &app, &client, &invite, request.name.trim(), Some(&hash)).await?;
    let by = (Proof::Invitation, delivery.get());
    let grant = open_session(&transaction, &app, &client, &login, by).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(Handout::new(&app, &grant, delivery)?.remember(&client)?.into_response())
}

/// Makes the invited person a user of the account. Of several that accept at once, one does.
pub(super) async fn join(
    transaction: &Transaction,
    app: &App,
    client: &Client,
    invite: &Invite,
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
        email_verified_at: Some(now),
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
