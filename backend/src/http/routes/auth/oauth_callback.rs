//! Returning from a provider: consume the flow, ask the provider who it is, execute the purpose, respond.

use axum::{
    Json as JsonResponse,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::TokenDelivery,
    error::ErrorCode,
    id::{AccountId, SessionId, UserId},
    oauth::{OauthCallbackRequest, OauthPurpose, OauthTokenResponse},
    route::api as route,
};
use uuid::Uuid;

use crate::{
    accounts::{
        identities::LinkedVia,
        provider_sign_in::{
            ProviderIdentity, SignInError, find_or_create_user, record_identity_use, start_email_verification,
        },
    },
    app::{App, AppState},
    context::Context,
    domain::field,
    error::{Error, Result},
    http::{
        cookies::{oauth_flow, registration::RegistrationCookie, set_cookies},
        extract::{IdempotencyKey, Json, Path, SignInClient},
        respond::tokens::IssuedTokens,
    },
    keys::{TokenContext, sha256},
    oidc::{self, Answer, OidcError, Provider},
    sessions::{
        reauthenticate::reauthenticate_session,
        start::{AuthMethod, start_session},
    },
    store::{
        identities,
        oauth_flows::{self, Flow},
        sessions,
        users::{self, Login},
    },
    throttle,
};

/// Send the provider's response.
#[utoipa::path(
    post,
    path = route::OAUTH_CALLBACK,
    operation_id = "finish_oauth",
    tag = "auth",
    security(()),
    params(("provider" = String, Path, description = "The provider's name"), IdempotencyKey),
    request_body = OauthCallbackRequest,
    responses(
        (status = 200, description = "Signed in, linked, or proven once more", body = OauthTokenResponse),
        (status = 400, description = "`oauth_state_invalid`"),
        (status = 401, description = "`invalid_credentials`: the user is deactivated; `session_revoked`: the session that asked has ended"),
        (status = 403, description = "`oauth_denied`, `email_not_verified`, `registration_closed`; `identity_mismatch`: not the person who is to prove who they are; `forbidden`: sent from another site"),
        (status = 404, description = "`not_found`: no such provider"),
        (status = 409, description = "`oauth_link_required`, `identity_taken`, `address_taken`"),
        (status = 410, description = "`invalid_link`: of the invitation"),
        (status = 429, description = "`too_many_requests`"),
        (status = 502, description = "`oauth_failed`"),
        (status = 503, description = "`oauth_unavailable`"),
    ),
)]
pub(super) async fn callback(
    State(app): State<AppState>,
    Path(name): Path<String>,
    client: SignInClient,
    headers: HeaderMap,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<OauthCallbackRequest>,
) -> Result<Response> {
    let provider = app.oidc.provider(&name).ok_or(ErrorCode::NotFound)?;
    if request.code.is_none() && request.error.is_none() {
        return Err(Error::invalid(vec![field::required("code")]));
    }
    let secret = oauth_flow::secret(&headers, &request.state).ok_or(ErrorCode::OauthStateInvalid)?;
    throttle::oauth(&app, client.ip()).await?;
    // Whether it succeeds or not, the secret is of no more use.
    let mut cookies = vec![oauth_flow::clear(&request.state)?];
    let result = match consume_flow(&app, &client, provider, &request.state, secret).await {
        Ok(flow) => Return { app: &app, client: &client, provider, flow, key }.complete(request).await,
        Err(error) => Err(error.into()),
    };
    let result = match result {
        Ok(response) => Ok(response),
        Err(SignInError::Rejected(error)) => Err(error),
        Err(SignInError::EmailUnverified(registration)) => {
            let cookie = RegistrationCookie::read_or_create(&headers)?;
            cookies.push(cookie.set()?);
            let started = start_email_verification(&app, client.ip(), cookie.hash(), *registration).await;
            Err(started.map_or_else(|error| error, |()| ErrorCode::EmailNotVerified.into()))
        }
    };
    Ok((set_cookies(cookies), result).into_response())
}

