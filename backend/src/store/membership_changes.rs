//! Recent changes of people's parts in accounts.

use chrono::{DateTime, Utc};
use curfew_shared::id::{AccountId, UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{all, corrupt, execute, one, users::role};
use crate::domain::membership::{Change, Membership};

/// What brings back a person who was removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Removed {
    /// The name.
    pub name: String,
    /// The address at the end.
    pub email: String,
    /// Whether the user had verified that address.
    #[serde(default = "yes")]
    pub email_verified: bool,
    /// The version of the credentials at the end.
    pub credentials_version: i64,
    /// The addresses before, oldest first, each with the version of the credentials when it was changed.
    pub former: Vec<(String, i64)>,
}

// Entries of earlier releases lack it; at that time every address was verified.
const fn yes() -> bool {
    true
}

impl Removed {
    /// The version of the credentials that a link to an address of the person names.
    #[must_use]
    pub fn version_at(&self, email: &str) -> Option<i64> {
        let former = self.former.iter().rev().find(|(old, _)| old == email).map(|(_, version)| *version);
        if self.email == email { Some(self.credentials_version) } else { former }
    }
}

/// Notes a change. `removed` goes with the removal of a person.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    account: AccountId,
    change: Change,
    removed: Option<Removed>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let role = |part: Option<Membership>| part.map(|part| part.role.as_str());
    let is_active = |part: Option<Membership>| part.map(|part| part.is_active);
    let removed = removed.map(|removed| serde_json::to_value(removed).unwrap_or_default());
    let sql = "INSERT INTO membership_changes (account_id, user_id, changed_by, changed_at, old_role, old_is_active, \
               new_role, new_is_active, removed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        account.0.into(),
        change.user.0.into(),
        change.by.map(|by| by.0).into(),
        now.into(),
        role(change.old).into(),
        is_active(change.old).into(),
        role(change.new).into(),
        is_active(change.new).into(),
        removed.into(),
    ];
    execute(connection, sql, values).await.map(drop)
}

/// The changes in an account from a moment on, oldest first.
///
/// # Errors
///
/// When the database is away.
pub async fn list(
    connection: &impl ConnectionTrait,
    account: AccountId,
    since: DateTime<Utc>,
) -> Result<Vec<Change>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: Uuid,
        changed_by: Option<Uuid>,
        old_role: Option<String>,
        old_is_active: Option<bool>,
        new_role: Option<String>,
        new_is_active: Option<bool>,
    }
    let part = |text: Option<String>, is_active: Option<bool>| match (text, is_active) {
        (Some(text), Some(is_active)) => Ok(Some(Membership { role: role(&text)?, is_active })),
        (None, None) => Ok(None),
        _ => Err(corrupt("membership_changes.is_active")),
    };
    let sql = "SELECT user_id, changed_by, old_role, old_is_active, new_role, new_is_active \
               FROM membership_changes WHERE account_id = $1 AND changed_at >= $2 ORDER BY id";
    let rows = all::<Row>(connection, sql, [account.0.into(), since.into()]).await?;
    let change = |row: Row| {
        Ok(Change {
            user: UserId(row.user_id),
            by: row.changed_by.map(UserId),
            old: part(row.old_role, row.old_is_active)?,
            new: part(row.new_role, row.new_is_active)?,
        })
    };
    rows.into_iter().map(change).collect()
}

/// What brings back a person who was removed from a moment on, and the account.
///
/// # Errors
///
/// When the database is away.
pub async fn find_removed(
    connection: &impl ConnectionTrait,
    user: UserId,
    since: DateTime<Utc>,
) -> Result<Option<(AccountId, Removed)>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        account_id: Uuid,
        removed: serde_json::Value,
    }
    let sql = "SELECT account_id, removed FROM membership_changes WHERE user_id = $1 AND changed_at >= $2 \
               AND removed IS NOT NULL ORDER BY id DESC LIMIT 1";
    let row = one::<Row>(connection, sql, [user.0.into(), since.into()]).await?;
    row.map(|row| {
        let removed =
            serde_json::from_value(row.removed).map_err(|_| corrupt("membership_changes.removed"))?;
        Ok((AccountId(row.account_id), removed))
    })
    .transpose()
}

/// Deletes the changes in an account that these people made.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_by(
    connection: &impl ConnectionTrait,
    account: AccountId,
    people: impl Iterator<Item = UserId>,
) -> Result<(), DbErr> {
    let sql = "DELETE FROM membership_changes WHERE account_id = $1 AND changed_by = $2";
    for person in people {
        execute(connection, sql, [account.0.into(), person.0.into()]).await?;
    }
    Ok(())
}

/// Deletes at most `limit` changes from before `before`. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_stale(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM membership_changes WHERE id IN \
               (SELECT id FROM membership_changes WHERE changed_at < $1 LIMIT $2)";
    execute(connection, sql, [before.into(), i64::from(limit).into()]).await
}
