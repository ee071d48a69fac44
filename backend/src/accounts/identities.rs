//! Linking identities at providers to users.

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    error::ErrorCode,
    id::{AccountId, IdentityId, UserId},
};
use serde_json::json;

use crate::{
    context::Context,
    entropy,
    error::{Error, Result},
    mail::Mail,
    oidc::Oidc,
    store::{
        identities::{self, NewIdentity},
        is_taken,
    },
};

/// How an identity comes to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkedVia {
    /// The user asked for it, in a session.
    Request,
    /// The provider and we have verified the same e-mail address.
    Email,
    /// The user accepted an invitation with it.
    Invitation,
    /// The user registered with it.
    Registration,
}

impl LinkedVia {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "person",
            Self::Email => "address",
            Self::Invitation => "invitation",
            Self::Registration => "registration",
        }
    }
}

/// An identity to link.
#[derive(Debug)]
pub struct NewIdentityLink<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The e-mail address that the provider named.
    pub email: Option<&'a str>,
    /// The user to link it to.
    pub user_id: UserId,
    /// The user's account.
    pub account_id: AccountId,
    /// The user's e-mail address, for the message.
    pub recipient: &'a str,
    /// How it comes to be linked.
    pub via: LinkedVia,
    /// When it was used to sign in, if it was.
    pub used_at: Option<DateTime<Utc>>,
}

/// Links an identity, records that, and tells the user (ASVS V6.3.7).
///
/// # Errors
///
/// `identity_taken` if it is linked already. Of two requests at once, one succeeds.
pub async fn link_identity(ctx: Context<'_>, oidc: &Oidc, link: NewIdentityLink<'_>) -> Result<()> {
    let id = IdentityId(entropy::id(ctx.now)?);
    let new = NewIdentity {
        id,
        user_id: link.user_id,
        issuer: link.issuer,
        subject: link.subject,
        email: link.email,
        last_used_at: link.used_at,
    };
    let taken = |error| if is_taken(&error) { ErrorCode::IdentityTaken.into() } else { Error::from(error) };
    identities::insert(ctx.transaction, new, ctx.now).await.map_err(taken)?;
    let provider = oidc.provider_of(link.issuer).map(|provider| &provider.config);
    let name = provider.map_or(link.issuer, |provider| &provider.name);
    let payload = json!({"provider": name, "identity_id": id, "by": link.via.as_str()});
    ctx.by(link.user_id).record(link.account_id, AuditKind::IdentityLinked, payload).await?;
    let mail = Mail::IdentityLinked {
        user_id: link.user_id,
        provider: provider.map_or(link.issuer, |provider| &provider.display_name).to_owned(),
        email: link.email.map(str::to_owned),
        at: ctx.now,
        address: ctx.client.ip.clone(),
    };
    Ok(mail.enqueue(ctx.transaction, link.recipient, ctx.now).await?)
}
