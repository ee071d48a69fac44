//! Signing out.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use curfew_shared::{
    audit::AuditKind,
    auth::{LogoutRequest, TokenDelivery},
    error::ErrorCode,
    route::api as route,
};
use serde_json::json;

use crate::{
    app::AppState,
    context::Context,
    error::{Error, Result},
    http::{
        cookies::{clear_refresh_token, device::DeviceCookie},
        extract::{JsonOrDefault, PresentedToken, RequestClient},
    },
    sessions::revoke::end_session,
    store::{
        devices,
        sessions::{self, Reason},
        users,
    },
};

/// End the session.
///
/// The session is that of the refresh token (bearer, body or cookie) or of the access token (bearer).
#[utoipa::path(
    post,
    path = route::LOGOUT,
    tag = "auth",
    security((), ("refresh_token" = []), ("access_token" = [])),
    request_body = Option<LogoutRequest>,
    responses(
        (status = 204, description = "The session has ended, now or before"),
        (status = 401, description = "`invalid_refresh_token`: no token that names a session"),
        (status = 403, description = "`forbidden`: a cookie sent from another site"),
        (status = 503, description = "`unavailable`: the session goes on"),
    ),
)]
pub(super) async fn logout(
    State(app): State<AppState>,
    client: RequestClient,
    device: DeviceCookie,
    headers: HeaderMap,
    JsonOrDefault(request): JsonOrDefault<LogoutRequest>,
) -> Result<Response> {
    let presented = PresentedToken::find(&app, &headers, request.refresh_token)?;
    // Any token of the session ends it, however old: its bearer wants it to end.
    let (session_id, user_id) = match app.keys.verify_refresh(&presented.token) {
        Ok(claims) => (claims.jti.session, claims.sub),
        Err(_) => match app.keys.verify_access(&presented.token) {
            Ok(claims) => (claims.sid, claims.sub),
            Err(_) => return Err(Error::token(ErrorCode::InvalidRefreshToken)),
        },
    };
    let session = sessions::find(&app.database.read, session_id).await?;
    if let Some(session) = session.filter(|session| session.user_id == user_id) {
        let transaction = app.database.begin().await?;
        let ctx = Context::of_request(&transaction, app.clock.now(), &client.info).by(user_id);
        users::hold(&transaction, user_id).await?;
        let has_ended =
            end_session(ctx, &session, Reason::SignedOut, AuditKind::SignedOut, json!({})).await?;
        // The browser is told to drop its cookies, the device's among them.
        if has_ended && presented.delivery == TokenDelivery::Cookie {
            let device = device.device(&client.info, presented.delivery);
            devices::leave(&transaction, user_id, &device, ctx.now).await?;
        }
        transaction.commit().await?;
    }
    let clear = HeaderValue::from_static(r#""cache", "cookies", "storage""#);
    let headers = [("clear-site-data", clear), (header::SET_COOKIE.as_str(), clear_refresh_token()?)];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}
