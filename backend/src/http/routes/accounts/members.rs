//! The account's members, for its owners.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    error::{ErrorCode, FieldCode, FieldError},
    id::UserId,
    member::{MemberCursor, MemberPage, MemberQuery, UpdateMemberRequest},
    route::api as route,
    security::RevokeSessionsResponse,
};
use serde_json::json;

use crate::{
    app::AppState,
    domain::membership::Membership,
    error::{Error, Result},
    http::extract::{Caller, Client, Json, Owner, Path, Query, cut, page_limit},
    mail::{Mail, MembershipEnd, OwnerChange, OwnerEvent},
    membership,
    store::{
        Transaction, invites,
        sessions::{self, Reason},
        users::{self, Member},
    },
    takeover,
};

/// The account's people, by name.
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
    let next_cursor = cut(&mut members, limit).map(|last| write_cursor(last.id, &last.name));
    Ok(JsonResponse(MemberPage { members, member_count, next_cursor }))
}

/// By name as well as by id: whoever stood there may have been removed when the next page is asked for.
fn write_cursor(id: UserId, name: &str) -> MemberCursor {
    MemberCursor(URL_SAFE_NO_PAD.encode(format!("{id}.{name}")))
}

fn read_cursor(cursor: &MemberCursor) -> Result<(UserId, String)> {
    let text = URL_SAFE_NO_PAD.decode(&cursor.0).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // PostgreSQL's text holds every character but one.
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
    client: Client,
    Path(id): Path<UserId>,
    Json(request): Json<UpdateMemberRequest>,
) -> Result<StatusCode> {
    caller.must_be_fresh()?;
    let transaction = caller.begin_as_owner(&app).await?;
    users::hold(&transaction, id).await?;
    let member = users::find_member(&transaction, caller.account.id, id).await?;
    let member = member.ok_or(ErrorCode::NotFound)?;
    let role = request.role.unwrap_or(member.role);
    let is_active = request.is_active.unwrap_or(member.is_active);
    if id == caller.user.id && !is_active {
        return Err(ErrorCode::OwnMembership.into());
    }
    if role == member.role && is_active == member.is_active {
        return Ok(StatusCode::NO_CONTENT);
    }
    if role != Role::Owner || !is_active {
        cease_to_own(&transaction, &member, caller.now).await?;
    }
    if role != member.role {
        users::set_role(&transaction, id, role).await?;
        caller
            .deed(AuditKind::MemberRoleChanged, &client)
            .with(json!({"user_id": id, "old": member.role, "new": role}))
            .append(&transaction)
            .await?;
    }
    if is_active != member.is_active {
        users::set_active(&transaction, id, is_active).await?;
        let deed = if is_active {
            let mail = Mail::MembershipRestored { account_name: caller.account.name.clone(), at: caller.now };
            mail.enqueue(&transaction, &member.email, caller.now).await?;
            caller.deed(AuditKind::MemberReactivated, &client).with(json!({"user_id": id}))
        } else {
            let revoked_count =
                sessions::revoke_of_user(&transaction, id, Reason::Deactivated, caller.now).await?;
            member_left(&transaction, &caller, &member, MembershipEnd::Deactivated).await?;
            let payload = json!({"user_id": id, "revoked_count": revoked_count});
            caller.deed(AuditKind::MemberDeactivated, &client).with(payload)
        };
        deed.append(&transaction).await?;
    }
    if role != member.role || is_active != member.is_active {
        let new = Membership { role, is_active };
        takeover::record(&transaction, &member, Some(caller.user.id), new, caller.now).await?;
        let was_owner = member.is_active && member.role == Role::Owner;
        let event = match (was_owner, is_active && role == Role::Owner) {
            (false, true) if member.is_active => Some(OwnerEvent::Promoted),
            (false, true) => Some(OwnerEvent::Reactivated),
            (true, false) if is_active => Some(OwnerEvent::Demoted),
            (true, false) => Some(OwnerEvent::Deactivated),
            _ => None,
        };
        if let Some(event) = event {
            tell_owners(&transaction, &caller, &member, event).await?;
        }
    }
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Tells the owners that one of them is one no longer, or that there is one more.
async fn tell_owners(
    transaction: &Transaction,
    caller: &Caller,
    member: &Member,
    event: OwnerEvent,
) -> Result<()> {
    let change = OwnerChange {
        account: (caller.account.id, &caller.account.name),
        event,
        person: (Some(member.id), &member.email),
        by: Some((caller.user.id, &caller.user.name)),
    };
    Ok(change.announce(transaction, caller.now).await?)
}

/// Takes from a person what an owner has: unless the account would be without one, and their open
/// invitations, which were an owner's to send.
async fn cease_to_own(transaction: &Transaction, member: &Member, now: DateTime<Utc>) -> Result<()> {
    if users::is_last_owner(transaction, member).await? {
        return Err(ErrorCode::LastOwner.into());
    }
    invites::revoke_of_user(transaction, member.account_id, member.id, DateTime::UNIX_EPOCH, now).await?;
    Ok(())
}

/// Tells a person that they can sign in no longer.
async fn member_left(
    transaction: &Transaction,
    caller: &Caller,
    member: &Member,
    end: MembershipEnd,
) -> Result<()> {
    let account_name = caller.account.name.clone();
    let mail = Mail::MembershipEnded { account_name, end, at: caller.now };
    Ok(mail.enqueue(transaction, &member.email, caller.now).await?)
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
    client: Client,
    Path(id): Path<UserId>,
) -> Result<StatusCode> {
    caller.must_be_fresh()?;
    if id == caller.user.id {
        return Err(ErrorCode::OwnMembership.into());
    }
    let transaction = caller.begin_as_owner(&app).await?;
    users::hold(&transaction, id).await?;
    let member = users::find_member(&transaction, caller.account.id, id).await?;
    let member = member.ok_or(ErrorCode::NotFound)?;
    cease_to_own(&transaction, &member, caller.now).await?;
    let by = (caller.deed(AuditKind::MemberRemoved, &client), MembershipEnd::Removed);
    membership::end(&transaction, &member, &caller.account.name, by, caller.now).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
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
    client: Client,
    Path(id): Path<UserId>,
) -> Result<JsonResponse<RevokeSessionsResponse>> {
    caller.must_be_fresh()?;
    let transaction = caller.begin_as_owner(&app).await?;
    users::hold(&transaction, id).await?;
    let member = users::find_member(&transaction, caller.account.id, id).await?;
    let member = member.ok_or(ErrorCode::NotFound)?;
    let revoked_count = sessions::revoke_of_user(&transaction, id, Reason::EndedByOwner, caller.now).await?;
    if revoked_count > 0 {
        let payload = json!({"user_id": id, "revoked_count": revoked_count});
        caller.deed(AuditKind::MemberSessionsRevoked, &client).with(payload).append(&transaction).await?;
    }
    if revoked_count > 0 && id != caller.user.id {
        Mail::SessionsEnded { at: caller.now }.enqueue(&transaction, &member.email, caller.now).await?;
    }
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(JsonResponse(RevokeSessionsResponse { revoked_count }))
}
