//! Getting back in: a forgotten password, and a sign-in that was somebody else's.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    error::{ErrorCode, Problem},
    id::{SessionId, UserId},
    person::{DisownResponse, EmailRequest, LinkRequest, ResetPasswordRequest},
    route::api as route,
};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{client::Client, extract::Json, registration::ask};
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
        devices,
        sessions::{self, Reason},
        users::{self, Login},
    },
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
        (status = 422, description = "`validation_failed`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`", body = Problem, content_type = "application/problem+json"),
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
        (status = 410, description = "`invalid_link`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn reset_password(
    State(app): State<AppState>,
    client: Client,
    Json(request): Json<ResetPasswordRequest>,
) -> Result<StatusCode> {
    let now = app.clock.now();
    let login = linked(&app, &request.token, now).await?;
    let faults = field::faults([field::check_new_password(
        "password",
        &request.password,
        &[&login.email, &login.name],
    )]);
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let hash = app.passwords.hash(&request.password).await?;
    let transaction = app.database.begin().await?;
    // Of two that follow the link at once, the second finds another password.
    let old = login.password_hash.as_deref();
    if !users::reset_password(&transaction, login.user_id, old, &hash, now).await? {
        return Err(ErrorCode::InvalidLink.into());
    }
    let revoked_count =
        sessions::revoke_of_user(&transaction, login.user_id, Reason::PasswordChanged, now).await?;
    Deed::new(AuditKind::PasswordReset, login.account_id, now)
        .by(login.user_id)
        .from(client.origin.address.as_deref())
        .with(json!({"revoked_count": revoked_count}))
        .append(&transaction)
        .await?;
    Mail::PasswordChanged { at: now }.enqueue(&transaction, &login.email, now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(StatusCode::NO_CONTENT)
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
/// Ends every session of the user and forgets the user's devices. The answer has a token for
/// `POST /auth/reset-password`.
#[utoipa::path(
    post,
    path = route::DISOWN,
    tag = "auth",
    security(()),
    request_body = LinkRequest,
    responses(
        (status = 200, description = "Every session has ended", body = DisownResponse),
        (status = 410, description = "`invalid_link`", body = Problem, content_type = "application/problem+json"),
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
    let session = claims.session.map(SessionId).ok_or_else(invalid)?;
    let transaction = app.database.begin().await?;
    let login = users::find_login_by_id(&transaction, UserId(claims.sub)).await?;
    let login = login.filter(|login| login.is_active).ok_or_else(invalid)?;
    // The link is used up once the session has ended.
    let session = sessions::find_for_update(&transaction, session).await?;
    session
        .filter(|session| session.revoked_at.is_none() && session.user_id == login.user_id)
        .ok_or_else(invalid)?;
    let revoked_count = sessions::revoke_of_user(&transaction, login.user_id, Reason::Disowned, now).await?;
    devices::forget(&transaction, login.user_id).await?;
    Deed::new(AuditKind::SignInDisowned, login.account_id, now)
        .by(login.user_id)
        .from(client.origin.address.as_deref())
        .with(json!({"revoked_count": revoked_count}))
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    let claims = LinkClaims {
        fingerprint: Some(login.fingerprint()),
        ..LinkClaims::new(LinkPurpose::ResetPassword, login.user_id.0)
    };
    let reset_token = app.keys.sign_link(claims, now)?;
    Ok(JsonResponse(DisownResponse { revoked_count, reset_token }))
}
