//! What an operator does to accounts, users and sessions without a browser.

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    error::FieldError,
    id::{AccountId, UserId},
};
use serde_json::json;

use super::{AccountCommand, Result, SessionCommand, UserCommand, connect, print_json, read_password};
use crate::{
    audit::Deed,
    clock::{Clock, DatabaseClock, SystemClock},
    config::Config,
    domain::{field, membership::Membership},
    entropy,
    mail::{Mail, MembershipEnd, OwnerChange, OwnerEvent},
    membership,
    passwords::Passwords,
    store::{
        self, Connection, Database, Transaction, accounts, invites,
        sessions::{self, Reason},
        users::{self, Member, NewUser},
    },
    takeover::{self, Withdrawn},
    throttle,
};

/// Another process was faster.
const GONE: &str = "the user has just been removed";

/// Somebody with a shell on the server: above every account, and on record in each.
pub(super) struct Operator {
    database: Database,
    /// To hash and verify with.
    pub passwords: Passwords,
    clock: DatabaseClock,
}

impl Operator {
    pub async fn new(config: &Config) -> Result<Self> {
        Self::with(config, connect(config).await?).await
    }

    pub async fn with(config: &Config, database: Database) -> Result<Self> {
        let clock = DatabaseClock::new(SystemClock, &database).await?;
        Ok(Self { database, passwords: Passwords::new(config.password_workers)?, clock })
    }

    pub async fn account(&self, command: AccountCommand) -> Result<()> {
        match command {
            AccountCommand::Create { name, owner_email, owner_name, password: _ } => {
                let password = read_password()?;
                let (account_id, user_id) =
                    self.create_account(&name, &owner_email, &owner_name, &password).await?;
                print_json(&json!({"account_id": account_id, "user_id": user_id}))
            }
            AccountCommand::Close { account } => {
                let now = self.clock.now();
                let transaction = self.database.begin().await?;
                accounts::hold(&transaction, account).await?;
                is_open(&transaction, account).await?;
                let name = accounts::find(&transaction, account).await?.name;
                let deed = |kind| Deed::new(kind, account, now);
                let how = MembershipEnd::ClosedByOperator;
                let closed = membership::close(&transaction, (account, &name), deed, how, now).await?;
                transaction.commit().await?;
                print_json(&json!({
                    "account_id": account,
                    "member_count": closed.member_count,
                    "revoked_count": closed.revoked_count,
                }))
            }
        }
    }

    pub async fn create_account(
        &self,
        name: &str,
        owner_email: &str,
        owner_name: &str,
        password: &str,
    ) -> Result<(AccountId, UserId)> {
        accept([field::check_name("name", name)])?;
        let now = self.clock.now();
        let account_id = AccountId(entropy::id(now)?);
        let hash = self.hash(owner_email, owner_name, password).await?;
        let transaction = self.database.begin().await?;
        accounts::insert(&transaction, account_id, name.trim(), now).await?;
        let user_id =
            insert_user(&transaction, account_id, owner_email, owner_name, Role::Owner, &hash, now).await?;
        let payload = json!({"user_id": user_id});
        Deed::new(AuditKind::AccountCreated, account_id, now).with(payload).append(&transaction).await?;
        transaction.commit().await?;
        Ok((account_id, user_id))
    }

