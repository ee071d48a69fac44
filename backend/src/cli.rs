//! The command line: `curfew serve`, and what an operator does without a browser.

use std::{
    error::Error as StdError,
    io::{Read, Write},
    path::PathBuf,
    sync::Arc,
};

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    error::FieldError,
    id::{AccountId, SessionId, UserId},
};
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    app::App,
    audit::Deed,
    clock::{Clock, SystemClock},
    config::{Config, Layered, Settings, keep, provider},
    domain::field,
    entropy, http,
    mail::{Mail, MembershipEnd},
    passwords::{Passwords, Verified},
    server,
    store::{
        self, Connection, Database, accounts,
        sessions::{self, Reason},
        users::{self, NewUser},
    },
    telemetry,
};

/// Accounts and sessions: nobody stays signed in by accident, and nobody is signed out by accident.
#[derive(Debug, Parser)]
#[command(name = "curfew", version)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    /// A TOML file with settings, named as the flags are, with underscores
    #[arg(long, global = true, env = "CURFEW_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the page
    Serve {
        /// Make a demo account if there is no account yet, and print how to sign in
        #[arg(long)]
        demo: bool,
    },
    /// Bring the database's schema up to date, and stop
    Migrate,
    /// Print the description of the API
    Openapi,
    /// Print the settings in force and where each came from
    Config,
    /// Accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Users
    #[command(subcommand)]
    User(UserCommand),
    /// Sessions
    #[command(subcommand)]
    Session(SessionCommand),
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Make an account with its first owner, who is verified
    Create {
        /// The account's name
        #[arg(long)]
        name: String,
        /// The owner's e-mail address
        #[arg(long)]
        owner_email: String,
        /// The owner's name
        #[arg(long)]
        owner_name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make a user, who is verified
    Create {
        /// The account's id
        #[arg(long)]
        account: AccountId,
        /// The user's e-mail address
        #[arg(long)]
        email: String,
        /// The user's name
        #[arg(long)]
        name: String,
        /// owner, engineer or viewer
        #[arg(long, value_parser = role)]
        role: Role,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Set a user's password, and end all of the user's sessions
    SetPassword {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Bar a user from signing in, and end all of the user's sessions
    Deactivate {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, Args)]
struct PasswordArgs {
    /// Read the password from standard input, up to the end of the line
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Debug, Subcommand)]
enum SessionCommand {
    /// Print the live sessions, newest first, one JSON object a line
    List {
        /// Of this account alone
        #[arg(long)]
        account: Option<AccountId>,
        /// Of the user with this e-mail address alone
        #[arg(long)]
        email: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// End a session, or all of a user's
    #[command(group(clap::ArgGroup::new("which").required(true).args(["id", "email"])))]
    Revoke {
        /// The session's id
        #[arg(long)]
        id: Option<SessionId>,
        /// The e-mail address of the user whose sessions are to end
        #[arg(long)]
        email: Option<String>,
    },
}

type Result<T, E = Box<dyn StdError + Send + Sync>> = std::result::Result<T, E>;

/// Runs the command that the process was started with.
///
/// # Errors
///
/// With a sentence for the operator.
pub async fn run() -> Result<()> {
    let matches = Cli::command().get_matches();
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let variables =
        std::env::vars_os().filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()));
    cli.settings.oauth = provider::from_environment(variables)?;
    let settings = Layered::new(&cli.settings, |name| source(&matches, name), cli.config.as_deref())?;
    match cli.command {
        Command::Config => return print(&settings.describe()),
        Command::Openapi => return print(&http::openapi().to_pretty_json()?),
        _ => {}
    }
    let config = settings.config()?;
    telemetry::init(&config.log, config.log_format)?;
    match cli.command {
        Command::Serve { demo } => serve(config, demo).await,
        Command::Migrate => connect(&config).await.map(drop),
        Command::Account(command) => Operator::new(&config).await?.account(command).await,
        Command::User(command) => Operator::new(&config).await?.user(command).await,
        Command::Session(command) => Operator::new(&config).await?.session(command).await,
        Command::Config | Command::Openapi => Ok(()),
    }
}

