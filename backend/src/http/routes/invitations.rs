//! Invitations, for the people who receive them.

use axum::{
    Json as JsonResponse,
    extract::State,
    response::{IntoResponse, Response},
};
use curfew_shared::{
    auth::TokenResponse,
    invite::{AcceptInvitationRequest, InvitationResponse},
    route::api as route,
};

use crate::{
    accounts::invitations::{accept_invitation, find_open_invitation},
    app::AppState,
    context::Context,
    domain::field,
    error::Result,
    http::{
        extract::{Json, Path, SignInClient},
        respond::tokens::IssuedTokens,
    },
    sessions::start::{AuthMethod, start_session},
    throttle,
};

/// Describe an invitation by the token of its link.
#[utoipa::path(
    get,
    path = route::INVITATION,
    operation_id = "get_invitation",
    tag = "auth",
    security(()),
    params(("token" = String, Path, description = "What stands behind `#` in the link")),
    responses(
        (status = 200, description = "The invitation", body = InvitationResponse),
        (status = 410, description = "`invalid_link`"),
    ),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<JsonResponse<InvitationResponse>> {
    let (invite, _) = find_open_invitation(&app, &token).await?;
    Ok(JsonResponse(InvitationResponse {
        account_name: invite.account_name,
        invited_by: invite.invited_by,
        email: invite.email,
        role: invite.role,
        expires_at: invite.expires_at,
    }))
}

/// Join with a password. The link in a message verifies the address; a link that an owner copied does not.
#[utoipa::path(
    post,
    path = route::INVITATION_ACCEPT,
    operation_id = "accept_invitation",
    tag = "auth",
    security(()),
    request_body = AcceptInvitationRequest,
    params(("token" = String, Path, description = "What stands behind `#` in the link")),
    responses(
        (status = 200, description = "Joined, and signed in", body = TokenResponse),
        (status = 403, description = "`forbidden`: cookie delivery asked for from another site"),
        (status = 409, description = "`address_taken`"),
        (status = 410, description = "`invalid_link`"),
        (status = 429, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn accept(
    State(app): State<AppState>,
    client: SignInClient,
    Path(token): Path<String>,
    Json(request): Json<AcceptInvitationRequest>,
) -> Result<Response> {
    let delivery = client.check_cookie_delivery(request.token_delivery)?;
    let (invite, link) = find_open_invitation(&app, &token).await?;
    throttle::link(&app, &token).await?;
    let place = app.passwords.enter(throttle::party(client.ip()))?;
    let about = [invite.email.as_str(), &request.name, &invite.account_name];
    field::refuse([
        field::check_name("name", &request.name),
        app.passwords.judge_in(&place, "password", &request.password, &about).await?,
    ])?;
    let hash = app.passwords.hash_in(&place, &request.password).await?;
    let transaction = app.database.begin().await?;
    let ctx = Context::of_request(&transaction, app.clock.now(), client.info());
    throttle::link_used(&transaction, &token, ctx.now).await?;
    let invited = (&invite, !link.is_copied);
    let login = accept_invitation(ctx, invited, request.name.trim(), Some(&hash)).await?;
    let browser = client.browser(delivery.get());
    let tokens =
        start_session(ctx, app.config.policy.system(), &login, AuthMethod::Invitation, &browser).await?;
    app.commit(transaction).await?;
    Ok(IssuedTokens::sign(&app, &tokens, delivery)?.with_device_cookie(&client.device)?.into_response())
}
