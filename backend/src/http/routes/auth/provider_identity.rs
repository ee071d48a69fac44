//! Whom a provider says somebody is, and which user that makes.

use chrono::{DateTime, Utc};
use curfew_shared::{
    error::ErrorCode,
    id::{AccountId, InviteId, UserId},
};

use super::{
    register::keep,
    verify_email::{FirstOwner, open_account},
};
use crate::{
    app::App,
    config,
    domain::{field, link::LinkPurpose},
    entropy,
    error::{Error, Result},
    http::{
        cookies::registration::Browser,
        extract::Client,
        routes::{
            invitations::join,
            users::identities::{By, Link, link},
        },
    },
    oidc::{Identity, OidcError},
    store::{
        Transaction, identities, invites,
        registrations::Registration,
        users::{self, Login},
    },
    throttle,
};

/// Whom the provider says it is, in our own form.
pub(super) struct Found {
    pub identity: Identity,
    /// The address, in its normal form, if it is one.
    pub email: Option<String>,
}

impl Found {
    pub(super) fn new(identity: Identity) -> Self {
        let email = identity.email.as_deref().map(field::normal_email);
        let email = email.filter(|email| field::check_email("email", email).is_none());
        Self { identity, email }
    }

    pub(super) fn key(&self) -> (&str, &str) {
        (&self.identity.issuer, &self.identity.subject)
    }

    /// The name in the claims, as far as it can be one, or what stands before the @.
    fn name(&self, email: &str) -> String {
        let local = email.split('@').next().unwrap_or(email);
        let given = self.identity.name.as_deref().unwrap_or_default();
        let cut = |name: &str| name.trim().chars().take(field::NAME_MAX).collect::<String>();
        let is_name = |name: &String| field::check_name("name", name).is_none();
        [given, local].map(cut).into_iter().find(is_name).unwrap_or_else(|| "Somebody".to_owned())
    }

    /// Links it to a user, who is told at the address.
    pub(super) async fn link(
        &self,
        transaction: &Transaction,
        app: &App,
        client: &Client,
        (user_id, account_id, recipient): (UserId, AccountId, &str),
        by: By,
    ) -> Result<()> {
        let (issuer, subject) = self.key();
        // Who is not signed in already signs in with it.
        let used_at = (!matches!(by, By::Person(_))).then(|| app.clock.now());
        let email = self.email.as_deref();
        let new = Link { issuer, subject, email, user_id, account_id, recipient, by, used_at };
        link(transaction, app, client, new).await
    }
}

/// Why nobody is signed in.
pub(super) enum Refused {
    /// For good.
    Now(Error),
    /// Until the address is proven.
    Unproven(Box<Registration>),
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Now(error.into())
    }
}

