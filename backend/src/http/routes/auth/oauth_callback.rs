//! The way back from a provider.

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

use super::{
    grant::{Proof, open_session, renew_session},
    provider_identity::{Found, Refused, ask_to_prove, find_or_make, is_theirs_still},
};
use crate::{
    app::{App, AppState},
    domain::field,
    error::{Error, Result},
    http::{
        cookies::{oauth_flow, registration::Browser, set_cookies},
        extract::{Client, IdempotencyKey, Json, Path},
        respond::tokens::Handout,
        routes::users::identities::By,
    },
    keys::{Grant, sha256},
    oidc::{self, Answer, OidcError, Provider},
    store::{
        identities,
        oauth_flows::{self, Flow},
        sessions,
        users::{self, Login},
    },
    throttle,
};

/// Hand in what the provider answered.
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
    client: Client,
    headers: HeaderMap,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<OauthCallbackRequest>,
) -> Result<Response> {
    let provider = app.oidc.provider(&name).ok_or(ErrorCode::NotFound)?;
    if request.code.is_none() && request.error.is_none() {
        return Err(Error::invalid(vec![field::required("code")]));
    }
    let secret = oauth_flow::secret(&headers, &request.state).ok_or(ErrorCode::OauthStateInvalid)?;
    throttle::oauth(&app, client.origin.address.as_deref()).await?;
    // Whatever comes of it, the secret is of no more use.
    let mut cookies = vec![oauth_flow::clear(&request.state)?];
    let answered = match take(&app, &client, provider, &request.state, secret).await {
        Ok(flow) => finish(&app, &client, provider, (flow, key), request).await,
        Err(error) => Err(error.into()),
    };
    let answered = match answered {
        Ok(response) => Ok(response),
        Err(Refused::Now(error)) => Err(error),
        Err(Refused::Unproven(registration)) => {
            let browser = Browser::of(&headers)?;
            cookies.push(browser.cookie()?);
            Err(ask_to_prove(&app, &client, &browser, *registration)
                .await
                .map_or_else(|error| error, Error::from))
        }
    };
    Ok((set_cookies(cookies), answered).into_response())
}

/// What the browser began, which ends here.
async fn take(app: &App, client: &Client, provider: &Provider, state: &str, secret: &str) -> Result<Flow> {
    let flow = oauth_flows::take(&app.database.write, &sha256(state), &sha256(secret)).await?;
    let is_good = |flow: &Flow| {
        flow.provider == provider.config.name && app.clock.now() < flow.created_at + oauth_flows::LIFETIME
    };
    let flow = flow.filter(is_good).ok_or(ErrorCode::OauthStateInvalid)?;
    if flow.delivery == TokenDelivery::Cookie && !client.is_our_page {
        return Err(ErrorCode::Forbidden.into());
    }
    Ok(flow)
}

async fn finish(
    app: &App,
    client: &Client,
    provider: &Provider,
    (flow, key): (Flow, Option<Uuid>),
    request: OauthCallbackRequest,
) -> Result<Response, Refused> {
    let (purpose, delivery) = (flow.purpose, client.may_be_given(flow.delivery)?);
    let done = proceed(app, client, provider, (flow, key), request).await;
    if purpose == OauthPurpose::SignIn {
        let refusal = |refused: &Refused| match refused {
            Refused::Now(error) => error.code(),
            Refused::Unproven(_) => ErrorCode::EmailNotVerified,
        };
        app.metrics.sign_in(done.as_ref().map(drop).map_err(refusal));
    }
    let (grant, is_new_user) = done?;
    let Some(grant) = grant else {
        let body = OauthTokenResponse { tokens: None, is_new_user, purpose };
        return Ok(JsonResponse(body).into_response());
    };
    let handout = Handout::new(app, &grant, delivery)?.remember(client)?;
    let body = OauthTokenResponse { tokens: Some(handout.tokens.clone()), is_new_user, purpose };
    Ok((handout.cookies(), JsonResponse(body)).into_response())
}

