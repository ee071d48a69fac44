//! Who is signed in.

use axum::Json as JsonResponse;
use curfew_shared::{auth::MeResponse, route::api as route};

use crate::http::extract::Caller;

/// Who is signed in, in which account, and until when.
#[utoipa::path(
    get,
    path = route::ME,
    operation_id = "get_current_user",
    tag = "auth",
    responses(
        (status = 200, description = "The caller", body = MeResponse),
    ),
)]
pub(super) async fn me(caller: Caller) -> JsonResponse<MeResponse> {
    JsonResponse(MeResponse {
        user: caller.user,
        account: caller.account,
        session: caller.session,
        server_time: caller.now,
    })
}
