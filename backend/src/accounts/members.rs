//! Changing and ending memberships of an account.
//!
//! The account must be locked, so that two owners cannot remove each other at once.

use chrono::DateTime;
use curfew_shared::{
    audit::AuditKind,
    auth::{AccountSummary, Role},
    error::ErrorCode,
    id::{AccountId, UserId},
};
use serde_json::json;

use crate::{
    accounts::membership_history,
    context::{Actor, Context},
    domain::membership::Membership,
    error::Result,
    mail::{Mail, MembershipEnd, OwnerChange, OwnerEvent},
    store::{
        invites,
        sessions::{self, Reason},
        users::{self, Member},
    },
};

/// Locks a user of the account and reads their membership.
///
/// # Errors
///
/// `not_found`.
pub async fn find_for_update(ctx: Context<'_>, account: AccountId, user: UserId) -> Result<Member> {
    users::hold(ctx.transaction, user).await?;
    let member = users::find_member(ctx.transaction, account, user).await?;
    Ok(member.ok_or(ErrorCode::NotFound)?)
}

/// Changes a role, or whether the person may sign in, and tells them and the owners. Deactivating ends all their
/// sessions. Returns how many ended.
///
/// # Errors
///
/// `last_owner`.
pub async fn change(
    ctx: Context<'_>,
    account: &AccountSummary,
    member: &Member,
    new: Membership,
) -> Result<u64> {
    let old = Membership { role: member.role, is_active: member.is_active };
    if new == old {
        return Ok(0);
    }
    if new.role != Role::Owner || !new.is_active {
        withdraw_ownership(ctx, member).await?;
    }
    if new.role != old.role {
        users::set_role(ctx.transaction, member.id, new.role).await?;
        let payload = json!({"user_id": member.id, "old": old.role, "new": new.role});
        ctx.record(account.id, AuditKind::MemberRoleChanged, payload).await?;
    }
    let mut revoked_count = 0;
    if new.is_active != old.is_active {
        users::set_active(ctx.transaction, member.id, new.is_active).await?;
        if new.is_active {
            reactivated(ctx, account, member).await?;
        } else {
            revoked_count = deactivated(ctx, account, member).await?;
        }
    }
    membership_history::record_change(ctx.transaction, member, ctx.user_id(), new, ctx.now).await?;
    let was_owner = old.is_active && old.role == Role::Owner;
    let event = match (was_owner, new.is_active && new.role == Role::Owner) {
        (false, true) if old.is_active => Some(OwnerEvent::Promoted),
        (false, true) => Some(OwnerEvent::Reactivated),
        (true, false) if new.is_active => Some(OwnerEvent::Demoted),
        (true, false) => Some(OwnerEvent::Deactivated),
        _ => None,
    };
    if let Some(event) = event {
        announce(ctx, account.id, &account.name, member, event).await?;
    }
    Ok(revoked_count)
}

/// Fails if the account would be left without an owner. Revokes the person's open invitations, which were an owner's
/// to send.
async fn withdraw_ownership(ctx: Context<'_>, member: &Member) -> Result<()> {
    check_not_last_owner(ctx, member).await?;
    let since = DateTime::UNIX_EPOCH;
    invites::revoke_of_user(ctx.transaction, member.account_id, member.id, since, ctx.now).await?;
    Ok(())
}

/// Fails if without this person the account would have no active owner.
///
/// # Errors
///
/// `last_owner`.
pub async fn check_not_last_owner(ctx: Context<'_>, member: &Member) -> Result<()> {
    if users::is_last_owner(ctx.transaction, member).await? {
        return Err(ErrorCode::LastOwner.into());
    }
    Ok(())
}