/// Where a setting came from. Global arguments belong to whichever subcommand they follow.
fn source(matches: &ArgMatches, name: &str) -> Option<clap::parser::ValueSource> {
    let mut matches = Some(matches);
    let mut found = None;
    while let Some(level) = matches {
        found = level.try_contains_id(name).is_ok().then(|| level.value_source(name)).flatten().or(found);
        matches = level.subcommand().map(|(_, inner)| inner);
    }
    found
}

async fn connect(config: &Config) -> Result<Database> {
    config.prepare_data_dir().map_err(|error| format!("{}: {error}", config.data_dir.display()))?;
    let database = Database::connect(&config.database_url, config.database_connections)
        .await
        .map_err(|error| format!("the database cannot be reached: {error}"))?;
    database
        .migrate(&config.database_url)
        .await
        .map_err(|error| format!("the database's schema cannot be brought up to date: {error}"))?;
    Ok(database)
}

async fn serve(mut config: Config, demo: bool) -> Result<()> {
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let database = connect(&config).await?;
    config
        .ensure_secret()
        .map_err(|error| format!("the secret in {}: {error}", config.data_dir.display()))?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let password = if demo { prepare_demo(&config, &database).await? } else { None };
    let (address, url, kind) = (listener.local_addr()?, config.public_url.clone(), store::kind(&database));
    tracing::info!(%address, public_url = url, database = kind, "ready");
    if let Some(password) = password {
        let lines = [
            String::new(),
            format!("  Open {url} and sign in as the demo owner:"),
            format!("    e-mail    {DEMO_EMAIL}"),
            format!("    password  {password}"),
            String::new(),
        ];
        print(&lines.join("\n"))?;
    }
    let app = App::new(config, database, Arc::new(SystemClock))?;
    server::serve(app, listener).await?;
    Ok(())
}

const DEMO_EMAIL: &str = "owner@demo.example";

/// Makes the demo account in an empty database. Its password is made up anew for each data
/// folder and kept there, so that a later start can print it again.
async fn prepare_demo(config: &Config, database: &Database) -> Result<Option<String>> {
    const PASSWORD: &str = "demo-password";
    let operator = Operator::with(config, database.clone())?;
    let generated = || {
        let digits = u64::from_le_bytes(entropy::bytes().map_err(std::io::Error::other)?) % 1_000_000_000_000;
        Ok(format!("demo-{:04}-{:04}-{:04}", digits / 100_000_000, digits / 10_000 % 10_000, digits % 10_000))
    };
    if accounts::any(&database.read).await? {
        let kept = std::fs::read_to_string(config.data_dir.join(PASSWORD)).unwrap_or_default();
        let login = users::find_login(&database.read, DEMO_EMAIL).await?;
        let hash = login.and_then(|login| login.password_hash);
        // Not if it was changed since.
        let holds = operator.passwords.verify(kept.trim(), hash.as_deref()).await? != Verified::No;
        return Ok(holds.then(|| kept.trim().to_owned()));
    }
    let password = keep(&config.data_dir, PASSWORD, generated)?;
    operator.create_account("Demo", DEMO_EMAIL, "Demo Owner", &password).await?;
    Ok(Some(password))
}

/// Somebody with a shell on the server: above every account, and on record in each.
struct Operator {
    database: Database,
    passwords: Passwords,
    clock: SystemClock,
}

impl Operator {
    async fn new(config: &Config) -> Result<Self> {
        Self::with(config, connect(config).await?)
    }

    fn with(config: &Config, database: Database) -> Result<Self> {
        Ok(Self { database, passwords: Passwords::new(config.password_workers)?, clock: SystemClock })
    }

