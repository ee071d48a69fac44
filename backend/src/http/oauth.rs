//! Signing in with an OpenID provider, and one's own identities there.
//!
//! A sign-in is bound to one browser by a cookie, to one provider, and to what was asked for; its
//! answer is taken once. Identity is issuer and subject: an address alone never is (ASVS V6.8.1).

use axum::{
    Json as JsonResponse,
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use cookie::SameSite;
use curfew_shared::{
    audit::AuditKind,
    auth::{Role, TokenDelivery},
    error::{ErrorCode, Problem},
    id::{AccountId, IdentityId, InviteId, SessionId, UserId},
    oauth::{
        Identity as LinkedIdentity, IdentityList, OauthCallbackRequest, OauthPurpose, OauthStartRequest,
        OauthStartResponse, OauthTokenResponse, Provider as ShownProvider, ProvidersResponse,
    },
    route::api as route,
};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    auth::{Proof, open_session, renew_session},
    caller::Caller,
    client::Client,
    delivery::{self, Handout, cookie, is_our_page},
    extract::{Json, Path},
    invites::{invited, join},
    registration::{keep, taken},
};
use crate::{
    app::{App, AppState},
    audit::Deed,
    config,
    domain::{field, link::LinkPurpose},
    entropy,
    error::{Error, Result},
    keys::sha256,
    oidc::{Answer, Identity, OidcError, Provider},
    store::{
        self, Transaction, accounts,
        identities::{self, NewIdentity},
        invites,
        oauth_flows::{self, Flow},
        registrations::Registration,
        sessions,
        users::{self, Login, NewUser},
    },
    throttle,
};

/// The cookie that binds a sign-in to its browser. `Lax`, as the way back begins at the provider.
const COOKIE: &str = "__Host-curfew_oauth";
/// How long ago at most the person showed the provider who it is, to prove it to us.
const PROOF_AGE: TimeDelta = TimeDelta::minutes(5);
/// How much of a provider's word for an error goes into the log, in characters.
const LOGGED: usize = 64;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(providers))
        .routes(routes!(start))
        .routes(routes!(callback))
        .routes(routes!(list))
        .routes(routes!(unlink))
}

/// The ways to sign in besides a password.
#[utoipa::path(
    get,
    path = route::OAUTH_PROVIDERS,
    tag = "auth",
    security(()),
    responses((status = 200, description = "The providers", body = ProvidersResponse)),
)]
async fn providers(State(app): State<AppState>) -> JsonResponse<ProvidersResponse> {
    let shown = |provider: &Provider| ShownProvider {
        name: provider.config.name.clone(),
        display_name: provider.config.display_name.clone(),
        icon: provider.config.icon,
    };
    JsonResponse(ProvidersResponse {
        providers: app.oidc.providers().iter().map(shown).collect(),
        registration_open: app.config.registration == config::Registration::Open,
    })
}

/// Begin to sign in with a provider.
///
/// The answer sets a cookie that the callback needs, and is good for ten minutes. To link an identity
/// or to prove once more that it is oneself takes an access token.
#[utoipa::path(
    post,
    path = route::OAUTH_START,
    tag = "auth",
    security((), ("access_token" = [])),
    params(("provider" = String, Path, description = "The provider's name")),
    request_body = OauthStartRequest,
    responses(
        (status = 200, description = "Where to send the browser", body = OauthStartResponse),
        (status = 401, description = "`invalid_access_token`, `access_token_expired` or `session_revoked`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauthentication_required`; `forbidden`: cookie delivery asked for from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: no such provider", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`invalid_link`: of the invitation", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "`oauth_failed`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`oauth_unavailable`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn start(
    State(app): State<AppState>,
    Path(name): Path<String>,
    mut parts: Parts,
    Json(request): Json<OauthStartRequest>,
) -> Result<Response> {
    let provider = app.oidc.provider(&name).ok_or(ErrorCode::NotFound)?;
    if request.token_delivery == TokenDelivery::Cookie && !is_our_page(&parts.headers, &app.config.origin) {
        return Err(ErrorCode::Forbidden.into());
    }
    let caller = match request.purpose {
        OauthPurpose::SignIn => None,
        OauthPurpose::Link | OauthPurpose::Reauthenticate => {
            let caller = Caller::from_request_parts(&mut parts, &app).await?;
            if request.purpose == OauthPurpose::Link {
                caller.must_be_fresh()?;
            }
            Some((caller.user.id, caller.session.id))
        }
    };
    let invite_id = match &request.invite_token {
        Some(token) => Some(invited(&app, token).await?.id),
        None => None,
    };
    let now = app.clock.now();
    let again = request.purpose == OauthPurpose::Reauthenticate;
    let started = app.oidc.start(provider, again, now).await?;
    let secret = URL_SAFE_NO_PAD.encode(entropy::bytes::<32>()?);
    let flow = Flow {
        provider: name,
        purpose: request.purpose,
        delivery: request.token_delivery,
        nonce: started.nonce,
        verifier: started.verifier,
        caller,
        invite_id,
        created_at: now,
    };
    oauth_flows::insert(&app.database.write, (&sha256(&started.state), &sha256(&secret)), flow).await?;
    let cookie = delivery::set_cookie(COOKIE, &secret, SameSite::Lax, oauth_flows::LIFETIME)?;
    let body = OauthStartResponse { authorization_url: started.authorization_url };
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), JsonResponse(body)).into_response())
}

