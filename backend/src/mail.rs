//! Messages: what there is to tell people, and how it gets into the outbox.
//!
//! A request only notes the occasion. The message is written, and its link signed, when it is
//! sent: no request waits for it or takes longer for a known address, and no link is kept anywhere.

use chrono::{DateTime, Utc};
use curfew_shared::{
    id::{AccountId, InviteId, UserId},
    route::page as route,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    app::App,
    audit::AppendError,
    domain::{
        link::{LinkClaims, LinkPurpose},
        program::Program,
    },
    entropy,
    error::Result,
    store::{Connection, identities, invites, mails, registrations, users},
};

pub mod letter;
pub mod post;

use letter::Letter;

/// An occasion to write to somebody.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Mail {
    /// Somebody registered with the address.
    Registered {
        /// The registration.
        registration_id: Uuid,
    },
    /// Somebody asked for the verification once more.
    VerificationAsked {},
    /// Somebody forgot the password.
    PasswordForgotten {},
    /// An owner invites.
    Invited {
        /// The invitation.
        invite_id: InviteId,
    },
    /// A user wants this address instead of the present one.
    EmailChangeAsked {
        /// The user.
        user_id: UserId,
        /// The user's credentials as they were: a link is good for these alone.
        fingerprint: String,
    },
    /// A user has another address now; this goes to the old one.
    EmailChanged {
        /// The user.
        user_id: UserId,
        /// The new address.
        email: String,
    },
    /// A user signed in on a device not seen before.
    NewDevice {
        /// The user.
        user_id: UserId,
        /// When.
        at: DateTime<Utc>,
        /// From which network address.
        address: Option<String>,
        /// With which program.
        user_agent: Option<String>,
    },
    /// An identity at a provider was linked to a user.
    IdentityLinked {
        /// The user.
        user_id: UserId,
        /// The provider's name for people.
        provider: String,
        /// The address that the provider named.
        email: Option<String>,
        /// When.
        at: DateTime<Utc>,
        /// From which network address.
        address: Option<String>,
    },
    /// The password changed.
    PasswordChanged {
        /// The user.
        user_id: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// An owner ended the person's sessions.
    SessionsEnded {
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody followed the link that says that a sign-in was not theirs.
    SignInDisowned {
        /// When.
        at: DateTime<Utc>,
        /// The address that the user has now.
        email: String,
    },
    /// A person can sign in no longer.
    MembershipEnded {
        /// The account's name.
        account_name: String,
        /// How that came.
        end: MembershipEnd,
        /// When.
        at: DateTime<Utc>,
    },
    /// An owner ended sessions in bulk: becomes a message to each person concerned.
    SessionsEndedInBulk {
        /// The account.
        account_id: AccountId,
        /// The owner, who needs no message.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
}

/// How somebody's part in an account ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipEnd {
    /// An owner removed the person.
    Removed,
    /// An owner deactivated the person.
    Deactivated,
    /// The operator deactivated the person.
    ByOperator,
    /// The person left.
    Left,
    /// The operator deleted the user.
    DeletedByOperator,
    /// An owner closed the account.
    Closed,
    /// The operator closed the account.
    ClosedByOperator,
}

impl Mail {
    /// Puts it into the outbox, in the same transaction as its occasion.
    ///
    /// # Errors
    ///
    /// When the database is away, or there is no randomness for the id.
    pub async fn enqueue(
        &self,
        connection: &impl Connection,
        recipient: &str,
        now: DateTime<Utc>,
    ) -> Result<(), AppendError> {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        let payload = value["payload"].take();
        Ok(mails::insert(connection, entropy::id(now)?, &kind, recipient, payload, now).await?)
    }
}

const IGNORE: &str = "If you did not ask for this, ignore this message: nothing changes without the link.";

/// Writes the message for an occasion. `None`: there is nothing to say any more, or nobody to say it to.
///
/// # Errors
///
/// When the database is away, or a link cannot be signed.
pub async fn write(app: &App, mail: &Mail, recipient: &str) -> Result<Option<Letter>> {
    let writer = Writer { app, recipient, now: app.clock.now() };
    match mail {
        Mail::Registered { .. } | Mail::VerificationAsked {} => writer.verification(mail).await,
        Mail::PasswordForgotten {} => writer.reset().await,
        Mail::Invited { invite_id } => writer.invitation(*invite_id).await,
        Mail::EmailChangeAsked { user_id, fingerprint } => writer.new_address(*user_id, fingerprint).await,
        Mail::NewDevice { user_id, at, address, user_agent } => {
            let program = Program::of(user_agent.as_deref());
            writer.new_device(*user_id, *at, address.as_deref(), &program).map(Some)
        }
        Mail::IdentityLinked { user_id, provider, email, at, address } => {
            let what = (provider.as_str(), email.as_deref());
            writer.identity_linked(*user_id, what, *at, address.as_deref()).map(Some)
        }
        Mail::PasswordChanged { user_id, at } => writer.password_changed(*user_id, *at).await.map(Some),
        Mail::EmailChanged { user_id, email } => Ok(Some(Letter {
            subject: "Your e-mail address was changed".to_owned(),
            paragraphs: vec![format!(
                "You now sign in with {email}. This address no longer works for signing in."
            )],
            action: Some(writer.not_me(*user_id)?),
            note: "If that was you, there is nothing to do. The button leads to a page that gives you this address \
                   back, signs you out everywhere and lets you set a new password. It works for seven days."
                .to_owned(),
        })),
        Mail::SessionsEnded { at } => Ok(Some(Letter {
            subject: "You were signed out".to_owned(),
            paragraphs: vec![format!("An owner of your account signed you out on {}.", moment(*at))],
            action: Some(("Sign in again".to_owned(), writer.page(route::LOGIN))),
            note: "Ask an owner of your account if you do not know why.".to_owned(),
        })),
        Mail::SignInDisowned { at, email } => Ok(Some(Letter {
            subject: "You were signed out everywhere".to_owned(),
            paragraphs: vec![
                format!("On {} somebody said by a link in a message that a sign-in was not theirs.", moment(*at)),
                format!(
                    "Every session ended, the password was removed, and so were linked sign-ins and open \
                     invitations of the last nine days. The e-mail address to sign in with is {email}."
                ),
            ],
            action: Some(("Set a new password".to_owned(), writer.page(route::FORGOT_PASSWORD))),
            note: "If that was not you, ask an owner of your account, or who runs this server.".to_owned(),
        })),
        Mail::MembershipEnded { account_name, end, at } => {
            const FREE: &str = "You can use this address for another account.";
            const CLOSED: &str =
                "Its users and invitations are deleted, yours among them. You can use this address for another account.";
            let (who, note) = match end {
                MembershipEnd::Removed => {
                    ("An owner removed you from", "This address is free for another account.")
                }
                MembershipEnd::Left => ("You left", FREE),
                MembershipEnd::DeletedByOperator => ("The operator removed you from", FREE),
                MembershipEnd::Closed => ("An owner closed the account", CLOSED),
                MembershipEnd::ClosedByOperator => ("The operator closed the account", CLOSED),
                MembershipEnd::Deactivated => {
                    ("An owner deactivated you in", "You cannot sign in until an owner reactivates you.")
                }
                MembershipEnd::ByOperator => {
                    ("The operator deactivated you in", "You cannot sign in until an owner reactivates you.")
                }
            };
            Ok(Some(Letter {
                subject: format!("You no longer have access to “{account_name}”"),
                paragraphs: vec![format!("{who} “{account_name}” on {}. {note}", moment(*at))],
                action: None,
                note: match end {
                    MembershipEnd::Closed | MembershipEnd::ClosedByOperator => {
                        "Ask whoever runs this server if you do not know why."
                    }
                    MembershipEnd::Left => {
                        "If this wasn’t you, ask an owner of the account to invite you again, and tell them about it."
                    }
                    _ => "Ask an owner of the account if you do not know why.",
                }
                .to_owned(),
            }))
        }
        Mail::SessionsEndedInBulk { .. } => Ok(None),
    }
}

struct Writer<'a> {
    app: &'a App,
    recipient: &'a str,
    now: DateTime<Utc>,
}

