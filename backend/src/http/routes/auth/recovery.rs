//! Recovering a user: a forgotten password, and a sign-in by somebody else.

use axum::{
    Json as JsonResponse,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::TokenDelivery,
    error::ErrorCode,
    id::UserId,
    person::{DisownResponse, EmailRequest, LinkRequest, ResetPasswordRequest},
    route::api as route,
};
use serde_json::json;

use crate::{
    accounts::{create::map_email_taken, recovery::revoke_access, takeover::Takeover},
    app::AppState,
    audit::AppendError,
    context::Context,
    domain::{
        field,
        link::{DISOWN_REACH, LinkPurpose},
    },
    error::{Error, Result},
    http::{
        cookies::device::DeviceCookie,
        extract::{Json, RequestClient},
    },
    mail::Mail,
    store::{
        Connection, accounts, address_changes, devices, identities, membership_changes,
        sessions::{self, Reason},
        users::{self, Login},
    },
    throttle,
};

/// Request a message with a link to set a new password.
///
/// The response is the same whether or not the address is known.
#[utoipa::path(
    post,
    path = route::FORGOT_PASSWORD,
    tag = "auth",
    security(()),
    request_body = EmailRequest,
    responses(
        (status = 202, description = "A message is on its way, if the address is known"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn forgot_password(
    State(app): State<AppState>,
    client: RequestClient,
    Json(request): Json<EmailRequest>,
) -> Result<StatusCode> {
    let email = field::normal_email(&request.email);
    field::refuse([field::check_email("email", &email)])?;
    throttle::reset(&app, &email, client.ip()).await?;
    Mail::PasswordForgotten {}.enqueue(&app.database.write, &email, app.clock.now()).await?;
    app.outbox.notify_one();
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password by a link. Ends every session of the user.
///
/// Revokes the pending invitations that the user sent, and unlinks the identities that were added in the last
/// nine days, or all of them if the user had not verified the address before.
#[utoipa::path(
    post,
    path = route::RESET_PASSWORD,
    tag = "auth",
    security(()),
    request_body = ResetPasswordRequest,
    responses(
        (status = 204, description = "The password is set, and every session has ended"),
        (status = 410, description = "`invalid_link`"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn reset_password(
    State(app): State<AppState>,
    client: RequestClient,
    device: DeviceCookie,
    Json(request): Json<ResetPasswordRequest>,
) -> Result<Response> {
    let now = app.clock.now();
    let login = find_link_user(&app, &app.database.read, &request.token, now).await?;
    throttle::link(&app, &request.token).await?;
    let about = [login.email.as_str(), &login.name];
    let place = app.passwords.enter(throttle::party(client.ip()))?;
    field::refuse([app.passwords.judge_in(&place, "password", &request.password, &about).await?])?;
    let hash = app.passwords.hash_in(&place, &request.password).await?;
    let transaction = app.database.begin().await?;
    users::hold(&transaction, login.user_id).await?;
    // Of two requests with the link at once, the second finds another password.
    let login = find_link_user(&app, &transaction, &request.token, now).await?;
    let old = login.password_hash.as_deref();
    if !users::reset_password(&transaction, login.user_id, old, &hash, now).await? {
        return Err(ErrorCode::InvalidLink.into());
    }
    let ctx = Context::of_request(&transaction, now, &client.info).by(login.user_id);
    revoke_access(ctx, &login).await?;
    throttle::link_used(&transaction, &request.token, now).await?;
    let delivery = if client.is_same_origin { TokenDelivery::Cookie } else { TokenDelivery::Body };
    let known = device.device(&client.info, delivery);
    devices::remember(&transaction, login.user_id, &known, now).await?;
    app.commit(transaction).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if client.is_same_origin {
        response.headers_mut().insert(header::SET_COOKIE, device.set()?);
    }
    Ok(response)
}

/// The user whose password the link sets, if it is still valid.
async fn find_link_user(
    app: &AppState,
    connection: &impl Connection,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Login> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let claims = app.keys.verify_link(token, LinkPurpose::ResetPassword, now).map_err(|_| invalid())?;
    let login = users::find_login_by_id(connection, UserId(claims.sub)).await?;
    let login = login.filter(|login| login.is_active).ok_or_else(invalid)?;
    if claims.fingerprint == Some(login.fingerprint()) { Ok(login) } else { Err(invalid()) }
}

/// Report, by the link in a message, that a sign-in was by somebody else.
///
/// Ends every session of the user and takes away everything that would let somebody else in again: the password, the
/// user's devices, every link in a message, and of the last nine days the identities that were linked and
/// the invitations that were sent. People who joined by them are deactivated, promotions are undone, and the user is
/// let in again where such people had deactivated or removed them. The user's address is again the one that the
/// message went to, which is sent a link to set a new password.
#[utoipa::path(
    post,
    path = route::DISOWN,
    tag = "auth",
    security(()),
    request_body = LinkRequest,
    responses(
        (status = 200, description = "Every session has ended, and a message is on its way", body = DisownResponse),
        (status = 409, description = "`address_taken`: somebody else has the address by now"),
        (status = 410, description = "`invalid_link`: used, expired, or sent before the password changed"),
    ),
)]
pub(super) async fn disown(
    State(app): State<AppState>,
    client: RequestClient,
    Json(request): Json<LinkRequest>,
) -> Result<JsonResponse<DisownResponse>> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let now = app.clock.now();
    let claims = app.keys.verify_link(&request.token, LinkPurpose::Disown, now).map_err(|_| invalid())?;
    let address = claims.email.clone().ok_or_else(invalid)?;
    let version = claims.version.unwrap_or_default();
    let user_id = UserId(claims.sub);
    let since = now - DISOWN_REACH;
    let transaction = app.database.begin().await?;
    // The account is locked before the user, as in an owner's transaction.
    let account = match users::find_login_by_id(&transaction, user_id).await? {
        Some(login) => login.account_id,
        None => membership_changes::find_removed(&transaction, user_id, since).await?.ok_or_else(invalid)?.0,
    };
    accounts::hold(&transaction, account).await?;
    users::hold(&transaction, user_id).await?;
    if !accounts::is_open(&transaction, account).await? {
        return Err(invalid());
    }
    let is_good = match users::find_login_by_id(&transaction, user_id).await? {
        Some(login) if login.email == address => login.credentials_version == version,
        // Somebody who took the user over may have changed its address, and then the password by it.
        Some(_) => address_changes::undo(&transaction, user_id, (&address, version), since).await?,
        None => {
            let removed = membership_changes::find_removed(&transaction, user_id, since).await?;
            removed.and_then(|(_, removed)| removed.version_at(&address)) == Some(version)
        }
    };
    if !is_good {
        return Err(invalid());
    }
    let ctx = Context::of_request(&transaction, now, &client.info).by(user_id);
    let takeover = Takeover { ctx, account, person: user_id, email: &address };
    let revoked_invite_count = takeover.undo().await.map_err(|error| match error {
        AppendError::Store(error) => map_email_taken(error),
        error @ AppendError::Entropy(_) => error.into(),
    })?;
    // A user whom somebody else has deactivated stays inactive.
    let login = users::find_login_by_id(&transaction, user_id).await?;
    let login = login.filter(|login| login.is_active).ok_or_else(invalid)?;
    let is_former = login.email != address;
    if is_former
        && !users::set_email(&transaction, user_id, &login.email, &address, now)
            .await
            .map_err(map_email_taken)?
    {
        return Err(invalid());
    }
    users::lock_out(&transaction, user_id, now).await?;
    let revoked_count = sessions::revoke_of_user(&transaction, user_id, Reason::Disowned, now).await?;
    devices::forget(&transaction, user_id).await?;
    // Since the oldest sign-in that such a link can refer to, whichever link the person follows.
    let since = if login.email_verified { since } else { DateTime::UNIX_EPOCH };
    let unlinked_count = identities::delete_since(&transaction, user_id, since).await?;
    let payload = json!({
        "revoked_count": revoked_count,
        "unlinked_count": unlinked_count,
        "revoked_invite_count": revoked_invite_count,
        "old_email": login.email,
        "email": address,
    });
    ctx.record(account, AuditKind::SignInDisowned, payload).await?;
    for recipient in [Some(&address), Some(&login.email).filter(|_| is_former)].into_iter().flatten() {
        Mail::SignInDisowned { at: now, email: address.clone() }
            .enqueue(&transaction, recipient, now)
            .await?;
    }
    app.commit(transaction).await?;
    Ok(JsonResponse(DisownResponse { revoked_count }))
}
