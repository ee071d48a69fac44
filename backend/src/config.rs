//! Settings: a flag overrides the environment, which overrides the file, which overrides the default.
//!
//! Each setting is stated once, as a field of one of the structs in the modules: its name, its variable, its
//! default, its range and its help. clap parses and checks the values of all sources, because the file's values
//! are given to it as defaults.

use std::{env, ffi::OsString, io, path::PathBuf, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, builder::Resettable, parser::ValueSource};

use self::{
    environment::Environment,
    error::wrong_setting,
    listen::Listen,
    log::LogConfig,
    mail::MailConfig,
    policy::PolicyConfig,
    provider::{Provider, ProviderSettings},
    secret::SecretConfig,
    server::{PublicUrl, ServerConfig},
    setting::{Defaults, Source, settings},
    storage::StorageConfig,
};
use crate::entropy;

mod address;
pub mod environment;
mod error;
mod file;
pub mod files;
pub mod listen;
pub mod log;
pub mod mail;
pub mod policy;
pub mod provider;
pub mod secret;
pub mod server;
mod setting;
pub mod storage;

pub use error::ConfigError;
pub use setting::SettingWithSource;

/// How long a request waits for an OpenID provider: less than the page waits for the server.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(8);

/// All settings in force.
#[derive(Clone, Args)]
pub struct Config {
    /// Where the server listens.
    #[command(flatten)]
    pub server: ServerConfig,
    /// Where data is stored.
    #[command(flatten)]
    pub storage: StorageConfig,
    /// What keys derive from.
    #[command(flatten)]
    pub secret: SecretConfig,
    /// Registration and sessions.
    #[command(flatten)]
    pub policy: PolicyConfig,
    /// How mail is sent.
    #[command(flatten)]
    pub mail: MailConfig,
    /// What is logged.
    #[command(flatten)]
    pub log: LogConfig,
    /// A setting of an OpenID provider, such as `google.client_id=…`; `[oauth.google]` in the file,
    /// `CURFEW_OAUTH_GOOGLE_…` in the environment, where secrets are better off
    #[arg(long = "oauth", value_name = "NAME.SETTING=VALUE", help_heading = "OpenID providers")]
    oauth: Vec<String>,
    /// The OpenID providers, by name.
    #[arg(skip)]
    pub providers: Vec<Provider>,
    /// How long a request waits for one of them.
    #[arg(skip = PROVIDER_TIMEOUT)]
    pub provider_timeout: Duration,
    /// A TOML file with settings, named as the flags are, with underscores
    #[arg(
        id = "config",
        long = "config",
        env = "CURFEW_CONFIG",
        value_name = "FILE",
        help_heading = "Configuration"
    )]
    file: Option<PathBuf>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("server", &self.server).finish_non_exhaustive()
    }
}

/// The settings in force, and where each came from.
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct LayeredSettings {
    matches: ArgMatches,
    defaults: Defaults,
    providers: ProviderSettings,
}

/// The command line `command`, with a flag for each setting.
#[must_use]
pub fn with_settings(command: Command) -> Command {
    let about = command.get_about().cloned().unwrap_or_default();
    // clap takes the description of the settings for that of the command.
    let command = Config::augment_args(command).about(about);
    command.mut_args(|argument| ignore_empty_env(argument).global(true))
}

/// Treats an empty environment variable as unset; compose files cannot leave one out.
fn ignore_empty_env(argument: Arg) -> Arg {
    let is_empty = argument.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
    if is_empty { argument.env(Resettable::Reset) } else { argument }
}

impl LayeredSettings {
    /// Reads all sources. `command` has the flags of [`with_settings`].
    ///
    /// # Errors
    ///
    /// When the command line, a setting or the file is wrong, and when help was asked for.
    pub fn read(
        command: &Command,
        arguments: &[OsString],
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let mut defaults = Defaults::new();
        let mut providers = ProviderSettings::default();
        // The command line and the environment say which file to read, and all three what other defaults are.
        let matches = parse(command, arguments, &defaults)?;
        if let Some(path) = matches.get_one::<PathBuf>("config") {
            file::read(path, &mut defaults, &mut providers)?;
        }
        environment.lay_over(&mut defaults, &mut providers)?;
        for flag in matches.get_many::<String>("oauth").into_iter().flatten() {
            providers.set_by_flag(flag)?;
        }
        let matches = parse(command, arguments, &defaults)?;
        for (name, value) in derived_defaults(&matches)? {
            defaults.entry(name.to_owned()).or_insert((value, Source::Default));
        }
        let matches = parse(command, arguments, &defaults)?;
        Ok(Self { matches, defaults, providers })
    }

    /// The parsed command line.
    #[must_use]
    pub fn matches(&self) -> &ArgMatches {
        &self.matches
    }

    /// All settings with their sources, without secrets.
    #[must_use]
    pub fn describe(&self) -> Vec<SettingWithSource> {
        let described = settings().into_iter().map(|setting| {
            let name = setting.get_id().as_str();
            let values = self.matches.get_raw(name).into_iter().flatten();
            let values: Vec<_> = values.map(|value| value.to_string_lossy().into_owned()).collect();
            let value = redacted(&setting, &values);
            SettingWithSource { name: name.to_owned(), value, source: self.source(name).as_str() }
        });
        described.chain(self.providers.describe()).collect()
    }

    fn source(&self, name: &str) -> Source {
        match self.matches.value_source(name) {
            Some(ValueSource::CommandLine) => Source::Flag,
            Some(ValueSource::EnvVariable) => Source::Environment,
            _ => self.defaults.get(name).map_or(Source::Default, |(_, source)| *source),
        }
    }