/// Hand in what the provider answered.
#[utoipa::path(
    post,
    path = route::OAUTH_CALLBACK,
    tag = "auth",
    security(()),
    params(("provider" = String, Path, description = "The provider's name")),
    request_body = OauthCallbackRequest,
    responses(
        (status = 200, description = "Signed in, linked, or proven once more", body = OauthTokenResponse),
        (status = 400, description = "`oauth_state_invalid`", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_credentials`: the user is deactivated; `session_revoked`: the session that asked has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`oauth_denied`, `email_not_verified`, `registration_closed`; `forbidden`: sent from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`oauth_link_required`, `identity_taken`, `address_taken`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`invalid_link`: of the invitation", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "`oauth_failed`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`oauth_unavailable`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn callback(
    State(app): State<AppState>,
    Path(name): Path<String>,
    client: Client,
    headers: HeaderMap,
    Json(request): Json<OauthCallbackRequest>,
) -> Result<Response> {
    let provider = app.oidc.provider(&name).ok_or(ErrorCode::NotFound)?;
    if request.code.is_none() && request.error.is_none() {
        return Err(Error::invalid(vec![field::required("code")]));
    }
    let secret = cookie(&headers, COOKIE).ok_or(ErrorCode::OauthStateInvalid)?;
    let now = app.clock.now();
    let flow = oauth_flows::take(&app.database.write, &sha256(&request.state), &sha256(secret)).await?;
    let flow = flow.filter(|flow| flow.provider == name && now < flow.created_at + oauth_flows::LIFETIME);
    let flow = flow.ok_or(ErrorCode::OauthStateInvalid)?;
    if flow.delivery == TokenDelivery::Cookie && !is_our_page(&headers, &app.config.origin) {
        return Err(ErrorCode::Forbidden.into());
    }
    let is_sign_in = flow.purpose == OauthPurpose::SignIn;
    let done = finish(&app, &client, provider, flow, request).await;
    if is_sign_in {
        app.metrics.sign_in(done.as_ref().map(drop).map_err(Error::code));
    }
    let no_cookie = delivery::set_cookie(COOKIE, "", SameSite::Lax, TimeDelta::zero())?;
    Ok((AppendHeaders([(header::SET_COOKIE, no_cookie)]), done?).into_response())
}

async fn finish(
    app: &AppState,
    client: &Client,
    provider: &Provider,
    flow: Flow,
    request: OauthCallbackRequest,
) -> Result<Response> {
    if let Some(word) = &request.error {
        let word: String = word.chars().take(LOGGED).collect();
        tracing::info!(provider = provider.config.name, ?word, "the provider let nobody in");
        return Err(ErrorCode::OauthDenied.into());
    }
    let now = app.clock.now();
    let answer = Answer {
        code: request.code.unwrap_or_default(),
        issuer: request.iss.as_deref(),
        verifier: flow.verifier,
        nonce: &flow.nonce,
    };
    let identity = Found::new(app.oidc.finish(provider, answer, now).await?, provider);
    let (grant, is_new_user) = match (flow.purpose, flow.caller) {
        (OauthPurpose::SignIn, _) => {
            let transaction = app.database.begin().await?;
            let found = find_or_make(&transaction, app, client, &identity, flow.invite_id).await;
            let (login, is_new) = match found {
                Ok(found) => found,
                Err(Refused::Now(error)) => return Err(error),
                Err(Refused::Unproven(registration)) => {
                    transaction.rollback().await?;
                    return Err(ask_to_prove(app, client, &registration).await?.into());
                }
            };
            let by = (Proof::Provider(&provider.config.name), flow.delivery);
            let grant = open_session(&transaction, app, client, &login, by).await?;
            transaction.commit().await?;
            app.outbox.notify_one();
            (grant, is_new)
        }
        (OauthPurpose::Link, Some(caller)) => {
            link_to_caller(app, client, &identity, caller).await?;
            let body = OauthTokenResponse { tokens: None, is_new_user: false, purpose: flow.purpose };
            return Ok(JsonResponse(body).into_response());
        }
        (OauthPurpose::Reauthenticate, Some((user_id, session_id))) => {
            let login = prove(app, &identity, user_id, now).await?;
            let method = &provider.config.name;
            (renew_session(app, client, session_id, &login, method, None).await?, false)
        }
        (_, None) => return Err(ErrorCode::OauthStateInvalid.into()),
    };
    let handout = Handout::new(app, &grant, flow.delivery)?.remember(client)?;
    let tokens = Some(handout.tokens.clone());
    let body = OauthTokenResponse { tokens, is_new_user, purpose: flow.purpose };
    Ok((handout.cookies(), JsonResponse(body)).into_response())
}

/// Whom the provider says it is, in our own form.
struct Found<'a> {
    identity: Identity,
    /// The provider's name.
    provider: &'a str,
    /// The address, in its normal form, if it is one.
    email: Option<String>,
}

impl<'a> Found<'a> {
    fn new(identity: Identity, provider: &'a Provider) -> Self {
        let email = identity.email.as_deref().map(field::normal_email);
        let email = email.filter(|email| field::check_email("email", email).is_none());
        Self { identity, provider: &provider.config.name, email }
    }

    fn key(&self) -> (&str, &str) {
        (&self.identity.issuer, &self.identity.subject)
    }

    /// The name in the claims, as far as it can be one, or what stands before the @.
    fn name(&self, email: &str) -> String {
        let given = self.identity.name.as_deref().unwrap_or_default();
        let given: String = given.chars().filter(|c| !c.is_control()).take(field::NAME_MAX).collect();
        let given = given.trim();
        let local = email.split('@').next().unwrap_or(email);
        if given.is_empty() { local.chars().take(field::NAME_MAX).collect() } else { given.to_owned() }
    }

    async fn link(
        &self,
        transaction: &Transaction,
        client: &Client,
        (user_id, account_id): (UserId, AccountId),
        session: Option<SessionId>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let new = NewIdentity {
            id: IdentityId(entropy::id(now)?),
            user_id,
            issuer: &self.identity.issuer,
            subject: &self.identity.subject,
            email: self.email.as_deref(),
            // Who is not signed in already signs in with it.
            last_used_at: session.is_none().then_some(now),
        };
        identities::insert(transaction, new, now).await.map_err(identity_taken)?;
        let deed = Deed::new(AuditKind::IdentityLinked, account_id, now)
            .by(user_id)
            .from(client.origin.address.as_deref())
            .with(json!({"provider": self.provider}));
        let deed = match session {
            Some(session) => deed.in_session(session),
            None => deed,
        };
        Ok(deed.append(transaction).await?)
    }
}

/// Why nobody is signed in.
enum Refused {
    /// For good.
    Now(Error),
    /// Until the address is proven.
    Unproven(Registration),
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Now(error.into())
    }
}

/// The user of an identity, and whether it is a new one.
async fn find_or_make(
    transaction: &Transaction,
    app: &App,
    client: &Client,
    found: &Found<'_>,
    invite: Option<InviteId>,
) -> Result<(Login, bool), Refused> {
    let now = app.clock.now();
    if let Some(user_id) = identities::touch(transaction, found.key(), found.email.as_deref(), now).await? {
        let login = users::find_login_by_id(transaction, user_id).await?;
        let login = login.filter(|login| login.is_active).ok_or(ErrorCode::InvalidCredentials)?;
        return Ok((login, false));
    }
    if let Some(id) = invite {
        let invite = invites::find(transaction, id).await?.ok_or(ErrorCode::InvalidLink)?;
        let name = found.name(found.email.as_deref().unwrap_or(&invite.email));
        let login = join(transaction, app, client, &invite, &name, None).await?;
        found.link(transaction, client, (login.user_id, login.account_id), None, now).await?;
        return Ok((login, true));
    }
    let email = found.email.as_deref();
    let email = email.ok_or_else(|| OidcError::Untrue("the identity names no e-mail address".to_owned()))?;
    let is_closed = app.config.registration == config::Registration::Closed;
    if !found.identity.email_proven {
        // Whether the address has a user is told in a message to it alone: whoever can claim any
        // address at a provider would learn it otherwise.
        return Err(if is_closed {
            ErrorCode::RegistrationClosed.into()
        } else {
            Refused::Unproven(registration(found, email, now)?)
        });
    }
    if let Some(login) = users::find_login(transaction, email).await? {
        if !login.email_verified {
            return Err(ErrorCode::OauthLinkRequired.into());
        }
        if !login.is_active {
            return Err(ErrorCode::InvalidCredentials.into());
        }
        found.link(transaction, client, (login.user_id, login.account_id), None, now).await?;
        return Ok((login, false));
    }
    if is_closed {
        return Err(ErrorCode::RegistrationClosed.into());
    }
    let name = found.name(email);
    let account_name = account_name(&name);
    let account_id = AccountId(entropy::id(now)?);
    let user_id = UserId(entropy::id(now)?);
    accounts::insert(transaction, account_id, &account_name, now).await?;
    let user = NewUser {
        id: user_id,
        account_id,
        email,
        email_verified_at: Some(now),
        name: &name,
        role: Role::Owner,
        password_hash: None,
    };
    users::insert(transaction, user, now).await.map_err(taken)?;
    store::registrations::delete_for(transaction, email).await?;
    Deed::new(AuditKind::AccountCreated, account_id, now)
        .by(user_id)
        .from(client.origin.address.as_deref())
        .append(transaction)
        .await?;
    found.link(transaction, client, (user_id, account_id), None, now).await?;
    let login = users::find_login_by_id(transaction, user_id).await?.ok_or(ErrorCode::Internal)?;
    Ok((login, true))
}

/// The account to be of who comes by a provider whose word for the address is not enough.
fn registration(found: &Found<'_>, email: &str, now: DateTime<Utc>) -> Result<Registration> {
    let name = found.name(email);
    Ok(Registration {
        id: entropy::id(now)?,
        account_name: account_name(&name),
        name,
        email: email.to_owned(),
        password_hash: None,
        issuer: Some(found.identity.issuer.clone()),
        subject: Some(found.identity.subject.clone()),
        expires_at: now + LinkPurpose::VerifyRegistration.lifetime(),
    })
}

/// Keeps the registration, and sends the message that its address is to be proven with.
async fn ask_to_prove(app: &App, client: &Client, registration: &Registration) -> Result<ErrorCode> {
    throttle::message(app, &registration.email, client.origin.address.as_deref()).await?;
    let transaction = app.database.begin().await?;
    keep(&transaction, app, registration).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(ErrorCode::EmailNotVerified)
}

/// `<name>'s account`, within what a name may be.
fn account_name(name: &str) -> String {
    const END: &str = "'s account";
    let name: String = name.chars().take(field::NAME_MAX - END.len()).collect();
    format!("{name}{END}")
}

/// Links an identity to who asked for it, while their session lives.
async fn link_to_caller(
    app: &App,
    client: &Client,
    found: &Found<'_>,
    (user_id, session_id): (UserId, SessionId),
) -> Result<()> {
    let now = app.clock.now();
    let transaction = app.database.begin().await?;
    let session = sessions::find_caller(&transaction, session_id).await?;
    let session = session.filter(|session| {
        session.is_active
            && session.revoked_at.is_none()
            && session.user_id == user_id.0
            && now < session.idle_expires_at
            && now < session.absolute_expires_at
    });
    let session = session.ok_or(ErrorCode::SessionRevoked)?;
    match identities::find(&transaction, found.key()).await? {
        // Linked already: there is nothing to do.
        Some(owner) if owner == user_id => return Ok(()),
        Some(_) => return Err(ErrorCode::IdentityTaken.into()),
        None => {}
    }
    let account_id = AccountId(session.account_id);
    found.link(&transaction, client, (user_id, account_id), Some(session_id), now).await?;
    Ok(transaction.commit().await?)
}

/// The person behind a session, who has just shown the provider who it is.
async fn prove(app: &App, found: &Found<'_>, user_id: UserId, now: DateTime<Utc>) -> Result<Login> {
    let untrue = |what: &str| Error::from(OidcError::Untrue(what.to_owned()));
    let shown_at = found.identity.authenticated_at;
    let shown_at = shown_at.ok_or_else(|| untrue("it does not say when the person signed in"))?;
    if now > shown_at + PROOF_AGE {
        return Err(untrue("the person signed in long ago"));
    }
    if identities::find(&app.database.read, found.key()).await? != Some(user_id) {
        return Err(untrue("it is somebody else"));
    }
    identities::touch(&app.database.write, found.key(), found.email.as_deref(), now).await?;
    let login = users::find_login_by_id(&app.database.read, user_id).await?;
    login.filter(|login| login.is_active).ok_or_else(|| ErrorCode::InvalidCredentials.into())
}

/// One's own identities at providers.
#[utoipa::path(
    get,
    path = route::IDENTITIES,
    tag = "users",
    responses((status = 200, description = "The identities", body = IdentityList)),
)]
async fn list(State(app): State<AppState>, caller: Caller) -> Result<JsonResponse<IdentityList>> {
    let linked = identities::list(&app.database.read, caller.user.id).await?;
    let shown = |linked: identities::Linked| LinkedIdentity {
        id: IdentityId(linked.id),
        provider: provider_name(&app, linked.issuer),
        email: linked.email,
        linked_at: linked.linked_at,
        last_used_at: linked.last_used_at,
    };
    Ok(JsonResponse(IdentityList {
        identities: linked.into_iter().map(shown).collect(),
        has_password: caller.user.has_password,
    }))
}

