//! Registering an account. No request here looks an address up; the message to it holds the next step.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use curfew_shared::{
    error::ErrorCode,
    person::{EmailRequest, RegisterRequest},
    route::api as route,
};

use crate::{
    accounts::registration::{insert_pending_registration, throttled_recipient},
    app::AppState,
    config,
    domain::{field, link::LinkPurpose},
    entropy,
    error::Result,
    http::{
        cookies::{
            registration::{RegistrationCookie, registration_cookie_hash},
            set_cookies,
        },
        extract::{Json, RequestClient},
    },
    mail::Mail,
    store::registrations::{self, Registration},
    throttle,
};

/// Register an account.
///
/// The response is the same whether or not the address is known. The message to it holds the link for the next
/// step.
#[utoipa::path(
    post,
    path = route::REGISTER,
    tag = "auth",
    security(()),
    request_body = RegisterRequest,
    responses(
        (status = 202, description = "A message is on its way"),
        (status = 403, description = "`registration_closed`"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn register(
    State(app): State<AppState>,
    client: RequestClient,
    headers: HeaderMap,
    Json(request): Json<RegisterRequest>,
) -> Result<Response> {
    if app.config.policy.registration == config::policy::Registration::Closed {
        return Err(ErrorCode::RegistrationClosed.into());
    }
    throttle::sender(&app, client.ip()).await?;
    let email = field::normal_email(&request.email);
    let about = [email.as_str(), &request.name, &request.account_name];
    let place = app.passwords.enter(throttle::party(client.ip()))?;
    field::refuse([
        field::check_name("account_name", &request.account_name),
        field::check_name("name", &request.name),
        field::check_email("email", &email),
        app.passwords.judge_in(&place, "password", &request.password, &about).await?,
    ])?;
    throttle::recipient(&app, &email).await?;
    let hash = app.passwords.hash_in(&place, &request.password).await?;
    let cookie = RegistrationCookie::read_or_create(&headers)?;
    let transaction = app.database.begin().await?;
    let registration = Registration {
        id: entropy::id(app.clock.now())?,
        account_name: request.account_name.trim().to_owned(),
        name: request.name.trim().to_owned(),
        email,
        password_hash: Some(hash),
        issuer: None,
        subject: None,
        browser_hash: Some(cookie.hash()),
        expires_at: app.clock.now() + LinkPurpose::VerifyRegistration.lifetime(),
    };
    insert_pending_registration(&transaction, &registration, app.clock.now()).await?;
    app.commit(transaction).await?;
    Ok((StatusCode::ACCEPTED, set_cookies([cookie.set()?])).into_response())
}

/// Request the verification message again.
#[utoipa::path(
    post,
    path = route::RESEND_VERIFICATION,
    tag = "auth",
    security(()),
    request_body = EmailRequest,
    responses(
        (status = 202, description = "A message is on its way, if there is something to verify"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn resend_verification(
    State(app): State<AppState>,
    client: RequestClient,
    headers: HeaderMap,
    Json(request): Json<EmailRequest>,
) -> Result<StatusCode> {
    // Somebody else may have registered with the address since. A person who asks in the browser in which they
    // registered means their own registration; nothing is told about others.
    let own = match registration_cookie_hash(&headers) {
        Some(hash) => {
            let (email, now) = (field::normal_email(&request.email), app.clock.now());
            let latest = registrations::find_latest(&app.database.read, &email, Some(&hash), now).await?;
            latest.filter(|latest| latest.browser_hash.as_ref() == Some(&hash))
        }
        None => None,
    };
    let mail = own.map_or(Mail::VerificationAsked {}, |own| Mail::Registered { registration_id: own.id });
    let email = throttled_recipient(&app, client.ip(), &request.email).await?;
    mail.enqueue(&app.database.write, &email, app.clock.now()).await?;
    app.outbox.notify_one();
    Ok(StatusCode::ACCEPTED)
}
