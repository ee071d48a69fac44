//! The account's members, for its owners.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use curfew_shared::{
    audit::AuditKind,
    error::{ErrorCode, FieldCode, FieldError},
    id::UserId,
    member::{MemberCursor, MemberPage, MemberQuery, UpdateMemberRequest},
    route::api as route,
    security::RevokeSessionsResponse,
};
use serde_json::json;

use crate::{
    accounts::members,
    app::AppState,
    domain::membership::Membership,
    error::{Error, Result},
    http::extract::{Json, Owner, Path, Query, page_limit, truncate_page},
    mail::{Mail, MembershipEnd},
    store::{
        sessions::{self, Reason},
        users,
    },
};

/// The account's members, by name.
#[utoipa::path(
    get,
    path = route::MEMBERS,
    operation_id = "list_members",
    tag = "account",
    params(MemberQuery),
    responses(
        (status = 200, description = "A page of people", body = MemberPage),
        (status = 403, description = "`owner_required`"),
    ),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Query(query): Query<MemberQuery>,
) -> Result<JsonResponse<MemberPage>> {
    let limit = page_limit(query.limit)?;
    let cursor = query.cursor.map(|cursor| read_cursor(&cursor)).transpose()?;
    let (mut members, member_count) = users::list_members(
        &app.database.read,
        caller.account.id,
        caller.user.id,
        cursor,
        limit + 1,
        caller.now,
    )
    .await?;
    let next_cursor = truncate_page(&mut members, limit).map(|last| write_cursor(last.id, &last.name));
    Ok(JsonResponse(MemberPage { members, member_count, next_cursor }))
}

/// By name as well as by id, since the user may have been removed before the next page is requested.
fn write_cursor(id: UserId, name: &str) -> MemberCursor {
    MemberCursor(URL_SAFE_NO_PAD.encode(format!("{id}.{name}")))
}

fn read_cursor(cursor: &MemberCursor) -> Result<(UserId, String)> {
    let text = URL_SAFE_NO_PAD.decode(&cursor.0).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // PostgreSQL's text cannot hold NUL.
    let text = text.filter(|text| !text.contains('\0'));
    let parts = text.as_deref().and_then(|text| text.split_once('.'));
    let place = parts.and_then(|(id, name)| Some((id.parse().ok()?, name.to_owned())));
    place.ok_or_else(|| {
        let fault = FieldError::new("cursor", FieldCode::Malformed, "Send what the page before named.");
        Error::invalid(vec![fault])
    })
}

/// Change a person's role, or whether the person may sign in. Deactivating ends all their sessions.
#[utoipa::path(
    patch,
    path = route::MEMBER,
    operation_id = "update_member",
    tag = "account",
    request_body = UpdateMemberRequest,
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 204, description = "Done"),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
        (status = 404, description = "`not_found`"),
        (status = 409, description = "`last_owner`, `own_membership`"),
    ),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Path(id): Path<UserId>,
    Json(request): Json<UpdateMemberRequest>,
) -> Result<StatusCode> {
    caller.require_recent_authentication()?;
    let transaction = caller.begin_owner_transaction(&app).await?;
    let ctx = caller.context(&transaction);
    let member = members::find_for_update(ctx, caller.account.id, id).await?;
    let new = Membership {
        role: request.role.unwrap_or(member.role),
        is_active: request.is_active.unwrap_or(member.is_active),
    };
    if id == caller.user.id && !new.is_active {
        return Err(ErrorCode::OwnMembership.into());
    }
    members::change(ctx, &caller.account, &member, new).await?;
    app.commit(transaction).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a person from the account, with all their sessions.
#[utoipa::path(
    delete,
    path = route::MEMBER,
    operation_id = "remove_member",
    tag = "account",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 204, description = "Removed"),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
        (status = 404, description = "`not_found`"),
        (status = 409, description = "`last_owner`, `own_membership`"),
    ),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Path(id): Path<UserId>,
) -> Result<StatusCode> {
    caller.require_recent_authentication()?;
    if id == caller.user.id {
        return Err(ErrorCode::OwnMembership.into());
    }
    let transaction = caller.begin_owner_transaction(&app).await?;
    let ctx = caller.context(&transaction);
    let member = members::find_for_update(ctx, caller.account.id, id).await?;
    members::check_not_last_owner(ctx, &member).await?;
    members::remove(ctx, &caller.account.name, &member, MembershipEnd::Removed).await?;
    app.commit(transaction).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a person's sessions.
#[utoipa::path(
    post,
    path = route::MEMBER_REVOKE_SESSIONS,
    operation_id = "revoke_member_sessions",
    tag = "account",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 200, description = "How many ended", body = RevokeSessionsResponse),
        (status = 403, description = "`owner_required`, `reauthentication_required`"),
        (status = 404, description = "`not_found`"),
    ),
)]
pub(super) async fn revoke_sessions(
    State(app): State<AppState>,
    Owner(caller): Owner,
    Path(id): Path<UserId>,
) -> Result<JsonResponse<RevokeSessionsResponse>> {
    caller.require_recent_authentication()?;
    let transaction = caller.begin_owner_transaction(&app).await?;
    let ctx = caller.context(&transaction);
    let member = members::find_for_update(ctx, caller.account.id, id).await?;
    let revoked_count = sessions::revoke_of_user(&transaction, id, Reason::EndedByOwner, caller.now).await?;
    if revoked_count > 0 {
        let payload = json!({"user_id": id, "revoked_count": revoked_count});
        caller.record(&transaction, AuditKind::MemberSessionsRevoked, payload).await?;
    }
    if revoked_count > 0 && id != caller.user.id {
        Mail::SessionsEnded { at: caller.now }.enqueue(&transaction, &member.email, caller.now).await?;
    }
    app.commit(transaction).await?;
    Ok(JsonResponse(RevokeSessionsResponse { revoked_count }))
}
