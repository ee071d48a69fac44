//! Signing in, staying signed in, signing out.

use axum::{
    Json as JsonResponse,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::{
        LoginForm, LoginRequest, LogoutRequest, MeResponse, RefreshRequest, TokenDelivery, TokenResponse,
    },
    error::{ErrorCode, FieldCode, FieldError},
    id::{SessionId, UserId},
    policy::resolve,
    route::api as route,
};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    caller::Caller,
    client::Client,
    delivery::{self, Handout, Shown},
    extract::{Form, IdempotencyKey, Json, JsonOrDefault},
};
use crate::{
    app::{App, AppState},
    audit::Deed,
    domain::{
        claim::{Carried, RefreshClaims},
        field,
        session::{Snapshot, Step, Verdict, step},
    },
    entropy,
    error::{Error, Result},
    keys::Grant,
    mail::Mail,
    passwords::Verified,
    store::{
        Transaction, devices, registrations,
        sessions::{self, Consumption, Reason, Renewal},
        users,
    },
    throttle::Attempt,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(login_json))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(me))
}

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
async fn login(State(app): State<AppState>, client: Client, Form(form): Form<LoginForm>) -> Result<Response> {
    sign_in(&app, &client, ("username", &form.username), &form.password, form.token_delivery).await
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
async fn login_json(
    State(app): State<AppState>,
    client: Client,
    Json(request): Json<LoginRequest>,
) -> Result<Response> {
    sign_in(&app, &client, ("email", &request.email), &request.password, request.token_delivery).await
}

async fn sign_in(
    app: &AppState,
    client: &Client,
    email: (&str, &str),
    password: &str,
    delivery: TokenDelivery,
) -> Result<Response> {
    client.may_be_given(delivery)?;
    let granted = match check_password(app, client, email, password, delivery).await {
        Ok((login, attempt)) => {
            let transaction = app.database.begin().await?;
            // With the session, so that a sign-in commits once more and not twice.
            attempt.succeeded(&transaction, app.clock.now()).await?;
            let grant = open_session(&transaction, app, client, &login, (Proof::Password, delivery)).await?;
            transaction.commit().await?;
            app.outbox.notify_one();
            Ok(grant)
        }
        Err(error) => Err(error),
    };
    app.metrics.sign_in(granted.as_ref().map(drop).map_err(Error::code));
    Ok(Handout::new(app, &granted?, delivery)?.remember(client)?.into_response())
}

/// The answer takes the same words and the same time whether or not the address exists (ASVS V6.3.8).
async fn check_password(
    app: &AppState,
    client: &Client,
    (field, email): (&str, &str),
    password: &str,
    delivery: TokenDelivery,
) -> Result<(users::Login, Attempt)> {
    let email = field::normal_email(email);
    field::refuse([
        field::check_email(field, &email),
        password.is_empty().then(|| field::required("password")),
        (password.chars().count() > field::PASSWORD_MAX)
            .then(|| FieldError::new("password", FieldCode::TooLong, "No password is that long.")),
    ])?;
    let device = devices::find_known(&app.database.read, &email, &client.device(delivery)).await?;
    let attempt = Attempt::new(&email, client.origin.address.as_deref(), device.as_deref());
    attempt.check(app).await?;
    let login = users::find_login(&app.database.read, &email).await?.filter(|login| login.is_active);
    // Asked for in every case, so that no address takes longer than another. Where somebody registered
    // with it, that password is looked at too, whether or not the address has a user: who registers with
    // another's address learns nothing by signing in with the password that they chose themselves.
    let waiting = registrations::find_latest(&app.database.read, &email, app.clock.now()).await?;
    let waiting = waiting.and_then(|waiting| waiting.password_hash);
    let hash = login.as_ref().and_then(|login| login.password_hash.as_deref());
    let turn = app.passwords.turn().await?;
    attempt.count(app).await?;
    let verified = app.passwords.verify_in(turn, password, hash).await?;
    let is_waiting = match &waiting {
        Some(hash) => app.passwords.verify(password, Some(hash)).await? != Verified::No,
        None => false,
    };
    let code = if is_waiting { ErrorCode::EmailNotVerified } else { ErrorCode::InvalidCredentials };
    let Some(mut login) = login else { return Err(code.into()) };
    match verified {
        Verified::No => {
            record_failure(app, &client.origin, &login);
            return Err(code.into());
        }
        Verified::Yes => {}
        Verified::YesRenewed(renewed) => {
            let old = login.password_hash.replace(renewed);
            let renewed = login.password_hash.as_deref().unwrap_or_default();
            let database = &app.database.write;
            if !users::change_password_hash(database, login.user_id, old.as_deref(), renewed).await? {
                return Err(ErrorCode::InvalidCredentials.into());
            }
        }
    }
    if !login.email_verified {
        return Err(ErrorCode::EmailNotVerified.into());
    }
    Ok((login, attempt))
}

/// Puts a failed sign-in on record after it was answered: were it done before, the time that it
/// takes would tell that the address exists.
fn record_failure(app: &AppState, origin: &sessions::Origin, login: &users::Login) {
    let (app_then, address, now) = (AppState::clone(app), origin.address.clone(), app.clock.now());
    let (account_id, user_id) = (login.account_id, login.user_id);
    app.background.spawn(async move {
        let deed = Deed::new(AuditKind::SignInFailed, account_id, now)
            .from(address.as_deref())
            .with(json!({"user_id": user_id}));
        if let Err(error) = deed.append(&app_then.database.write).await {
            tracing::error!(%error, "a failed sign-in is not on record");
        }
    });
}

/// What a person proved by who they are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proof<'a> {
    /// The password that is behind the hash in hand.
    Password,
    /// An identity at the provider of this name.
    Provider(&'a str),
    /// The link of an invitation.
    Invitation,
}

impl<'a> Proof<'a> {
    const fn word(self) -> &'a str {
        match self {
            Self::Password => "password",
            Self::Provider(name) => name,
            Self::Invitation => "invitation",
        }
    }
}

