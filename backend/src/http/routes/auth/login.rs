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

use super::grant::{Proof, open_session};
use crate::{
    app::AppState,
    audit::Deed,
    domain::field,
    error::{Error, Result},
    http::{
        cookies::registration::browser_hash,
        extract::{Client, Form, Json},
        respond::tokens::Handout,
    },
    keys::Grant,
    passwords::Verified,
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
    client: Client,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Result<Response> {
    let shown = Credentials { field: "username", email: &form.username, password: &form.password };
    sign_in(&app, &client, &headers, shown, form.token_delivery).await
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
    client: Client,
    headers: HeaderMap,
    Json(request): Json<LoginRequest>,
) -> Result<Response> {
    let shown = Credentials { field: "email", email: &request.email, password: &request.password };
    sign_in(&app, &client, &headers, shown, request.token_delivery).await
}

/// What somebody signs in with.
#[derive(Clone, Copy)]
struct Credentials<'a> {
    /// What the request calls the address.
    field: &'static str,
    email: &'a str,
    password: &'a str,
}

async fn sign_in(
    app: &AppState,
    client: &Client,
    headers: &HeaderMap,
    shown: Credentials<'_>,
    delivery: TokenDelivery,
) -> Result<Response> {
    let delivery = client.may_be_given(delivery)?;
    let granted = begin_session(app, client, headers, shown, delivery.get()).await;
    app.metrics.sign_in(granted.as_ref().map(drop).map_err(Error::code));
    Ok(Handout::new(app, &granted?, delivery)?.remember(client)?.into_response())
}

async fn begin_session(
    app: &AppState,
    client: &Client,
    headers: &HeaderMap,
    shown: Credentials<'_>,
    delivery: TokenDelivery,
) -> Result<Grant> {
    let (login, attempt) = check_password(app, client, headers, shown, delivery).await?;
    let transaction = app.database.begin().await?;
    let grant = open_session(&transaction, app, client, &login, (Proof::Password, delivery)).await?;
    // With the session, so that a sign-in commits once more and not twice.
    attempt.succeed(&transaction, app.clock.now()).await?;
    transaction.commit().await?;
    attempt.close();
    app.outbox.notify_one();
    Ok(grant)
}

/// The answer takes the same words and the same time whether or not the address exists (ASVS V6.3.8).
async fn check_password(
    app: &AppState,
    client: &Client,
    headers: &HeaderMap,
    Credentials { field, email, password }: Credentials<'_>,
    delivery: TokenDelivery,
) -> Result<(users::Login, Attempt)> {
    let email = field::normal_email(email);
    field::refuse([
        field::check_email(field, &email),
        password.is_empty().then(|| field::required("password")),
        (password.chars().count() > field::PASSWORD_MAX)
            .then(|| FieldError::new("password", FieldCode::TooLong, "No password is that long.")),
    ])?;
    let device = client.device(delivery);
    let address = client.origin.address.clone();
    let by = match devices::find_known(&app.database.read, &email, &device).await? {
        Some(key) if delivery == TokenDelivery::Cookie && key == device.key => By::Secret(key),
        Some(key) => By::Program(key, address.clone()),
        None => By::Nothing(address.clone()),
    };
    let password = password.to_owned();
    let claim = Claim { email, password, by, browser: browser_hash(headers), address };
    // Whoever closes the connection before the answer has guessed all the same.
    app.finish(claim.judge(AppState::clone(app))).await?
}

/// What somebody signs in with, to be judged.
struct Claim {
    email: String,
    password: String,
    by: By,
    /// By which a registration in this browser is known.
    browser: Option<String>,
    address: Option<String>,
}

impl Claim {
    async fn judge(self, app: AppState) -> Result<(users::Login, Attempt)> {
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
                // Renewed by another sign-in, or set anew: the session is refused unless it is still this one.
                login.password_hash = verified_again(&app, &attempt, login.user_id, &self.password).await?;
            }
        }
        if !login.email_verified {
            return Err(ErrorCode::EmailNotVerified.into());
        }
        Ok((login, attempt))
    }

    /// What to say to who did not show the password of a user. Where somebody registered with the address, that
    /// password is looked at too; where nobody did, a stand-in. Whether the address has a user, or is about to
    /// have one, shows neither in the words nor in the time they take.
    async fn refusal(self, app: &AppState, attempt: Attempt) -> Result<ErrorCode> {
        let now = app.clock.now();
        let (database, browser) = (&app.database.read, self.browser.as_deref());
        let waiting = registrations::find_latest(database, &self.email, browser, now).await?;
        let waiting = waiting.and_then(|waiting| waiting.password_hash);
        if attempt.verify(&self.password, waiting.as_deref()).await? != Verified::No {
            record_failure(app, self.address, self.email);
            return Ok(ErrorCode::EmailNotVerified);
        }
        attempt.fail().await?;
        record_failure(app, self.address, self.email);
        Ok(ErrorCode::InvalidCredentials)
    }
}

/// The hash of a user's password as it is now, if that is still the password.
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

/// Puts a failed sign-in on record after it was answered: were it done before, the time that it
/// takes would tell that the address exists.
fn record_failure(app: &AppState, address: Option<String>, email: String) {
    let (app_then, now) = (AppState::clone(app), app.clock.now());
    app.background.spawn(async move {
        let login = match users::find_login(&app_then.database.read, &email).await {
            Ok(Some(login)) if login.is_active => login,
            Ok(_) => return,
            Err(error) => return tracing::error!(%error, "a failed sign-in is not on record"),
        };
        let deed = Deed::new(AuditKind::SignInFailed, login.account_id, now)
            .from(address.as_deref())
            .with(json!({"user_id": login.user_id}));
        if let Err(error) = deed.append(&app_then.database.write).await {
            tracing::error!(%error, "a failed sign-in is not on record");
        }
    });
}
