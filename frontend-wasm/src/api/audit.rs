//! The audit trail.

use chrono::SecondsFormat;
use curfew_shared::{
    audit::{AuditPage, AuditQuery},
    route::api,
};
use web_sys::Blob;

use super::request::{Call, Request};

/// A page of the entries that match, newest first.
pub fn audit_events(query: &AuditQuery) -> Call<AuditPage> {
    Request::get(api::AUDIT_EVENTS).query(pairs(query)).json()
}

/// All entries that match, as a file of this type.
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
