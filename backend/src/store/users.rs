//! Users.

use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, UserId},
    policy::PolicyOverride,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    QueryFilter,
};
use uuid::Uuid;

use super::{corrupt, execute, one};

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
    /// The role.
    pub role: Role,
    /// The hash of the password, if one is set.
    pub password_hash: Option<String>,
    /// Whether the user may sign in at all.
    pub is_active: bool,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// The account's policy.
    pub policy: PolicyOverride,
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
        role: String,
        password_hash: Option<String>,
        is_active: bool,
        email_verified_at: Option<DateTime<Utc>>,
        session_idle_minutes: Option<i32>,
        session_absolute_minutes: Option<i32>,
    }
    let sql = format!(
        "SELECT u.id, u.account_id, u.role, u.password_hash, u.is_active, u.email_verified_at, \
         a.session_idle_minutes, a.session_absolute_minutes \
         FROM users u JOIN accounts a ON a.id = u.account_id WHERE {condition}"
    );
    let Some(row) = one::<Row>(connection, &sql, [value]).await? else { return Ok(None) };
    Ok(Some(Login {
        user_id: UserId(row.id),
        account_id: AccountId(row.account_id),
        role: role(&row.role)?,
        password_hash: row.password_hash,
        is_active: row.is_active,
        email_verified: row.email_verified_at.is_some(),
        policy: super::accounts::policy(row.session_idle_minutes, row.session_absolute_minutes)?,
    }))
}

/// Notes a sign-in of an active user. Answers false where the user is active no longer.
///
/// # Errors
///
/// When the database is away.
pub async fn touch_login(
    connection: &impl ConnectionTrait,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET last_login_at = $2 WHERE id = $1 AND is_active";
    Ok(execute(connection, sql, [id.0.into(), now.into()]).await? > 0)
}

/// Replaces the password's hash.
///
/// # Errors
///
/// When the database is away.
pub async fn set_password_hash(
    connection: &impl ConnectionTrait,
    id: UserId,
    hash: &str,
) -> Result<(), DbErr> {
    execute(connection, "UPDATE users SET password_hash = $2 WHERE id = $1", [id.0.into(), hash.into()])
        .await
        .map(drop)
}

/// Replaces the password's hash by one of the same password with newer parameters, unless it changed meanwhile.
///
/// # Errors
///
/// When the database is away.
pub async fn renew_password_hash(
    connection: &impl ConnectionTrait,
    id: UserId,
    old: &str,
    new: &str,
) -> Result<(), DbErr> {
    let sql = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    execute(connection, sql, [id.0.into(), old.into(), new.into()]).await.map(drop)
}

/// Deactivates a user, unless it is the account's last active owner. Answers whether it did.
///
/// The account's owners are locked first, so that two owners cannot be deactivated past each other.
///
/// # Errors
///
/// When the database is away.
pub async fn deactivate(
    connection: &sea_orm::DatabaseTransaction,
    user: UserId,
    account: AccountId,
) -> Result<bool, DbErr> {
    if connection.get_database_backend() == sea_orm::DbBackend::Postgres {
        let sql = "SELECT id FROM accounts WHERE id = $1 FOR UPDATE";
        execute(connection, sql, [account.0.into()]).await?;
    }
    let sql = "UPDATE users SET is_active = FALSE WHERE id = $1 AND (role <> 'owner' OR EXISTS \
               (SELECT 1 FROM users o WHERE o.account_id = $2 AND o.role = 'owner' AND o.is_active AND o.id <> $1))";
    Ok(execute(connection, sql, [user.0.into(), account.0.into()]).await? > 0)
}

pub(super) fn role(text: &str) -> Result<Role, DbErr> {
    [Role::Owner, Role::Engineer, Role::Viewer]
        .into_iter()
        .find(|role| role.as_str() == text)
        .ok_or_else(|| corrupt("users.role"))
}
