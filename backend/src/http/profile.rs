//! One's own name, address and password, and proving once more that it is oneself.

use std::sync::Arc;

use axum::{
    Json as JsonResponse,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::{TokenResponse, UserSummary},
    error::{ErrorCode, FieldCode, FieldError},
    id::{AccountId, SessionId, UserId},
    person::{
        ChangePasswordRequest, ChangePasswordResponse, EmailRequest, ReauthenticateRequest,
        UpdateProfileRequest,
    },
    route::api as route,
};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    client::Client,
    delivery::Handout,
    extract::{IdempotencyKey, Json},
    grant::renew_session,
    registration::addressed,
};
use crate::{
    app::AppState,
    audit::Deed,
    domain::field,
    error::{Error, Result},
    mail::Mail,
    passwords::{Party, Place, Verified},
    store::{
        identities, invites,
        sessions::{self, Reason},
        users::{self, Login},
    },
    throttle::{self, Attempt, By},
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(reauthenticate))
        .routes(routes!(update))
        .routes(routes!(change_email))
        .routes(routes!(change_password))
}

/// Prove once more that it is oneself, with the password.
///
/// Both windows of the session start anew, under the policy of today. Where the answer is lost, a refresh
/// with the same `Idempotency-Key` gets its successor.
#[utoipa::path(
    post,
    path = route::REAUTHENTICATE,
    tag = "auth",
    params(IdempotencyKey),
    request_body = ReauthenticateRequest,
    responses(
        (status = 200, description = "The session goes on with these tokens", body = TokenResponse),
        (status = 401, description = "`invalid_credentials`"),
        (status = 403, description = "`forbidden`: cookie delivery asked for from another site"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
async fn reauthenticate(
    State(app): State<AppState>,
    caller: Caller,
    client: Client,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<ReauthenticateRequest>,
) -> Result<Response> {
    let delivery = client.may_be_given(request.token_delivery)?;
    let (login, _) = prove(&app, &caller, &client, &request.password).await?;
    let grant = renew_session(&app, &client, caller.session.id, &login, "password", key).await?;
    Ok(Handout::new(&app, &grant, delivery)?.remember(&client)?.into_response())
}

/// Checks the caller's password; wrong ones count as at sign-in. Answers the place in the queue too.
async fn prove(
    app: &AppState,
    caller: &Caller,
    client: &Client,
    password: &str,
) -> Result<(Login, Arc<Place>)> {
    throttle::proof(app, &caller.session.id.to_string()).await?;
    let claim = Claim {
        user_id: caller.user.id,
        email: caller.user.email.clone(),
        account_id: caller.account.id,
        session_id: caller.session.id,
        password: password.to_owned(),
        address: client.origin.address.clone(),
        now: caller.now,
    };
    // Whoever closes the connection before the answer has guessed all the same.
    app.finish(claim.judge(AppState::clone(app))).await?
}

/// What somebody proves by who they are, to be judged.
struct Claim {
    user_id: UserId,
    email: String,
    account_id: AccountId,
    session_id: SessionId,
    password: String,
    address: Option<String>,
    now: DateTime<Utc>,
}

impl Claim {
    async fn judge(self, app: AppState) -> Result<(Login, Arc<Place>)> {
        // By the session: whoever holds it is not kept out by anybody else.
        let attempt = Attempt::begin(&app, &self.email, By::Secret(self.session_id.to_string())).await?;
        let login = users::find_login_by_id(&app.database.read, self.user_id).await?;
        let login = login.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
        if attempt.verify(&self.password, login.password_hash.as_deref()).await? == Verified::No {
            attempt.fail().await?;
            Deed::new(AuditKind::SignInFailed, self.account_id, self.now)
                .in_session(self.session_id)
                .from(self.address.as_deref())
                .with(json!({"user_id": self.user_id}))
                .append(&app.database.write)
                .await?;
            return Err(ErrorCode::InvalidCredentials.into());
        }
        Ok((login, attempt.succeed_alone().await?))
    }
}

/// Change one's own name.
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
async fn update(
    State(app): State<AppState>,
    caller: Caller,
    client: Client,
    Json(request): Json<UpdateProfileRequest>,
) -> Result<JsonResponse<UserSummary>> {
    field::refuse([field::check_name("name", &request.name)])?;
    let name = request.name.trim();
    if name != caller.user.name {
        let transaction = caller.begin(&app).await?;
        // Of several requests with the same name at once, one changes something.
        if users::set_name(&transaction, caller.user.id, name).await? {
            caller
                .deed(AuditKind::NameChanged, &client)
                .with(json!({"old": caller.user.name, "new": name}))
                .append(&transaction)
                .await?;
        }
        transaction.commit().await?;
    }
    Ok(JsonResponse(UserSummary { name: name.to_owned(), ..caller.user }))
}

/// Ask for another e-mail address.
///
/// A message to it goes on from there. The answer is the same whether or not the address is known.
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
async fn change_email(
    State(app): State<AppState>,
    caller: Caller,
    client: Client,
    Json(request): Json<EmailRequest>,
) -> Result<StatusCode> {
    caller.must_be_fresh()?;
    let email = addressed(&app, &client, &request.email).await?;
    let transaction = caller.begin(&app).await?;
    let login = users::find_login_by_id(&transaction, caller.user.id).await?;
    let login = login.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
    // As things are now: what changes before the message is sent makes its link useless too.
    let mail = Mail::EmailChangeAsked { user_id: caller.user.id, fingerprint: login.fingerprint() };
    mail.enqueue(&transaction, &email, caller.now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(StatusCode::ACCEPTED)
}

/// Change one's own password. Ends one's other sessions.
///
/// Who has a password gives it, which proves enough; who has none needs a fresh sign-in. Linked identities and
/// pending invitations stay: the answer counts them, so that the person can look through them.
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
async fn change_password(
    State(app): State<AppState>,
    caller: Caller,
    client: Client,
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
            caller.must_be_fresh()?;
            throttle::sender(&app, client.origin.address.as_deref()).await?;
        }
        Some(_) if !faults.is_empty() => {}
        Some(current) => match prove(&app, &caller, &client, current).await {
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
    // To judge a password takes time, and is done for who may set one.
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
    let transaction = caller.begin(&app).await?;
    // A link in a message may have set another one meanwhile, which counts for more.
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
    caller
        .deed(AuditKind::PasswordChanged, &client)
        .with(json!({"revoked_count": revoked_count}))
        .append(&transaction)
        .await?;
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
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(JsonResponse(ChangePasswordResponse { revoked_count, identity_count, invite_count }))
}
