//! Users.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, UserId},
    member::MemberSummary,
    policy::PolicyOverride,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait,
    FromQueryResult, PaginatorTrait, QueryFilter,
};
use uuid::Uuid;

use super::{all, corrupt, execute, one};
use crate::domain::link::fingerprint;

mod entity {
    //! A row.

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account_id: Uuid,
        pub email: String,
        pub email_verified_at: Option<DateTimeUtc>,
        pub name: String,
        pub role: String,
        pub password_hash: Option<String>,
        pub is_active: bool,
        pub last_login_at: Option<DateTimeUtc>,
        pub disowned_at: Option<DateTimeUtc>,
        pub credentials_version: i64,
        pub created_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A user to be.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// The id.
    pub id: UserId,
    /// The account.
    pub account_id: AccountId,
    /// The address, in its normal form.
    pub email: &'a str,
    /// When the address was proven, if it was.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// The name.
    pub name: &'a str,
    /// The role.
    pub role: Role,
    /// The hash of the password, a PHC string.
    pub password_hash: Option<&'a str>,
}

/// Inserts an active user.
///
/// # Errors
///
/// When the address is taken (see [`super::is_taken`]), or the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    user: NewUser<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = entity::ActiveModel {
        id: Set(user.id.0),
        account_id: Set(user.account_id.0),
        email: Set(user.email.to_owned()),
        email_verified_at: Set(user.email_verified_at),
        name: Set(user.name.to_owned()),
        role: Set(user.role.as_str().to_owned()),
        password_hash: Set(user.password_hash.map(str::to_owned)),
        is_active: Set(true),
        last_login_at: Set(None),
        disowned_at: Set(None),
        credentials_version: Set(0),
        created_at: Set(now),
    };
    row.insert(connection).await.map(drop)
}

/// Who an address names: the user's and the account's id.
///
/// # Errors
///
/// When the database is away.
pub async fn find_by_email(
    connection: &impl ConnectionTrait,
    email: &str,
) -> Result<Option<(UserId, AccountId)>, DbErr> {
    let user = entity::Entity::find().filter(entity::Column::Email.eq(email)).one(connection).await?;
    Ok(user.map(|user| (UserId(user.id), AccountId(user.account_id))))
}

/// What a sign-in needs to know.
#[derive(Debug)]
pub struct Login {
    /// The user.
    pub user_id: UserId,
    /// The account.
    pub account_id: AccountId,
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The hash of the password, if one is set.
    pub password_hash: Option<String>,
    /// Whether the user may sign in at all.
    pub is_active: bool,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// When the user last signed in, if ever.
    pub last_login_at: Option<DateTime<Utc>>,
    /// When the user last said that a sign-in was somebody else's.
    pub disowned_at: Option<DateTime<Utc>>,
    /// How often the password was changed or taken away.
    pub credentials_version: i64,
    /// The account's policy.
    pub policy: PolicyOverride,
}

impl Login {
    /// What a link names so that it is useless once the address or the password changed, or the user said
    /// that a sign-in was somebody else's.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.email, self.password_hash.as_deref(), self.disowned_at)
    }
}

/// Finds who may sign in with an address (in its normal form). One statement.
///
/// # Errors
///
/// When the database is away.
pub async fn find_login(connection: &impl ConnectionTrait, email: &str) -> Result<Option<Login>, DbErr> {
    find_login_where(connection, "u.email = $1", email.into()).await
}

/// The same by the user's id.
///
/// # Errors
///
/// When the database is away.
pub async fn find_login_by_id(connection: &impl ConnectionTrait, id: UserId) -> Result<Option<Login>, DbErr> {
    find_login_where(connection, "u.id = $1", id.0.into()).await
}

async fn find_login_where(
    connection: &impl ConnectionTrait,
    condition: &'static str,
    value: sea_orm::Value,
) -> Result<Option<Login>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        account_id: Uuid,
        email: String,
        name: String,
        role: String,
        password_hash: Option<String>,
        is_active: bool,
        email_verified_at: Option<DateTime<Utc>>,
        last_login_at: Option<DateTime<Utc>>,
        disowned_at: Option<DateTime<Utc>>,
        credentials_version: i64,
        session_idle_minutes: Option<i32>,
        session_absolute_minutes: Option<i32>,
    }
    let sql = format!(
        "SELECT u.id, u.account_id, u.email, u.name, u.role, u.password_hash, u.is_active, u.email_verified_at, \
         u.last_login_at, u.disowned_at, u.credentials_version, a.session_idle_minutes, a.session_absolute_minutes \
         FROM users u JOIN accounts a ON a.id = u.account_id WHERE {condition}"
    );
    let Some(row) = one::<Row>(connection, &sql, [value]).await? else { return Ok(None) };
    Ok(Some(Login {
        user_id: UserId(row.id),
        account_id: AccountId(row.account_id),
        email: row.email,
        name: row.name,
        role: role(&row.role)?,
        password_hash: row.password_hash,
        is_active: row.is_active,
        email_verified: row.email_verified_at.is_some(),
        last_login_at: row.last_login_at,
        disowned_at: row.disowned_at,
        credentials_version: row.credentials_version,
        policy: super::accounts::policy(row.session_idle_minutes, row.session_absolute_minutes)?,
    }))
}

