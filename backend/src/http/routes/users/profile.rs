//! The caller's name and e-mail address.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use curfew_shared::{
    audit::AuditKind,
    auth::UserSummary,
    error::ErrorCode,
    person::{EmailRequest, UpdateProfileRequest},
    route::api as route,
};
use serde_json::json;

use crate::{
    accounts::registration::throttled_recipient,
    app::AppState,
    domain::field,
    error::{Error, Result},
    http::extract::{Caller, Json},
    mail::Mail,
    store::users,
};

/// Change the caller's name.
#[utoipa::path(
    patch,
    path = route::PROFILE,
    operation_id = "update_profile",
    tag = "users",
    request_body = UpdateProfileRequest,
    responses(
        (status = 200, description = "The person", body = UserSummary),
    ),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    caller: Caller,
    Json(request): Json<UpdateProfileRequest>,
) -> Result<JsonResponse<UserSummary>> {
    field::refuse([field::check_name("name", &request.name)])?;
    let name = request.name.trim();
    if name != caller.user.name {
        let transaction = caller.begin_transaction(&app).await?;
        // Of several requests with the same name at once, only one is a change.
        if users::set_name(&transaction, caller.user.id, name).await? {
            caller
                .record(&transaction, AuditKind::NameChanged, json!({"old": caller.user.name, "new": name}))
                .await?;
        }
        transaction.commit().await?;
    }
    Ok(JsonResponse(UserSummary { name: name.to_owned(), ..caller.user }))
}

/// Request another e-mail address.
///
/// A message to it holds a link that confirms it. The response is the same whether or not the address is known.
#[utoipa::path(
    post,
    path = route::CHANGE_EMAIL,
    tag = "users",
    request_body = EmailRequest,
    responses(
        (status = 202, description = "A message to the new address is on its way"),
        (status = 403, description = "`reauthentication_required`"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn change_email(
    State(app): State<AppState>,
    caller: Caller,
    Json(request): Json<EmailRequest>,
) -> Result<StatusCode> {
    caller.require_recent_authentication()?;
    let email = throttled_recipient(&app, caller.ip(), &request.email).await?;
    let transaction = caller.begin_transaction(&app).await?;
    let login = users::find_login_by_id(&transaction, caller.user.id).await?;
    let login = login.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
    // As it is now, so that a change before the message is sent invalidates its link too.
    let mail = Mail::EmailChangeAsked { user_id: caller.user.id, fingerprint: login.fingerprint() };
    mail.enqueue(&transaction, &email, caller.now).await?;
    app.commit(transaction).await?;
    Ok(StatusCode::ACCEPTED)
}