    /// The checked settings.
    ///
    /// # Errors
    ///
    /// When one setting contradicts another, or a provider cannot be used.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let mut config = Config::from_arg_matches(&self.matches)?;
        config.policy.check()?;
        config.providers = self.providers.check()?;
        Ok(config)
    }
}

fn parse(command: &Command, arguments: &[OsString], defaults: &Defaults) -> Result<ArgMatches, ConfigError> {
    let command = with_defaults(command.clone(), defaults);
    command.try_get_matches_from(arguments).map_err(|error| match wrong_setting(&error) {
        Some((name, reason)) if settings().iter().any(|setting| *setting.get_id() == *name) => {
            ConfigError::new(format!("{name}: {reason}"))
        }
        _ => error.into(),
    })
}

/// A subcommand may have arguments of these names too, to show them in its help.
fn with_defaults(command: Command, defaults: &Defaults) -> Command {
    let set_default = |argument: Arg| match defaults.get(argument.get_id().as_str()) {
        Some((value, _)) => argument.default_value(value.clone()),
        None => argument,
    };
    command.mut_args(set_default).mut_subcommands(|subcommand| with_defaults(subcommand, defaults))
}

/// Defaults that follow from other settings.
fn derived_defaults(matches: &ArgMatches) -> Result<[(&'static str, String); 5], ConfigError> {
    let missing = || ConfigError::new("a setting without a default is missing");
    let listen = matches.get_one::<Listen>("listen").ok_or_else(missing)?;
    let data_dir = matches.get_one::<PathBuf>("data_dir").ok_or_else(missing)?;
    let port = listen.port().map_or_else(String::new, |port| format!(":{port}"));
    let local = || format!("http://localhost{port}").parse().map_err(ConfigError::new);
    let public_url = matches.get_one::<PublicUrl>("public_url").cloned().map_or_else(local, Ok)?;
    let shutdown_delay = if listen.is_loopback() && public_url.is_loopback() { 0 } else { 5 };
    let host = public_url.domain().unwrap_or("localhost");
    Ok([
        ("database_url", storage::sqlite_url(data_dir)?),
        ("smtp_hello", public_url.host().to_owned()),
        ("mail_from", format!("Curfew <no-reply@{host}>")),
        ("shutdown_delay_seconds", shutdown_delay.to_string()),
        ("public_url", public_url.to_string()),
    ])
}

/// The values of a setting, without what is secret in them.
fn redacted(setting: &Arg, values: &[String]) -> String {
    match (setting.get_id().as_str(), values) {
        ("secret", []) => "generated, in the data folder".to_owned(),
        ("smtp_url", []) => "none: messages go to the outbox folder".to_owned(),
        (_, []) => "none".to_owned(),
        ("database_url" | "smtp_url", [url]) => address::without_password(url),
        ("secret_previous", values) => format!("{} hidden", values.len()),
        _ if setting.is_hide_env_values_set() => "hidden".to_owned(),
        _ => values.join(","),
    }
}

impl Config {
    /// Creates the data folder, readable by this user only, unless it exists.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    pub fn prepare_data_dir(&self) -> io::Result<()> {
        files::private_folder(&self.storage.data_dir)
    }

    /// The folder that messages go to where no mail server is configured.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.storage.data_dir.join("outbox")
    }

    /// A sentence for each setting that is allowed and probably a mistake.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let ServerConfig { listen, public_url, .. } = &self.server;
        let secret = self.secret.secret.as_deref();
        let is_far = !self.is_local();
        let is_plain = public_url.as_str().starts_with("http://");
        let is_unix_socket = matches!(listen, Listen::Unix(_));
        let is_shared = self.storage.database_url.starts_with("postgres");
        [
            (
                is_far && self.mail.smtp_url.is_none(),
                "no mail server is configured: messages stay in the outbox folder",
            ),
            (
                is_far && is_plain && !public_url.is_loopback(),
                "public_url is not https: browsers will not keep anybody signed in",
            ),
            (
                self.server.proxies == 0 && (!is_plain || is_unix_socket),
                "CURFEW_PROXIES is 0, but this server speaks no TLS, so something stands in front of it: all \
                 clients count as one address for limits and in the audit trail; set CURFEW_PROXIES to the \
                 number of proxies that append to X-Forwarded-For",
            ),
            (
                listen.is_unspecified() && public_url.is_loopback(),
                "other machines can connect, but public_url leads browsers to this one",
            ),
            (
                secret.is_some_and(|secret| secret.contains(',') || secret.trim() != secret),
                "the secret has a comma, or a space at an end: it cannot be named as a previous one later",
            ),
            (
                is_shared && secret.is_none(),
                "the secret is kept in the data folder: give every replica the same CURFEW_SECRET",
            ),
        ]
        .into_iter()
        .filter_map(|(holds, warning)| holds.then_some(warning))
        .collect()
    }

    /// Whether this is a person's own machine: the server listens to nobody else, and browsers open it by a
    /// name that leads nowhere else.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.server.listen.is_loopback() && self.server.public_url.is_loopback()
    }

    /// Where no secret is configured, reads the one in the data folder, or generates it there (mode 0600).
    ///
    /// # Errors
    ///
    /// When the file can be neither read nor written.
    pub fn ensure_secret(&mut self) -> io::Result<()> {
        if self.secret.secret.is_none() {
            let generate = || Ok(URL_SAFE_NO_PAD.encode(entropy::bytes::<32>().map_err(io::Error::other)?));
            self.secret.secret =
                Some(files::read_or_create_secret(&self.storage.data_dir, "secret", generate)?);
        }
        Ok(())
    }
}
