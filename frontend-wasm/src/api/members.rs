//! The people of the account.

use curfew_shared::{
    id::UserId,
    member::{MemberCursor, MemberPage, UpdateMemberRequest},
    route::api,
    security::RevokeSessionsResponse,
};

use super::request::{Call, Request};

pub fn members(cursor: Option<MemberCursor>) -> Call<MemberPage> {
    Request::get(api::MEMBERS).page(cursor.map(|cursor| cursor.0)).json()
}

pub fn update_member(id: UserId, request: &UpdateMemberRequest) -> Call<()> {
    Request::patch(&Request::path(api::MEMBER, "{id}", id), request).no_content()
}

pub fn remove_member(id: UserId) -> Call<()> {
    Request::delete(&Request::path(api::MEMBER, "{id}", id)).no_content()
}

pub fn revoke_member_sessions(id: UserId) -> Call<RevokeSessionsResponse> {
    Request::post_without_body(&Request::path(api::MEMBER_REVOKE_SESSIONS, "{id}", id)).json()
}
