//! Taking away what somebody else may have kept to get back in, when a lost password is replaced.

use curfew_shared::{
    audit::AuditKind,
    id::{AccountId, UserId},
};
use serde_json::json;

use crate::{
    context::{Actor, Context},
    domain::link::DISOWN_REACH,
    error::Result,
    mail::Mail,
    store::{
        identities, invites,
        sessions::{self, Reason},
    },
    throttle,
};

/// Follows the replacement of a lost password: ends every session of the user, unlinks the identities that were
/// linked lately (but for the one that the user joined with), revokes the pending invitations, and tells the user.
/// Returns how many sessions ended.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke_access(ctx: Context<'_>, account: AccountId, user: UserId, email: &str) -> Result<u64> {
    let Context { transaction, now, .. } = ctx;
    let (reason, kind) = match ctx.actor {
        Actor::Operator => (Reason::Operator, AuditKind::PasswordSetByOperator),
        Actor::Anonymous | Actor::User(_) => (Reason::PasswordChanged, AuditKind::PasswordReset),
    };
    let revoked_count = sessions::revoke_of_user(transaction, user, reason, now).await?;
    let since = now - DISOWN_REACH;
    let unlinked_count = identities::delete_added_since(transaction, user, since).await?;
    let revoked_invite_count = invites::revoke_of_user(transaction, account, user, since, now).await?;
    // Whoever guessed at the old password must not keep anybody from using the new one.
    throttle::forgive(transaction, email).await?;
    let mut payload = json!({
        "revoked_count": revoked_count,
        "unlinked_count": unlinked_count,
        "revoked_invite_count": revoked_invite_count,
    });
    if ctx.user_id().is_none() {
        payload["user_id"] = json!(user);
    }
    ctx.record(account, kind, payload).await?;
    let mail = Mail::PasswordChanged { user_id: user, at: now, unlinked_count, revoked_invite_count };
    mail.enqueue(transaction, email, now).await?;
    Ok(revoked_count)
}