/// Notes a sign-in of an active user, who proved themselves by the password behind `password_hash` if
/// by one. Answers false where the user is active no longer, or the password another by now.
///
/// # Errors
///
/// When the database is away.
pub async fn touch_login(
    connection: &impl ConnectionTrait,
    id: UserId,
    password_hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = "UPDATE users SET last_login_at = $2 WHERE id = $1 AND is_active".to_owned();
    let mut values: Vec<sea_orm::Value> = vec![id.0.into(), now.into()];
    if let Some(hash) = password_hash {
        sql += " AND password_hash = $3";
        values.push(hash.into());
    }
    Ok(execute(connection, &sql, values).await? > 0)
}

/// Replaces a user's name. Answers whether it was another.
///
/// # Errors
///
/// When the database is away.
pub async fn set_name(connection: &impl ConnectionTrait, id: UserId, name: &str) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET name = $2 WHERE id = $1 AND name <> $2";
    Ok(execute(connection, sql, [id.0.into(), name.into()]).await? > 0)
}

/// Replaces a user's address by one that was proven, unless the old one changed meanwhile. Answers whether it did.
///
/// # Errors
///
/// When the address is taken (see [`super::is_taken`]), or the database is away.
pub async fn set_email(
    connection: &impl ConnectionTrait,
    id: UserId,
    old: &str,
    new: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET email = $3, email_verified_at = $4 WHERE id = $1 AND email = $2";
    Ok(execute(connection, sql, [id.0.into(), old.into(), new.into(), now.into()]).await? > 0)
}

/// Takes an address that was never verified from a user, who gets `placeholder` instead. Returns whether it did.
///
/// # Errors
///
/// When the database is away.
pub async fn release_unverified_email(
    connection: &impl ConnectionTrait,
    id: UserId,
    email: &str,
    placeholder: &str,
) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET email = $3 WHERE id = $1 AND email = $2 AND email_verified_at IS NULL";
    Ok(execute(connection, sql, [id.0.into(), email.into(), placeholder.into()]).await? > 0)
}

/// Sets a password by a link that went to the address, which proves it; only while the password is
/// still the one that the link was made for. Answers whether it did.
///
/// # Errors
///
/// When the database is away.
pub async fn reset_password(
    connection: &impl ConnectionTrait,
    id: UserId,
    old: Option<&str>,
    new: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET password_hash = $3, email_verified_at = COALESCE(email_verified_at, $4), \
               credentials_version = credentials_version + 1 \
               WHERE id = $1 AND COALESCE(password_hash, '') = $2 AND is_active";
    let values = [id.0.into(), old.unwrap_or_default().into(), new.into(), now.into()];
    Ok(execute(connection, sql, values).await? > 0)
}

/// Takes the password away, which somebody else knows: only a link to the address sets a new one.
/// Links that were made before are no longer good.
///
/// # Errors
///
/// When the database is away.
pub async fn lock_out(
    connection: &impl ConnectionTrait,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "UPDATE users SET password_hash = NULL, disowned_at = $2, \
               credentials_version = credentials_version + 1 WHERE id = $1";
    execute(connection, sql, [id.0.into(), now.into()]).await.map(drop)
}

/// Holds a user until the transaction ends: what is read of them then stays so, and whoever does something
/// to the same user waits. It comes before anything of theirs is changed, so that no two wait for each
/// other. In SQLite the transaction holds the whole database already.
///
/// # Errors
///
/// When the database is away.
pub async fn hold(transaction: &super::Transaction, id: UserId) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        execute(transaction, "SELECT id FROM users WHERE id = $1 FOR UPDATE", [id.0.into()]).await?;
    }
    Ok(())
}

