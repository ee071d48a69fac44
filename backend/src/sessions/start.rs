//! Starting a session. Every way to sign in ends here.

use curfew_shared::{audit::AuditKind, error::ErrorCode, id::SessionId};
use serde_json::json;

use crate::{
    config::policy::SystemPolicy,
    context::Context,
    domain::session::Snapshot,
    entropy,
    error::Result,
    keys::TokenContext,
    mail::Mail,
    sessions::revoke::revoke_session,
    store::{
        devices::{self, Device},
        sessions::{self, Reason},
        users::{self, Login},
    },
};

/// How a person proved who they are.
#[derive(Debug, Clone, Copy)]
pub enum AuthMethod<'a> {
    /// By the password.
    Password,
    /// By an identity at the provider of this name.
    Provider(&'a str),
    /// By the link of an invitation.
    Invitation,
}

impl<'a> AuthMethod<'a> {
    const fn as_str(self) -> &'a str {
        match self {
            Self::Password => "password",
            Self::Provider(name) => name,
            Self::Invitation => "invitation",
        }
    }
}

/// The browser, or other client, in which a session starts.
#[derive(Debug)]
pub struct Browser {
    /// The device.
    pub device: Device,
    /// The session that the new one replaces.
    pub replaced_session: Option<SessionId>,
}

/// Starts the session of a person who has proven who they are.
///
/// # Errors
///
/// `invalid_credentials` if the user was deactivated, or the password changed, since the person proved who they are.
pub async fn start_session(
    ctx: Context<'_>,
    policy: SystemPolicy,
    login: &Login,
    method: AuthMethod<'_>,
    browser: &Browser,
) -> Result<TokenContext> {
    let Context { transaction, now, .. } = ctx;
    let session_id = SessionId(entropy::id(now)?);
    let snapshot = Snapshot::at_sign_in(now, policy.in_force(login.policy));
    let hash = login.password_hash.as_deref().filter(|_| matches!(method, AuthMethod::Password));
    if !users::touch_login(transaction, login.user_id, hash, now).await? {
        return Err(ErrorCode::InvalidCredentials.into());
    }
    if let Some(replaced) = browser.replaced_session {
        revoke_replaced_session(ctx, replaced).await?;
    }
    sessions::insert(transaction, session_id, (login.account_id, login.user_id), &snapshot, ctx.client)
        .await?;
    let is_known = devices::remember(transaction, login.user_id, &browser.device, now).await?;
    if !is_known && login.last_login_at.is_some() {
        let mail = Mail::NewDevice {
            user_id: login.user_id,
            at: now,
            address: ctx.client.ip.clone(),
            user_agent: ctx.client.user_agent.clone(),
        };
        mail.enqueue(transaction, &login.email, now).await?;
    }
    let payload = json!({"method": method.as_str()});
    ctx.by(login.user_id)
        .in_session(session_id)
        .record(login.account_id, AuditKind::SignedIn, payload)
        .await?;
    Ok(TokenContext {
        user_id: login.user_id,
        account_id: login.account_id,
        role: login.role,
        session_id,
        generation: 0,
        snapshot,
        deadlines: snapshot.deadlines(now),
    })
}

async fn revoke_replaced_session(ctx: Context<'_>, id: SessionId) -> Result<()> {
    let session = sessions::find_for_update(ctx.transaction, id).await?;
    let Some(session) = session.filter(|session| session.is_live(ctx.now)) else { return Ok(()) };
    let ctx = ctx.by(session.user_id);
    revoke_session(ctx, &session, Reason::Replaced, AuditKind::SignedOut, json!({"reason": "replaced"}))
        .await?;
    Ok(())
}
