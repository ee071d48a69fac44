//! Following the link that proves an address.

use axum::{Json as JsonResponse, extract::State, http::HeaderMap};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    error::{ErrorCode, FieldCode, FieldError},
    id::{AccountId, UserId},
    person::{VerifyEmailRequest, VerifyEmailResponse},
    route::api as route,
};
use serde_json::json;

use crate::{
    app::{App, AppState},
    audit::Deed,
    domain::{
        field,
        link::{LinkClaims, LinkPurpose},
    },
    entropy,
    error::{Error, Result},
    http::{
        cookies::registration::browser_hash,
        extract::{Client, Json},
        routes::users::identities::{By, Link, link},
    },
    mail::Mail,
    store::{
        self, Transaction, accounts, address_changes,
        registrations::{self, Registration},
        users::{self, NewUser},
    },
    throttle,
};

/// Follow the link of a verification message.
///
/// In the browser in which the account was asked for, by the cookie set there, the link is enough. Anywhere else,
/// and without cookies, `password` is required and becomes the password, whatever was chosen at registration: that
/// may have been somebody else.
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
    client: Client,
    headers: HeaderMap,
    Json(request): Json<VerifyEmailRequest>,
) -> Result<JsonResponse<VerifyEmailResponse>> {
    let now = app.clock.now();
    let verify = |purpose| app.keys.verify_link(&request.token, purpose, now);
    let email = if let Ok(claims) = verify(LinkPurpose::VerifyRegistration) {
        let password = request.password.as_deref();
        finish_registration(&app, &client, &headers, (&claims, password), now).await?
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
    headers: &HeaderMap,
    (claims, password): (&LinkClaims, Option<&str>),
    now: DateTime<Utc>,
) -> Result<String> {
    let registration = registrations::find(&app.database.read, claims.sub, now).await?;
    let mut registration = registration.ok_or(ErrorCode::InvalidLink)?;
    // Hashes are compared, so that the time it takes tells nothing of the secret.
    let is_own = registration.browser_hash.is_some() && registration.browser_hash == browser_hash(headers);
    if registration.issuer.is_some() {
        if !is_own {
            return Err(ErrorCode::WrongBrowser.into());
        }
    } else if password.is_some() || !is_own {
        registration.password_hash = Some(choose_password(app, client, &registration, password).await?);
    }
    let transaction = app.database.begin().await?;
    // Of two that follow the link at once, one makes the account.
    if !registrations::delete(&transaction, registration.id).await? {
        return Err(ErrorCode::InvalidLink.into());
    }
    let identity = registration.issuer.as_deref().zip(registration.subject.as_deref());
    let owner = FirstOwner {
        account_name: &registration.account_name,
        email: &registration.email,
        name: &registration.name,
        password_hash: registration.password_hash.as_deref(),
    };
    let (account_id, user_id) = open_account(&transaction, client, owner, now).await?;
    if let Some((issuer, subject)) = identity {
        let new = Link {
            issuer,
            subject,
            email: Some(&registration.email),
            user_id,
            account_id,
            recipient: &registration.email,
            by: By::Registration,
            used_at: None,
        };
        link(&transaction, app, client, new).await?;
    }
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(registration.email)
}

/// The hash of the password that the bearer of a link chooses.
async fn choose_password(
    app: &App,
    client: &Client,
    registration: &Registration,
    password: Option<&str>,
) -> Result<String> {
    let Some(password) = password else {
        let message = "Choose a password: this is not the browser in which the account was registered.";
        return Err(Error::invalid(vec![FieldError::new("password", FieldCode::Required, message)]));
    };
    throttle::link(app, &registration.id.to_string()).await?;
    let place = app.passwords.enter(throttle::party(client.origin.address.as_deref()))?;
    let about = [registration.email.as_str(), &registration.name, &registration.account_name];
    field::refuse([app.passwords.judge_in(&place, "password", password, &about).await?])?;
    Ok(app.passwords.hash_in(&place, password).await?)
}

/// Who opens an account. The address has been proven to be theirs.
pub(super) struct FirstOwner<'a> {
    pub account_name: &'a str,
    pub email: &'a str,
    pub name: &'a str,
    /// None for who comes by a provider.
    pub password_hash: Option<&'a str>,
}

/// Makes an account and its first owner.
pub(super) async fn open_account(
    transaction: &Transaction,
    client: &Client,
    owner: FirstOwner<'_>,
    now: DateTime<Utc>,
) -> Result<(AccountId, UserId)> {
    let account_id = AccountId(entropy::id(now)?);
    let user_id = UserId(entropy::id(now)?);
    accounts::insert(transaction, account_id, owner.account_name, now).await?;
    let user = NewUser {
        id: user_id,
        account_id,
        email: owner.email,
        email_verified_at: Some(now),
        name: owner.name,
        role: Role::Owner,
        password_hash: owner.password_hash,
    };
    users::insert(transaction, user, now).await.map_err(taken)?;
    Deed::new(AuditKind::AccountCreated, account_id, now)
        .by(user_id)
        .from(client.origin.address.as_deref())
        .append(transaction)
        .await?;
    Ok((account_id, user_id))
}

/// Gives a user the address that the link went to.
async fn change_email(app: &App, client: &Client, claims: LinkClaims, now: DateTime<Utc>) -> Result<String> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let new = claims.email.ok_or_else(invalid)?;
    let transaction = app.database.begin().await?;
    users::hold(&transaction, UserId(claims.sub)).await?;
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
    let old = (login.email.as_str(), login.credentials_version);
    address_changes::insert(&transaction, entropy::id(now)?, login.user_id, old, now).await?;
    let mail = Mail::EmailChanged { user_id: login.user_id, email: new.clone() };
    mail.enqueue(&transaction, &login.email, now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(new)
}

/// Told only to who has shown that the address is theirs.
pub(in crate::http::routes) fn taken(error: store::StoreError) -> Error {
    if store::is_taken(&error) { ErrorCode::AddressTaken.into() } else { error.into() }
}
