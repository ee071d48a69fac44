//! Creating an account with its first owner.

use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    error::ErrorCode,
    id::{AccountId, UserId},
};
use serde_json::json;

use crate::{
    context::{Actor, Context},
    entropy,
    error::{Error, Result},
    store::{
        self, StoreError, accounts,
        users::{self, NewUser},
    },
};

/// The first owner of an account, whose email address has been verified.
#[derive(Debug)]
pub struct NewOwner<'a> {
    /// The account's name.
    pub account_name: &'a str,
    /// The email address, in its normal form.
    pub email: &'a str,
    /// The owner's name.
    pub name: &'a str,
    /// The hash of the password. `None` for a person who signs in with a provider.
    pub password_hash: Option<&'a str>,
}

/// Creates an account and its first owner, who acts unless an operator does.
///
/// # Errors
///
/// `address_taken`.
pub async fn create_account(ctx: Context<'_>, owner: NewOwner<'_>) -> Result<(AccountId, UserId)> {
    let account_id = AccountId(entropy::id(ctx.now)?);
    let user_id = UserId(entropy::id(ctx.now)?);
    accounts::insert(ctx.transaction, account_id, owner.account_name, ctx.now).await?;
    let user = NewUser {
        id: user_id,
        account_id,
        email: owner.email,
        email_verified_at: Some(ctx.now),
        name: owner.name,
        role: Role::Owner,
        password_hash: owner.password_hash,
    };
    insert_user(ctx, user).await?;
    let (ctx, payload) = match ctx.actor {
        Actor::Operator => (ctx, json!({"user_id": user_id})),
        Actor::Anonymous | Actor::User(_) => (ctx.by(user_id), json!({})),
    };
    ctx.record(account_id, AuditKind::AccountCreated, payload).await?;
    Ok((account_id, user_id))
}

/// Inserts a user. A verified address is taken from a user who never verified it.
///
/// # Errors
///
/// `address_taken`.
pub async fn insert_user(ctx: Context<'_>, user: NewUser<'_>) -> Result<()> {
    if user.email_verified_at.is_some() {
        release_unverified_email(ctx, user.email).await?;
    }
    users::insert(ctx.transaction, user, ctx.now).await.map_err(map_email_taken)
}

/// Frees an email address for a person who has verified it from a user who never did: somebody who joined by a copied
/// invitation link. That user keeps the membership, with an address that no one can have (RFC 2606 §2).
///
/// # Errors
///
/// Only if the database or the randomness fails.
pub async fn release_unverified_email(ctx: Context<'_>, email: &str) -> Result<()> {
    let holder = users::find_login(ctx.transaction, email).await?.filter(|login| !login.email_verified);
    let Some(holder) = holder else { return Ok(()) };
    users::hold(ctx.transaction, holder.user_id).await?;
    let placeholder = format!("{}@unverified.invalid", holder.user_id);
    if users::release_unverified_email(ctx.transaction, holder.user_id, email, &placeholder).await? {
        let payload = json!({"user_id": holder.user_id, "old": email, "new": placeholder});
        let kind = AuditKind::EmailChanged;
        Context::of_job(ctx.transaction, ctx.now).record(holder.account_id, kind, payload).await?;
    }
    Ok(())
}

/// The error for an email address that another user has. Only for a caller who has verified the address, or is an
/// operator.
#[must_use]
pub fn map_email_taken(error: StoreError) -> Error {
    if store::is_taken(&error) { ErrorCode::AddressTaken.into() } else { error.into() }
}
