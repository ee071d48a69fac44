//! Proving once more who one is.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::TokenResponse,
    error::ErrorCode,
    id::{AccountId, SessionId, UserId},
    person::ReauthenticateRequest,
    route::api as route,
};
use serde_json::json;

use super::grant::renew_session;
use crate::{
    app::AppState,
    audit::Deed,
    error::{Error, Result},
    http::{
        extract::{Caller, Client, IdempotencyKey, Json},
        respond::tokens::Handout,
    },
    passwords::{Place, Verified},
    store::users::{self, Login},
    throttle::{self, Attempt, By},
};

/// Prove once more that it is oneself, with the password.
///
/// Both windows of the session start anew, under the policy of today. Where the answer is lost, a refresh
/// with the same `Idempotency-Key` gets its successor.
#[utoipa::path(
    post,
    path = route::REAUTHENTICATE,
    tag = "auth",
    params(IdempotencyKey),
    request_body = ReauthenticateRequest,
    responses(
        (status = 200, description = "The session goes on with these tokens", body = TokenResponse),
        (status = 401, description = "`invalid_credentials`"),
        (status = 403, description = "`forbidden`: cookie delivery asked for from another site"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn reauthenticate(
    State(app): State<AppState>,
    caller: Caller,
    client: Client,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<ReauthenticateRequest>,
) -> Result<Response> {
    let delivery = client.may_be_given(request.token_delivery)?;
    let (login, _) = prove(&app, &caller, &client, &request.password).await?;
    let grant = renew_session(&app, &client, caller.session.id, &login, "password", key).await?;
    Ok(Handout::new(&app, &grant, delivery)?.remember(&client)?.into_response())
}

/// Checks the caller's password; wrong ones count as at sign-in. Answers the place in the queue too.
pub(super) async fn prove(
    app: &AppState,
    caller: &Caller,
    client: &Client,
    password: &str,
) -> Result<(Login, Arc<Place>)> {
    throttle::proof(app, &caller.session.id.to_string()).await?;
    let claim = Claim {
        user_id: caller.user.id,
        email: caller.user.email.clone(),
        account_id: caller.account.id,
        session_id: caller.session.id,
        password: password.to_owned(),
        address: client.origin.address.clone(),
        now: caller.now,
    };
    // Whoever closes the connection before the answer has guessed all the same.
    app.finish(claim.judge(AppState::clone(app))).await?
}

/// What somebody proves by who they are, to be judged.
struct Claim {
    user_id: UserId,
    email: String,
    account_id: AccountId,
    session_id: SessionId,
    password: String,
    address: Option<String>,
    now: DateTime<Utc>,
}

impl Claim {
    async fn judge(self, app: AppState) -> Result<(Login, Arc<Place>)> {
        // By the session: whoever holds it is not kept out by anybody else.
        let attempt = Attempt::begin(&app, &self.email, By::Secret(self.session_id.to_string())).await?;
        let login = users::find_login_by_id(&app.database.read, self.user_id).await?;
        let login = login.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
        if attempt.verify(&self.password, login.password_hash.as_deref()).await? == Verified::No {
            attempt.fail().await?;
            Deed::new(AuditKind::SignInFailed, self.account_id, self.now)
                .in_session(self.session_id)
                .from(self.address.as_deref())
                .with(json!({"user_id": self.user_id}))
                .append(&app.database.write)
                .await?;
            return Err(ErrorCode::InvalidCredentials.into());
        }
        Ok((login, attempt.succeed_alone().await?))
    }
}
