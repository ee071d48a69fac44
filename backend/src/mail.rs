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
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::App,
    audit::AppendError,
    domain::{
        autolink::may_become_link,
        field,
        link::{DISOWN_REACH, LinkClaims, LinkPurpose},
        program::Program,
    },
    entropy,
    error::Result,
    store::{
        Connection, StoreError, address_changes, identities,
        invites::{self, Invite},
        mails::{self, NewMail, Replaced},
        membership_changes, registrations,
        users::{self, Login},
    },
    throttle,
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
        /// How many linked identities were removed with it.
        #[serde(default)]
        unlinked_count: u64,
        /// How many pending invitations were cancelled with it.
        #[serde(default)]
        revoked_invite_count: u64,
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
        /// The user. None in messages of earlier releases.
        #[serde(default)]
        user_id: Option<UserId>,
        /// The account's name.
        account_name: String,
        /// How that came.
        end: MembershipEnd,
        /// When.
        at: DateTime<Utc>,
    },
    /// A person can sign in again.
    MembershipRestored {
        /// The user. None in messages of earlier releases.
        #[serde(default)]
        user_id: Option<UserId>,
        /// The account's name.
        account_name: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The owners of an account changed, or are about to.
    OwnerNews {
        /// The account's name.
        account_name: String,
        /// What happened.
        event: OwnerEvent,
        /// The address of the person it happened to.
        person: String,
        /// The person who did it; of a person who joined, the person who invited them. None for the operator.
        by: Option<UserId>,
        /// The name of that person.
        by_name: Option<String>,
        /// The user who reads it.
        user_id: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Changes of membership were undone because a person reported that somebody else used their sign-in.
    MembershipUndone {
        /// The account's name.
        account_name: String,
        /// The address of the person who reported it.
        person: String,
        /// The addresses of the people who were deactivated.
        deactivated: Vec<String>,
        /// The addresses of the people who got an earlier role back.
        role_restored: Vec<String>,
        /// The addresses of the people who can sign in again.
        reactivated: Vec<String>,
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

/// What happened to an owner of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerEvent {
    /// Somebody was invited as an owner.
    Invited,
    /// Somebody joined as an owner.
    Joined,
    /// A person of the account was made an owner.
    Promoted,
    /// An owner has another role now.
    Demoted,
    /// An owner was deactivated.
    Deactivated,
    /// An owner was reactivated.
    Reactivated,
    /// An owner was removed.
    Removed,
    /// An owner left.
    Left,
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
    /// The person who let them in reported that somebody else had done so.
    Undone,
}

/// How urgent a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A person waits for it.
    Awaited = 0,
    /// An invitation.
    Invitation = 1,
    /// Tells what happened.
    Notice = 2,
}

/// The maximum number of replaced messages that a message quotes.
const EARLIER_MAX: usize = 20;

impl Mail {
    /// Puts it into the outbox, in the transaction of the event that it reports. It replaces an unsent message on the
    /// same topic to the same recipient. A transaction that sends several of one kind sorts them by recipient, so that
    /// two such transactions do not deadlock.
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
        let topic = self.topic();
        let replaced = match &topic {
            Some(topic) => mails::delete_of_topic(connection, recipient, topic).await?,
            None => Vec::new(),
        };
        let send_at = self.send_at(connection, recipient, topic.as_deref(), &replaced, now).await?;
        let new = NewMail {
            id: entropy::id(now)?,
            kind: &kind,
            recipient,
            payload,
            priority: self.priority() as i32,
            topic: topic.as_deref(),
            earlier: self.quotes_earlier().then(|| earlier(replaced)).flatten(),
            send_at,
            invite_id: match self {
                Self::Invited { invite_id } => Some(*invite_id),
                _ => None,
            },
        };
        Ok(mails::insert(connection, new, now).await?)
    }

    /// How urgent it is.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        match self {
            Self::Registered { .. }
            | Self::VerificationAsked {}
            | Self::PasswordForgotten {}
            | Self::EmailChangeAsked { .. }
            | Self::SignInDisowned { .. } => Priority::Awaited,
            Self::Invited { .. } => Priority::Invitation,
            _ => Priority::Notice,
        }
    }

    /// The topic, which a message shares with those that it replaces. It contains the id of everything that a stranger
    /// could send a message about to the same recipient, so that nobody replaces another person's message.
    fn topic(&self) -> Option<String> {
        Some(match self {
            Self::Registered { registration_id } => format!("registered:{registration_id}"),
            // The content depends on the recipient alone.
            Self::VerificationAsked {} => "verification_asked".to_owned(),
            Self::PasswordForgotten {} => "password_forgotten".to_owned(),
            Self::Invited { invite_id } => format!("invited:{invite_id}"),
            Self::EmailChangeAsked { user_id, .. } => format!("email_change_asked:{user_id}"),
            Self::EmailChanged { user_id, email } => format!("email_changed:{user_id}:{email}"),
            Self::NewDevice { user_id, .. } => format!("new_device:{user_id}"),
            Self::IdentityLinked { user_id, .. } => format!("identity_linked:{user_id}"),
            Self::PasswordChanged { user_id, .. } => format!("password_changed:{user_id}"),
            // An address has one user, so nobody else's account signs it out.
            Self::SessionsEnded { .. } => "sessions_ended".to_owned(),
            Self::SignInDisowned { email, .. } => format!("sign_in_disowned:{email}"),
            Self::MembershipEnded { user_id, .. } | Self::MembershipRestored { user_id, .. } => {
                format!("membership:{}", (*user_id)?)
            }
            // An act in the reader's name has its own button, which another owner's act must not remove.
            Self::OwnerNews { user_id, by, event, .. } => {
                let by = if *by == Some(*user_id) { "own" } else { "others" };
                format!("owner_news:{user_id}:{by}:{event:?}")
            }
            Self::MembershipUndone { person, .. } => format!("membership_undone:{person}"),
            Self::SessionsEndedInBulk { .. } => return None,
        })
    }

    /// Whether it quotes the messages that it replaces, because their content is not part of its own.
    const fn quotes_earlier(&self) -> bool {
        matches!(self.priority(), Priority::Notice)
            && !matches!(self, Self::MembershipEnded { .. } | Self::MembershipRestored { .. })
    }

    /// Whether the same event can happen to the same user again and again.
    const fn is_repeatable(&self) -> bool {
        match self {
            Self::MembershipEnded { end, .. } => {
                matches!(end, MembershipEnd::Deactivated | MembershipEnd::ByOperator | MembershipEnd::Undone)
            }
            _ => matches!(self.priority(), Priority::Notice),
        }
    }

    /// The time to send it. A notice that replaces another one keeps its time, and frequent notices are delayed.
    async fn send_at(
        &self,
        connection: &impl Connection,
        recipient: &str,
        topic: Option<&str>,
        replaced: &[Replaced],
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, StoreError> {
        let Some(topic) = topic.filter(|_| self.is_repeatable()) else {
            return Ok(now);
        };
        // One that was tried may have been sent.
        let untried = replaced.iter().filter(|mail| mail.attempts == 0).map(|mail| mail.next_attempt_at);
        match untried.min() {
            Some(at) => Ok(at),
            None => throttle::notice(connection, recipient, topic, now).await,
        }
    }
}

