//! Verifying an e-mail address by a link.

use axum::{Json as JsonResponse, extract::State, http::HeaderMap};
use curfew_shared::{
    audit::AuditKind,
    error::{ErrorCode, FieldCode, FieldError},
    id::UserId,
    person::{VerifyEmailRequest, VerifyEmailResponse},
    route::api as route,
};
use serde_json::json;

use crate::{
    accounts::{
        create::{NewOwner, create_account, map_email_taken, release_unverified_email},
        identities::{LinkedVia, NewIdentityLink, link_identity},
    },
    app::{App, AppState},
    context::Context,
    domain::{
        field,
        link::{LinkClaims, LinkPurpose},
    },
    entropy,
    error::{Error, Result},
    http::{
        cookies::registration::registration_cookie_hash,
        extract::{Json, RequestClient},
    },
    mail::Mail,
    store::{
        address_changes,
        registrations::{self, Registration},
        users,
    },
    throttle,
};

/// Follow the link of a verification message.
///
/// In the browser that registered, which is known by its cookie, the link is enough. Elsewhere `password` is
/// required, and replaces the one chosen at registration: somebody else may have chosen that.
#[utoipa::path(
    post,
    path = route::VERIFY_EMAIL,
    tag = "auth",
    security(()),
    request_body = VerifyEmailRequest,
    responses(
        (status = 200, description = "The address is verified", body = VerifyEmailResponse),
        (status = 403, description = "`wrong_browser`: not that in which the person signed in with a provider"),
        (status = 409, description = "`address_taken`, `identity_taken`"),
        (status = 410, description = "`invalid_link`"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn verify_email(
    State(app): State<AppState>,
    client: RequestClient,
    headers: HeaderMap,
    Json(request): Json<VerifyEmailRequest>,
) -> Result<JsonResponse<VerifyEmailResponse>> {
    let now = app.clock.now();
    let verify = |purpose| app.keys.verify_link(&request.token, purpose, now);
    let email = if let Ok(claims) = verify(LinkPurpose::VerifyRegistration) {
        let password = request.password.as_deref();
        finish_registration(&app, &client, &headers, (&claims, password)).await?
    } else if let Ok(claims) = verify(LinkPurpose::VerifyEmail) {
        change_email(&app, &client, claims).await?
    } else {
        return Err(ErrorCode::InvalidLink.into());
    };
    Ok(JsonResponse(VerifyEmailResponse { email }))
}

/// Creates the account and its first owner.
async fn finish_registration(
    app: &App,
    client: &RequestClient,
    headers: &HeaderMap,
    (claims, password): (&LinkClaims, Option<&str>),
) -> Result<String> {
    let now = app.clock.now();
    let registration = registrations::find(&app.database.read, claims.sub, now).await?;
    let mut registration = registration.ok_or(ErrorCode::InvalidLink)?;
    // Hashes are compared, so that the time it takes tells nothing about the secret.
    let is_own =
        registration.browser_hash.is_some() && registration.browser_hash == registration_cookie_hash(headers);
    if registration.issuer.is_some() {
        if !is_own {
            return Err(ErrorCode::WrongBrowser.into());
        }
    } else if password.is_some() || !is_own {
        registration.password_hash = Some(choose_password(app, client, &registration, password).await?);
    }
    let transaction = app.database.begin().await?;
    let ctx = Context::of_request(&transaction, now, &client.info);
    // Of two requests with the same link at once, one creates the account.
    if !registrations::delete(&transaction, registration.id).await? {
        return Err(ErrorCode::InvalidLink.into());
    }
    let owner = NewOwner {
        account_name: &registration.account_name,
        email: &registration.email,
        name: &registration.name,
        password_hash: registration.password_hash.as_deref(),
    };
    let (account_id, user_id) = create_account(ctx, owner).await?;
    if let Some((issuer, subject)) = registration.issuer.as_deref().zip(registration.subject.as_deref()) {
        let link = NewIdentityLink {
            issuer,
            subject,
            email: Some(&registration.email),
            user_id,
            account_id,
            recipient: &registration.email,
            via: LinkedVia::Registration,
            used_at: None,
        };
        link_identity(ctx, &app.oidc, link).await?;
    }
    app.commit(transaction).await?;
    Ok(registration.email)
}

/// The hash of the password that the bearer of the link chooses.
async fn choose_password(
    app: &App,
    client: &RequestClient,
    registration: &Registration,
    password: Option<&str>,
) -> Result<String> {
    let Some(password) = password else {
        let message = "Choose a password: this is not the browser in which the account was registered.";
        return Err(Error::invalid(vec![FieldError::new("password", FieldCode::Required, message)]));
    };
    throttle::link(app, &registration.id.to_string()).await?;
    let place = app.passwords.enter(throttle::party(client.ip()))?;
    let about = [registration.email.as_str(), &registration.name, &registration.account_name];
    field::refuse([app.passwords.judge_in(&place, "password", password, &about).await?])?;
    Ok(app.passwords.hash_in(&place, password).await?)
}

/// Gives a user the e-mail address that the link went to.
async fn change_email(app: &App, client: &RequestClient, claims: LinkClaims) -> Result<String> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let new = claims.email.ok_or_else(invalid)?;
    let transaction = app.database.begin().await?;
    let ctx = Context::of_request(&transaction, app.clock.now(), &client.info);
    users::hold(&transaction, UserId(claims.sub)).await?;
    let login = users::find_login_by_id(&transaction, UserId(claims.sub)).await?.ok_or_else(invalid)?;
    if !login.is_active || claims.fingerprint != Some(login.fingerprint()) {
        return Err(invalid());
    }
    release_unverified_email(ctx, &new).await?;
    let changed = users::set_email(&transaction, login.user_id, &login.email, &new, ctx.now).await;
    if !changed.map_err(map_email_taken)? {
        return Err(invalid());
    }
    let payload = json!({"old": login.email, "new": new});
    ctx.by(login.user_id).record(login.account_id, AuditKind::EmailChanged, payload).await?;
    // An address that was never verified is not given back.
    if login.email_verified {
        let old = (login.email.as_str(), login.credentials_version);
        address_changes::insert(&transaction, entropy::id(ctx.now)?, login.user_id, old, ctx.now).await?;
        let mail = Mail::EmailChanged { user_id: login.user_id, email: new.clone() };
        mail.enqueue(&transaction, &login.email, ctx.now).await?;
    }
    app.commit(transaction).await?;
    Ok(new)
}
