//! The command line: `curfew serve`, and what an operator does without a browser.

use std::{io::Write, sync::Arc};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::{
    commands::{AccountCommand, SessionCommand, UserCommand},
    connect::{connect, open, outdated},
    operator::Operator,
    output::Output,
    terminal::{Result, print},
};
use crate::{
    app::App,
    clock::{DatabaseClock, SystemClock},
    config::{self, Config, ConfigError, LayeredSettings, environment::Environment, files},
    entropy, http, jobs,
    passwords::Verified,
    server,
    store::{self, Database, accounts, users},
    telemetry,
};

mod commands;
mod connect;
mod help;
mod operator;
mod output;
mod terminal;

/// Accounts and sessions: nobody stays signed in by accident, and nobody is signed out by accident.
#[derive(Debug, Parser)]
#[command(
    name = "curfew",
    version,
    after_help = "`curfew serve --help` lists all settings, `curfew config` prints the values in force."
)]
struct Cli {
    /// Print lists as JSON, one object a line, instead of tables
    #[arg(long, display_order = 900)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the page
    Serve {
        /// Create a demo account if there is no account yet, and print how to sign in
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

/// Runs the command that the process was started with.
///
/// # Errors
///
/// With a sentence for the operator.
pub async fn run() -> Result<()> {
    let variables =
        std::env::vars_os().filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()));
    let environment = Environment::read(variables)?;
    let command = help::scope_settings(config::with_settings(Cli::command()));
    let arguments: Vec<_> = std::env::args_os().collect();
    let settings = match LayeredSettings::read(&command, &arguments, &environment) {
        Err(ConfigError::CommandLine(error)) => error.exit(),
        settings => settings?,
    };
    let cli = Cli::from_arg_matches(settings.matches())?;
    let output = if cli.json { Output::Json } else { Output::Table };
    match cli.command {
        Command::Config => {
            for warning in environment.warnings() {
                writeln!(std::io::stderr(), "curfew: warning: {warning}")?;
            }
            return print_settings(&settings, output);
        }
        Command::Openapi => return print(&http::openapi().to_pretty_json()?),
        _ => {}
    }
    let config = settings.config()?;
    telemetry::init(&config.log.log, config.log.log_format)?;
    for warning in environment.warnings() {
        tracing::warn!("{warning}");
    }
    match cli.command {
        Command::Serve { demo } => serve(config, demo).await,
        Command::Migrate => {
            let database = connect(&config).await?;
            database.build_indexes(&config.storage.database_url).await.map_err(|error| outdated(&error))
        }
        Command::Account(command) => Operator::new(&config).await?.account(command).await,
        Command::User(command) => Operator::new(&config).await?.user(command).await,
        Command::Session(command @ SessionCommand::List { .. }) => {
            // What only reads changes nothing.
            let database = open(&config).await?;
            database.check_schema().await.map_err(|error| format!("the database's schema: {error}"))?;
            Operator::with(&config, database).await?.session(command, output).await
        }
        Command::Session(command) => Operator::new(&config).await?.session(command, output).await,
        Command::Config | Command::Openapi => Ok(()),
    }
}

fn print_settings(settings: &LayeredSettings, output: Output) -> Result<()> {
    let settings = settings.describe();
    let width = settings.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
    settings.iter().try_for_each(|setting| match output {
        Output::Table => print(&format!("{:width$} = {} ({})", setting.name, setting.value, setting.source)),
        Output::Json => print(&serde_json::to_string(setting)?),
    })
}

async fn serve(mut config: Config, demo: bool) -> Result<()> {
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let database = connect(&config).await?;
    config
        .ensure_secret()
        .map_err(|error| format!("the secret in {}: {error}", config.storage.data_dir.display()))?;
    let listeners = server::listener::bind(&config.server.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", config.server.listen))?;
    let password = if demo { prepare_demo(&config, &database).await? } else { None };
    let addresses =
        listeners.iter().map(server::listener::Listener::address).collect::<Result<Vec<_>, _>>()?;
    let (address, url, kind) =
        (addresses.join(", "), config.server.public_url.to_string(), store::kind(&database));
    tracing::info!(address, public_url = url, database = kind, "ready");
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
    let clock = Arc::new(DatabaseClock::new(SystemClock, &database).await?);
    tokio::spawn(jobs::database::run(
        database.clone(),
        config.storage.database_url.clone(),
        Arc::clone(&clock),
    ));
    let app = App::new(config, database, clock)?;
    server::serve(app, listeners).await?;
    Ok(())
}

const DEMO_EMAIL: &str = "owner@demo.example";

/// Makes the demo account in an empty database. Its password is made up anew for each data
/// folder and kept there, so that a later start can print it again.
async fn prepare_demo(config: &Config, database: &Database) -> Result<Option<String>> {
    const PASSWORD: &str = "demo-password";
    let operator = Operator::with(config, database.clone()).await?;
    let generated = || {
        let digits = u64::from_le_bytes(entropy::bytes().map_err(std::io::Error::other)?) % 1_000_000_000_000;
        Ok(format!("demo-{:04}-{:04}-{:04}", digits / 100_000_000, digits / 10_000 % 10_000, digits % 10_000))
    };
    if accounts::any(&database.read).await? {
        let kept = std::fs::read_to_string(config.storage.data_dir.join(PASSWORD)).unwrap_or_default();
        let login = users::find_login(&database.read, DEMO_EMAIL).await?;
        let hash = login.and_then(|login| login.password_hash);
        // Not if it was changed since.
        let holds = operator.passwords.verify(kept.trim(), hash.as_deref()).await? != Verified::No;
        return Ok(holds.then(|| kept.trim().to_owned()));
    }
    let password = files::read_or_create_secret(&config.storage.data_dir, PASSWORD, generated)?;
    operator.create_account("Demo", DEMO_EMAIL, "Demo Owner", &password).await?;
    Ok(Some(password))
}
