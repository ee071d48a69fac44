//! Signing in by password.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use curfew_shared::{
    audit::AuditKind,
    auth::{LoginForm, LoginRequest, TokenDelivery, TokenResponse},
    error::{ErrorCode, FieldCode, FieldError},
    id::UserId,
    route::api as route,
};
use serde_json::json;

use crate::{
    app::AppState,
    audit::{self, Entry},
    context::Context,
    domain::field,
    error::{Error, Result},
    http::{
        cookies::registration::registration_cookie_hash,
        extract::{Form, Json, SignInClient},
        respond::tokens::IssuedTokens,
    },
    keys::TokenContext,
    passwords::Verified,
    sessions::start::{AuthMethod, Browser, start_session},
    store::{devices, registrations, users},
    throttle::{Attempt, By},
};

/// Sign in with the OAuth 2.0 password form.
#[utoipa::path(
    post,
    path = route::LOGIN,
    tag = "auth",
    security(()),
    request_body(content = LoginForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Signed in", body = TokenResponse),
        (status = 401, description = "`invalid_credentials`"),
        (status = 403, description = "`email_not_verified`; `forbidden`: cookie delivery asked for from another site"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn login(
    State(app): State<AppState>,
    client: SignInClient,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Result<Response> {
    let credentials = Credentials { field: "username", email: &form.username, password: &form.password };
    sign_in(&app, &client, &headers, credentials, form.token_delivery).await
}

/// Sign in with JSON.
///
/// With `"token_delivery": "cookie"` the refresh token travels only in an `HttpOnly` cookie.
#[utoipa::path(
    post,
    path = route::LOGIN_JSON,
    tag = "auth",
    security(()),
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in", body = TokenResponse),
        (status = 401, description = "`invalid_credentials`"),
        (status = 403, description = "`email_not_verified`; `forbidden`: cookie delivery asked for from another site"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn login_json(
    State(app): State<AppState>,
    client: SignInClient,
    headers: HeaderMap,
    Json(request): Json<LoginRequest>,
) -> Result<Response> {
    let credentials = Credentials { field: "email", email: &request.email, password: &request.password };
    sign_in(&app, &client, &headers, credentials, request.token_delivery).await
}

/// What a person signs in with.
#[derive(Clone, Copy)]
struct Credentials<'a> {
    /// The name of the e-mail address in the request.
    field: &'static str,
    email: &'a str,
    password: &'a str,
}

async fn sign_in(
    app: &AppState,
    client: &SignInClient,
    headers: &HeaderMap,
    credentials: Credentials<'_>,
    delivery: TokenDelivery,
) -> Result<Response> {
    let delivery = client.check_cookie_delivery(delivery)?;
    let tokens = start(app, client, headers, credentials, delivery.get()).await;
    app.metrics.sign_in(tokens.as_ref().map(drop).map_err(Error::code));
    Ok(IssuedTokens::sign(app, &tokens?, delivery)?.with_device_cookie(&client.device)?.into_response())
}

async fn start(
    app: &AppState,
    client: &SignInClient,
    headers: &HeaderMap,
    credentials: Credentials<'_>,
    delivery: TokenDelivery,
) -> Result<TokenContext> {
    let browser = client.browser(delivery);
    let (login, attempt) = check_password(app, client, headers, credentials, (delivery, &browser)).await?;
    let transaction = app.database.begin().await?;
    let ctx = Context::of_request(&transaction, app.clock.now(), client.info());
    let tokens =
        start_session(ctx, app.config.policy.system(), &login, AuthMethod::Password, &browser).await?;
    // In the same transaction, so that a sign-in commits once more and not twice.
    attempt.succeed(&transaction, app.clock.now()).await?;
    app.commit(transaction).await?;
    attempt.close();
    Ok(tokens)
}

/// The response has the same words and takes the same time whether or not the address exists (ASVS V6.3.8).
async fn check_password(
    app: &AppState,
    client: &SignInClient,
    headers: &HeaderMap,
    Credentials { field, email, password }: Credentials<'_>,
    (delivery, browser): (TokenDelivery, &Browser),
) -> Result<(users::Login, Attempt)> {
    let email = field::normal_email(email);
    field::refuse([
        field::check_email(field, &email),
        password.is_empty().then(|| field::required("password")),
        (password.chars().count() > field::PASSWORD_MAX)
            .then(|| FieldError::new("password", FieldCode::TooLong, "No password is that long.")),
    ])?;
    let device = &browser.device;
    let ip = client.info().ip.clone();
    let by = match devices::find_known(&app.database.read, &email, device).await? {
        Some(key) if delivery == TokenDelivery::Cookie && key == device.key => By::Secret(key),
        Some(key) => By::Program(key, ip.clone()),
        None => By::Nothing(ip.clone()),
    };
    let password = password.to_owned();
    let claim = Claim { email, password, by, registration_hash: registration_cookie_hash(headers), ip };
    // A client that closes the connection before the response has guessed all the same.
    app.finish(claim.verify(AppState::clone(app))).await?
}

/// The same, with all that it takes to verify it.
struct Claim {
    email: String,
    password: String,
    by: By,
    /// The hash in this browser's registration cookie.
    registration_hash: Option<String>,
    ip: Option<String>,
}

impl Claim {
    async fn verify(self, app: AppState) -> Result<(users::Login, Attempt)> {
        let attempt = Attempt::begin(&app, &self.email, self.by.clone()).await?;
        let login = users::find_login(&app.database.read, &self.email).await?.filter(|login| login.is_active);
        let hash = login.as_ref().and_then(|login| login.password_hash.as_deref());
        let verified = attempt.verify(&self.password, hash).await?;
        let Some(mut login) = login.filter(|_| verified != Verified::No) else {
            return Err(self.refusal(&app, attempt).await?.into());
        };
        if let Verified::YesRenewed(renewed) = verified {
            let old = login.password_hash.replace(renewed);
            let renewed = login.password_hash.as_deref().unwrap_or_default();
            let database = &app.database.write;
            if !users::change_password_hash(database, login.user_id, old.as_deref(), renewed).await? {
                // Another sign-in renewed it, or it was changed: the session starts only if it is still this one.
                login.password_hash = verified_again(&app, &attempt, login.user_id, &self.password).await?;
            }
        }
        Ok((login, attempt))
    }

    /// The code for a password that is not a user's. It is compared with that of a pending registration too, or with
    /// a dummy. Neither the code nor its time shows whether the address has a user, or is about to have one.
    async fn refusal(self, app: &AppState, attempt: Attempt) -> Result<ErrorCode> {
        let now = app.clock.now();
        let (database, browser) = (&app.database.read, self.registration_hash.as_deref());
        let waiting = registrations::find_latest(database, &self.email, browser, now).await?;
        let waiting = waiting.and_then(|waiting| waiting.password_hash);
        if attempt.verify(&self.password, waiting.as_deref()).await? != Verified::No {
            record_failure(app, self.ip, self.email);
            return Ok(ErrorCode::EmailNotVerified);
        }
        attempt.fail().await?;
        record_failure(app, self.ip, self.email);
        Ok(ErrorCode::InvalidCredentials)
    }
}

/// The present hash of a user's password, if the password is still the same.
async fn verified_again(
    app: &AppState,
    attempt: &Attempt,
    user_id: UserId,
    password: &str,
) -> Result<Option<String>> {
    let login = users::find_login_by_id(&app.database.read, user_id).await?;
    let hash = login.and_then(|login| login.password_hash);
    match attempt.verify(password, hash.as_deref()).await? {
        Verified::No => Err(ErrorCode::InvalidCredentials.into()),
        Verified::Yes | Verified::YesRenewed(_) => Ok(hash),
    }
}

/// Records a failed sign-in after the response: the time that this takes would tell that the address exists.
fn record_failure(app: &AppState, ip: Option<String>, email: String) {
    let (app_then, now) = (AppState::clone(app), app.clock.now());
    app.background.spawn(async move {
        let login = match users::find_login(&app_then.database.read, &email).await {
            Ok(Some(login)) if login.is_active => login,
            Ok(_) => return,
            Err(error) => return tracing::error!(%error, "a failed sign-in is not on record"),
        };
        let entry = Entry {
            account_id: login.account_id,
            at: now,
            kind: AuditKind::SignInFailed,
            actor_id: None,
            session_id: None,
            ip: ip.as_deref(),
            payload: json!({"user_id": login.user_id}),
        };
        if let Err(error) = audit::append(&app_then.database.write, entry).await {
            tracing::error!(%error, "a failed sign-in is not on record");
        }
    });
}
