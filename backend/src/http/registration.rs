//! Registering an account, and proving an address.
//!
//! No request here looks an address up: what is to be said about it is said in a message to it.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    error::{ErrorCode, Problem},
    id::{AccountId, IdentityId, UserId},
    person::{EmailRequest, LinkRequest, RegisterRequest, VerifyEmailResponse},
    route::api as route,
};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{client::Client, extract::Json, oauth::identity_taken};
use crate::{
    app::{App, AppState},
    audit::Deed,
    config,
    domain::{
        field,
        link::{LinkClaims, LinkPurpose},
    },
    entropy,
    error::{Error, Result},
    mail::Mail,
    store::{
        self, Transaction, accounts,
        identities::{self, NewIdentity},
        registrations::{self, Registration},
        users::{self, NewUser},
    },
    throttle,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(resend_verification))
        .routes(routes!(verify_email))
}

/// Ask for an account of one's own.
///
/// The answer is the same whether or not the address is known; a message to it goes on from there.
#[utoipa::path(
    post,
    path = route::REGISTER,
    tag = "auth",
    security(()),
    request_body = RegisterRequest,
    responses(
        (status = 202, description = "A message is on its way"),
        (status = 403, description = "`registration_closed`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn register(
    State(app): State<AppState>,
    client: Client,
    Json(request): Json<RegisterRequest>,
) -> Result<StatusCode> {
    if app.config.registration == config::Registration::Closed {
        return Err(ErrorCode::RegistrationClosed.into());
    }
    throttle::sender(&app, client.origin.address.as_deref()).await?;
    let email = field::normal_email(&request.email);
    let about = [email.as_str(), &request.name, &request.account_name];
    field::refuse([
        field::check_name("account_name", &request.account_name),
        field::check_name("name", &request.name),
        field::check_email("email", &email),
        app.passwords.judge("password", &request.password, &about).await?,
    ])?;
    throttle::recipient(&app, &email).await?;
    let hash = app.passwords.hash(&request.password).await?;
    let transaction = app.database.begin().await?;
    let registration = Registration {
        id: entropy::id(app.clock.now())?,
        account_name: request.account_name.trim().to_owned(),
        name: request.name.trim().to_owned(),
        email,
        password_hash: Some(hash),
        issuer: None,
        subject: None,
        expires_at: app.clock.now() + LinkPurpose::VerifyRegistration.lifetime(),
    };
    keep(&transaction, &app, &registration).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(StatusCode::ACCEPTED)
}

/// Keeps a registration until its address is proven, and sends the message that asks for it.
pub(super) async fn keep(transaction: &Transaction, app: &App, registration: &Registration) -> Result<()> {
    let now = app.clock.now();
    registrations::insert(transaction, registration, now).await?;
    let mail = Mail::Registered { registration_id: registration.id };
    Ok(mail.enqueue(transaction, &registration.email, now).await?)
}

/// Ask for the verification message once more.
#[utoipa::path(
    post,
    path = route::RESEND_VERIFICATION,
    tag = "auth",
    security(()),
    request_body = EmailRequest,
    responses(
        (status = 202, description = "A message is on its way, if there is something to verify"),
        (status = 422, description = "`validation_failed`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn resend_verification(
    State(app): State<AppState>,
    client: Client,
    Json(request): Json<EmailRequest>,
) -> Result<StatusCode> {
    ask(&app, &client, &request.email, &Mail::VerificationAsked {}).await
}

/// Puts a message into the outbox that somebody asks for to an address that may be anybody's.
pub(super) async fn ask(app: &App, client: &Client, email: &str, mail: &Mail) -> Result<StatusCode> {
    let email = field::normal_email(email);
    field::refuse([field::check_email("email", &email)])?;
    throttle::message(app, &email, client.origin.address.as_deref()).await?;
    mail.enqueue(&app.database.write, &email, app.clock.now()).await?;
    app.outbox.notify_one();
    Ok(StatusCode::ACCEPTED)
}

/// Follow the link of a verification message.
#[utoipa::path(
    post,
    path = route::VERIFY_EMAIL,
    tag = "auth",
    security(()),
    request_body = LinkRequest,
    responses(
        (status = 200, description = "The address is verified", body = VerifyEmailResponse),
        (status = 409, description = "`address_taken`, `identity_taken`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`invalid_link`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn verify_email(
    State(app): State<AppState>,
    client: Client,
    Json(request): Json<LinkRequest>,
) -> Result<JsonResponse<VerifyEmailResponse>> {
    let now = app.clock.now();
    let verify = |purpose| app.keys.verify_link(&request.token, purpose, now);
    let email = if let Ok(claims) = verify(LinkPurpose::VerifyRegistration) {
        finish_registration(&app, &client, &claims, now).await?
    } else if let Ok(claims) = verify(LinkPurpose::VerifyEmail) {
        change_email(&app, &client, claims, now).await?
    } else {
        return Err(ErrorCode::InvalidLink.into());
    };
    Ok(JsonResponse(VerifyEmailResponse { email }))
}

/// Makes the account and its first owner.
async fn finish_registration(
    app: &App,
    client: &Client,
    claims: &LinkClaims,
    now: DateTime<Utc>,
) -> Result<String> {
    let transaction = app.database.begin().await?;
    let registration = registrations::find(&transaction, claims.sub, now).await?;
    let registration = registration.ok_or(ErrorCode::InvalidLink)?;
    let account_id = AccountId(entropy::id(now)?);
    let user_id = UserId(entropy::id(now)?);
    accounts::insert(&transaction, account_id, &registration.account_name, now).await?;
    let user = NewUser {
        id: user_id,
        account_id,
        email: &registration.email,
        email_verified_at: Some(now),
        name: &registration.name,
        role: Role::Owner,
        password_hash: registration.password_hash.as_deref(),
    };
    users::insert(&transaction, user, now).await.map_err(taken)?;
    if let Some((issuer, subject)) = registration.issuer.as_deref().zip(registration.subject.as_deref()) {
        let identity = NewIdentity {
            id: IdentityId(entropy::id(now)?),
            user_id,
            issuer,
            subject,
            email: Some(&registration.email),
            last_used_at: None,
        };
        identities::insert(&transaction, identity, now).await.map_err(identity_taken)?;
    }
    registrations::delete_for(&transaction, &registration.email).await?;
    Deed::new(AuditKind::AccountCreated, account_id, now)
        .by(user_id)
        .from(client.origin.address.as_deref())
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(registration.email)
}

/// Gives a user the address that the link went to.
async fn change_email(app: &App, client: &Client, claims: LinkClaims, now: DateTime<Utc>) -> Result<String> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let new = claims.email.ok_or_else(invalid)?;
    let transaction = app.database.begin().await?;
    let login = users::find_login_by_id(&transaction, UserId(claims.sub)).await?.ok_or_else(invalid)?;
    if !login.is_active || claims.fingerprint != Some(login.fingerprint()) {
        return Err(invalid());
    }
    if !users::set_email(&transaction, login.user_id, &login.email, &new, now).await.map_err(taken)? {
        return Err(invalid());
    }
    Deed::new(AuditKind::EmailChanged, login.account_id, now)
        .by(login.user_id)
        .from(client.origin.address.as_deref())
        .with(json!({"old": login.email, "new": new}))
        .append(&transaction)
        .await?;
    let mail = Mail::EmailChanged { user_id: login.user_id, at: now, email: new.clone() };
    mail.enqueue(&transaction, &login.email, now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(new)
}

/// Told only to who has shown that the address is theirs.
pub(super) fn taken(error: store::StoreError) -> Error {
    if store::is_taken(&error) { ErrorCode::AddressTaken.into() } else { error.into() }
}