/// The user of an identity, and whether it is a new one.
pub(super) async fn find_or_make(
    transaction: &Transaction,
    app: &App,
    client: &Client,
    found: &Found,
    invite: Option<(InviteId, i32)>,
) -> Result<(Login, bool), Refused> {
    let now = app.clock.now();
    if let Some((id, sends)) = invite {
        // Before the identity is looked for: who is somebody here already must not find themselves in
        // the old account unawares. Linking it once more fails, and the invitation stays open.
        let invite = invites::find(transaction, id).await?.filter(|invite| invite.sends == sends);
        let invite = invite.ok_or(ErrorCode::InvalidLink)?;
        let name = found.name(found.email.as_deref().unwrap_or(&invite.email));
        let login = join(transaction, app, client, &invite, &name, None).await?;
        found.link(transaction, app, client, owner(&login), By::Invitation).await?;
        return Ok((login, true));
    }
    if let Some(user_id) = identities::find(transaction, found.key()).await? {
        users::hold(transaction, user_id).await?;
        is_theirs_still(transaction, found, user_id, now).await?;
        let login = users::find_login_by_id(transaction, user_id).await?;
        let login = login.filter(|login| login.is_active).ok_or(ErrorCode::InvalidCredentials)?;
        return Ok((login, false));
    }
    let email = found.email.as_deref();
    let email = email.ok_or_else(|| {
        let words = "neither the ID token nor the userinfo endpoint has a usable `email` claim";
        OidcError::Untrue(format!("{words}: is the scope `email` allowed for this client?"))
    })?;
    let is_closed = app.config.registration == config::Registration::Closed;
    if !found.identity.email_proven {
        // Whether the address has a user is told in a message to it alone: whoever can claim any
        // address at a provider would learn it otherwise.
        return Err(if is_closed {
            ErrorCode::RegistrationClosed.into()
        } else {
            Refused::Unproven(Box::new(registration(found, email, now)?))
        });
    }
    if let Some((user_id, _)) = users::find_by_email(transaction, email).await? {
        users::hold(transaction, user_id).await?;
        // Since it was looked for, its owner may have got it back from who took it.
        let login = users::find_login_by_id(transaction, user_id).await?;
        let login = login.filter(|login| login.email == email).ok_or(ErrorCode::InvalidCredentials)?;
        if !login.email_verified {
            return Err(ErrorCode::OauthLinkRequired.into());
        }
        if !login.is_active {
            return Err(ErrorCode::InvalidCredentials.into());
        }
        found.link(transaction, app, client, owner(&login), By::Address).await?;
        return Ok((login, false));
    }
    if is_closed {
        return Err(ErrorCode::RegistrationClosed.into());
    }
    let login = make(transaction, app, client, found, email).await?;
    Ok((login, true))
}

/// Notes that the identity was used, unless it has been unlinked since it was looked for. The user is held.
pub(super) async fn is_theirs_still(
    transaction: &Transaction,
    found: &Found,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let whose = identities::touch(transaction, found.key(), found.email.as_deref(), now).await?;
    if whose == Some(user_id) { Ok(()) } else { Err(ErrorCode::InvalidCredentials.into()) }
}

/// An account of one's own, for who comes with an address that the provider has proven.
async fn make(
    transaction: &Transaction,
    app: &App,
    client: &Client,
    found: &Found,
    email: &str,
) -> Result<Login> {
    let now = app.clock.now();
    let name = found.name(email);
    let owner_to_be =
        FirstOwner { account_name: &account_name(&name), email, name: &name, password_hash: None };
    let (_, user_id) = open_account(transaction, client, owner_to_be, now).await?;
    let login = users::find_login_by_id(transaction, user_id).await?.ok_or(ErrorCode::Internal)?;
    found.link(transaction, app, client, owner(&login), By::Registration).await?;
    Ok(login)
}

fn owner(login: &Login) -> (UserId, AccountId, &str) {
    (login.user_id, login.account_id, &login.email)
}

/// The account to be of who comes by a provider whose word for the address is not enough.
fn registration(found: &Found, email: &str, now: DateTime<Utc>) -> Result<Registration> {
    let name = found.name(email);
    Ok(Registration {
        id: entropy::id(now)?,
        account_name: account_name(&name),
        name,
        email: email.to_owned(),
        password_hash: None,
        issuer: Some(found.identity.issuer.clone()),
        subject: Some(found.identity.subject.clone()),
        browser_hash: None,
        expires_at: now + LinkPurpose::VerifyRegistration.lifetime(),
    })
}

/// Keeps the registration for this browser, and sends the message that its address is to be proven with.
pub(super) async fn ask_to_prove(
    app: &App,
    client: &Client,
    browser: &Browser,
    registration: Registration,
) -> Result<ErrorCode> {
    throttle::message(app, &registration.email, client.origin.address.as_deref()).await?;
    let registration = Registration { browser_hash: Some(browser.hash()), ..registration };
    let transaction = app.database.begin().await?;
    keep(&transaction, app, &registration).await?;
    transaction.commit().await?;
    app.outbox.notify_one();
    Ok(ErrorCode::EmailNotVerified)
}

/// `<name>’s account`, within what a name may be.
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