/// Does what was asked for. Answers the session, if it is about one, and whether its user is new.
async fn proceed(
    app: &App,
    client: &Client,
    provider: &Provider,
    (flow, key): (Flow, Option<Uuid>),
    request: OauthCallbackRequest,
) -> Result<(Option<Grant>, bool), Refused> {
    let now = app.clock.now();
    if let Some(word) = &request.error {
        return Err(refusal(app, provider, word, &request, now).await.into());
    }
    let answer = Answer {
        code: request.code.unwrap_or_default(),
        issuer: request.iss.as_deref(),
        verifier: flow.verifier,
        nonce: &flow.nonce,
    };
    let found = Found::new(app.oidc.finish(provider, answer, now).await?);
    match (flow.purpose, flow.caller) {
        (OauthPurpose::SignIn, _) => {
            let transaction = app.database.begin().await?;
            let (login, is_new) = match find_or_make(&transaction, app, client, &found, flow.invite).await {
                Ok(found) => found,
                Err(refused) => {
                    transaction.rollback().await?;
                    return Err(refused);
                }
            };
            let by = (Proof::Provider(&provider.config.name), flow.delivery);
            let grant = open_session(&transaction, app, client, &login, by).await?;
            throttle::oauth_succeeded(&transaction, client.origin.address.as_deref(), now).await?;
            transaction.commit().await?;
            app.outbox.notify_one();
            Ok((Some(grant), is_new))
        }
        (OauthPurpose::Link, Some(caller)) => {
            link_to_caller(app, client, &found, caller).await?;
            Ok((None, false))
        }
        (OauthPurpose::Reauthenticate, Some((user_id, session_id))) => {
            let login = prove(app, client, &found, user_id, flow.created_at).await?;
            let grant = renew_session(app, client, session_id, &login, &provider.config.name, key).await?;
            Ok((Some(grant), false))
        }
        (_, None) => Err(ErrorCode::OauthStateInvalid.into()),
    }
}

/// What it means that the provider answers an error (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
async fn refusal(
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

/// Links an identity to who asked for it, while their session lives.
async fn link_to_caller(
    app: &App,
    client: &Client,
    found: &Found,
    (user_id, session_id): (UserId, SessionId),
) -> Result<()> {
    let now = app.clock.now();
    let transaction = app.database.begin().await?;
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
    // Linked already, there is nothing to do.
    if identities::find(&transaction, found.key()).await? != Some(user_id) {
        let owner = (user_id, AccountId(session.account_id), session.email.as_str());
        found.link(&transaction, app, client, owner, By::Person(session_id)).await?;
    }
    throttle::oauth_succeeded(&transaction, client.origin.address.as_deref(), now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(())
}

/// The person behind a session, who has shown the provider who it is since `start`.
async fn prove(
    app: &App,
    client: &Client,
    found: &Found,
    user_id: UserId,
    start: DateTime<Utc>,
) -> Result<Login> {
    let now = app.clock.now();
    if identities::find(&app.database.read, found.key()).await? != Some(user_id) {
        return Err(ErrorCode::IdentityMismatch.into());
    }
    let untrue = |what: &str| Error::from(OidcError::Untrue(what.to_owned()));
    match found.identity.was_shown_since(start, now) {
        Some(true) => {}
        Some(false) => return Err(untrue("the person did not sign in there for this")),
        None => return Err(untrue("it does not say when the person signed in there (`auth_time`)")),
    }
    let transaction = app.database.begin().await?;
    users::hold(&transaction, user_id).await?;
    is_theirs_still(&transaction, found, user_id, now).await?;
    throttle::oauth_succeeded(&transaction, client.origin.address.as_deref(), now).await?;
    let login = users::find_login_by_id(&transaction, user_id).await?;
    let login = login.filter(|login| login.is_active).ok_or(ErrorCode::InvalidCredentials)?;
    transaction.commit().await?;
    Ok(login)
}
