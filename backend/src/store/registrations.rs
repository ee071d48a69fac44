//! Registrations: accounts to be, until their owner has proven the address.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::{execute, one};

/// An account to be.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Registration {
    /// Its id; not that of anything that it becomes.
    pub id: Uuid,
    /// The account's name.
    pub account_name: String,
    /// The person's name.
    pub name: String,
    /// The address, in its normal form.
    pub email: String,
    /// The hash of the password, a PHC string; none for who comes by a provider.
    pub password_hash: Option<String>,
    /// The provider's issuer, for who comes by one.
    pub issuer: Option<String>,
    /// The identity there.
    pub subject: Option<String>,
    /// The hash of the secret of the browser that it was begun in.
    pub browser_hash: Option<String>,
    /// Until when the address can be proven.
    pub expires_at: DateTime<Utc>,
}

const COLUMNS: &str =
    "id, account_name, name, email, password_hash, issuer, subject, browser_hash, expires_at";

/// Keeps a registration, beside any others for the same address.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    registration: &Registration,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = format!(
        "INSERT INTO registrations ({COLUMNS}, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let values = [
        registration.id.into(),
        registration.account_name.as_str().into(),
        registration.name.as_str().into(),
        registration.email.as_str().into(),
        registration.password_hash.as_deref().into(),
        registration.issuer.as_deref().into(),
        registration.subject.as_deref().into(),
        registration.browser_hash.as_deref().into(),
        registration.expires_at.into(),
        now.into(),
    ];
    execute(connection, &sql, values).await.map(drop)
}

/// Finds a registration that has not run out.
///
/// # Errors
///
/// When the database is away.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Registration>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM registrations WHERE id = $1 AND expires_at > $2");
    one(connection, &sql, [id.into(), now.into()]).await
}

/// The latest registration for an address, with a password, that has not run out; those of the browser with
/// the secret of this hash go before others. One of who comes by a provider is never it: whoever can claim any
/// address there would put theirs in the place of its owner's.
///
/// # Errors
///
/// When the database is away.
pub async fn find_latest(
    connection: &impl ConnectionTrait,
    email: &str,
    browser_hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<Registration>, DbErr> {
    let sql = format!(
        "SELECT {COLUMNS} FROM registrations WHERE email = $1 AND expires_at > $2 \
         AND password_hash IS NOT NULL AND issuer IS NULL \
         ORDER BY CASE WHEN browser_hash = $3 THEN 0 ELSE 1 END, id DESC LIMIT 1"
    );
    one(connection, &sql, [email.into(), now.into(), browser_hash.into()]).await
}

/// Deletes a registration that has become an account. Those of others for the same address run out by
/// themselves: who began them would learn from what they are told that the address is somebody's now. Answers
/// whether it was there.
///
/// # Errors
///
/// When the database is away.
pub async fn delete(connection: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    Ok(execute(connection, "DELETE FROM registrations WHERE id = $1", [id.into()]).await? > 0)
}

/// Deletes at most `limit` registrations that ran out. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_expired(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<u64, DbErr> {
    let sql =
        "DELETE FROM registrations WHERE id IN (SELECT id FROM registrations WHERE expires_at < $1 LIMIT $2)";
    execute(connection, sql, [now.into(), i64::from(limit).into()]).await
}