/// The messages that a later one replaces and quotes, oldest first.
fn earlier(replaced: Vec<Replaced>) -> Option<Value> {
    let mut all = Vec::new();
    for mail in replaced {
        if let Some(Value::Array(earlier)) = mail.earlier {
            all.extend(earlier);
        }
        all.push(json!({"kind": mail.kind, "payload": mail.payload}));
    }
    all.drain(..all.len().saturating_sub(EARLIER_MAX));
    (!all.is_empty()).then_some(Value::Array(all))
}

/// Something that happened to an owner, or made somebody one.
#[derive(Debug)]
pub struct OwnerChange<'a> {
    /// The account.
    pub account: (AccountId, &'a str),
    /// What happened.
    pub event: OwnerEvent,
    /// The person it happened to, by id and address. None who is invited only.
    pub person: (Option<UserId>, &'a str),
    /// The person who did it, by id and name. None for the operator.
    pub by: Option<(UserId, &'a str)>,
}

impl OwnerChange<'_> {
    /// Tells the owners of the account, and who is demoted. The person who did it is among them: it may have been
    /// somebody else in their name.
    ///
    /// # Errors
    ///
    /// When the database is away, or there is no randomness for an id.
    pub async fn announce(
        &self,
        connection: &impl Connection,
        now: DateTime<Utc>,
    ) -> Result<(), AppendError> {
        let (account, account_name) = self.account;
        let (person_id, person) = self.person;
        let mut readers = users::list_owners(connection, account).await?;
        match self.event {
            OwnerEvent::Demoted => readers.extend(person_id.map(|id| (id, person.to_owned()))),
            // They have a message of their own, or have done it themselves.
            OwnerEvent::Joined | OwnerEvent::Reactivated => readers.retain(|(id, _)| Some(*id) != person_id),
            _ => {}
        }
        readers.sort_unstable_by(|(_, one), (_, other)| one.cmp(other));
        for (user_id, email) in readers {
            let mail = Mail::OwnerNews {
                account_name: account_name.to_owned(),
                event: self.event,
                person: person.to_owned(),
                by: self.by.map(|(by, _)| by),
                by_name: self.by.map(|(_, name)| name.to_owned()),
                user_id,
                at: now,
            };
            mail.enqueue(connection, &email, now).await?;
        }
        Ok(())
    }
}

const IGNORE: &str = "If you did not ask for this, ignore this message: nothing changes without the link.";

/// Writes a message that also quotes `earlier` ones on the same topic. Returns `None` if it is outdated or has no
/// recipient any more.
///
/// # Errors
///
/// When the database is away, or a link cannot be signed.
pub async fn write(app: &App, mail: &Mail, recipient: &str, earlier: &[Mail]) -> Result<Option<Letter>> {
    let Some(mut letter) = write_one(app, mail, recipient).await? else { return Ok(None) };
    let mut first_paragraphs = Vec::new();
    for mail in earlier {
        let letter = write_one(app, mail, recipient).await?;
        first_paragraphs.extend(letter.and_then(|letter| letter.paragraphs.into_iter().next()));
    }
    if !first_paragraphs.is_empty() {
        letter.paragraphs.push(if first_paragraphs.len() < EARLIER_MAX {
            "This message replaces these earlier ones, oldest first:".to_owned()
        } else {
            format!("This message replaces these earlier ones, of which the last {EARLIER_MAX} are shown, oldest first:")
        });
        letter.paragraphs.append(&mut first_paragraphs);
    }
    Ok(Some(letter))
}

async fn write_one(app: &App, mail: &Mail, recipient: &str) -> Result<Option<Letter>> {
    let writer = Writer { app, recipient, now: app.clock.now() };
    match mail {
        Mail::Registered { .. } | Mail::VerificationAsked {} => writer.verification(mail).await,
        Mail::PasswordForgotten {} => writer.reset().await,
        Mail::Invited { invite_id } => writer.invitation(*invite_id).await,
        Mail::EmailChangeAsked { user_id, fingerprint } => writer.new_address(*user_id, fingerprint).await,
        Mail::NewDevice { user_id, at, address, user_agent } => {
            let program = Program::of(user_agent.as_deref());
            writer.new_device(*user_id, *at, address.as_deref(), &program).await.map(Some)
        }
        Mail::IdentityLinked { user_id, provider, email, at, address } => {
            let what = (provider.as_str(), email.as_deref());
            writer.identity_linked(*user_id, what, *at, address.as_deref()).await.map(Some)
        }
        Mail::PasswordChanged { user_id, at, unlinked_count, revoked_invite_count } => {
            let removed = (*unlinked_count, *revoked_invite_count);
            writer.password_changed(*user_id, *at, removed).await.map(Some)
        }
        Mail::EmailChanged { user_id, email } => Ok(Some(Letter {
            subject: "Your e-mail address was changed".to_owned(),
            paragraphs: vec![format!(
                "You now sign in with {email}. This address no longer works for signing in."
            )],
            action: Some(writer.not_me(*user_id).await?),
            note: "If that was you, there is nothing to do. The button leads to a page that gives you this address \
                   back, signs you out everywhere and emails you a link to set a new password. It works for seven \
                   days."
                .to_owned(),
        })),
        Mail::SessionsEnded { at } => Ok(Some(Letter {
            subject: "You were signed out".to_owned(),
            paragraphs: vec![format!("An owner of your account signed you out on {}.", moment(*at))],
            action: Some(("Sign in again".to_owned(), writer.page(route::LOGIN))),
            note: "Ask an owner of your account if you do not know why.".to_owned(),
        })),
        Mail::SignInDisowned { at, email } => writer.disowned(*at, email).await.map(Some),
        Mail::MembershipEnded { account_name, end, at, .. } => {
            Ok(Some(membership_ended(account_name, *end, *at)))
        }
        Mail::MembershipRestored { account_name, at, .. } => {
            let account = quoted(account_name, "your account");
            Ok(Some(Letter {
                subject: format!("You have access to {account} again"),
                paragraphs: vec![format!("You were reactivated in {account} on {}.", moment(*at))],
                action: Some(("Sign in".to_owned(), writer.page(route::LOGIN))),
                note: "If you no longer know your password, set a new one on the sign-in page.".to_owned(),
            }))
        }
        Mail::OwnerNews { account_name, event, person, by, by_name, user_id, at } => {
            let by_name = by.map(|_| by_name.as_deref().unwrap_or("someone"));
            let what = (account_name.as_str(), *event, person.as_str());
            writer.owner_news(what, by_name, *user_id, *by == Some(*user_id), *at).await.map(Some)
        }
        Mail::MembershipUndone { account_name, person, deactivated, role_restored, reactivated, at } => {
            let account = quoted(account_name, "your account");
            let mut paragraphs = vec![format!(
                "On {}, {person} reported that someone else had used their sign-in. What was done in {account} \
                 with it in the last nine days was undone.",
                moment(*at)
            )];
            for (people, what) in [
                (deactivated, "were let in and are deactivated now"),
                (role_restored, "have their earlier role again"),
                (reactivated, "can sign in again"),
            ] {
                if !people.is_empty() {
                    paragraphs.push(format!("These people {what}: {}.", people.join(", ")));
                }
            }
            Ok(Some(Letter {
                subject: format!("People of {account} were changed"),
                paragraphs,
                action: Some(("Review people".to_owned(), writer.page(route::MEMBERS))),
                note: "Reactivate the people who belong to the account.".to_owned(),
            }))
        }
        Mail::SessionsEndedInBulk { .. } => Ok(None),
    }
}

fn membership_ended(account_name: &str, end: MembershipEnd, at: DateTime<Utc>) -> Letter {
    const FREE: &str = "You can use this address for another account.";
    const INACTIVE: &str = "You cannot sign in until an owner reactivates you.";
    const CLOSED: &str = "Its users and invitations are deleted, yours among them. You can use this address for another account.";
    let (who, note) = match end {
        MembershipEnd::Removed => ("An owner removed you from", "This address is free for another account."),
        MembershipEnd::Left => ("You left", FREE),
        MembershipEnd::DeletedByOperator => ("The operator removed you from", FREE),
        MembershipEnd::Closed => ("An owner closed the account", CLOSED),
        MembershipEnd::ClosedByOperator => ("The operator closed the account", CLOSED),
        MembershipEnd::Deactivated => ("An owner deactivated you in", INACTIVE),
        MembershipEnd::ByOperator => ("The operator deactivated you in", INACTIVE),
        MembershipEnd::Undone => (
            "The person who let you in reported that someone else had used their sign-in. You were deactivated in",
            INACTIVE,
        ),
    };
    let account = quoted(account_name, "your account");
    let is_closed = matches!(end, MembershipEnd::Closed | MembershipEnd::ClosedByOperator);
    let which = if is_closed { quoted(account_name, "that you belonged to") } else { account.clone() };
    Letter {
        subject: format!("You no longer have access to {account}"),
        paragraphs: vec![format!("{who} {which} on {}. {note}", moment(at))],
        action: None,
        note: match end {
            _ if is_closed => "Ask whoever runs this server if you do not know why.",
            MembershipEnd::Left => {
                "If this wasn’t you, ask an owner of the account to invite you again, and tell them about it."
            }
            _ => "Ask an owner of the account if you do not know why.",
        }
        .to_owned(),
    }
}

fn link(app: &App, path: &str, claims: LinkClaims, now: DateTime<Utc>) -> Result<String> {
    Ok(format!("{}{path}#{}", app.config.server.public_url, app.keys.sign_link(claims, now)?))
}

/// A link to accept an invitation, for a message or for an owner to copy.
///
/// # Errors
///
/// When it cannot be signed.
pub fn invite_link(app: &App, invite: &Invite, purpose: LinkPurpose, now: DateTime<Utc>) -> Result<String> {
    let claims = LinkClaims { sends: Some(invite.sends), ..LinkClaims::new(purpose, invite.id.0) };
    link(app, route::INVITE, claims, now)
}

struct Writer<'a> {
    app: &'a App,
    recipient: &'a str,
    now: DateTime<Utc>,
}

