//! The session policy, and ending sessions in bulk.

use curfew_shared::{
    route::api,
    security::{
        RevokeScope, RevokeSessionsRequest, RevokeSessionsResponse, SecurityResponse, UpdatePolicyRequest,
    },
};

use super::request::{Call, Request};

/// The session policy, and who is signed in.
pub fn security() -> Call<SecurityResponse> {
    Request::get(api::SECURITY).json()
}

pub fn update_policy(request: &UpdatePolicyRequest) -> Call<SecurityResponse> {
    Request::patch(api::SECURITY, request).json()
}

/// Ends the account's sessions; after [`RevokeScope::All`] the caller's too.
pub fn revoke_sessions(scope: RevokeScope) -> Call<RevokeSessionsResponse> {
    Request::post(api::REVOKE_SESSIONS, &RevokeSessionsRequest { scope }).json()
}
