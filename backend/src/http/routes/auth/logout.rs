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

use crate::{
    app::AppState,
    audit::Deed,
    error::{Error, Result},
    http::{
        cookies,
        extract::{Client, JsonOrDefault, Shown},
    },
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
    client: Client,
    headers: HeaderMap,
    JsonOrDefault(request): JsonOrDefault<LogoutRequest>,
) -> Result<Response> {
    let shown = Shown::find(&app, &headers, request.refresh_token)?;
    let now = app.clock.now();
    // Age does not matter: whoever holds a token of the session, even a used one, may end it.
    let (session_id, user_id) = match app.keys.verify_refresh(&shown.token) {
        Ok(claims) => (claims.jti.session, claims.sub),
        Err(_) => match app.keys.verify_access(&shown.token) {
            Ok(claims) => (claims.sid, claims.sub),
            Err(_) => return Err(Error::token(ErrorCode::InvalidRefreshToken)),
        },
    };
    let session = sessions::find(&app.database.read, session_id).await?;
    if let Some(session) = session.filter(|session| session.user_id == user_id) {
        let transaction = app.database.begin().await?;
        users::hold(&transaction, user_id).await?;
        if !session.is_live(now) {
            sessions::spare_no_longer(&transaction, session_id).await?;
        } else if sessions::revoke(&transaction, session_id, Reason::SignedOut, now).await? {
            Deed::new(AuditKind::SignedOut, session.account_id, now)
                .by(user_id)
                .in_session(session_id)
                .from(client.origin.address.as_deref())
                .append(&transaction)
                .await?;
            // The browser is told to drop its cookies, that of the device among them.
            if shown.delivery == TokenDelivery::Cookie {
                devices::leave(&transaction, user_id, &client.device(shown.delivery), now).await?;
            }
        }
        transaction.commit().await?;
    }
    let clear = HeaderValue::from_static(r#""cache", "cookies", "storage""#);
    let headers = [("clear-site-data", clear), (header::SET_COOKIE.as_str(), cookies::no_cookie()?)];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}