    pub async fn user(&self, command: UserCommand) -> Result<()> {
        let now = self.clock.now();
        match command {
            UserCommand::Create { account, email, name, role, password: _ } => {
                let hash = self.hash(&email, &name, &read_password()?).await?;
                // The person who types the password may take their time.
                let now = self.clock.now();
                let transaction = self.database.begin().await?;
                accounts::hold(&transaction, account).await?;
                is_open(&transaction, account).await?;
                let user_id = insert_user(&transaction, account, &email, &name, role, &hash, now).await?;
                let payload = json!({"user_id": user_id, "role": role});
                Deed::new(AuditKind::UserCreatedByOperator, account, now)
                    .with(payload)
                    .append(&transaction)
                    .await?;
                if role == Role::Owner {
                    let account_name = accounts::find(&transaction, account).await?.name;
                    let change = OwnerChange {
                        account: (account, &account_name),
                        event: OwnerEvent::Joined,
                        person: (Some(user_id), &field::normal_email(&email)),
                        by: None,
                    };
                    change.announce(&transaction, now).await?;
                }
                transaction.commit().await?;
                print_json(&json!({"account_id": account, "user_id": user_id}))
            }
            UserCommand::SetPassword { email, password: _ } => self.set_password(&email).await,
            UserCommand::Delete { email } => {
                let (user, account) = self.find(&email).await?;
                let transaction = self.database.begin().await?;
                let member = hold_other_owner(&transaction, account, user).await?;
                let account_name = accounts::find(&transaction, account).await?.name;
                let deed = Deed::new(AuditKind::UserDeletedByOperator, account, now);
                let by = (deed, MembershipEnd::DeletedByOperator);
                let revoked = membership::end(&transaction, &member, &account_name, by, now).await?;
                transaction.commit().await?;
                print_json(&json!({"user_id": user, "revoked_count": revoked}))
            }
            UserCommand::Deactivate { email } => {
                let (user, account) = self.find(&email).await?;
                let transaction = self.database.begin().await?;
                let member = hold_other_owner(&transaction, account, user).await?;
                users::set_active(&transaction, user, false).await?;
                invites::revoke_of_user(&transaction, account, user, DateTime::UNIX_EPOCH, now).await?;
                let revoked = sessions::revoke_of_user(&transaction, user, Reason::Operator, now).await?;
                let payload = json!({"user_id": user, "revoked_count": revoked});
                Deed::new(AuditKind::UserDeactivatedByOperator, account, now)
                    .with(payload)
                    .append(&transaction)
                    .await?;
                record_active(&transaction, &member, false, now).await?;
                transaction.commit().await?;
                print_json(&json!({"user_id": user, "revoked_count": revoked}))
            }
            UserCommand::Reactivate { email } => {
                let (user, account) = self.find(&email).await?;
                let transaction = self.database.begin().await?;
                accounts::hold(&transaction, account).await?;
                users::hold(&transaction, user).await?;
                let member = users::find_member(&transaction, account, user).await?.ok_or(GONE)?;
                if member.is_active {
                    return Err("this user is active already".into());
                }
                users::set_active(&transaction, user, true).await?;
                Deed::new(AuditKind::UserReactivatedByOperator, account, now)
                    .with(json!({"user_id": user}))
                    .append(&transaction)
                    .await?;
                record_active(&transaction, &member, true, now).await?;
                transaction.commit().await?;
                print_json(&json!({"user_id": user}))
            }
        }
    }

    async fn set_password(&self, email: &str) -> Result<()> {
        let password = read_password()?;
        let now = self.clock.now();
        let (user, account) = self.find(email).await?;
        let login = users::find_login_by_id(&self.database.read, user).await?;
        let (email, name) = login.map(|login| (login.email, login.name)).ok_or(GONE)?;
        let hash = self.hash(&email, &name, &password).await?;
        let transaction = self.database.begin().await?;
        users::set_password_hash(&transaction, user, &hash).await?;
        // Whoever guessed at the old one keeps nobody from using the new one.
        throttle::forgive(&transaction, &email).await?;
        let revoked = sessions::revoke_of_user(&transaction, user, Reason::Operator, now).await?;
        let withdrawn = takeover::withdraw(&transaction, account, user, now).await?;
        let Withdrawn { unlinked_count, revoked_invite_count } = withdrawn;
        let payload = json!({
            "user_id": user,
            "revoked_count": revoked,
            "unlinked_count": unlinked_count,
            "revoked_invite_count": revoked_invite_count,
        });
        Deed::new(AuditKind::PasswordSetByOperator, account, now).with(payload).append(&transaction).await?;
        let mail = Mail::PasswordChanged { user_id: user, at: now, unlinked_count, revoked_invite_count };
        mail.enqueue(&transaction, &email, now).await?;
        transaction.commit().await?;
        print_json(&json!({"user_id": user, "revoked_count": revoked}))
    }