/// Begins the session of a person who has proven who they are. Every way to sign in ends here.
pub(super) async fn open_session(
    transaction: &Transaction,
    app: &App,
    client: &Client,
    login: &users::Login,
    (proof, delivery): (Proof<'_>, TokenDelivery),
) -> Result<Grant> {
    let now = app.clock.now();
    let session_id = SessionId(entropy::id(now)?);
    let snapshot = Snapshot::at_sign_in(now, resolve(login.policy, app.config.policy.default));
    // Deactivated, or given another password, since the person proved who they are.
    let hash = login.password_hash.as_deref().filter(|_| matches!(proof, Proof::Password));
    if !users::touch_login(transaction, login.user_id, hash, now).await? {
        return Err(ErrorCode::InvalidCredentials.into());
    }
    // The browser holds one cookie: the session that it named before would be a ghost.
    if let (TokenDelivery::Cookie, Some(former)) = (delivery, client.former_session) {
        replace(transaction, client, former, now).await?;
    }
    sessions::insert(transaction, session_id, (login.account_id, login.user_id), &snapshot, &client.origin)
        .await?;
    let is_known = devices::remember(transaction, login.user_id, &client.device(delivery), now).await?;
    if !is_known && login.last_login_at.is_some() {
        let mail = Mail::NewDevice {
            user_id: login.user_id,
            at: now,
            address: client.origin.address.clone(),
            user_agent: client.origin.user_agent.clone(),
        };
        mail.enqueue(transaction, &login.email, now).await?;
    }
    Deed::new(AuditKind::SignedIn, login.account_id, now)
        .by(login.user_id)
        .in_session(session_id)
        .from(client.origin.address.as_deref())
        .with(json!({"method": proof.word()}))
        .append(transaction)
        .await?;
    Ok(Grant {
        user_id: login.user_id,
        account_id: login.account_id,
        role: login.role,
        session_id,
        generation: 0,
        snapshot,
        deadlines: snapshot.deadlines(now),
    })
}

/// Ends the session that a sign-in in the same browser takes the place of.
async fn replace(
    transaction: &Transaction,
    client: &Client,
    former: SessionId,
    now: DateTime<Utc>,
) -> Result<()> {
    let session = sessions::find_for_update(transaction, former).await?;
    let Some(session) = session.filter(|session| session.is_live(now)) else { return Ok(()) };
    sessions::revoke(transaction, former, Reason::Replaced, now).await?;
    let deed = Deed::new(AuditKind::SignedOut, session.account_id, now)
        .by(session.user_id)
        .in_session(former)
        .from(client.origin.address.as_deref())
        .with(json!({"reason": "replaced"}));
    Ok(deed.append(transaction).await?)
}

/// Starts both windows of a session anew, under the policy of today: its person has proven once more
/// who they are (NIST SP 800-63B-4 §5.2), by `method`. `key` names the request.
pub(super) async fn renew_session(
    app: &App,
    client: &Client,
    session_id: SessionId,
    login: &users::Login,
    method: &str,
    key: Option<Uuid>,
) -> Result<Grant> {
    let now = app.clock.now();
    let snapshot = Snapshot::at_sign_in(now, resolve(login.policy, app.config.policy.default));
    let transaction = app.database.begin().await?;
    let leeway = app.config.replay_leeway;
    let renewal = Renewal { session_id, user_id: login.user_id, key, leeway, now };
    let generation = sessions::renew(&transaction, renewal, &snapshot).await?;
    let generation = generation.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
    Deed::new(AuditKind::Reauthenticated, login.account_id, now)
        .by(login.user_id)
        .in_session(session_id)
        .from(client.origin.address.as_deref())
        .with(json!({"method": method}))
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(Grant {
        user_id: login.user_id,
        account_id: login.account_id,
        role: login.role,
        session_id,
        generation,
        snapshot,
        deadlines: snapshot.deadlines(now),
    })
}

/// Exchange a refresh token for its successor.
///
/// The token comes as a bearer token, in the body, or in the cookie; the answer goes the same way.
#[utoipa::path(
    post,
    path = route::REFRESH,
    tag = "auth",
    security((), ("refresh_token" = [])),
    params(IdempotencyKey),
    request_body = Option<RefreshRequest>,
    responses(
        (status = 200, description = "The successor", body = TokenResponse),
        (status = 401, description = "`session_expired_idle`, `session_expired_absolute` or `invalid_refresh_token`"),
        (status = 403, description = "`forbidden`: a cookie sent from another site"),
        (status = 503, description = "`unavailable`: nothing was ended"),
    ),
)]
async fn refresh(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    IdempotencyKey(key): IdempotencyKey,
    JsonOrDefault(request): JsonOrDefault<RefreshRequest>,
) -> Result<Response> {
    let shown = Shown::find(&app, &headers, request.refresh_token)?;
    let delivery = shown.delivery;
    let granted = rotate(&app, &client.origin, shown, request.passive, key).await;
    app.metrics.refresh(granted.as_ref().map(drop).map_err(Error::code));
    Ok(Handout::new(&app, &granted?, delivery)?.into_response())
}

