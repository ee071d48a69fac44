//! The endpoints under `/accounts/me`. They know nothing of the store.

use chrono::SecondsFormat;
use curfew_shared::{
    audit::{AuditPage, AuditQuery},
    route::api,
    security::{
        RevokeScope, RevokeSessionsRequest, RevokeSessionsResponse, SecurityResponse, UpdatePolicyRequest,
    },
};
use web_sys::Blob;

use super::{Failure, http::Request};
use crate::store::auth::AccessToken;

/// The session policy, and who is signed in.
///
/// # Errors
/// What the server refused, or why there was no answer.
pub async fn security(token: &AccessToken) -> Result<SecurityResponse, Failure> {
    Request::get(api::SECURITY).bearer(token).json().await
}

/// Changes the session policy, for sign-ins from now on.
///
/// # Errors
/// What the server refused, or why there was no answer.
pub async fn update_policy(
    token: &AccessToken,
    request: &UpdatePolicyRequest,
) -> Result<SecurityResponse, Failure> {
    Request::patch(api::SECURITY, request).bearer(token).json().await
}

/// Ends the account's sessions.
///
/// # Errors
/// What the server refused, or why there was no answer; then it may have been done all the same.
pub async fn revoke_sessions(
    token: &AccessToken,
    scope: RevokeScope,
) -> Result<RevokeSessionsResponse, Failure> {
    Request::post(api::REVOKE_SESSIONS, &RevokeSessionsRequest { scope }).bearer(token).json().await
}

/// A page of the audit trail, newest first.
///
/// # Errors
/// What the server refused, or why there was no answer.
pub async fn audit_events(token: &AccessToken, query: &AuditQuery) -> Result<AuditPage, Failure> {
    Request::get(api::AUDIT_EVENTS).query(&pairs(query)).bearer(token).json().await
}

/// Everything of the audit trail that matches, as a file of this type.
///
/// # Errors
/// What the server refused, or why there was no answer, or only half of one.
pub async fn export_audit_events(
    token: &AccessToken,
    query: &AuditQuery,
    content_type: &'static str,
) -> Result<Blob, Failure> {
    Request::get(api::AUDIT_EVENTS).file(content_type).query(&pairs(query)).bearer(token).blob().await
}

fn pairs(query: &AuditQuery) -> Vec<(&'static str, String)> {
    let AuditQuery { kind, actor_id, from, to, limit, cursor } = query;
    let pairs = [
        ("kind", kind.map(|kind| kind.to_string())),
        ("actor_id", actor_id.map(|id| id.to_string())),
        ("from", from.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))),
        ("to", to.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))),
        ("limit", limit.map(|limit| limit.to_string())),
        ("cursor", cursor.map(|id| id.to_string())),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
