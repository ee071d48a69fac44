//! Signing in with an identity at a provider: which user it belongs to.

use chrono::{DateTime, Utc};
use curfew_shared::{
    error::ErrorCode,
    id::{AccountId, UserId},
};

use crate::{
    accounts::{
        create::{NewOwner, create_account},
        identities::{LinkedVia, NewIdentityLink, link_identity},
        invitations::accept_invitation,
        registration::insert_pending_registration,
    },
    app::App,
    config,
    context::Context,
    domain::{field, link::LinkPurpose},
    entropy,
    error::{Error, Result},
    oidc::{Identity, OidcError},
    store::{
        identities,
        invites::{self, InviteLink},
        registrations::Registration,
        users::{self, Login},
    },
    throttle,
};

/// Who a provider says somebody is.
#[derive(Debug)]
pub struct ProviderIdentity {
    /// The claims.
    pub claims: Identity,
    /// The e-mail address in its normal form, if it is a valid one.
    pub email: Option<String>,
}

impl ProviderIdentity {
    /// From the provider's claims.
    #[must_use]
    pub fn new(claims: Identity) -> Self {
        let email = claims.email.as_deref().map(field::normal_email);
        let email = email.filter(|email| field::check_email("email", email).is_none());
        Self { claims, email }
    }

    /// What identifies it: issuer and subject, never the e-mail address (ASVS V6.8.1).
    #[must_use]
    pub fn key(&self) -> (&str, &str) {
        (&self.claims.issuer, &self.claims.subject)
    }

    /// The name in the claims, cut to a valid one, or the part of the e-mail address before the @.
    fn name(&self, email: &str) -> String {
        let local = email.split('@').next().unwrap_or(email);
        let given = self.claims.name.as_deref().unwrap_or_default();
        let cut = |name: &str| name.trim().chars().take(field::NAME_MAX).collect::<String>();
        let is_name = |name: &String| field::check_name("name", name).is_none();
        [given, local].map(cut).into_iter().find(is_name).unwrap_or_else(|| "Somebody".to_owned())
    }

    /// Links it to a user, who is told at `recipient`.
    ///
    /// # Errors
    ///
    /// `identity_taken`.
    pub async fn link(
        &self,
        ctx: Context<'_>,
        app: &App,
        (user_id, account_id, recipient): (UserId, AccountId, &str),
        via: LinkedVia,
    ) -> Result<()> {
        let (issuer, subject) = self.key();
        // A person who is not signed in yet signs in with it.
        let used_at = (via != LinkedVia::Request).then_some(ctx.now);
        let email = self.email.as_deref();
        let link = NewIdentityLink { issuer, subject, email, user_id, account_id, recipient, via, used_at };
        link_identity(ctx, &app.oidc, link).await
    }
}

/// Why nobody is signed in.
#[derive(Debug)]
pub enum SignInError {
    /// Refused.
    Rejected(Error),
    /// The e-mail address must be verified first; this registration is to wait for that.
    EmailUnverified(Box<Registration>),
}

impl<E: Into<Error>> From<E> for SignInError {
    fn from(error: E) -> Self {
        Self::Rejected(error.into())
    }
}

impl SignInError {
    /// The code that clients see.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Rejected(error) => error.code(),
            Self::EmailUnverified(_) => ErrorCode::EmailNotVerified,
        }
    }
}

/// The user of an identity, and whether it is a new one.
///
/// # Errors
///
/// When nobody can be signed in with it.
pub async fn find_or_create_user(
    ctx: Context<'_>,
    app: &App,
    identity: &ProviderIdentity,
    invite: Option<InviteLink>,
) -> Result<(Login, bool), SignInError> {
    if let Some(invite) = invite {
        // Before the identity is looked up: a person who has a user already must not end up in the old account
        // unawares. Linking the identity once more fails, and the invitation stays open.
        return Ok((join(ctx, app, identity, invite).await?, true));
    }
    if let Some(user_id) = identities::find(ctx.transaction, identity.key()).await? {
        return Ok((find_linked_user(ctx, identity, user_id).await?, false));
    }
    let email = identity.email.as_deref();
    let email = email.ok_or_else(|| {
        let words = "neither the ID token nor the userinfo endpoint has a usable `email` claim";
        OidcError::Untrue(format!("{words}: is the scope `email` allowed for this client?"))
    })?;
    let is_closed = app.config.policy.registration == config::policy::Registration::Closed;
    if !identity.claims.email_proven {
        // Whether the address has a user is told only in a message to it. Otherwise anybody who can claim any
        // address at a provider would learn it.
        return Err(if is_closed {
            ErrorCode::RegistrationClosed.into()
        } else {
            SignInError::EmailUnverified(Box::new(pending_registration(identity, email, ctx.now)?))
        });
    }
    if let Some((user_id, _)) = users::find_by_email(ctx.transaction, email).await? {
        return Ok((link_by_email(ctx, app, identity, (user_id, email)).await?, false));
    }
    if is_closed {
        return Err(ErrorCode::RegistrationClosed.into());
    }
    Ok((create_account_for(ctx, app, identity, email).await?, true))
}