async fn rotate(
    app: &App,
    origin: &sessions::Origin,
    shown: Shown,
    passive: bool,
    key: Option<Uuid>,
) -> Result<Grant> {
    let invalid = || Error::token(ErrorCode::InvalidRefreshToken);
    let claims = app.keys.verify_refresh(&shown.token).map_err(|_| invalid())?;
    let idle_expires_at = claims.expires_at().ok_or_else(invalid)?;
    let now = app.clock.now();
    let token = claims.jti;
    if now >= idle_expires_at {
        // The successor whose answer was lost may live longer than the token it came from.
        let repeated = repeat(app, &claims, key, now).await?;
        return repeated.ok_or_else(|| Error::token(ErrorCode::SessionExpiredIdle));
    }
    let (snapshot, first) = match claims.carried() {
        Carried::Snapshot(snapshot) => (snapshot, false),
        Carried::Nothing => (first_snapshot(app, claims.sub, now).await?.ok_or_else(invalid)?, true),
        Carried::Nonsense => return Err(invalid()),
    };
    let leeway = app.config.replay_leeway;
    let consumption = Consumption { token, user_id: claims.sub, key, leeway, now };
    match step(&snapshot, idle_expires_at, passive, now) {
        Step::Rotate(deadlines) => {
            let consumed =
                sessions::rotate(&app.database.write, consumption, deadlines, first.then_some(&snapshot))
                    .await?;
            if let Some(consumed) = consumed {
                return Ok(Grant {
                    user_id: claims.sub,
                    account_id: consumed.account_id,
                    role: consumed.role,
                    session_id: token.session,
                    generation: token.generation + 1,
                    snapshot,
                    deadlines,
                });
            }
        }
        Step::End => {
            let transaction = app.database.begin().await?;
            if let Some(consumed) = sessions::expire(&transaction, consumption).await? {
                Deed::new(AuditKind::SessionExpired, consumed.account_id, now)
                    .by(claims.sub)
                    .in_session(token.session)
                    .from(origin.address.as_deref())
                    .with(json!({"reason": "absolute"}))
                    .append(&transaction)
                    .await?;
                transaction.commit().await?;
                return Err(Error::token(ErrorCode::SessionExpiredAbsolute));
            }
            transaction.rollback().await?;
        }
    }
    if let Some(grant) = repeat(app, &claims, key, now).await? {
        return Ok(grant);
    }
    end_if_replayed(app, origin, &claims, key, now).await?;
    Err(invalid())
}

/// The snapshot for a token from before policies: the account's policy as it is now.
async fn first_snapshot(app: &App, user: UserId, now: DateTime<Utc>) -> Result<Option<Snapshot>> {
    let login = users::find_login_by_id(&app.database.read, user).await?;
    Ok(login.map(|login| Snapshot::at_sign_in(now, resolve(login.policy, app.config.policy.default))))
}