impl Writer<'_> {
    fn page(&self, path: &str) -> String {
        format!("{}{path}", self.app.config.server.public_url)
    }

    /// The token stands behind `#`, where neither a server's log nor another site gets to see it.
    fn link(&self, path: &str, claims: LinkClaims) -> Result<String> {
        link(self.app, path, claims, self.now)
    }

    const fn database(&self) -> &impl Connection {
        &self.app.database.read
    }

    /// The user who has verified the recipient's address.
    async fn verified_user(&self) -> Result<Option<Login>> {
        let login = users::find_login(self.database(), self.recipient).await?;
        Ok(login.filter(|login| login.email_verified))
    }

    async fn verification(&self, mail: &Mail) -> Result<Option<Letter>> {
        if let Some(login) = self.verified_user().await? {
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
        // No names, since a stranger may have chosen them.
        let paragraphs = match &registration.issuer {
            None => vec![
                "Someone, perhaps you, registered an account with this address.".to_owned(),
                format!(
                    "If that was you, verify your address with this link. It works until {}. If you open it in another \
                     browser than the one in which you registered, choose your password there.",
                    moment(registration.expires_at)
                ),
            ],
            Some(issuer) => vec![
                format!(
                    "Someone, perhaps you, signed in with {} and wants to open an account with this address.",
                    self.app
                        .oidc
                        .provider_of(issuer)
                        .map_or("another service", |provider| &provider.config.display_name)
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
        Ok(Some(Letter {
            subject: "Set a new password".to_owned(),
            paragraphs: vec![
                if may_become_link(&login.name) { "Hello,".to_owned() } else { format!("Hello {},", login.name) },
                "Use this link to set a new password. It works once, for an hour. Setting the password \
                 signs you out everywhere, cancels your pending invitations and unlinks other ways to sign in that \
                 were added in the last nine days."
                    .to_owned(),
            ],
            action: Some(self.reset_button(&login)?),
            note: IGNORE.to_owned(),
        }))
    }

    fn reset_button(&self, login: &Login) -> Result<(String, String)> {
        let claims = LinkClaims {
            fingerprint: Some(login.fingerprint()),
            ..LinkClaims::new(LinkPurpose::ResetPassword, login.user_id.0)
        };
        Ok(("Set a new password".to_owned(), self.link(route::RESET_PASSWORD, claims)?))
    }

    /// For the person, with the way back in; and for an address that somebody else gave the user meanwhile.
    async fn disowned(&self, at: DateTime<Utc>, email: &str) -> Result<Letter> {
        let mut paragraphs = vec![
            format!("On {}, someone used the “This wasn’t me” button in one of our emails.", moment(at)),
            format!(
                "Every session ended and the password was removed, and so were linked sign-ins and pending \
                 invitations of the last nine days. The e-mail address to sign in with is {email}."
            ),
        ];
        let login = users::find_login(self.database(), self.recipient).await?.filter(|login| login.is_active);
        let (action, note) = match login {
            Some(login) => {
                paragraphs
                    .push("Use this link to set a new password. It works once, for an hour.".to_owned());
                let note =
                    "After that, ask for another link with “Forgotten your password?” on the sign-in page.";
                (Some(self.reset_button(&login)?), note)
            }
            None => (None, "If you do not know why, ask an owner of your account."),
        };
        Ok(Letter {
            subject: "You were signed out everywhere".to_owned(),
            paragraphs,
            action,
            note: note.to_owned(),
        })
    }

    async fn owner_news(
        &self,
        (account_name, event, person): (&str, OwnerEvent, &str),
        by: Option<&str>,
        user_id: UserId,
        is_own: bool,
        at: DateTime<Utc>,
    ) -> Result<Letter> {
        let by = by.map_or_else(
            || "the operator".to_owned(),
            |by| if is_own { "you" } else { plain_name(by, "another owner") }.to_owned(),
        );
        let account = quoted(account_name, "your account");
        let is_about_reader = person == self.recipient;
        let (subject, what) = match event {
            OwnerEvent::Invited => {
                ("An owner was invited to", format!("{person} was invited as an owner by {by}"))
            }
            OwnerEvent::Joined => ("An owner joined", format!("{person} joined as an owner, let in by {by}")),
            OwnerEvent::Promoted if is_about_reader => {
                ("You are an owner of", format!("You were made an owner by {by}"))
            }
            OwnerEvent::Promoted => {
                ("There is a new owner of", format!("{person} was made an owner by {by}"))
            }
            OwnerEvent::Demoted if is_about_reader => {
                ("You are no longer an owner of", format!("Your role was changed by {by}"))
            }
            OwnerEvent::Demoted => {
                ("An owner was given another role in", format!("The role of {person} was changed by {by}"))
            }
            OwnerEvent::Deactivated => {
                ("An owner was deactivated in", format!("{person} was deactivated by {by}"))
            }
            OwnerEvent::Reactivated => {
                ("An owner was reactivated in", format!("{person} was reactivated by {by}"))
            }
            OwnerEvent::Removed => ("An owner was removed from", format!("{person} was removed by {by}")),
            OwnerEvent::Left => ("An owner left", format!("{person} left the account")),
        };
        let (action, note) = if is_own {
            let note = "If it was you, there is nothing to do. The button leads to a page that signs you out everywhere, \
                        removes the people who were let in and emails you a link to set a new password.";
            (self.not_me(user_id).await?, note)
        } else {
            let note = "If you do not know why, ask the other owners of the account.";
            (("Review people".to_owned(), self.page(route::MEMBERS)), note)
        };
        Ok(Letter {
            subject: format!("{subject} {account}"),
            paragraphs: vec![format!("{what}, on {}. The account is {account}.", moment(at))],
            action: Some(action),
            note: note.to_owned(),
        })
    }

    async fn invitation(&self, invite_id: InviteId) -> Result<Option<Letter>> {
        let Some(invite) = invites::find(self.database(), invite_id).await? else { return Ok(None) };
        let who = plain_name(invite.invited_by.as_deref().unwrap_or_default(), "Somebody");
        let account = quoted(&invite.account_name, "an account");
        let subject = format!("{who} invites you to {account}");
        let opening = format!("{who} invites you to join {account} as {}.", invite.role.with_article());
        if self.verified_user().await?.is_some() {
            return Ok(Some(Letter {
                subject,
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
        Ok(Some(Letter {
            subject,
            paragraphs: vec![opening, format!("The link works once, until {}.", moment(invite.expires_at))],
            action: Some((
                "See the invitation".to_owned(),
                invite_link(self.app, &invite, LinkPurpose::Invite, self.now)?,
            )),
            note: "If you do not know who that is, ignore this message.".to_owned(),
        }))
    }

    async fn new_address(&self, user_id: UserId, fingerprint: &str) -> Result<Option<Letter>> {
        let login = users::find_login_by_id(self.database(), user_id).await?;
        // Another password or address since: the link would be good for nothing.
        let Some(login) = login.filter(|login| login.fingerprint() == fingerprint) else { return Ok(None) };
        if self.verified_user().await?.is_some() {
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
            // No name: the address may be a stranger's.
            paragraphs: vec![
                "Someone, perhaps you, asked to sign in with this address. Open this link to use it from now on. It \
                 works once, for 24 hours."
                    .to_owned(),
            ],
            action: Some(("Use this address".to_owned(), self.link(route::VERIFY_EMAIL, claims)?)),
            note: IGNORE.to_owned(),
        }))
    }

    async fn password_changed(
        &self,
        user_id: UserId,
        at: DateTime<Utc>,
        (unlinked, revoked_invites): (u64, u64),
    ) -> Result<Letter> {
        let mut paragraphs = vec![format!("Your password was changed on {}.", moment(at))];
        let counted =
            |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        if unlinked > 0 || revoked_invites > 0 {
            paragraphs.push(format!(
                "With it, {} that had been added in the last nine days and {} of yours were removed.",
                counted(unlinked, "way to sign in", "ways to sign in"),
                counted(revoked_invites, "pending invitation", "pending invitations")
            ));
        }
        let linked = identities::list(self.database(), user_id).await?;
        let names = linked.iter().filter_map(|linked| self.app.oidc.provider_of(&linked.issuer));
        let names: Vec<_> = names.map(|provider| provider.config.display_name.as_str()).collect();
        if !names.is_empty() {
            paragraphs.push(format!(
                "You can also sign in with {}. If you did not set that up, unlink it under your profile.",
                names.join(", ")
            ));
        }
        if let Some(login) = users::find_login_by_id(self.database(), user_id).await? {
            let open = invites::count_of_user(self.database(), login.account_id, user_id, self.now).await?;
            if open > 0 {
                paragraphs.push(format!(
                    "{} of yours can still be accepted. If you did not send them, cancel them under People: {}",
                    counted(open, "pending invitation", "pending invitations"),
                    self.page(route::MEMBERS)
                ));
            }
        }
        Ok(Letter {
            subject: "Your password was changed".to_owned(),
            paragraphs,
            action: Some(self.not_me(user_id).await?),
            note: "If that was you, there is nothing to do. The button leads to a page that signs you out everywhere \
                   and emails you a link to set a new password. It works for seven days."
                .to_owned(),
        })
    }

    /// The button for what was somebody else's doing.
    async fn not_me(&self, user_id: UserId) -> Result<(String, String)> {
        let claims = LinkClaims {
            email: Some(self.recipient.to_owned()),
            version: self.credentials_version(user_id).await?,
            ..LinkClaims::new(LinkPurpose::Disown, user_id.0)
        };
        Ok(("This wasn’t me".to_owned(), self.link(route::DISOWN, claims)?))
    }

    /// The version of the user's credentials; of a former address or user, the last one there.
    async fn credentials_version(&self, user_id: UserId) -> Result<Option<i64>> {
        let since = self.now - DISOWN_REACH;
        let Some(login) = users::find_login_by_id(self.database(), user_id).await? else {
            let removed = membership_changes::find_removed(self.database(), user_id, since).await?;
            return Ok(removed.and_then(|(_, removed)| removed.version_at(self.recipient)));
        };
        if login.email == self.recipient {
            return Ok(Some(login.credentials_version));
        }
        let former = address_changes::list(self.database(), user_id, since).await?;
        Ok(former.into_iter().rev().find(|(email, _)| email == self.recipient).map(|(_, version)| version))
    }

    async fn identity_linked(
        &self,
        user_id: UserId,
        (provider, email): (&str, Option<&str>),
        at: DateTime<Utc>,
        address: Option<&str>,
    ) -> Result<Letter> {
        // A provider may give any text for an address.
        let email = email.filter(|email| field::check_email("email", email).is_none());
        let who = email.map(|email| format!(", {email}")).unwrap_or_default();
        let from = address.map(|address| format!(", from the address {address}")).unwrap_or_default();
        Ok(Letter {
            subject: "A new way to sign in was added".to_owned(),
            paragraphs: vec![
                format!("A new way to sign in was added: {provider}{who}."),
                format!("That was on {}{from}. If it was you, there is nothing to do.", moment(at)),
            ],
            action: Some(self.not_me(user_id).await?),
            note: "The button leads to a page that takes it away again, signs you out everywhere and emails you a link \
                   to set a new password. To unlink it alone, review your profile."
                .to_owned(),
        })
    }

    async fn new_device(
        &self,
        user_id: UserId,
        at: DateTime<Utc>,
        address: Option<&str>,
        program: &Program,
    ) -> Result<Letter> {
        let from = address.map(|address| format!(", from the address {address}")).unwrap_or_default();
        // A program can claim any name.
        let program = program.words();
        let program = plain_name(&program, "a program");
        Ok(Letter {
            subject: "You signed in on a new device".to_owned(),
            paragraphs: vec![
                format!("Somebody signed in as you with {program} on {}{from}.", moment(at)),
                "If that was you, there is nothing to do.".to_owned(),
            ],
            action: Some(self.not_me(user_id).await?),
            note: "The button leads to a page that signs you out everywhere and emails you a link to set a new password. \
                   It works for seven days, and not after the password has changed."
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

/// The name, or `instead` if a mail program could turn it into a link.
fn plain_name<'a>(name: &'a str, instead: &'a str) -> &'a str {
    if name.is_empty() || may_become_link(name) { instead } else { name }
}

/// The account's name in quotes, or `instead` if a mail program could turn it into a link.
fn quoted(account_name: &str, instead: &str) -> String {
    if may_become_link(account_name) { instead.to_owned() } else { format!("“{account_name}”") }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y at %H:%M UTC").to_string()
}
