//! Identities at OpenID providers: issuer and subject name one.

use chrono::{DateTime, Utc};
use curfew_shared::id::{IdentityId, UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::{all, execute, one};

/// An identity to be linked.
#[derive(Debug)]
pub struct NewIdentity<'a> {
    /// Its id.
    pub id: IdentityId,
    /// Whose it is.
    pub user_id: UserId,
    /// The issuer.
    pub issuer: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The address that the provider named.
    pub email: Option<&'a str>,
    /// When it was used, if it was linked by signing in with it.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Links an identity.
///
/// # Errors
///
/// When it is linked already (see [`super::is_taken`]), or the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    new: NewIdentity<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO identities (id, user_id, issuer, subject, email, linked_at, last_used_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        new.id.0.into(),
        new.user_id.0.into(),
        new.issuer.into(),
        new.subject.into(),
        new.email.into(),
        now.into(),
        new.last_used_at.into(),
    ];
    execute(connection, sql, values).await.map(drop)
}

/// Notes that an identity was used, and what address it names now. Answers whose it is.
///
/// # Errors
///
/// When the database is away.
pub async fn touch(
    connection: &impl ConnectionTrait,
    (issuer, subject): (&str, &str),
    email: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: Uuid,
    }
    let sql = "UPDATE identities SET last_used_at = $4, email = COALESCE($3, email) \
               WHERE issuer = $1 AND subject = $2 RETURNING user_id";
    let row = one::<Row>(connection, sql, [issuer.into(), subject.into(), email.into(), now.into()]).await?;
    Ok(row.map(|row| UserId(row.user_id)))
}

/// A linked identity.
#[derive(Debug, FromQueryResult)]
pub struct Linked {
    /// Its id.
    pub id: Uuid,
    /// The issuer.
    pub issuer: String,
    /// The address that the provider named.
    pub email: Option<String>,
    /// Since when it is linked.
    pub linked_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A user's identities, oldest first.
///
/// # Errors
///
/// When the database is away.
pub async fn list(connection: &impl ConnectionTrait, user: UserId) -> Result<Vec<Linked>, DbErr> {
    let sql = "SELECT id, issuer, email, linked_at, last_used_at FROM identities WHERE user_id = $1 ORDER BY linked_at, id";
    all(connection, sql, [user.0.into()]).await
}

/// Unlinks an identity.
///
/// # Errors
///
/// When the database is away.
pub async fn delete(connection: &impl ConnectionTrait, id: IdentityId) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM identities WHERE id = $1", [id.0.into()]).await.map(drop)
}

/// Unlinks what a user linked from a moment on. Answers how many identities that were.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_since(
    connection: &impl ConnectionTrait,
    user: UserId,
    since: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM identities WHERE user_id = $1 AND linked_at >= $2";
    execute(connection, sql, [user.0.into(), since.into()]).await
}

/// Unlinks what a user linked from a moment on, but for the identity that they joined with. Answers how many
/// identities that were.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_added_since(
    connection: &impl ConnectionTrait,
    user: UserId,
    since: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM identities WHERE user_id = $1 AND linked_at >= $2 \
               AND linked_at > (SELECT created_at FROM users WHERE id = $1)";
    execute(connection, sql, [user.0.into(), since.into()]).await
}

/// Whose an identity is.
///
/// # Errors
///
/// When the database is away.
pub async fn find(
    connection: &impl ConnectionTrait,
    (issuer, subject): (&str, &str),
) -> Result<Option<UserId>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: Uuid,
    }
    let sql = "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2";
    Ok(one::<Row>(connection, sql, [issuer.into(), subject.into()]).await?.map(|row| UserId(row.user_id)))
}
