//! Closing an account.

use curfew_shared::{audit::AuditKind, auth::AccountSummary};
use serde_json::json;

use crate::{
    accounts::members,
    context::Context,
    error::Result,
    mail::MembershipEnd,
    store::{accounts, invites, users},
};

/// What went with an account.
#[derive(Debug, Clone, Copy)]
pub struct Closed {
    /// How many users.
    pub member_count: usize,
    /// How many sessions.
    pub revoked_count: u64,
}

/// Closes an account, which must be locked: deletes its users and invitations, and tells everybody. The account itself
/// and its audit trail stay.
///
/// # Errors
///
/// When the database is away.
pub async fn close_account(ctx: Context<'_>, account: &AccountSummary, how: MembershipEnd) -> Result<Closed> {
    accounts::close(ctx.transaction, account.id, ctx.now).await?;
    // Before the users: a person who is just accepting an invitation is one of them, or too late.
    let revoked_invite_count = invites::delete_of_account(ctx.transaction, account.id).await?;
    let members = users::hold_all(ctx.transaction, account.id).await?;
    let mut revoked_count = 0;
    for member in &members {
        revoked_count += members::remove(ctx, &account.name, member, how).await?;
    }
    let member_count = members.len();
    let payload = json!({
        "name": account.name,
        "member_count": member_count,
        "revoked_invite_count": revoked_invite_count,
    });
    ctx.record(account.id, AuditKind::AccountClosed, payload).await?;
    Ok(Closed { member_count, revoked_count })
}