/// A person's part in an account.
#[derive(Debug, Clone)]
pub struct Member {
    /// The user.
    pub id: UserId,
    /// The account.
    pub account_id: AccountId,
    /// The role.
    pub role: Role,
    /// Whether the person may sign in.
    pub is_active: bool,
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// Finds a person of an account.
///
/// # Errors
///
/// When the database is away.
pub async fn find_member(
    connection: &impl ConnectionTrait,
    account: AccountId,
    id: UserId,
) -> Result<Option<Member>, DbErr> {
    let row = entity::Entity::find_by_id(id.0)
        .filter(entity::Column::AccountId.eq(account.0))
        .one(connection)
        .await?;
    row.map(member).transpose()
}

/// Holds all people of an account until the transaction ends, and answers them; see [`hold`].
///
/// # Errors
///
/// When the database is away.
pub async fn hold_all(transaction: &super::Transaction, account: AccountId) -> Result<Vec<Member>, DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT id FROM users WHERE account_id = $1 ORDER BY id FOR UPDATE";
        execute(transaction, sql, [account.0.into()]).await?;
    }
    let rows =
        entity::Entity::find().filter(entity::Column::AccountId.eq(account.0)).all(transaction).await?;
    rows.into_iter().map(member).collect()
}

fn member(row: entity::Model) -> Result<Member, DbErr> {
    Ok(Member {
        id: UserId(row.id),
        account_id: AccountId(row.account_id),
        role: role(&row.role)?,
        is_active: row.is_active,
        name: row.name,
        email: row.email,
    })
}

/// Whether without this person the account would have no active owner. The account is to be held
/// (see [`super::accounts::hold`]), so that two owners cannot be taken away past each other.
///
/// # Errors
///
/// When the database is away.
pub async fn is_last_owner(connection: &impl ConnectionTrait, member: &Member) -> Result<bool, DbErr> {
    if member.role != Role::Owner || !member.is_active {
        return Ok(false);
    }
    let others = entity::Entity::find()
        .filter(entity::Column::AccountId.eq(member.account_id.0))
        .filter(entity::Column::Role.eq(Role::Owner.as_str()))
        .filter(entity::Column::IsActive.eq(true))
        .filter(entity::Column::Id.ne(member.id.0));
    Ok(others.count(connection).await? == 0)
}

/// The names and addresses of people of an account, by id; who was removed is not among them.
///
/// # Errors
///
/// When the database is away.
pub(super) async fn find_names(
    connection: &impl ConnectionTrait,
    account: AccountId,
    ids: HashSet<Uuid>,
) -> Result<HashMap<Uuid, (String, String)>, DbErr> {
    let people = entity::Entity::find()
        .filter(entity::Column::AccountId.eq(account.0))
        .filter(entity::Column::Id.is_in(ids))
        .all(connection)
        .await?;
    Ok(people.into_iter().map(|person| (person.id, (person.name, person.email))).collect())
}

/// Gives a person of an account another role.
///
/// # Errors
///
/// When the database is away.
pub async fn set_role(connection: &impl ConnectionTrait, id: UserId, role: Role) -> Result<(), DbErr> {
    let sql = "UPDATE users SET role = $2 WHERE id = $1";
    execute(connection, sql, [id.0.into(), role.as_str().into()]).await.map(drop)
}

/// Lets links that name an earlier version of the credentials stay void for a person who was brought back.
///
/// # Errors
///
/// When the database is away.
pub async fn set_credentials_version(
    connection: &impl ConnectionTrait,
    id: UserId,
    version: i64,
) -> Result<(), DbErr> {
    let sql = "UPDATE users SET credentials_version = $2 WHERE id = $1";
    execute(connection, sql, [id.0.into(), version.into()]).await.map(drop)
}

/// The account's owners who may sign in.
///
/// # Errors
///
/// When the database is away.
pub async fn list_owners(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<(UserId, String)>, DbErr> {
    let owners = entity::Entity::find()
        .filter(entity::Column::AccountId.eq(account.0))
        .filter(entity::Column::Role.eq(Role::Owner.as_str()))
        .filter(entity::Column::IsActive.eq(true))
        .all(connection)
        .await?;
    Ok(owners.into_iter().map(|owner| (UserId(owner.id), owner.email)).collect())
}

/// Lets a person of an account sign in, or not.
///
/// # Errors
///
/// When the database is away.
pub async fn set_active(connection: &impl ConnectionTrait, id: UserId, active: bool) -> Result<(), DbErr> {
    let sql = "UPDATE users SET is_active = $2 WHERE id = $1";
    execute(connection, sql, [id.0.into(), active.into()]).await.map(drop)
}

/// Removes a person, and with them sessions, identities and devices.
///
/// # Errors
///
/// When the database is away.
pub async fn delete(connection: &impl ConnectionTrait, id: UserId) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM users WHERE id = $1", [id.0.into()]).await.map(drop)
}