/// The successor of a consumed token once more, where the answer with it was lost.
async fn repeat(
    app: &App,
    claims: &RefreshClaims,
    key: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Option<Grant>> {
    if key.is_none() {
        return Ok(None);
    }
    let Some(session) = sessions::find(&app.database.read, claims.jti.session).await? else {
        return Ok(None);
    };
    let verdict = session.judge(claims.jti.generation, key, app.config.replay_leeway, now);
    if verdict != Verdict::Repeat || session.user_id != claims.sub {
        return Ok(None);
    }
    let Some(login) = users::find_login_by_id(&app.database.read, claims.sub).await? else { return Ok(None) };
    Ok(login.is_active.then_some(Grant {
        user_id: session.user_id,
        account_id: session.account_id,
        role: login.role,
        session_id: session.id,
        generation: session.generation,
        snapshot: session.snapshot,
        deadlines: session.deadlines,
    }))
}

/// Ends the session of a consumed token that is shown again too late to be a race's loser.
async fn end_if_replayed(
    app: &App,
    origin: &sessions::Origin,
    claims: &RefreshClaims,
    key: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<()> {
    let judge = |session: &crate::domain::session::Session| {
        session.user_id == claims.sub
            && session.judge(claims.jti.generation, key, app.config.replay_leeway, now) == Verdict::Replay
    };
    // Most refusals are no replays, and cost no lock.
    let session = sessions::find(&app.database.read, claims.jti.session).await?;
    let Some(session) = session.filter(judge) else { return Ok(()) };
    let transaction = app.database.begin().await?;
    if sessions::revoke(&transaction, session.id, Reason::Replayed, now).await? {
        Deed::new(AuditKind::ReplayDetected, session.account_id, now)
            .in_session(session.id)
            .from(origin.address.as_deref())
            .with(json!({"user_id": session.user_id}))
            .append(&transaction)
            .await?;
        tracing::warn!(session = %session.id, "a consumed refresh token was shown again; the session was ended");
    }
    transaction.commit().await?;
    Ok(())
}

/// End the session.
///
/// The session is that of the refresh token (bearer, body or cookie) or of the access token (bearer).
#[utoipa::path(
    post,
    path = route::LOGOUT,
    tag = "auth",
    security((), ("refresh_token" = []), ("access_token" = [])),
    request_body = Option<LogoutRequest>,
    responses(
        (status = 204, description = "The session has ended, now or before"),
        (status = 401, description = "`invalid_refresh_token`: no token that names a session"),
        (status = 403, description = "`forbidden`: a cookie sent from another site"),
        (status = 503, description = "`unavailable`: the session goes on"),
    ),
)]
async fn logout(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    JsonOrDefault(request): JsonOrDefault<LogoutRequest>,
) -> Result<Response> {
    let shown = Shown::find(&app, &headers, request.refresh_token)?;
    let now = app.clock.now();
    // Age does not matter: whoever holds a token of the session, even a used one, may end it.
    let (session_id, user_id) = match app.keys.verify_refresh(&shown.token) {
        Ok(claims) => (claims.jti.session, claims.sub),
        Err(_) => match app.keys.verify_access(&shown.token) {
            Ok(claims) => (claims.sid, claims.sub),
            Err(_) => return Err(Error::token(ErrorCode::InvalidRefreshToken)),
        },
    };
    let session = sessions::find(&app.database.read, session_id).await?;
    if let Some(session) = session.filter(|session| session.is_live(now) && session.user_id == user_id) {
        let transaction = app.database.begin().await?;
        if sessions::revoke(&transaction, session_id, Reason::SignedOut, now).await? {
            Deed::new(AuditKind::SignedOut, session.account_id, now)
                .by(user_id)
                .in_session(session_id)
                .from(client.origin.address.as_deref())
                .append(&transaction)
                .await?;
            // The browser is told to drop its cookies, that of the device among them.
            if shown.delivery == TokenDelivery::Cookie {
                devices::leave(&transaction, user_id, &client.device(shown.delivery), now).await?;
            }
        }
        transaction.commit().await?;
    }
    let clear = HeaderValue::from_static(r#""cache", "cookies", "storage""#);
    let headers = [("clear-site-data", clear), (header::SET_COOKIE.as_str(), delivery::no_cookie()?)];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// Who is signed in, in which account, and until when.
#[utoipa::path(
    get,
    path = route::ME,
    tag = "auth",
    responses(
        (status = 200, description = "The caller", body = MeResponse),
    ),
)]
async fn me(caller: Caller) -> JsonResponse<MeResponse> {
    JsonResponse(MeResponse {
        user: caller.user,
        account: caller.account,
        session: caller.session,
        server_time: caller.now,
    })
}
