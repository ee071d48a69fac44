//! The operator's commands on accounts, users and sessions.

use std::error::Error as StdError;

use curfew_shared::{
    audit::AuditKind,
    auth::{AccountSummary, Role},
    error::{ErrorCode, FieldError},
    id::{AccountId, UserId},
};
use serde_json::json;

use super::{
    commands::{AccountCommand, SessionCommand, UserCommand},
    connect::connect,
    output::{self, Output, print_result},
    terminal::{Result, read_password},
};
use crate::{
    accounts::{
        close::close_account,
        create::{NewOwner, create_account, map_email_taken},
        members,
        recovery::revoke_access,
    },
    clock::{Clock, DatabaseClock, SystemClock},
    config::Config,
    context::Context,
    domain::{field, membership::Membership},
    entropy,
    error::Error,
    mail::{MembershipEnd, OwnerChange, OwnerEvent},
    passwords::Passwords,
    sessions::revoke::end_session,
    store::{
        Connection, Database, Transaction, accounts,
        sessions::{self, Reason},
        users::{self, NewUser},
    },
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
        Ok(Self { database, passwords: Passwords::new(config.server.password_workers.into())?, clock })
    }

    pub async fn account(&self, command: AccountCommand) -> Result<()> {
        match command {
            AccountCommand::Create { name, owner_email, owner_name, password: _ } => {
                let password = read_password()?;
                let (account_id, user_id) =
                    self.create_account(&name, &owner_email, &owner_name, &password).await?;
                print_result(&json!({"account_id": account_id, "user_id": user_id}))
            }
            AccountCommand::Close { account } => {
                let transaction = self.begin_in_account(account).await?;
                let ctx = Context::of_operator(&transaction, self.clock.now());
                let summary = summary(&transaction, account).await?;
                let closed = close_account(ctx, &summary, MembershipEnd::ClosedByOperator).await?;
                transaction.commit().await?;
                print_result(&json!({
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
        let hash = self.hash(owner_email, owner_name, password).await?;
        let transaction = self.database.begin().await?;
        let ctx = Context::of_operator(&transaction, self.clock.now());
        let owner = NewOwner {
            account_name: name.trim(),
            email: &field::normal_email(owner_email),
            name: owner_name.trim(),
            password_hash: Some(&hash),
        };
        let created = create_account(ctx, owner).await.map_err(|error| explain(error, owner_email))?;
        transaction.commit().await?;
        Ok(created)
    }

    pub async fn user(&self, command: UserCommand) -> Result<()> {
        match command {
            UserCommand::Create { account, email, name, role, password: _ } => {
                let hash = self.hash(&email, &name, &read_password()?).await?;
                let user = NewUser {
                    id: UserId(entropy::id(self.clock.now())?),
                    account_id: account,
                    email: &field::normal_email(&email),
                    email_verified_at: Some(self.clock.now()),
                    name: name.trim(),
                    role,
                    password_hash: Some(&hash),
                };
                self.create_user(user).await
            }
            UserCommand::SetPassword { email, password: _ } => self.set_password(&email).await,
            UserCommand::Delete { email } => {
                let (user, account) = self.find(&email).await?;
                let transaction = self.begin_in_account(account).await?;
                let ctx = Context::of_operator(&transaction, self.clock.now());
                let explain = |error| explain(error, &email);
                let member = members::find_for_update(ctx, account, user).await.map_err(explain)?;
                members::check_not_last_owner(ctx, &member).await.map_err(explain)?;
                let name = accounts::find(&transaction, account).await?.name;
                let end = MembershipEnd::DeletedByOperator;
                let revoked_count = members::remove(ctx, &name, &member, end).await?;
                transaction.commit().await?;
                print_result(&json!({"user_id": user, "revoked_count": revoked_count}))
            }
            UserCommand::Deactivate { email } => {
                let (user, revoked_count) = self.set_active(&email, false).await?;
                print_result(&json!({"user_id": user, "revoked_count": revoked_count}))
            }
            UserCommand::Reactivate { email } => {
                let (user, _) = self.set_active(&email, true).await?;
                print_result(&json!({"user_id": user}))
            }
        }
    }

    async fn create_user(&self, user: NewUser<'_>) -> Result<()> {
        let NewUser { id, account_id, email, role, .. } = user;
        let transaction = self.begin_in_account(account_id).await?;
        let ctx = Context::of_operator(&transaction, self.clock.now());
        let inserted = users::insert(&transaction, user, ctx.now).await;
        inserted.map_err(|error| explain(map_email_taken(error), email))?;
        ctx.record(account_id, AuditKind::UserCreatedByOperator, json!({"user_id": id, "role": role}))
            .await?;
        if role == Role::Owner {
            let account_name = accounts::find(&transaction, account_id).await?.name;
            let change = OwnerChange {
                account: (account_id, &account_name),
                event: OwnerEvent::Joined,
                person: (Some(id), email),
                by: None,
            };
            change.announce(&transaction, ctx.now).await?;
        }
        transaction.commit().await?;
        print_result(&json!({"account_id": account_id, "user_id": id}))
    }

    /// Lets a user sign in, or not. Returns how many sessions ended.
    async fn set_active(&self, email: &str, is_active: bool) -> Result<(UserId, u64)> {
        let (user, account) = self.find(email).await?;
        let transaction = self.begin_in_account(account).await?;
        let ctx = Context::of_operator(&transaction, self.clock.now());
        let explain = |error| explain(error, email);
        let member = members::find_for_update(ctx, account, user).await.map_err(explain)?;
        if is_active && member.is_active {
            return Err("this user is active already".into());
        }
        let new = Membership { role: member.role, is_active };
        let summary = summary(&transaction, account).await?;
        let revoked_count = members::change(ctx, &summary, &member, new).await.map_err(explain)?;
        transaction.commit().await?;
        Ok((user, revoked_count))
    }

    async fn set_password(&self, email: &str) -> Result<()> {
        let password = read_password()?;
        let (user, _) = self.find(email).await?;
        let login = users::find_login_by_id(&self.database.read, user).await?;
        let login = login.ok_or(GONE)?;
        let hash = self.hash(&login.email, &login.name, &password).await?;
        let transaction = self.database.begin().await?;
        let ctx = Context::of_operator(&transaction, self.clock.now());
        users::set_password_hash(&transaction, user, &hash).await?;
        let revoked_count = revoke_access(ctx, &login).await?;
        transaction.commit().await?;
        print_result(&json!({"user_id": user, "revoked_count": revoked_count}))
    }

    pub async fn session(&self, command: SessionCommand, output: Output) -> Result<()> {
        let now = self.clock.now();
        match command {
            SessionCommand::List { account, email, limit } => {
                let user = match email {
                    Some(email) => Some(self.find(&email).await?.0),
                    None => None,
                };
                let live = sessions::list_live(&self.database.read, account, user, limit, now).await?;
                let rows = live.into_iter().map(|live| {
                    let object = json!({
                        "session_id": live.id,
                        "account_id": live.account_id,
                        "user_id": live.user_id,
                        "email": live.email,
                        "auth_time": live.auth_time,
                        "idle_expires_at": live.idle_expires_at,
                        "absolute_expires_at": live.absolute_expires_at,
                    });
                    let times = [live.auth_time, live.idle_expires_at, live.absolute_expires_at];
                    let mut cells = vec![live.id.to_string(), live.email];
                    cells.extend(times.map(output::time));
                    cells.extend([live.user_id.to_string(), live.account_id.to_string()]);
                    (object, cells)
                });
                let header =
                    ["SESSION", "E-MAIL", "SIGNED IN", "ENDS IF IDLE", "ENDS AT LATEST", "USER", "ACCOUNT"];
                output.list(&header, rows.collect(), "No session is live.")
            }
            SessionCommand::Revoke { id: Some(id), .. } => {
                let session = sessions::find(&self.database.read, id).await?;
                let session = session.ok_or_else(|| format!("there is no session {id}"))?;
                let transaction = self.database.begin().await?;
                let ctx = Context::of_operator(&transaction, now);
                let payload = json!({"user_id": session.user_id, "revoked_count": 1});
                let kind = AuditKind::SessionsRevokedByOperator;
                let has_ended = end_session(ctx, &session, Reason::Operator, kind, payload).await?;
                transaction.commit().await?;
                print_result(&json!({"revoked_count": u8::from(has_ended)}))
            }
            SessionCommand::Revoke { id: None, email } => {
                let (user, account) = self.find(&email.unwrap_or_default()).await?;
                let transaction = self.database.begin().await?;
                let revoked = sessions::revoke_of_user(&transaction, user, Reason::Operator, now).await?;
                let payload = json!({"user_id": user, "revoked_count": revoked});
                Context::of_operator(&transaction, now)
                    .record(account, AuditKind::SessionsRevokedByOperator, payload)
                    .await?;
                transaction.commit().await?;
                print_result(&json!({"revoked_count": revoked}))
            }
        }
    }

    /// Begins a transaction in an open account, which is locked before any of its users.
    async fn begin_in_account(&self, account: AccountId) -> Result<Transaction> {
        let transaction = self.database.begin().await?;
        accounts::hold(&transaction, account).await?;
        if !accounts::is_open(&transaction, account).await? {
            return Err(format!("there is no account {account}, or it was closed").into());
        }
        Ok(transaction)
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

async fn summary(connection: &impl Connection, account: AccountId) -> Result<AccountSummary> {
    Ok(AccountSummary { id: account, name: accounts::find(connection, account).await?.name })
}

/// The words for an operator.
fn explain(error: Error, email: &str) -> Box<dyn StdError + Send + Sync> {
    match error.code() {
        ErrorCode::AddressTaken => format!("the address {email} is taken").into(),
        ErrorCode::LastOwner => "this is the account's last active owner".into(),
        ErrorCode::NotFound => GONE.into(),
        _ => error.into(),
    }
}

fn accept(faults: impl IntoIterator<Item = Option<FieldError>>) -> Result<()> {
    let faults: Vec<_> =
        faults.into_iter().flatten().map(|fault| format!("{}: {}", fault.field, fault.message)).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ").into()) }
}
