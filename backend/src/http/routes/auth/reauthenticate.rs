//! Authenticating once more, with the password.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use curfew_shared::{auth::TokenResponse, person::ReauthenticateRequest, route::api as route};

use crate::{
    app::AppState,
    context::Context,
    error::Result,
    http::{
        cookies::device::DeviceCookie,
        extract::{Caller, IdempotencyKey, Json, RequestClient},
        respond::tokens::IssuedTokens,
    },
    sessions::reauthenticate::reauthenticate_session,
};

/// Authenticate again, with the password.
///
/// Both windows of the session start again, under the present policy. If the response is lost, a refresh with the
/// same `Idempotency-Key` returns its tokens.
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
    client: RequestClient,
    device: DeviceCookie,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<ReauthenticateRequest>,
) -> Result<Response> {
    let delivery = client.check_cookie_delivery(request.token_delivery)?;
    let (login, _) = caller.password_proof(request.password).verify(&app).await?;
    let transaction = app.database.begin().await?;
    let ctx = Context::of_request(&transaction, app.clock.now(), &client.info);
    let tokens = reauthenticate_session(ctx, &app.config, caller.session.id, &login, "password", key).await?;
    transaction.commit().await?;
    Ok(IssuedTokens::sign(&app, &tokens, delivery)?.with_device_cookie(&device)?.into_response())
}