/// The flow that this browser started. It is consumed, so that it ends once.
async fn consume_flow(
    app: &App,
    client: &SignInClient,
    provider: &Provider,
    state: &str,
    secret: &str,
) -> Result<Flow> {
    let flow = oauth_flows::take(&app.database.write, &sha256(state), &sha256(secret)).await?;
    let is_valid = |flow: &Flow| {
        flow.provider == provider.config.name && app.clock.now() < flow.created_at + oauth_flows::LIFETIME
    };
    let flow = flow.filter(is_valid).ok_or(ErrorCode::OauthStateInvalid)?;
    if flow.delivery == TokenDelivery::Cookie && !client.is_same_origin() {
        return Err(ErrorCode::Forbidden.into());
    }
    Ok(flow)
}

/// The return of a browser from a provider, in a flow that it started.
struct Return<'a> {
    app: &'a App,
    client: &'a SignInClient,
    provider: &'a Provider,
    flow: Flow,
    key: Option<Uuid>,
}

impl Return<'_> {
    async fn complete(self, request: OauthCallbackRequest) -> Result<Response, SignInError> {
        let (purpose, delivery) = (self.flow.purpose, self.client.check_cookie_delivery(self.flow.delivery)?);
        let result = self.execute_purpose(request).await;
        if purpose == OauthPurpose::SignIn {
            self.app.metrics.sign_in(result.as_ref().map(drop).map_err(SignInError::code));
        }
        let (tokens, is_new_user) = result?;
        let Some(tokens) = tokens else {
            let body = OauthTokenResponse { tokens: None, is_new_user, purpose };
            return Ok(JsonResponse(body).into_response());
        };
        let issued =
            IssuedTokens::sign(self.app, &tokens, delivery)?.with_device_cookie(&self.client.device)?;
        let body = OauthTokenResponse { tokens: Some(issued.body.clone()), is_new_user, purpose };
        Ok((issued.cookies(), JsonResponse(body)).into_response())
    }

    /// Does what the flow was started for. Returns tokens for the session, if it has one, and whether the user is new.
    async fn execute_purpose(
        &self,
        request: OauthCallbackRequest,
    ) -> Result<(Option<TokenContext>, bool), SignInError> {
        let Self { app, provider, flow, .. } = self;
        let now = app.clock.now();
        if let Some(word) = &request.error {
            return Err(provider_error(app, provider, word, &request, now).await.into());
        }
        let answer = Answer {
            code: request.code.unwrap_or_default(),
            issuer: request.iss.as_deref(),
            verifier: flow.verifier.clone(),
            nonce: &flow.nonce,
        };
        let identity = ProviderIdentity::new(app.oidc.finish(provider, answer, now).await?);
        match (flow.purpose, flow.caller) {
            (OauthPurpose::SignIn, _) => {
                let (tokens, is_new) = self.sign_in(&identity).await?;
                Ok((Some(tokens), is_new))
            }
            (OauthPurpose::Link, Some(caller)) => {
                self.link_to_user(&identity, caller).await?;
                Ok((None, false))
            }
            (OauthPurpose::Reauthenticate, Some(caller)) => {
                Ok((Some(self.reauthenticate(&identity, caller).await?), false))
            }
            (_, None) => Err(ErrorCode::OauthStateInvalid.into()),
        }
    }

    async fn sign_in(&self, identity: &ProviderIdentity) -> Result<(TokenContext, bool), SignInError> {
        let Self { app, client, provider, flow, .. } = self;
        let transaction = app.database.begin().await?;
        let ctx = Context::of_request(&transaction, app.clock.now(), client.info());
        let (login, is_new) = match find_or_create_user(ctx, app, identity, flow.invite).await {
            Ok(found) => found,
            Err(error) => {
                transaction.rollback().await?;
                return Err(error);
            }
        };
        let method = AuthMethod::Provider(&provider.config.name);
        let browser = client.browser(flow.delivery);
        let tokens = start_session(ctx, app.config.policy.system(), &login, method, &browser).await?;
        throttle::oauth_succeeded(&transaction, client.ip(), ctx.now).await?;
        app.commit(transaction).await?;
        Ok((tokens, is_new))
    }

    /// Links the identity to the user who asked for it, while their session lives.
    async fn link_to_user(
        &self,
        identity: &ProviderIdentity,
        (user_id, session_id): (UserId, SessionId),
    ) -> Result<()> {
        let Self { app, client, .. } = self;
        let now = app.clock.now();
        let transaction = app.database.begin().await?;
        let ctx = Context::of_request(&transaction, now, client.info()).in_session(session_id);
        users::hold(&transaction, user_id).await?;
        let session = sessions::find_caller(&transaction, session_id).await?;
        let session = session.filter(|session| {
            session.is_active
                && session.revoked_at.is_none()
                && session.user_id == user_id.0
                && now < session.idle_expires_at
                && now < session.absolute_expires_at
        });
        let session = session.ok_or(ErrorCode::SessionRevoked)?;
        let is_linked = identities::find(&transaction, identity.key()).await? == Some(user_id);
        if !is_linked {
            let owner = (user_id, AccountId(session.account_id), session.email.as_str());
            identity.link(ctx, app, owner, LinkedVia::Request).await?;
        }
        throttle::oauth_succeeded(&transaction, client.ip(), now).await?;
        app.commit(transaction).await?;
        Ok(())
    }

    async fn reauthenticate(
        &self,
        identity: &ProviderIdentity,
        (user_id, session_id): (UserId, SessionId),
    ) -> Result<TokenContext> {
        let Self { app, client, provider, key, .. } = self;
        let login = self.verify_identity(identity, user_id).await?;
        let transaction = app.database.begin().await?;
        let ctx = Context::of_request(&transaction, app.clock.now(), client.info());
        let name = &provider.config.name;
        let tokens = reauthenticate_session(ctx, &app.config, session_id, &login, name, *key).await?;
        transaction.commit().await?;
        Ok(tokens)
    }

    /// The user of a session, who has signed in at the provider since the flow started.
    async fn verify_identity(&self, identity: &ProviderIdentity, user_id: UserId) -> Result<Login> {
        let Self { app, client, flow, .. } = self;
        let now = app.clock.now();
        if identities::find(&app.database.read, identity.key()).await? != Some(user_id) {
            return Err(ErrorCode::IdentityMismatch.into());
        }
        let untrue = |what: &str| Error::from(OidcError::Untrue(what.to_owned()));
        match identity.claims.was_shown_since(flow.created_at, now) {
            Some(true) => {}
            Some(false) => return Err(untrue("the person did not sign in there for this")),
            None => return Err(untrue("it does not say when the person signed in there (`auth_time`)")),
        }
        let transaction = app.database.begin().await?;
        let ctx = Context::of_request(&transaction, now, client.info());
        users::hold(&transaction, user_id).await?;
        record_identity_use(ctx, identity, user_id).await?;
        throttle::oauth_succeeded(&transaction, client.ip(), now).await?;
        let login = users::find_login_by_id(&transaction, user_id).await?;
        let login = login.filter(|login| login.is_active).ok_or(ErrorCode::InvalidCredentials)?;
        transaction.commit().await?;
        Ok(login)
    }
}

/// The error for one that the provider returned (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
async fn provider_error(
    app: &App,
    provider: &Provider,
    word: &str,
    request: &OauthCallbackRequest,
    now: DateTime<Utc>,
) -> Error {
    if let Err(error) = app.oidc.check_issuer(provider, request.iss.as_deref(), now).await {
        return error.into();
    }
    let reason = oidc::reason(word, request.error_description.as_deref());
    match word {
        "access_denied"
        | "login_required"
        | "interaction_required"
        | "consent_required"
        | "account_selection_required" => {
            tracing::info!(provider = provider.config.name, reason, "the provider let nobody in");
            ErrorCode::OauthDenied.into()
        }
        "server_error" | "temporarily_unavailable" => OidcError::Away(format!("it answers {reason}")).into(),
        _ => OidcError::Untrue(format!("it answers {reason}")).into(),
    }
}
