//! Changing one's password.

use std::sync::Arc;

use axum::{Json as JsonResponse, extract::State};
use curfew_shared::{
    audit::AuditKind,
    error::{ErrorCode, FieldCode, FieldError},
    person::{ChangePasswordRequest, ChangePasswordResponse},
    route::api as route,
};
use serde_json::json;

use crate::{
    app::AppState,
    domain::field,
    error::{Error, Result},
    http::extract::{Caller, Json},
    mail::Mail,
    passwords::Party,
    store::{
        identities, invites,
        sessions::{self, Reason},
        users,
    },
    throttle,
};

/// Change the caller's password. Ends their other sessions.
///
/// A user with a password must send it; a user without one must have authenticated recently. Linked identities
/// and pending invitations stay; the response counts them, so that the person can review them.
#[utoipa::path(
    post,
    path = route::CHANGE_PASSWORD,
    tag = "auth",
    request_body = ChangePasswordRequest,
    responses(
        (status = 200, description = "How many other sessions ended", body = ChangePasswordResponse),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`conflict`: a link in a message has set another password meanwhile"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn change_password(
    State(app): State<AppState>,
    caller: Caller,
    Json(request): Json<ChangePasswordRequest>,
) -> Result<JsonResponse<ChangePasswordResponse>> {
    let (mut old, mut place) = (None, None);
    let mut faults = Vec::from_iter(field::check_password("new_password", &request.new_password));
    match &request.current_password {
        None if caller.user.has_password => {
            let message = "Enter your current password.";
            faults.push(FieldError::new("current_password", FieldCode::Required, message));
        }
        None => {
            caller.require_recent_authentication()?;
            throttle::sender(&app, caller.ip()).await?;
        }
        Some(_) if !faults.is_empty() => {}
        Some(current) => match caller.password_proof(current.clone()).verify(&app).await {
            Err(error) if error.code() == ErrorCode::InvalidCredentials => {
                let message = "This is not your password.";
                faults.push(FieldError::new("current_password", FieldCode::Malformed, message));
            }
            proven => {
                let (login, kept) = proven?;
                (old, place) = (login.password_hash, Some(kept));
            }
        },
    }
    // Checking the strength takes time, so it is done only for a person who may set the password.
    let place = match place {
        Some(place) => place,
        None => Arc::new(app.passwords.enter(Party::Known(caller.session.id.to_string()))?),
    };
    if faults.is_empty() {
        let about = [caller.user.email.as_str(), &caller.user.name, &caller.account.name];
        faults.extend(app.passwords.judge_in(&place, "new_password", &request.new_password, &about).await?);
    }
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let hash = app.passwords.hash_in(&place, &request.new_password).await?;
    let transaction = caller.begin_transaction(&app).await?;
    // A link in a message may have set another one meanwhile, which takes precedence.
    if !users::change_password(&transaction, caller.user.id, old.as_deref(), &hash).await? {
        return Err(ErrorCode::Conflict.into());
    }
    let revoked_count = sessions::revoke_others_of_user(
        &transaction,
        caller.user.id,
        caller.session.id,
        Reason::PasswordChanged,
        caller.now,
    )
    .await?;
    caller.record(&transaction, AuditKind::PasswordChanged, json!({"revoked_count": revoked_count})).await?;
    let mail = Mail::PasswordChanged {
        user_id: caller.user.id,
        at: caller.now,
        unlinked_count: 0,
        revoked_invite_count: 0,
    };
    mail.enqueue(&transaction, &caller.user.email, caller.now).await?;
    let identity_count = identities::list(&transaction, caller.user.id).await?.len() as u64;
    let invite_count =
        invites::count_of_user(&transaction, caller.account.id, caller.user.id, caller.now).await?;
    app.commit(transaction).await?;
    Ok(JsonResponse(ChangePasswordResponse { revoked_count, identity_count, invite_count }))
}