    pub async fn session(&self, command: SessionCommand) -> Result<()> {
        let now = self.clock.now();
        match command {
            SessionCommand::List { account, email, limit } => {
                let user = match email {
                    Some(email) => Some(self.find(&email).await?.0),
                    None => None,
                };
                for live in sessions::list_live(&self.database.read, account, user, limit, now).await? {
                    print_json(&json!({
                        "session_id": live.id,
                        "account_id": live.account_id,
                        "user_id": live.user_id,
                        "email": live.email,
                        "auth_time": live.auth_time,
                        "idle_expires_at": live.idle_expires_at,
                        "absolute_expires_at": live.absolute_expires_at,
                    }))?;
                }
                Ok(())
            }
            SessionCommand::Revoke { id: Some(id), .. } => {
                let session = sessions::find(&self.database.read, id).await?;
                let session = session.ok_or_else(|| format!("there is no session {id}"))?;
                let transaction = self.database.begin().await?;
                let revoked = if session.is_live(now) {
                    sessions::revoke(&transaction, id, Reason::Operator, now).await?
                } else {
                    sessions::spare_no_longer(&transaction, id).await?;
                    false
                };
                if revoked {
                    let payload = json!({"user_id": session.user_id, "revoked_count": 1});
                    let kind = AuditKind::SessionsRevokedByOperator;
                    Deed::new(kind, session.account_id, now)
                        .in_session(id)
                        .with(payload)
                        .append(&transaction)
                        .await?;
                }
                transaction.commit().await?;
                print_json(&json!({"revoked_count": u8::from(revoked)}))
            }
            SessionCommand::Revoke { id: None, email } => {
                let (user, account) = self.find(&email.unwrap_or_default()).await?;
                let transaction = self.database.begin().await?;
                let revoked = sessions::revoke_of_user(&transaction, user, Reason::Operator, now).await?;
                let payload = json!({"user_id": user, "revoked_count": revoked});
                Deed::new(AuditKind::SessionsRevokedByOperator, account, now)
                    .with(payload)
                    .append(&transaction)
                    .await?;
                transaction.commit().await?;
                print_json(&json!({"revoked_count": revoked}))
            }
        }
    }

    async fn find(&self, email: &str) -> Result<(UserId, AccountId)> {
        let found = users::find_by_email(&self.database.read, &field::normal_email(email)).await?;
        found.ok_or_else(|| format!("nobody has the address {email}").into())
    }

    async fn hash(&self, email: &str, name: &str, password: &str) -> Result<String> {
        accept([
            field::check_email("email", &field::normal_email(email)),
            field::check_name("name", name),
            field::check_new_password("password", password, &[email, name]),
        ])?;
        Ok(self.passwords.hash(password).await?)
    }
}

/// Fails unless there is such an account, and it has not been closed.
async fn is_open(connection: &impl Connection, account: AccountId) -> Result<()> {
    if accounts::is_open(connection, account).await? {
        return Ok(());
    }
    Err(format!("there is no account {account}, or it was closed").into())
}

/// Holds a person, who must not be the last active owner.
async fn hold_other_owner(transaction: &Transaction, account: AccountId, user: UserId) -> Result<Member> {
    accounts::hold(transaction, account).await?;
    users::hold(transaction, user).await?;
    let member = users::find_member(transaction, account, user).await?.ok_or(GONE)?;
    if users::is_last_owner(transaction, &member).await? {
        return Err("this is the account's last active owner".into());
    }
    Ok(member)
}

/// Records that the operator let a person sign in, or not, and tells them and the owners.
async fn record_active(
    transaction: &Transaction,
    member: &Member,
    is_active: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let new = Membership { role: member.role, is_active };
    takeover::record(transaction, member, None, new, now).await?;
    let account_name = accounts::find(transaction, member.account_id).await?.name;
    let (user_id, name) = (Some(member.id), account_name.clone());
    let mail = if is_active {
        Mail::MembershipRestored { user_id, account_name: name, at: now }
    } else {
        Mail::MembershipEnded { user_id, account_name: name, end: MembershipEnd::ByOperator, at: now }
    };
    mail.enqueue(transaction, &member.email, now).await?;
    if member.role == Role::Owner && member.is_active != is_active {
        let change = OwnerChange {
            account: (member.account_id, &account_name),
            event: if is_active { OwnerEvent::Reactivated } else { OwnerEvent::Deactivated },
            person: (Some(member.id), &member.email),
            by: None,
        };
        change.announce(transaction, now).await?;
    }
    Ok(())
}

async fn insert_user(
    connection: &impl Connection,
    account_id: AccountId,
    email: &str,
    name: &str,
    role: Role,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<UserId> {
    let id = UserId(entropy::id(now)?);
    let user = NewUser {
        id,
        account_id,
        email: &field::normal_email(email),
        email_verified_at: Some(now),
        name: name.trim(),
        role,
        password_hash: Some(hash),
    };
    match users::insert(connection, user, now).await {
        Ok(()) => Ok(id),
        Err(error) if store::is_taken(&error) => Err(format!("the address {email} is taken").into()),
        Err(error) => Err(error.into()),
    }
}

fn accept(faults: impl IntoIterator<Item = Option<FieldError>>) -> Result<()> {
    let faults: Vec<_> =
        faults.into_iter().flatten().map(|fault| format!("{}: {}", fault.field, fault.message)).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ").into()) }
}