/// Makes the person a user of the account that invited them.
async fn join(ctx: Context<'_>, app: &App, identity: &ProviderIdentity, link: InviteLink) -> Result<Login> {
    let invite = invites::find(ctx.transaction, link.id).await?.filter(|invite| invite.sends == link.sends);
    let invite = invite.ok_or(ErrorCode::InvalidLink)?;
    let name = identity.name(identity.email.as_deref().unwrap_or(&invite.email));
    // The provider's word for the invited address is as good as the link of a message.
    let is_verified = !link.is_copied
        || identity.claims.email_proven && identity.email.as_deref() == Some(invite.email.as_str());
    let login = accept_invitation(ctx, (&invite, is_verified), &name, None).await?;
    identity.link(ctx, app, owner(&login), LinkedVia::Invitation).await?;
    Ok(login)
}

async fn find_linked_user(ctx: Context<'_>, identity: &ProviderIdentity, user_id: UserId) -> Result<Login> {
    users::hold(ctx.transaction, user_id).await?;
    record_identity_use(ctx, identity, user_id).await?;
    let login = users::find_login_by_id(ctx.transaction, user_id).await?;
    Ok(login.filter(|login| login.is_active).ok_or(ErrorCode::InvalidCredentials)?)
}

/// Links the identity to the user with the same e-mail address, which the provider and we have verified.
async fn link_by_email(
    ctx: Context<'_>,
    app: &App,
    identity: &ProviderIdentity,
    (user_id, email): (UserId, &str),
) -> Result<Login> {
    users::hold(ctx.transaction, user_id).await?;
    // Its owner may have recovered the address from somebody else since it was looked up.
    let login = users::find_login_by_id(ctx.transaction, user_id).await?;
    let login = login.filter(|login| login.email == email).ok_or(ErrorCode::InvalidCredentials)?;
    if !login.email_verified {
        return Err(ErrorCode::OauthLinkRequired.into());
    }
    if !login.is_active {
        return Err(ErrorCode::InvalidCredentials.into());
    }
    identity.link(ctx, app, owner(&login), LinkedVia::Email).await?;
    Ok(login)
}

/// Records the use of an identity, unless it was unlinked since it was looked up. The user must be locked.
///
/// # Errors
///
/// `invalid_credentials`.
pub async fn record_identity_use(
    ctx: Context<'_>,
    identity: &ProviderIdentity,
    user_id: UserId,
) -> Result<()> {
    let owner =
        identities::touch(ctx.transaction, identity.key(), identity.email.as_deref(), ctx.now).await?;
    if owner == Some(user_id) { Ok(()) } else { Err(ErrorCode::InvalidCredentials.into()) }
}

/// Creates an account for a person whose e-mail address the provider has verified.
async fn create_account_for(
    ctx: Context<'_>,
    app: &App,
    identity: &ProviderIdentity,
    email: &str,
) -> Result<Login> {
    let name = identity.name(email);
    let new = NewOwner { account_name: &account_name(&name), email, name: &name, password_hash: None };
    let (_, user_id) = create_account(ctx, new).await?;
    let login = users::find_login_by_id(ctx.transaction, user_id).await?.ok_or(ErrorCode::Internal)?;
    identity.link(ctx, app, owner(&login), LinkedVia::Registration).await?;
    Ok(login)
}

fn owner(login: &Login) -> (UserId, AccountId, &str) {
    (login.user_id, login.account_id, &login.email)
}

/// The registration of a person whose e-mail address the provider has not verified.
fn pending_registration(
    identity: &ProviderIdentity,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Registration> {
    let name = identity.name(email);
    Ok(Registration {
        id: entropy::id(now)?,
        account_name: account_name(&name),
        name,
        email: email.to_owned(),
        password_hash: None,
        issuer: Some(identity.claims.issuer.clone()),
        subject: Some(identity.claims.subject.clone()),
        browser_hash: None,
        expires_at: now + LinkPurpose::VerifyRegistration.lifetime(),
    })
}

/// Stores the registration for the browser with this hash, and sends the message with the link.
///
/// # Errors
///
/// `too_many_requests`.
pub async fn start_email_verification(
    app: &App,
    ip: Option<&str>,
    browser_hash: String,
    registration: Registration,
) -> Result<()> {
    throttle::message(app, &registration.email, ip).await?;
    let registration = Registration { browser_hash: Some(browser_hash), ..registration };
    let transaction = app.database.begin().await?;
    insert_pending_registration(&transaction, &registration, app.clock.now()).await?;
    app.commit(transaction).await?;
    Ok(())
}

/// `<name>’s account`, cut to a valid name.
fn account_name(name: &str) -> String {
    const END: &str = "’s account";
    let name: String = name.chars().take(field::NAME_MAX - END.chars().count()).collect();
    format!("{name}{END}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_account_is_never_too_long_for_one() {
        assert_eq!(account_name("Ada"), "Ada’s account");
        let longest = account_name(&"ä".repeat(field::NAME_MAX));
        assert_eq!(longest.chars().count(), field::NAME_MAX);
        assert!(field::check_name("name", &longest).is_none());
    }
}
