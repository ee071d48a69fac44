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

use super::http::{Call, Request};

/// The session policy, and who is signed in.
#[must_use]
pub fn security() -> Call<SecurityResponse> {
    Request::get(api::SECURITY).json()
}

/// Changes the session policy, for sign-ins from now on.
#[must_use]
pub fn update_policy(request: &UpdatePolicyRequest) -> Call<SecurityResponse> {
    Request::patch(api::SECURITY, request).json()
}

/// Ends the account's sessions. After [`RevokeScope::All`], [`leave`](super::Client::leave) is due.
#[must_use]
pub fn revoke_sessions(scope: RevokeScope) -> Call<RevokeSessionsResponse> {
    Request::post(api::REVOKE_SESSIONS, &RevokeSessionsRequest { scope }).json()
}

/// A page of the audit trail, newest first.
#[must_use]
pub fn audit_events(query: &AuditQuery) -> Call<AuditPage> {
    Request::get(api::AUDIT_EVENTS).query(pairs(query)).json()
}

/// Everything of the audit trail that matches, as a file of this type.
#[must_use]
pub fn export_audit_events(query: &AuditQuery, content_type: &'static str) -> Call<Blob> {
    Request::get(api::AUDIT_EVENTS).query(pairs(query)).file(content_type)
}

fn pairs(query: &AuditQuery) -> Vec<(&'static str, String)> {
    let AuditQuery { kind, actor_id, person_id, from, to, limit, cursor } = query;
    let pairs = [
        ("kind", kind.map(|kind| kind.to_string())),
        ("actor_id", actor_id.map(|id| id.to_string())),
        ("person_id", person_id.map(|id| id.to_string())),
        ("from", from.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))),
        ("to", to.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))),
        ("limit", limit.map(|limit| limit.to_string())),
        ("cursor", cursor.map(|id| id.to_string())),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
