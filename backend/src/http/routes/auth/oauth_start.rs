//! Starting to sign in with a provider.

use axum::{
    Json as JsonResponse,
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use curfew_shared::{
    auth::TokenDelivery,
    error::ErrorCode,
    oauth::{OauthPurpose, OauthStartRequest, OauthStartResponse},
    route::api as route,
};

use crate::{
    accounts::invitations::find_open_invitation,
    app::AppState,
    entropy,
    error::Result,
    http::{
        cookies::{oauth_flow, set_cookies},
        extract::{Caller, Json, Path, RequestClient},
    },
    keys::sha256,
    store::oauth_flows::{self, Flow},
    throttle,
};

/// Start to sign in with a provider.
///
/// The response sets a cookie that the callback needs, and is valid for ten minutes. To link an identity, or to
/// authenticate again, send an access token.
#[utoipa::path(
    post,
    path = route::OAUTH_START,
    operation_id = "start_oauth",
    tag = "auth",
    security((), ("access_token" = [])),
    params(("provider" = String, Path, description = "The provider's name")),
    request_body = OauthStartRequest,
    responses(
        (status = 200, description = "Where to send the browser", body = OauthStartResponse),
        (status = 403, description = "`reauthentication_required`; `forbidden`: cookie delivery asked for from another site"),
        (status = 404, description = "`not_found`: no such provider"),
        (status = 410, description = "`invalid_link`: of the invitation"),
        (status = 429, description = "`too_many_requests`"),
        (status = 502, description = "`oauth_failed`"),
        (status = 503, description = "`oauth_unavailable`"),
    ),
)]
pub(super) async fn start(
    State(app): State<AppState>,
    Path(name): Path<String>,
    client: RequestClient,
    mut parts: Parts,
    Json(request): Json<OauthStartRequest>,
) -> Result<Response> {
    let provider = app.oidc.provider(&name).ok_or(ErrorCode::NotFound)?;
    if request.token_delivery == TokenDelivery::Cookie && !client.is_same_origin {
        return Err(ErrorCode::Forbidden.into());
    }
    throttle::oauth(&app, client.ip()).await?;
    let caller = match request.purpose {
        OauthPurpose::SignIn => None,
        OauthPurpose::Link | OauthPurpose::Reauthenticate => {
            let caller = Caller::from_request_parts(&mut parts, &app).await?;
            if request.purpose == OauthPurpose::Link {
                caller.require_recent_authentication()?;
            }
            Some((caller.user.id, caller.session.id))
        }
    };
    let invite = match &request.invite_token {
        Some(token) => Some(find_open_invitation(&app, token).await?.1),
        None => None,
    };
    let now = app.clock.now();
    let started = app.oidc.start(provider, request.purpose, now).await?;
    let secret = URL_SAFE_NO_PAD.encode(entropy::bytes::<32>()?);
    let flow = Flow {
        provider: name,
        purpose: request.purpose,
        delivery: request.token_delivery,
        nonce: started.nonce,
        verifier: started.verifier,
        caller,
        invite,
        created_at: now,
    };
    oauth_flows::insert(&app.database.write, (&sha256(&started.state), &sha256(&secret)), flow).await?;
    let cookies = oauth_flow::set(&parts.headers, &started.state, &secret)?;
    let body = OauthStartResponse { authorization_url: started.authorization_url };
    Ok((set_cookies(cookies), JsonResponse(body)).into_response())
}