    async fn account(&self, command: AccountCommand) -> Result<()> {
        let AccountCommand::Create { name, owner_email, owner_name, password: _ } = command;
        let password = read_password()?;
        let (account_id, user_id) = self.create_account(&name, &owner_email, &owner_name, &password).await?;
        print_json(&json!({"account_id": account_id, "user_id": user_id}))
    }

    async fn create_account(
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

    async fn user(&self, command: UserCommand) -> Result<()> {
        let now = self.clock.now();
        match command {
            UserCommand::Create { account, email, name, role, password: _ } => {
                let hash = self.hash(&email, &name, &read_password()?).await?;
                if !accounts::exists(&self.database.read, account).await? {
                    return Err(format!("there is no account {account}").into());
                }
                let transaction = self.database.begin().await?;
                let user_id = insert_user(&transaction, account, &email, &name, role, &hash, now).await?;
                let payload = json!({"user_id": user_id, "role": role});
                Deed::new(AuditKind::UserCreatedByOperator, account, now)
                    .with(payload)
                    .append(&transaction)
                    .await?;
                transaction.commit().await?;
                print_json(&json!({"account_id": account, "user_id": user_id}))
            }
            UserCommand::SetPassword { email, password: _ } => {
                let password = read_password()?;
                let (user, account) = self.find(&email).await?;
                let email = field::normal_email(&email);
                accept([field::check_new_password("password", &password, &[&email])])?;
                let hash = self.passwords.hash(&password).await?;
                let transaction = self.database.begin().await?;
                users::set_password_hash(&transaction, user, &hash).await?;
                let revoked = sessions::revoke_of_user(&transaction, user, Reason::Operator, now).await?;
                let payload = json!({"user_id": user, "revoked_count": revoked});
                Deed::new(AuditKind::PasswordSetByOperator, account, now)
                    .with(payload)
                    .append(&transaction)
                    .await?;
                Mail::PasswordChanged { user_id: user, at: now }.enqueue(&transaction, &email, now).await?;
                transaction.commit().await?;
                print_json(&json!({"user_id": user, "revoked_count": revoked}))
            }
            UserCommand::Deactivate { email } => {
                let (user, account) = self.find(&email).await?;
                let transaction = self.database.begin().await?;
                accounts::hold(&transaction, account).await?;
                let member = users::find_member(&transaction, account, user).await?;
                let member = member.ok_or("the user has just been removed")?;
                if users::is_last_owner(&transaction, &member).await? {
                    return Err("this is the account's last active owner".into());
                }
                users::set_active(&transaction, user, false).await?;
                let revoked = sessions::revoke_of_user(&transaction, user, Reason::Operator, now).await?;
                let payload = json!({"user_id": user, "revoked_count": revoked});
                Deed::new(AuditKind::UserDeactivatedByOperator, account, now)
                    .with(payload)
                    .append(&transaction)
                    .await?;
                let account_name = accounts::find(&transaction, account).await?.name;
                let mail = Mail::MembershipEnded { account_name, end: MembershipEnd::ByOperator, at: now };
                mail.enqueue(&transaction, &member.email, now).await?;
                transaction.commit().await?;
                print_json(&json!({"user_id": user, "revoked_count": revoked}))
            }
        }
    }

    async fn session(&self, command: SessionCommand) -> Result<()> {
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
                let live = session.is_live(now);
                let revoked = live && sessions::revoke(&transaction, id, Reason::Operator, now).await?;
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

async fn insert_user(
    connection: &impl Connection,
    account_id: AccountId,
    email: &str,
    name: &str,
    role: Role,
    hash: &str,
    now: chrono::DateTime<chrono::Utc>,
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

fn role(word: &str) -> Result<Role, String> {
    serde_json::from_value(word.into()).map_err(|_| "must be owner, engineer or viewer".to_owned())
}

fn read_password() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(|error| format!("the password: {error}"))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string(value)?)
}

fn print(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