async fn reactivated(ctx: Context<'_>, account: &AccountSummary, member: &Member) -> Result<()> {
    let kind = match ctx.actor {
        Actor::Operator => AuditKind::UserReactivatedByOperator,
        Actor::Anonymous | Actor::User(_) => AuditKind::MemberReactivated,
    };
    let (user_id, account_name) = (Some(member.id), account.name.clone());
    let mail = Mail::MembershipRestored { user_id, account_name, at: ctx.now };
    mail.enqueue(ctx.transaction, &member.email, ctx.now).await?;
    Ok(ctx.record(account.id, kind, json!({"user_id": member.id})).await?)
}

async fn deactivated(ctx: Context<'_>, account: &AccountSummary, member: &Member) -> Result<u64> {
    let (kind, reason, end) = match ctx.actor {
        Actor::Operator => {
            (AuditKind::UserDeactivatedByOperator, Reason::Operator, MembershipEnd::ByOperator)
        }
        Actor::Anonymous | Actor::User(_) => {
            (AuditKind::MemberDeactivated, Reason::Deactivated, MembershipEnd::Deactivated)
        }
    };
    let revoked_count = sessions::revoke_of_user(ctx.transaction, member.id, reason, ctx.now).await?;
    let (user_id, account_name) = (Some(member.id), account.name.clone());
    let mail = Mail::MembershipEnded { user_id, account_name, end, at: ctx.now };
    mail.enqueue(ctx.transaction, &member.email, ctx.now).await?;
    ctx.record(account.id, kind, json!({"user_id": member.id, "revoked_count": revoked_count})).await?;
    Ok(revoked_count)
}

/// Tells the owners that there is one more, or one less.
async fn announce(
    ctx: Context<'_>,
    account: AccountId,
    account_name: &str,
    member: &Member,
    event: OwnerEvent,
) -> Result<()> {
    let by = match ctx.user_id() {
        Some(by) => {
            let login = users::find_login_by_id(ctx.transaction, by).await?;
            Some((by, login.map(|login| login.name).unwrap_or_default()))
        }
        None => None,
    };
    let change = OwnerChange {
        account: (account, account_name),
        event,
        person: (Some(member.id), &member.email),
        by: by.as_ref().map(|(by, name)| (*by, name.as_str())),
    };
    Ok(change.announce(ctx.transaction, ctx.now).await?)
}

/// Deletes a person's user with all sessions, revokes the invitations that they sent, records it and tells them.
/// The caller checks that the account keeps an owner. Returns how many sessions ended.
///
/// # Errors
///
/// When the database is away.
pub async fn remove(
    ctx: Context<'_>,
    account_name: &str,
    member: &Member,
    end: MembershipEnd,
) -> Result<u64> {
    let Context { transaction, now, .. } = ctx;
    invites::revoke_of_user(transaction, member.account_id, member.id, DateTime::UNIX_EPOCH, now).await?;
    let revoked_count = sessions::revoke_of_user(transaction, member.id, Reason::Deactivated, now).await?;
    let is_closing = matches!(end, MembershipEnd::Closed | MembershipEnd::ClosedByOperator);
    if !is_closing {
        membership_history::record_removal(transaction, member, ctx.user_id(), now).await?;
    }
    users::delete(transaction, member.id).await?;
    if !is_closing && member.is_active && member.role == Role::Owner {
        let is_leaving = ctx.user_id() == Some(member.id);
        let event = if is_leaving { OwnerEvent::Left } else { OwnerEvent::Removed };
        announce(ctx, member.account_id, account_name, member, event).await?;
    }
    let kind = match end {
        MembershipEnd::Left => AuditKind::MemberLeft,
        MembershipEnd::DeletedByOperator => AuditKind::UserDeletedByOperator,
        _ => AuditKind::MemberRemoved,
    };
    let payload = json!({
        "user_id": member.id,
        "name": member.name,
        "email": member.email,
        "revoked_count": revoked_count,
    });
    ctx.record(member.account_id, kind, payload).await?;
    let (user_id, account_name) = (Some(member.id), account_name.to_owned());
    let mail = Mail::MembershipEnded { user_id, account_name, end, at: now };
    mail.enqueue(transaction, &member.email, now).await?;
    Ok(revoked_count)
}
