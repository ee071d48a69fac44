//! The history of memberships, kept for a while so that a takeover can be undone.

use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, UserId},
};

use crate::{
    domain::{
        link::DISOWN_REACH,
        membership::{Change, Membership},
    },
    store::{
        StoreError, Transaction, address_changes,
        membership_changes::{self, Removed},
        users::{self, Member},
    },
};

/// Records that a membership changed. `by` is `None` for the operator.
///
/// # Errors
///
/// When the database is away.
pub async fn record_change(
    transaction: &Transaction,
    member: &Member,
    by: Option<UserId>,
    new: Membership,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let change = Change { user: member.id, by, old: Some(part_of(member)), new: Some(new) };
    membership_changes::insert(transaction, member.account_id, change, None, now).await
}

/// Records that a user joined by an invitation of `by`.
///
/// # Errors
///
/// When the database is away.
pub async fn record_joining(
    transaction: &Transaction,
    account: AccountId,
    (user, role): (UserId, Role),
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let new = Membership { role, is_active: true };
    let change = Change { user, by: Some(by), old: None, new: Some(new) };
    membership_changes::insert(transaction, account, change, None, now).await
}

/// Records that a user is about to be removed, with what it takes to restore them.
///
/// # Errors
///
/// When the database is away.
pub async fn record_removal(
    transaction: &Transaction,
    member: &Member,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let login = users::find_login_by_id(transaction, member.id).await?;
    let removed = Removed {
        name: member.name.clone(),
        email: member.email.clone(),
        email_verified: login.as_ref().is_some_and(|login| login.email_verified),
        credentials_version: login.map_or(0, |login| login.credentials_version),
        former: address_changes::list(transaction, member.id, now - DISOWN_REACH).await?,
    };
    let change = Change { user: member.id, by, old: Some(part_of(member)), new: None };
    membership_changes::insert(transaction, member.account_id, change, Some(removed), now).await
}

const fn part_of(member: &Member) -> Membership {
    Membership { role: member.role, is_active: member.is_active }
}
