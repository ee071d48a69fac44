//! Accounts.

use chrono::{DateTime, Utc};
use curfew_shared::{account::AccountResponse, id::AccountId, policy::PolicyOverride};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult,
    PaginatorTrait,
};

mod entity {
    //! A row.

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "accounts")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub session_idle_minutes: Option<i32>,
        pub session_absolute_minutes: Option<i32>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Inserts an account that has set no policy of its own.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    id: AccountId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = entity::ActiveModel {
        id: Set(id.0),
        name: Set(name.to_owned()),
        session_idle_minutes: Set(None),
        session_absolute_minutes: Set(None),
        created_at: Set(now),
    };
    row.insert(connection).await.map(drop)
}

/// Whether there is such an account, and it has not been closed.
///
/// # Errors
///
/// When the database is away.
pub async fn is_open(connection: &impl ConnectionTrait, id: AccountId) -> Result<bool, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        count: i64,
    }
    let sql = "SELECT count(*) AS count FROM accounts WHERE id = $1 AND closed_at IS NULL";
    let row = super::one::<Row>(connection, sql, [id.0.into()]).await?;
    Ok(row.is_some_and(|row| row.count > 0))
}

/// Notes that an account is closed.
///
/// # Errors
///
/// When the database is away.
pub async fn close(
    connection: &impl ConnectionTrait,
    id: AccountId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "UPDATE accounts SET closed_at = $2 WHERE id = $1";
    super::execute(connection, sql, [id.0.into(), now.into()]).await.map(drop)
}

/// An account's name, since when it exists, and how many people belong to it.
///
/// # Errors
///
/// When the database is away, or there is no such account.
pub async fn find(connection: &impl ConnectionTrait, id: AccountId) -> Result<AccountResponse, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        name: String,
        created_at: DateTime<Utc>,
        members: i64,
    }
    let sql = "SELECT name, created_at, (SELECT count(*) FROM users WHERE account_id = $1) AS members \
               FROM accounts WHERE id = $1";
    let row = super::one::<Row>(connection, sql, [id.0.into()]).await?.ok_or_else(|| missing(id))?;
    Ok(AccountResponse {
        id,
        name: row.name,
        created_at: row.created_at,
        member_count: u64::try_from(row.members).unwrap_or_default(),
    })
}

/// Replaces an account's name. Answers whether it was another.
///
/// # Errors
///
/// When the database is away.
pub async fn set_name(connection: &impl ConnectionTrait, id: AccountId, name: &str) -> Result<bool, DbErr> {
    let sql = "UPDATE accounts SET name = $2 WHERE id = $1 AND name <> $2";
    Ok(super::execute(connection, sql, [id.0.into(), name.into()]).await? > 0)
}

/// Whether there is any account.
///
/// # Errors
///
/// When the database is away.
pub async fn any(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(entity::Entity::find().count(connection).await? > 0)
}

/// The policy that an account has set.
///
/// # Errors
///
/// When the database is away, or there is no such account.
pub async fn find_policy(connection: &impl ConnectionTrait, id: AccountId) -> Result<PolicyOverride, DbErr> {
    let row = entity::Entity::find_by_id(id.0).one(connection).await?.ok_or_else(|| missing(id))?;
    policy(row.session_idle_minutes, row.session_absolute_minutes)
}

/// Holds an account until the transaction ends, so that what owners do to it happens one after the
/// other. Sign-ins, and whatever else only refers to the account, go on. In SQLite the transaction
/// holds the whole database already.
///
/// # Errors
///
/// When the database is away.
pub async fn hold(transaction: &super::Transaction, id: AccountId) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
        super::execute(transaction, sql, [id.0.into()]).await?;
    }
    Ok(())
}

/// Sets an account's policy.
///
/// # Errors
///
/// When the database is away, or refuses the policy.
pub async fn set_policy(
    connection: &impl ConnectionTrait,
    id: AccountId,
    set: PolicyOverride,
) -> Result<(), DbErr> {
    let sql = "UPDATE accounts SET session_idle_minutes = $2, session_absolute_minutes = $3 WHERE id = $1";
    let minutes = |minutes: Option<u32>| minutes.and_then(|minutes| i32::try_from(minutes).ok());
    let values = [id.0.into(), minutes(set.idle_minutes).into(), minutes(set.absolute_minutes).into()];
    super::execute(connection, sql, values).await.map(drop)
}

fn missing(id: AccountId) -> DbErr {
    DbErr::RecordNotFound(format!("account {id}"))
}

/// The policy's two columns as an override.
pub(super) fn policy(
    idle_minutes: Option<i32>,
    absolute_minutes: Option<i32>,
) -> Result<PolicyOverride, DbErr> {
    let minutes = |column: Option<i32>| {
        column.map(u32::try_from).transpose().map_err(|_| super::corrupt("accounts.session_*_minutes"))
    };
    Ok(PolicyOverride { idle_minutes: minutes(idle_minutes)?, absolute_minutes: minutes(absolute_minutes)? })
}
