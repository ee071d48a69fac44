//! Getting back in: a forgotten password, and a sign-in that was somebody else's.

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
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    client::Client,
    extract::Json,
    registration::{ask, taken},
};
use crate::{
    app::AppState,
    audit::Deed,
    domain::{
        field,
        link::{LinkClaims, LinkPurpose},
    },
    error::{Error, Result},
    mail::Mail,
    store::{
        devices, identities, invites,
        sessions::{self, Reason},
        users::{self, Login},
    },
    throttle,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
        .routes(routes!(disown))
}

/// Ask for a message with a link to set a new password.
///
/// The answer is the same whether or not the address is known.
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
async fn forgot_password(
    State(app): State<AppState>,
    client: Client,
    Json(request): Json<EmailRequest>,
) -> Result<StatusCode> {
    ask(&app, &client, &request.email, &Mail::PasswordForgotten {}).await
}

/// Set a new password by a link. Ends every session of the user.
#[utoipa::path(
    post,
    path = route::RESET_PASSWORD,
    tag = "auth",
    security(()),
    request_body = ResetPasswordRequest,
    responses(
        (status = 204, description = "The password is set, and every session has ended"),
        (status = 410, description = "`invalid_link`"),
    ),
)]
async fn reset_password(
    State(app): State<AppState>,
    client: Client,
    Json(request): Json<ResetPasswordRequest>,
) -> Result<Response> {
    let now = app.clock.now();
    let login = linked(&app, &request.token, now).await?;
    let about = [login.email.as_str(), &login.name];
    field::refuse([app.passwords.judge("password", &request.password, &about).await?])?;
    let hash = app.passwords.hash(&request.password).await?;
    let transaction = app.database.begin().await?;
    // Of two that follow the link at once, the second finds another password.
    let old = login.password_hash.as_deref();
    if !users::reset_password(&transaction, login.user_id, old, &hash, now).await? {
        return Err(ErrorCode::InvalidLink.into());
    }
    let revoked_count =
        sessions::revoke_of_user(&transaction, login.user_id, Reason::PasswordChanged, now).await?;
    // Whoever guessed at the old password keeps nobody from using the new one, here least of all.
    throttle::forgive(&transaction, &login.email).await?;
    let delivery = if client.is_our_page { TokenDelivery::Cookie } else { TokenDelivery::Body };
    devices::remember(&transaction, login.user_id, &client.device(delivery), now).await?;
    Deed::new(AuditKind::PasswordReset, login.account_id, now)
        .by(login.user_id)
        .from(client.origin.address.as_deref())
        .with(json!({"revoked_count": revoked_count}))
        .append(&transaction)
        .await?;
    let mail = Mail::PasswordChanged { user_id: login.user_id, at: now };
    mail.enqueue(&transaction, &login.email, now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    let mut response = StatusCode::NO_CONTENT.into_response();
    if client.is_our_page {
        response.headers_mut().insert(header::SET_COOKIE, client.device_cookie()?);
    }
    Ok(response)
}

/// Whose password the link sets, if it is good for it still.
async fn linked(app: &AppState, token: &str, now: DateTime<Utc>) -> Result<Login> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let claims = app.keys.verify_link(token, LinkPurpose::ResetPassword, now).map_err(|_| invalid())?;
    let login = users::find_login_by_id(&app.database.read, UserId(claims.sub)).await?;
    let login = login.filter(|login| login.is_active).ok_or_else(invalid)?;
    if claims.fingerprint == Some(login.fingerprint()) { Ok(login) } else { Err(invalid()) }
}

/// Say by the link in a message that a sign-in was not one's own.
///
/// Ends every session of the user and takes away what lets somebody else in again: the password, the
/// user's devices, and since that sign-in the identities that were linked, the invitations that were sent
/// and every link in a message. The user's address is again the one that the message went to. The answer
/// has a token for `POST /auth/reset-password`.
#[utoipa::path(
    post,
    path = route::DISOWN,
    tag = "auth",
    security(()),
    request_body = LinkRequest,
    responses(
        (status = 200, description = "Every session has ended", body = DisownResponse),
        (status = 409, description = "`address_taken`: somebody else has the former address by now"),
        (status = 410, description = "`invalid_link`"),
    ),
)]
async fn disown(
    State(app): State<AppState>,
    client: Client,
    Json(request): Json<LinkRequest>,
) -> Result<JsonResponse<DisownResponse>> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let now = app.clock.now();
    let claims = app.keys.verify_link(&request.token, LinkPurpose::Disown, now).map_err(|_| invalid())?;
    let (since, address) = claims.since.zip(claims.email.clone()).ok_or_else(invalid)?;
    let transaction = app.database.begin().await?;
    let login = users::find_login_by_id(&transaction, UserId(claims.sub)).await?;
    let login = login.filter(|login| login.is_active).ok_or_else(invalid)?;
    let user_id = login.user_id;
    if login.email != address {
        // Whoever took the user over gave it an address of their own, by which they may have got a new
        // password too.
        users::set_email(&transaction, user_id, &login.email, &address, now).await.map_err(taken)?;
    } else if claims.is_outdated(login.recovered_at) {
        return Err(invalid());
    }
    users::lock_out(&transaction, user_id, now).await?;
    let revoked_count = sessions::revoke_of_user(&transaction, user_id, Reason::Disowned, now).await?;
    devices::forget(&transaction, user_id).await?;
    let unlinked_count = identities::delete_since(&transaction, user_id, since).await?;
    let revoked_invite_count = invites::revoke_of_user(&transaction, user_id, since, now).await?;
    let relieved = users::find_login_by_id(&transaction, user_id).await?.ok_or_else(invalid)?;
    Deed::new(AuditKind::SignInDisowned, login.account_id, now)
        .by(user_id)
        .from(client.origin.address.as_deref())
        .with(json!({
            "revoked_count": revoked_count,
            "unlinked_count": unlinked_count,
            "revoked_invite_count": revoked_invite_count,
            "old_email": login.email,
            "email": address,
        }))
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    let claims = LinkClaims {
        fingerprint: Some(relieved.fingerprint()),
        ..LinkClaims::new(LinkPurpose::ResetPassword, user_id.0)
    };
    let reset_token = app.keys.sign_link(claims, now)?;
    Ok(JsonResponse(DisownResponse { revoked_count, reset_token }))
}
