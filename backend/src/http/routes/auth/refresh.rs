//! Staying signed in.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use curfew_shared::{
    auth::{RefreshRequest, TokenResponse},
    route::api as route,
};

use crate::{
    app::AppState,
    error::{Error, Result},
    http::{
        extract::{IdempotencyKey, JsonOrDefault, PresentedToken, RequestClient},
        respond::tokens::IssuedTokens,
    },
    sessions::refresh::{self, Refresh},
};

/// Exchange a refresh token for its successor.
///
/// Send the token as a bearer token, in the body, or in the cookie. The new one is delivered in the same way.
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
pub(super) async fn refresh(
    State(app): State<AppState>,
    client: RequestClient,
    headers: HeaderMap,
    IdempotencyKey(key): IdempotencyKey,
    JsonOrDefault(request): JsonOrDefault<RefreshRequest>,
) -> Result<Response> {
    let presented = PresentedToken::find(&app, &headers, request.refresh_token)?;
    let delivery = client.check_cookie_delivery(presented.delivery)?;
    let refresh = Refresh { token: &presented.token, is_passive: request.passive, key, client: &client.info };
    let tokens = refresh::refresh(&app, refresh).await;
    app.metrics.refresh(tokens.as_ref().map(drop).map_err(Error::code));
    Ok(IssuedTokens::sign(&app, &tokens?, delivery)?.into_response())
}
