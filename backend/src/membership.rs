//! Ending a person's part in an account, and closing an account.

use chrono::{DateTime, Utc};
use curfew_shared::{audit::AuditKind, auth::Role, id::AccountId};
use serde_json::json;

use crate::{
    audit::{AppendError, Deed},
    mail::{Mail, MembershipEnd, OwnerChange, OwnerEvent},
    store::{
        Transaction, accounts, invites,
        sessions::{self, Reason},
        users::{self, Member},
    },
    takeover,
};

/// Deletes a person's user with all sessions, cancels the invitations that they sent, puts it on record
/// and tells them. Whether the account keeps an owner is for the caller to check. Answers how many
/// sessions ended.
///
/// # Errors
///
/// When the database is away.
pub async fn end(
    transaction: &Transaction,
    member: &Member,
    account_name: &str,
    (deed, end): (Deed<'_>, MembershipEnd),
    now: DateTime<Utc>,
) -> Result<u64, AppendError> {
    invites::revoke_of_user(transaction, member.account_id, member.id, DateTime::UNIX_EPOCH, now).await?;
    let revoked_count = sessions::revoke_of_user(transaction, member.id, Reason::Deactivated, now).await?;
    let by = deed.actor();
    let is_closing = matches!(end, MembershipEnd::Closed | MembershipEnd::ClosedByOperator);
    if !is_closing {
        takeover::record_removal(transaction, member, by, now).await?;
    }
    users::delete(transaction, member.id).await?;
    if !is_closing && member.is_active && member.role == Role::Owner {
        let login = match by {
            Some(by) => users::find_login_by_id(transaction, by).await?,
            None => None,
        };
        let change = OwnerChange {
            account: (member.account_id, account_name),
            event: if by == Some(member.id) { OwnerEvent::Left } else { OwnerEvent::Removed },
            person: (Some(member.id), &member.email),
            by: by.map(|by| (by, login.as_ref().map_or("", |login| &login.name))),
        };
        change.announce(transaction, now).await?;
    }
    let payload = json!({
        "user_id": member.id,
        "name": member.name,
        "email": member.email,
        "revoked_count": revoked_count,
    });
    deed.with(payload).append(transaction).await?;
    let (user_id, account_name) = (Some(member.id), account_name.to_owned());
    let mail = Mail::MembershipEnded { user_id, account_name, end, at: now };
    mail.enqueue(transaction, &member.email, now).await?;
    Ok(revoked_count)
}

/// What went with an account.
#[derive(Debug, Clone, Copy)]
pub struct Closed {
    /// How many users.
    pub member_count: usize,
    /// How many sessions.
    pub revoked_count: u64,
}

/// Closes an account, which is to be held: deletes its people and invitations, and tells everyone. The
/// account itself and its audit trail stay. `deed` begins each entry of the trail.
///
/// # Errors
///
/// When the database is away.
pub async fn close<'a>(
    transaction: &Transaction,
    (id, name): (AccountId, &str),
    deed: impl Fn(AuditKind) -> Deed<'a>,
    how: MembershipEnd,
    now: DateTime<Utc>,
) -> Result<Closed, AppendError> {
    accounts::close(transaction, id, now).await?;
    // Before the people: whoever is just accepting one is among them, or too late.
    let revoked_invite_count = invites::delete_of_account(transaction, id).await?;
    let members = users::hold_all(transaction, id).await?;
    let mut revoked_count = 0;
    for member in &members {
        let by = (deed(AuditKind::MemberRemoved), how);
        revoked_count += end(transaction, member, name, by, now).await?;
    }
    let member_count = members.len();
    let payload = json!({
        "name": name,
        "member_count": member_count,
        "revoked_invite_count": revoked_invite_count,
    });
    deed(AuditKind::AccountClosed).with(payload).append(transaction).await?;
    Ok(Closed { member_count, revoked_count })
}