impl Writer<'_> {
    fn page(&self, path: &str) -> String {
        format!("{}{path}", self.app.config.public_url)
    }

    /// The token stands behind `#`, where neither a server's log nor another site gets to see it.
    fn link(&self, path: &str, claims: LinkClaims) -> Result<String> {
        Ok(format!("{}#{}", self.page(path), self.app.keys.sign_link(claims, self.now)?))
    }

    const fn database(&self) -> &impl Connection {
        &self.app.database.read
    }

    async fn verification(&self, mail: &Mail) -> Result<Option<Letter>> {
        if let Some(login) = users::find_login(self.database(), self.recipient).await? {
            let reset = self.page(route::FORGOT_PASSWORD);
            return Ok(Some(if login.is_active { already_known(reset) } else { deactivated() }));
        }
        let registration = match mail {
            Mail::Registered { registration_id } => {
                registrations::find(self.database(), *registration_id, self.now).await?
            }
            _ => registrations::find_latest(self.database(), self.recipient, None, self.now).await?,
        };
        let Some(registration) = registration else { return Ok(None) };
        let claims = LinkClaims::new(LinkPurpose::VerifyRegistration, registration.id);
        let paragraphs = match &registration.issuer {
            None => vec![
                format!("Hello {},", registration.name),
                format!(
                    "Your account “{}” is ready as soon as you have verified this address. The link works \
                     until {}.",
                    registration.account_name,
                    moment(registration.expires_at)
                ),
            ],
            // The name is what the provider gave: it need not be the recipient's.
            Some(issuer) => vec![
                format!(
                    "Somebody signed in with {} as “{}”, with this address, and wants to open the account “{}”.",
                    self.app
                        .oidc
                        .provider_of(issuer)
                        .map_or(issuer, |provider| &provider.config.display_name),
                    registration.name,
                    registration.account_name
                ),
                format!(
                    "If that was you, open the link in the browser in which you signed in. It works until {}, and \
                     nowhere else.",
                    moment(registration.expires_at)
                ),
            ],
        };
        Ok(Some(Letter {
            subject: "Verify your e-mail address".to_owned(),
            paragraphs,
            action: Some(("Verify my e-mail address".to_owned(), self.link(route::VERIFY_EMAIL, claims)?)),
            note: IGNORE.to_owned(),
        }))
    }

    async fn reset(&self) -> Result<Option<Letter>> {
        let login = users::find_login(self.database(), self.recipient).await?.filter(|login| login.is_active);
        let Some(login) = login else { return Ok(None) };
        let claims = LinkClaims {
            fingerprint: Some(login.fingerprint()),
            ..LinkClaims::new(LinkPurpose::ResetPassword, login.user_id.0)
        };
        Ok(Some(Letter {
            subject: "Set a new password".to_owned(),
            paragraphs: vec![
                format!("Hello {},", login.name),
                "Use this link to set a new password. It works once, for an hour. Setting the password \
                 signs you out everywhere."
                    .to_owned(),
            ],
            action: Some(("Set a new password".to_owned(), self.link(route::RESET_PASSWORD, claims)?)),
            note: IGNORE.to_owned(),
        }))
    }

    async fn invitation(&self, invite_id: InviteId) -> Result<Option<Letter>> {
        let Some(invite) = invites::find(self.database(), invite_id).await? else { return Ok(None) };
        let who = invite.invited_by.as_deref().unwrap_or("Somebody");
        let opening =
            format!("{who} invites you to join “{}” as {}.", invite.account_name, invite.role.with_article());
        if users::find_by_email(self.database(), self.recipient).await?.is_some() {
            return Ok(Some(Letter {
                subject: format!("{who} invites you to “{}”", invite.account_name),
                paragraphs: vec![
                    opening,
                    "This address already belongs to an account, and can belong to only one. Ask to be invited \
                     under another address."
                        .to_owned(),
                ],
                action: None,
                note: "If you do not know who that is, ignore this message.".to_owned(),
            }));
        }
        let claims =
            LinkClaims { sends: Some(invite.sends), ..LinkClaims::new(LinkPurpose::Invite, invite.id.0) };
        Ok(Some(Letter {
            subject: format!("{who} invites you to “{}”", invite.account_name),
            paragraphs: vec![opening, format!("The link works once, until {}.", moment(invite.expires_at))],
            action: Some(("See the invitation".to_owned(), self.link(route::INVITE, claims)?)),
            note: "If you do not know who that is, ignore this message.".to_owned(),
        }))
    }

    async fn new_address(&self, user_id: UserId, fingerprint: &str) -> Result<Option<Letter>> {
        let login = users::find_login_by_id(self.database(), user_id).await?;
        // Another password or address since: the link would be good for nothing.
        let Some(login) = login.filter(|login| login.fingerprint() == fingerprint) else { return Ok(None) };
        if users::find_by_email(self.database(), self.recipient).await?.is_some() {
            return Ok(Some(Letter {
                subject: "This address is in use already".to_owned(),
                paragraphs: vec![
                    "Somebody, perhaps you, asked to use this address for another sign-in. It belongs to one \
                     already, so nothing was changed."
                        .to_owned(),
                ],
                action: None,
                note: "You don’t need to do anything.".to_owned(),
            }));
        }
        let claims = LinkClaims {
            fingerprint: Some(fingerprint.to_owned()),
            email: Some(self.recipient.to_owned()),
            ..LinkClaims::new(LinkPurpose::VerifyEmail, login.user_id.0)
        };
        Ok(Some(Letter {
            subject: "Verify your new e-mail address".to_owned(),
            paragraphs: vec![
                format!("Hello {},", login.name),
                "Open this link to sign in with this address from now on. It works once, for 24 hours."
                    .to_owned(),
            ],
            action: Some(("Use this address".to_owned(), self.link(route::VERIFY_EMAIL, claims)?)),
            note: IGNORE.to_owned(),
        }))
    }

    async fn password_changed(&self, user_id: UserId, at: DateTime<Utc>) -> Result<Letter> {
        let mut paragraphs = vec![format!("Your password was changed on {}.", moment(at))];
        let linked = identities::list(self.database(), user_id).await?;
        let names = linked.iter().filter_map(|linked| self.app.oidc.provider_of(&linked.issuer));
        let names: Vec<_> = names.map(|provider| provider.config.display_name.as_str()).collect();
        if !names.is_empty() {
            paragraphs.push(format!(
                "You can also sign in with {}. If you did not set that up, unlink it under your profile.",
                names.join(", ")
            ));
        }
        Ok(Letter {
            subject: "Your password was changed".to_owned(),
            paragraphs,
            action: Some(("Set a new password".to_owned(), self.page(route::FORGOT_PASSWORD))),
            note: "If that was you, there is nothing to do. If not, set a new one: that signs out everyone using it."
                .to_owned(),
        })
    }

    /// The button for what was somebody else's doing.
    fn not_me(&self, user_id: UserId) -> Result<(String, String)> {
        let claims = LinkClaims {
            email: Some(self.recipient.to_owned()),
            ..LinkClaims::new(LinkPurpose::Disown, user_id.0)
        };
        Ok(("This wasn’t me".to_owned(), self.link(route::DISOWN, claims)?))
    }

    fn identity_linked(
        &self,
        user_id: UserId,
        (provider, email): (&str, Option<&str>),
        at: DateTime<Utc>,
        address: Option<&str>,
    ) -> Result<Letter> {
        let who = email.map(|email| format!(", {email}")).unwrap_or_default();
        let from = address.map(|address| format!(", from the address {address}")).unwrap_or_default();
        Ok(Letter {
            subject: "A new way to sign in was added".to_owned(),
            paragraphs: vec![
                format!("A new way to sign in was added: {provider}{who}."),
                format!("That was on {}{from}. If it was you, there is nothing to do.", moment(at)),
            ],
            action: Some(self.not_me(user_id)?),
            note: "The button leads to a page that takes it away again, signs you out everywhere and lets you set a \
                   new password. To unlink it alone, review your profile."
                .to_owned(),
        })
    }

    fn new_device(
        &self,
        user_id: UserId,
        at: DateTime<Utc>,
        address: Option<&str>,
        program: &Program,
    ) -> Result<Letter> {
        let from = address.map(|address| format!(", from the address {address}")).unwrap_or_default();
        Ok(Letter {
            subject: "You signed in on a new device".to_owned(),
            paragraphs: vec![
                format!("Somebody signed in as you with {} on {}{from}.", program.words(), moment(at)),
                "If that was you, there is nothing to do.".to_owned(),
            ],
            action: Some(self.not_me(user_id)?),
            note: "The button leads to a page that signs you out everywhere and lets you set a new password."
                .to_owned(),
        })
    }
}

/// For who registers with an address that has a user: the answer to the request tells nothing of it.
fn already_known(reset: String) -> Letter {
    Letter {
        subject: "You have an account already".to_owned(),
        paragraphs: vec![
            "Somebody, perhaps you, wanted to register with this address. It has an account already: sign in with \
             it, or set a new password if you forgot yours."
                .to_owned(),
            "If you came by another sign-in, with Google or Microsoft say: sign in with your password once, then link \
             it under your profile."
                .to_owned(),
        ],
        action: Some(("I forgot my password".to_owned(), reset)),
        note: "If that was not you, ignore this message: nothing was changed.".to_owned(),
    }
}

fn deactivated() -> Letter {
    Letter {
        subject: "You have an account already".to_owned(),
        paragraphs: vec![
            "Somebody, perhaps you, wanted to register with this address. It belongs to an account in which you \
             are deactivated, so you cannot sign in. Ask an owner of that account to reactivate or remove you."
                .to_owned(),
        ],
        action: None,
        note: "If that was not you, ignore this message: nothing was changed.".to_owned(),
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y at %H:%M UTC").to_string()
}
