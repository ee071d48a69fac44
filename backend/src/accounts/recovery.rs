//! Taking away what somebody else may have kept to get back in, when a lost password is replaced.

use chrono::DateTime;
use curfew_shared::audit::AuditKind;
use serde_json::json;

use crate::{
    context::{Actor, Context},
    domain::link::DISOWN_REACH,
    error::Result,
    mail::Mail,
    store::{
        identities, invites,
        sessions::{self, Reason},
        users::Login,
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
pub async fn revoke_access(ctx: Context<'_>, login: &Login) -> Result<u64> {
    let Context { transaction, now, .. } = ctx;
    let (account, user) = (login.account_id, login.user_id);
    let (reason, kind) = match ctx.actor {
        Actor::Operator => (Reason::Operator, AuditKind::PasswordSetByOperator),
        Actor::Anonymous | Actor::User(_) => (Reason::PasswordChanged, AuditKind::PasswordReset),
    };
    let revoked_count = sessions::revoke_of_user(transaction, user, reason, now).await?;
    let since = now - DISOWN_REACH;
    let mut unlinked_count = identities::delete_added_since(transaction, user, since).await?;
    if !login.email_verified {
        // Whoever linked these identities had not verified the address.
        unlinked_count += identities::delete_since(transaction, user, DateTime::UNIX_EPOCH).await?;
    }
    let revoked_invite_count = invites::revoke_of_user(transaction, account, user, since, now).await?;
    // Whoever guessed at the old password must not keep anybody from using the new one.
    throttle::forgive(transaction, &login.email).await?;
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
    mail.enqueue(transaction, &login.email, now).await?;
    Ok(revoked_count)
}