/// An account's people by name, at most `limit` after whoever has the id and the name of `cursor` (and may
/// have been removed since), and how many there are in all. One statement.
///
/// # Errors
///
/// When the database is away.
pub async fn list_members(
    connection: &impl ConnectionTrait,
    account: AccountId,
    caller: UserId,
    cursor: Option<(UserId, String)>,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<(Vec<MemberSummary>, u64), DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
        email: String,
        role: String,
        is_active: bool,
        last_login_at: Option<DateTime<Utc>>,
        sessions: i64,
        members: i64,
    }
    let mut values: Vec<sea_orm::Value> = vec![account.0.into(), now.into(), i64::from(limit).into()];
    let mut after = "";
    if let Some((id, name)) = cursor {
        values.extend([name.into(), id.0.into()]);
        after = " AND (lower(u.name), u.id) > (lower($4), $5)";
    }
    let sql = format!(
        "SELECT u.id, u.name, u.email, u.role, u.is_active, u.last_login_at, \
         (SELECT count(*) FROM sessions s WHERE s.account_id = $1 AND s.user_id = u.id AND s.revoked_at IS NULL \
         AND s.idle_expires_at > $2 AND s.absolute_expires_at > $2) AS sessions, \
         (SELECT count(*) FROM users m WHERE m.account_id = $1) AS members \
         FROM users u WHERE u.account_id = $1{after} ORDER BY lower(u.name), u.id LIMIT $3"
    );
    let rows = all::<Row>(connection, &sql, values).await?;
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let total = rows.first().map_or(0, |row| count(row.members));
    let members = rows.into_iter().map(|row| {
        Ok(MemberSummary {
            is_caller: row.id == caller.0,
            id: UserId(row.id),
            name: row.name,
            email: row.email,
            role: role(&row.role)?,
            is_active: row.is_active,
            last_login_at: row.last_login_at,
            session_count: count(row.sessions),
        })
    });
    Ok((members.collect::<Result<_, DbErr>>()?, total))
}

/// Replaces the password, whatever it was.
///
/// # Errors
///
/// When the database is away.
pub async fn set_password_hash(
    connection: &impl ConnectionTrait,
    id: UserId,
    hash: &str,
) -> Result<(), DbErr> {
    let sql =
        "UPDATE users SET password_hash = $2, credentials_version = credentials_version + 1 WHERE id = $1";
    execute(connection, sql, [id.0.into(), hash.into()]).await.map(drop)
}

/// Replaces the password, unless its hash is another than `old` by now. Answers whether it did.
///
/// # Errors
///
/// When the database is away.
pub async fn change_password(
    connection: &impl ConnectionTrait,
    id: UserId,
    old: Option<&str>,
    new: &str,
) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET password_hash = $3, credentials_version = credentials_version + 1 \
               WHERE id = $1 AND COALESCE(password_hash, '') = $2";
    Ok(execute(connection, sql, [id.0.into(), old.unwrap_or_default().into(), new.into()]).await? > 0)
}

/// Replaces the hash of the same password, unless it is another than `old` by now. Answers whether it did.
///
/// # Errors
///
/// When the database is away.
pub async fn change_password_hash(
    connection: &impl ConnectionTrait,
    id: UserId,
    old: Option<&str>,
    new: &str,
) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET password_hash = $3 WHERE id = $1 AND COALESCE(password_hash, '') = $2";
    Ok(execute(connection, sql, [id.0.into(), old.unwrap_or_default().into(), new.into()]).await? > 0)
}

/// The addresses of whose sessions an owner ended in bulk, the owner left out.
///
/// # Errors
///
/// When the database is away.
pub async fn list_ended_in_bulk(
    connection: &impl ConnectionTrait,
    account: AccountId,
    by: UserId,
    at: DateTime<Utc>,
) -> Result<Vec<String>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        email: String,
    }
    let sql = "SELECT u.email FROM users u WHERE u.account_id = $1 AND u.id <> $2 AND u.is_active AND EXISTS \
               (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND s.revoked_at = $3 AND s.revoked_reason = 'bulk')";
    let rows = all::<Row>(connection, sql, [account.0.into(), by.0.into(), at.into()]).await?;
    Ok(rows.into_iter().map(|row| row.email).collect())
}

pub(super) fn role(text: &str) -> Result<Role, DbErr> {
    [Role::Owner, Role::Engineer, Role::Viewer]
        .into_iter()
        .find(|role| role.as_str() == text)
        .ok_or_else(|| corrupt("users.role"))
}
