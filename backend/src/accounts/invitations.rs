//! Accepting invitations, by password or by provider.

use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    error::ErrorCode,
    id::{InviteId, UserId},
};
use serde_json::json;

use crate::{
    accounts::{create::insert_user, membership_history},
    app::App,
    context::Context,
    domain::link::LinkPurpose,
    entropy,
    error::{Error, Result},
    mail::{OwnerChange, OwnerEvent},
    store::{
        invites::{self, Invite, InviteLink},
        users::{self, Login, NewUser},
    },
};

/// The open invitation of a link, and what the link says.
///
/// # Errors
///
/// `invalid_link` if the invitation is no longer open, or was sent again since.
pub async fn find_open_invitation(app: &App, token: &str) -> Result<(Invite, InviteLink)> {
    let invalid = || Error::from(ErrorCode::InvalidLink);
    let now = app.clock.now();
    let verify = |purpose| app.keys.verify_link(token, purpose, now);
    let claims = verify(LinkPurpose::Invite).or_else(|_| verify(LinkPurpose::CopiedInvite));
    let claims = claims.map_err(|_| invalid())?;
    let invite = invites::find(&app.database.read, InviteId(claims.sub)).await?;
    let is_open = |invite: &Invite| Some(invite.sends) == claims.sends && now < invite.expires_at;
    let invite = invite.filter(is_open).ok_or_else(invalid)?;
    let is_copied = claims.purpose == LinkPurpose::CopiedInvite;
    let link = InviteLink { id: invite.id, sends: invite.sends, is_copied };
    Ok((invite, link))
}

/// Makes the invited person a user of the account, with or without a verified address. Of several requests at once,
/// one succeeds.
///
/// # Errors
///
/// `invalid_link` if the invitation is no longer open; `address_taken`.
pub async fn accept_invitation(
    ctx: Context<'_>,
    (invite, is_email_verified): (&Invite, bool),
    name: &str,
    password_hash: Option<&str>,
) -> Result<Login> {
    let Context { transaction, now, .. } = ctx;
    if !invites::accept(transaction, invite.id, invite.sends, now).await? {
        return Err(ErrorCode::InvalidLink.into());
    }
    let user_id = UserId(entropy::id(now)?);
    let user = NewUser {
        id: user_id,
        account_id: invite.account_id,
        email: &invite.email,
        email_verified_at: is_email_verified.then_some(now),
        name,
        role: invite.role,
        password_hash,
    };
    insert_user(ctx, user).await?;
    let payload = json!({"invite_id": invite.id, "email": invite.email, "role": invite.role});
    ctx.by(user_id).record(invite.account_id, AuditKind::InviteAccepted, payload).await?;
    let joined = (user_id, invite.role);
    membership_history::record_joining(transaction, invite.account_id, joined, invite.inviter, now).await?;
    if invite.role == Role::Owner {
        let change = OwnerChange {
            account: (invite.account_id, &invite.account_name),
            event: OwnerEvent::Joined,
            person: (Some(user_id), &invite.email),
            by: Some((
                invite.inviter,
                invite.invited_by.as_deref().unwrap_or("someone who was removed since"),
            )),
        };
        change.announce(transaction, now).await?;
    }
    users::find_login_by_id(transaction, user_id).await?.ok_or_else(|| ErrorCode::Internal.into())
}