/// Unlink an identity of one's own, unless it is the last way to sign in.
#[utoipa::path(
    delete,
    path = route::IDENTITY,
    tag = "users",
    params(("id" = Uuid, Path, description = "The identity")),
    responses(
        (status = 204, description = "Unlinked"),
        (status = 403, description = "`reauthentication_required`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`last_sign_in_method`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn unlink(
    State(app): State<AppState>,
    caller: Caller,
    client: Client,
    Path(id): Path<IdentityId>,
) -> Result<StatusCode> {
    caller.must_be_fresh()?;
    let transaction = app.database.begin().await?;
    let mut others = identities::list_for_update(&transaction, caller.user.id).await?;
    let index = others.iter().position(|linked| linked.id == id.0).ok_or(ErrorCode::NotFound)?;
    let linked = others.remove(index);
    // An identity at a provider that is configured no longer is no way to sign in.
    let another = others.iter().any(|other| app.oidc.provider_of(&other.issuer).is_some());
    if !caller.user.has_password && !another {
        return Err(ErrorCode::LastSignInMethod.into());
    }
    identities::delete(&transaction, id).await?;
    caller
        .deed(AuditKind::IdentityUnlinked, &client)
        .with(json!({"provider": provider_name(&app, linked.issuer)}))
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn provider_name(app: &App, issuer: String) -> String {
    app.oidc.provider_of(&issuer).map_or(issuer, |provider| provider.config.name.clone())
}

/// Two that link one identity at once: one does.
pub(super) fn identity_taken(error: store::StoreError) -> Error {
    if store::is_taken(&error) { ErrorCode::IdentityTaken.into() } else { error.into() }
}
