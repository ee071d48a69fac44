//! Settings: flags before environment before file before default, and where each came from.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::http::HeaderValue;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use clap::{Arg, Args, ValueEnum, builder::Resettable, parser::ValueSource};
use curfew_shared::policy::{self, Bounds, Policy, PolicyOverride, Range};
use lettre::{message::Mailbox, transport::smtp::extension::ClientId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::{entropy, keys::SECRET_MIN};

mod address;
pub mod environment;
mod error;
pub mod listen;
pub mod provider;
mod setting;

pub use error::ConfigError;

use address::is_loopback;
use error::fault;
use listen::Listen;
use provider::{Provider, Providers};
use setting::Sourced;

/// The longest replay leeway, in seconds: a stolen token is noticed within the hour.
const LEEWAY_MAX: u32 = 3_600;
/// The longest time that an idle connection can be kept, in seconds.
const KEEP_ALIVE_MAX: u32 = 3_600;
/// The longest time between a request to stop and the end of listening, in seconds.
const SHUTDOWN_DELAY_MAX: u32 = 300;

/// How long a person waits for a provider: less than the page does for an answer of ours.
const PROVIDER_PATIENCE: Duration = Duration::from_secs(8);
/// How long to wait for the database before it counts as away: every request is answered within three seconds.
const DATABASE_PATIENCE: Duration = Duration::from_millis(2_500);

/// Every setting, as flags, environment and the TOML file all name it.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen: HOST:PORT, :PORT for all interfaces, or `unix:/PATH` [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "CURFEW_LISTEN")]
    pub listen: Option<String>,
    /// Where to serve /metrics, in the same forms, or `off` [default: 127.0.0.1:9464]
    #[arg(long, global = true, env = "CURFEW_METRICS_LISTEN")]
    pub metrics_listen: Option<String>,
    /// How long an idle connection is kept, in seconds: longer than a proxy in front keeps it [default: 90]
    #[arg(long, global = true, env = "CURFEW_KEEP_ALIVE_SECONDS")]
    pub keep_alive_seconds: Option<u32>,
    /// How long to go on listening after SIGTERM, while /health/ready answers 503, in seconds
    /// [default: 5; 0 where only this machine can connect and `public_url` leads to it]
    #[arg(long, global = true, env = "CURFEW_SHUTDOWN_DELAY_SECONDS")]
    pub shutdown_delay_seconds: Option<u32>,
    /// Folder for the embedded database, the generated secret and the mail outbox [default: ./data]
    #[arg(long, global = true, env = "CURFEW_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// postgres://… or sqlite:… [default: SQLite in the data folder]
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Most connections to the database [default: 16]
    #[arg(long, global = true, env = "CURFEW_DATABASE_CONNECTIONS")]
    pub database_connections: Option<u32>,
    /// What all keys derive from, at least 32 bytes; better in the environment than in a flag
    /// [default: generated, and kept in the data folder]
    #[arg(long, global = true, env = "CURFEW_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    /// Former secrets whose tokens are still good, separated by commas
    #[arg(
        long,
        global = true,
        env = "CURFEW_SECRET_PREVIOUS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub secret_previous: Option<Vec<String>>,
    /// The address that browsers use; the issuer of all tokens [default: `http://localhost:PORT`]
    #[arg(long, global = true, env = "CURFEW_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Origins of other sites whose pages may call the API with bearer tokens, separated by commas
    #[arg(long, global = true, env = "CURFEW_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Option<Vec<String>>,
    /// Idle window of accounts that set none, in minutes [default: 4320]
    #[arg(long, global = true, env = "CURFEW_IDLE_MINUTES_DEFAULT")]
    pub idle_minutes_default: Option<u32>,
    /// Least idle window that an owner can set, in minutes [default: 15]
    #[arg(long, global = true, env = "CURFEW_IDLE_MINUTES_MIN")]
    pub idle_minutes_min: Option<u32>,
    /// Greatest idle window that an owner can set, in minutes [default: 43200]
    #[arg(long, global = true, env = "CURFEW_IDLE_MINUTES_MAX")]
    pub idle_minutes_max: Option<u32>,
    /// Absolute window of accounts that set none, in minutes [default: 20160]
    #[arg(long, global = true, env = "CURFEW_ABSOLUTE_MINUTES_DEFAULT")]
    pub absolute_minutes_default: Option<u32>,
    /// Least absolute window that an owner can set, in minutes [default: 60]
    #[arg(long, global = true, env = "CURFEW_ABSOLUTE_MINUTES_MIN")]
    pub absolute_minutes_min: Option<u32>,
    /// Greatest absolute window that an owner can set, in minutes [default: 129600]
    #[arg(long, global = true, env = "CURFEW_ABSOLUTE_MINUTES_MAX")]
    pub absolute_minutes_max: Option<u32>,
    /// How long a used refresh token may be shown again without ending the session, in seconds [default: 10]
    #[arg(long, global = true, env = "CURFEW_REPLAY_LEEWAY_SECONDS")]
    pub replay_leeway_seconds: Option<u32>,
    /// How long after a sign-in sensitive acts need no new one, in seconds [default: 900]
    #[arg(long, global = true, env = "CURFEW_FRESH_SECONDS")]
    pub fresh_seconds: Option<u32>,
    /// How many proxies in front append to X-Forwarded-For [default: 0]
    #[arg(long, global = true, env = "CURFEW_PROXIES")]
    pub proxies: Option<usize>,
    /// Whether anybody may register an account [default: open]
    #[arg(long, global = true, env = "CURFEW_REGISTRATION")]
    pub registration: Option<Registration>,
    /// smtp://… or smtps://…, with user and password where needed
    /// [default: messages are kept in the folder `outbox` in the data folder]
    #[arg(long, global = true, env = "CURFEW_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// The host name to greet the mail server with [default: the host of the public address]
    #[arg(long, global = true, env = "CURFEW_SMTP_HELLO")]
    pub smtp_hello: Option<String>,
    /// The sender of messages [default: no-reply at the host of the public address]
    #[arg(long, global = true, env = "CURFEW_MAIL_FROM")]
    pub mail_from: Option<String>,
    /// How many passwords to hash at once [default: half of the cores]
    #[arg(long, global = true, env = "CURFEW_PASSWORD_WORKERS")]
    pub password_workers: Option<usize>,
    /// What to log, such as `info` or `curfew=debug` [default: info]
    #[arg(long, global = true, env = "CURFEW_LOG")]
    pub log: Option<String>,
    /// How to log [default: text to a terminal, else json]
    #[arg(long, global = true, env = "CURFEW_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// A setting of an OpenID provider, such as `google.client_id=…`; `[oauth.google]` in the file,
    /// `CURFEW_OAUTH_GOOGLE_…` in the environment, where secrets are better off
    #[arg(long = "oauth", global = true, value_name = "NAME.SETTING=VALUE")]
    #[serde(skip)]
    pub oauth_flags: Vec<String>,
    /// What the environment, or the file, says of providers.
    #[arg(skip)]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub oauth: Providers,
}

/// Who may register an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody.
    Open,
    /// Nobody: accounts are made from the command line, people are invited.
    Closed,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The settings in force, checked.
#[derive(Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: Listen,
    /// Where to serve the metrics, if anywhere.
    pub metrics_listen: Option<Listen>,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long to go on listening once the process was asked to stop.
    pub shutdown_delay: Duration,
    /// Where files are kept.
    pub data_dir: PathBuf,
    /// The database's address.
    pub database_url: String,
    /// Most connections to it.
    pub database_connections: u32,
    /// What all keys derive from, unless it is yet to be generated.
    pub secret: Option<String>,
    /// Former secrets.
    pub secret_previous: Vec<String>,
    /// The address that browsers use, without a slash at the end.
    pub public_url: String,
    /// Its origin (RFC 6454).
    pub origin: String,
    /// Origins of other sites that may call the API, as browsers write them.
    pub cors_origins: Vec<HeaderValue>,
    /// The system's policy.
    pub policy: SystemPolicy,
    /// How long a consumed token may be shown again without consequence.
    pub replay_leeway: TimeDelta,
    /// How long after a sign-in sensitive acts need no new one.
    pub fresh: TimeDelta,
    /// How many proxies in front append to X-Forwarded-For.
    pub proxies: usize,
    /// Who may register an account.
    pub registration: Registration,
    /// Where messages go; none: into the outbox folder.
    pub smtp_url: Option<String>,
    /// What to greet the mail server with.
    pub smtp_hello: ClientId,
    /// The sender of messages.
    pub mail_from: Mailbox,
    /// How many passwords to hash at once.
    pub password_workers: usize,
    /// What to log.
    pub log: String,
    /// How to log.
    pub log_format: LogFormat,
    /// The OpenID providers, by name.
    pub providers: Vec<Provider>,
    /// How long a person waits for one of them at most.
    pub provider_patience: Duration,
    /// How long a request waits for a connection to the database at most.
    pub database_patience: Duration,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// What holds for accounts that set nothing, and what an owner can set.
#[derive(Debug, Clone, Copy)]
pub struct SystemPolicy {
    /// The default.
    pub default: Policy,
    /// The bounds of an override.
    pub bounds: Bounds,
}

impl SystemPolicy {
    /// The policy in force for an account that has set `set`.
    #[must_use]
    pub fn in_force(self, set: PolicyOverride) -> Policy {
        policy::in_force(set, self.default, self.bounds)
    }
}

/// An argument that takes an empty variable for none: what starts a process can often not leave one out.
#[must_use]
pub fn unless_empty(argument: Arg) -> Arg {
    let is_empty = argument.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
    if is_empty { argument.env(Resettable::Reset) } else { argument }
}

/// The settings in force and where each came from.
#[derive(Debug)]
pub struct Layered(Vec<Sourced>);

impl Layered {
    /// Lays what clap read (flags and environment) over the file over the defaults.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or says what no setting says.
    pub fn new(
        given: &Settings,
        source_of: impl Fn(&str) -> Option<ValueSource>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let file = file.map(read_file).transpose()?.unwrap_or_default();
        let flags = provider::from_flags(&given.oauth_flags)?;
        let oauth =
            provider::layers([(&file.oauth, "file"), (&given.oauth, "environment"), (&flags, "flag")]);
        let (given, file) = (plain(given)?, plain(&file)?);
        let mut chosen = Map::new();
        let mut layers = Vec::new();
        for (name, given) in given {
            let from_file = file.get(&name).cloned().unwrap_or_default();
            let (value, source) = match (given, from_file) {
                (Value::Null, Value::Null) => (Value::Null, "default"),
                (Value::Null, from_file) => (from_file, "file"),
                (given, _) if source_of(&name) == Some(ValueSource::CommandLine) => (given, "flag"),
                (given, _) => (given, "environment"),
            };
            chosen.insert(name.clone(), value);
            layers.push((name, source));
        }
        let chosen: Settings =
            serde_json::from_value(Value::Object(chosen)).map_err(|e| fault(e.to_string()))?;
        let mut full = map(&with_defaults(chosen)?)?;
        let plain = layers.into_iter().map(|(name, source)| {
            let value = full.remove(&name).unwrap_or_default();
            (name, value, source)
        });
        Ok(Self(plain.chain(oauth).collect()))
    }

    /// A line for each setting, with secrets hidden.
    #[must_use]
    pub fn describe(&self) -> String {
        let width = self.0.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
        let line =
            |(name, value, source): &Sourced| format!("{name:width$} = {} ({source})", shown(name, value));
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The checked settings.
    ///
    /// # Errors
    ///
    /// When a setting is out of its bounds or contradicts another.
    pub fn config(self) -> Result<Config, ConfigError> {
        let mut settings = Map::new();
        let mut oauth = Map::new();
        for (name, value, _) in self.0 {
            if let ["oauth", provider, setting] = name.split('.').collect::<Vec<_>>()[..] {
                let table = oauth.entry(provider).or_insert_with(|| Value::Object(Map::new()));
                table[setting] = value;
            } else {
                settings.insert(name, value);
            }
        }
        settings.insert("oauth".to_owned(), Value::Object(oauth));
        let settings = serde_json::from_value(Value::Object(settings)).map_err(|e| fault(e.to_string()))?;
        check(settings)
    }
}

fn map(settings: &Settings) -> Result<Map<String, Value>, ConfigError> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(fault("settings are a table")),
        Err(error) => Err(fault(error.to_string())),
    }
}

/// All but the providers, whose settings are laid one by one.
fn plain(settings: &Settings) -> Result<Map<String, Value>, ConfigError> {
    let mut plain = map(settings)?;
    plain.remove("oauth");
    Ok(plain)
}

fn read_file(path: &Path) -> Result<Settings, ConfigError> {
    let named = |error: &dyn std::fmt::Display| fault(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| named(&error))?;
    toml::from_str(&text).map_err(|error| {
        // Not the line itself, which may hold a secret.
        let line = error.span().map(|span| text.split_at(span.start).0.split('\n').count());
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        named(&format!("{line}{}", error.message()))
    })
}

fn with_defaults(given: Settings) -> Result<Settings, ConfigError> {
    use std::io::IsTerminal;

    let listen = given.listen.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let parsed = parse_listen("listen", &listen)?;
    let data_dir = given.data_dir.unwrap_or_else(|| "./data".into());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let terminal = io::stderr().is_terminal();
    let Policy { idle_minutes, absolute_minutes } = Policy::STRICT;
    let bounds = Bounds::WIDEST;
    let port = parsed.port().map_or_else(String::new, |port| format!(":{port}"));
    let public_url = given.public_url.unwrap_or_else(|| format!("http://localhost{port}"));
    let shutdown_delay = if is_local(&parsed, &public_url) { 0 } else { 5 };
    let database_url = given.database_url.map_or_else(|| sqlite_url(&data_dir), Ok)?;
    let mail_from = given.mail_from.unwrap_or_else(|| default_sender(&public_url));
    let smtp_hello = given.smtp_hello.unwrap_or_else(|| default_hello(&public_url));
    Ok(Settings {
        listen: Some(listen),
        metrics_listen: given.metrics_listen.or_else(|| Some("127.0.0.1:9464".to_owned())),
        keep_alive_seconds: given.keep_alive_seconds.or(Some(90)),
        shutdown_delay_seconds: given.shutdown_delay_seconds.or(Some(shutdown_delay)),
        database_url: Some(database_url),
        data_dir: Some(data_dir),
        database_connections: given.database_connections.or(Some(16)),
        secret: given.secret,
        secret_previous: given.secret_previous.or(Some(Vec::new())),
        public_url: Some(public_url),
        cors_origins: given.cors_origins.or(Some(Vec::new())),
        idle_minutes_default: given.idle_minutes_default.or(Some(idle_minutes)),
        idle_minutes_min: given.idle_minutes_min.or(Some(bounds.idle_minutes.min)),
        idle_minutes_max: given.idle_minutes_max.or(Some(bounds.idle_minutes.max)),
        absolute_minutes_default: given.absolute_minutes_default.or(Some(absolute_minutes)),
        absolute_minutes_min: given.absolute_minutes_min.or(Some(bounds.absolute_minutes.min)),
        absolute_minutes_max: given.absolute_minutes_max.or(Some(bounds.absolute_minutes.max)),
        replay_leeway_seconds: given.replay_leeway_seconds.or(Some(10)),
        fresh_seconds: given.fresh_seconds.or(Some(900)),
        proxies: given.proxies.or(Some(0)),
        registration: given.registration.or(Some(Registration::Open)),
        smtp_url: given.smtp_url,
        smtp_hello: Some(smtp_hello),
        mail_from: Some(mail_from),
        password_workers: given.password_workers.or(Some((cores / 2).max(1))),
        log: given.log.or_else(|| Some("info".to_owned())),
        log_format: given.log_format.or(Some(if terminal { LogFormat::Text } else { LogFormat::Json })),
        oauth_flags: Vec::new(),
        oauth: given.oauth,
    })
}

fn parse_listen(setting: &str, text: &str) -> Result<Listen, ConfigError> {
    text.parse().map_err(|what| fault(format!("{setting}: {what}")))
}

/// The address of the database in the data folder. Characters that mean something else in an address are encoded.
fn sqlite_url(data_dir: &Path) -> Result<String, ConfigError> {
    // By components, as two slashes at the beginning would be taken for those of the address.
    let file: PathBuf = data_dir.join("curfew.db").components().collect();
    let file = file.to_str().ok_or_else(|| fault("data_dir: must be UTF-8"))?;
    let encoded = file.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    Ok(format!("sqlite:{encoded}"))
}

const MISSING: &str = "a setting without a default is missing";

fn check(settings: Settings) -> Result<Config, ConfigError> {
    let missing = || fault(MISSING);
    let policy = check_policy(&settings)?;
    let seconds = |name: &str, value: Option<u32>, min: u32, max: u32| {
        let value = value.ok_or_else(missing)?;
        if (min..=max).contains(&value) {
            Ok(Duration::from_secs(value.into()))
        } else {
            Err(fault(format!("{name}: must be within {min} and {max}")))
        }
    };
    let keep_alive = seconds("keep_alive_seconds", settings.keep_alive_seconds, 1, KEEP_ALIVE_MAX)?;
    let shutdown_delay =
        seconds("shutdown_delay_seconds", settings.shutdown_delay_seconds, 0, SHUTDOWN_DELAY_MAX)?;
    let metrics_listen = settings.metrics_listen.ok_or_else(missing)?;
    let metrics_listen = match metrics_listen.as_str() {
        "off" => None,
        text => Some(parse_listen("metrics_listen", text)?),
    };
    let database_url = settings.database_url.ok_or_else(missing)?;
    if database_url.starts_with("postgres") {
        address::parse(&database_url).map_err(|what| fault(format!("database_url: {what}")))?;
    }
    let url = settings.public_url.ok_or_else(missing)?;
    let parsed = Url::parse(&url).map_err(|error| fault(format!("public_url: {error}")))?;
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
        return Err(fault("public_url: must begin with http:// or https:// and name a host"));
    }
    if parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(fault("public_url: must end after the host and the port; the page is at /"));
    }
    let replay_leeway_seconds = settings.replay_leeway_seconds.ok_or_else(missing)?;
    if replay_leeway_seconds > LEEWAY_MAX {
        return Err(fault(format!("replay_leeway_seconds: must be within 0 and {LEEWAY_MAX}")));
    }
    if let Some(url) = &settings.smtp_url {
        let begins = url.starts_with("smtp://") || url.starts_with("smtps://");
        let parsed = if begins { address::parse(url).map(Some) } else { Ok(None) };
        let parsed = parsed.map_err(|what| fault(format!("smtp_url: {what}")))?;
        if !parsed.is_some_and(|url| url.has_host()) {
            return Err(fault("smtp_url: must begin with smtp:// or smtps:// and name a host"));
        }
    }
    let password_workers = settings.password_workers.ok_or_else(missing)?;
    if !(1..=1024).contains(&password_workers) {
        return Err(fault("password_workers: must be within 1 and 1024"));
    }
    // A space after a comma is no part of a secret.
    let secret_previous = settings.secret_previous.unwrap_or_default().into_iter();
    let secret_previous: Vec<_> = secret_previous.map(|secret| secret.trim().to_owned()).collect();
    if settings.secret.iter().chain(&secret_previous).any(|secret| secret.len() < SECRET_MIN) {
        return Err(fault(format!("secret and secret_previous: each needs at least {SECRET_MIN} bytes")));
    }
    Ok(Config {
        listen: parse_listen("listen", &settings.listen.ok_or_else(missing)?)?,
        metrics_listen,
        keep_alive,
        shutdown_delay,
        data_dir: settings.data_dir.ok_or_else(missing)?,
        database_url,
        database_connections: settings.database_connections.ok_or_else(missing)?.max(1),
        secret: settings.secret,
        secret_previous,
        origin: parsed.origin().ascii_serialization(),
        public_url: url.trim_end_matches('/').to_owned(),
        cors_origins: origins(settings.cors_origins.unwrap_or_default())?,
        policy,
        replay_leeway: TimeDelta::seconds(replay_leeway_seconds.into()),
        fresh: TimeDelta::seconds(settings.fresh_seconds.ok_or_else(missing)?.into()),
        proxies: settings.proxies.ok_or_else(missing)?,
        registration: settings.registration.ok_or_else(missing)?,
        smtp_url: settings.smtp_url,
        smtp_hello: hello(&settings.smtp_hello.ok_or_else(missing)?)?,
        mail_from: sender(&settings.mail_from.ok_or_else(missing)?)?,
        password_workers,
        log: settings.log.ok_or_else(missing)?,
        log_format: settings.log_format.ok_or_else(missing)?,
        providers: provider::check(settings.oauth)?,
        provider_patience: PROVIDER_PATIENCE,
        database_patience: DATABASE_PATIENCE,
    })
}

/// The bounds and the default of the session policy.
fn check_policy(settings: &Settings) -> Result<SystemPolicy, ConfigError> {
    let missing = || fault(MISSING);
    let range = |name: &str, min: Option<u32>, max: Option<u32>, widest: Range| {
        let range = Range { min: min.ok_or_else(missing)?, max: max.ok_or_else(missing)? };
        if widest.min <= range.min && range.min <= range.max && range.max <= widest.max {
            Ok(range)
        } else {
            let Range { min, max } = widest;
            Err(fault(format!("{name}_min and {name}_max: must be in order, and within {min} and {max}")))
        }
    };
    let widest = Bounds::WIDEST;
    let bounds = Bounds {
        idle_minutes: range(
            "idle_minutes",
            settings.idle_minutes_min,
            settings.idle_minutes_max,
            widest.idle_minutes,
        )?,
        absolute_minutes: range(
            "absolute_minutes",
            settings.absolute_minutes_min,
            settings.absolute_minutes_max,
            widest.absolute_minutes,
        )?,
    };
    let default = Policy {
        idle_minutes: settings.idle_minutes_default.ok_or_else(missing)?,
        absolute_minutes: settings.absolute_minutes_default.ok_or_else(missing)?,
    };
    if default.idle_minutes == 0
        || default.idle_minutes > default.absolute_minutes
        || default.absolute_minutes > widest.absolute_minutes.max
    {
        let max = widest.absolute_minutes.max;
        return Err(fault(format!(
            "idle_minutes_default and absolute_minutes_default: 1 ≤ idle ≤ absolute ≤ {max}"
        )));
    }
    Ok(SystemPolicy { default, bounds })
}

/// Browsers write an origin without a slash at the end, and compare it letter by letter.
fn origins(given: Vec<String>) -> Result<Vec<HeaderValue>, ConfigError> {
    let origin = |text: String| {
        let origin = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let origin = origin.map(|url| url.origin().ascii_serialization());
        let origin = origin.filter(|origin| *origin == text.trim_end_matches('/'));
        let origin = origin.and_then(|origin| HeaderValue::from_str(&origin).ok());
        origin.ok_or_else(|| fault(format!("cors_origins: {text} is no origin, such as https://app.example")))
    };
    given.into_iter().map(origin).collect()
}

fn sender(given: &str) -> Result<Mailbox, ConfigError> {
    given.parse().map_err(|_| {
        fault("mail_from: must be an address, or a name and an address: Name <name@host.example>")
    })
}

/// A host name, or an IP address, which is sent in brackets (RFC 5321 §4.1.3).
fn hello(given: &str) -> Result<ClientId, ConfigError> {
    // An address of version 6 with or without its brackets.
    match Host::parse(given).or_else(|_| Host::parse(&format!("[{given}]"))) {
        Ok(Host::Domain(name)) => Ok(ClientId::Domain(name)),
        Ok(Host::Ipv4(address)) => Ok(ClientId::Ipv4(address)),
        Ok(Host::Ipv6(address)) => Ok(ClientId::Ipv6(address)),
        Err(_) => Err(fault("smtp_hello: must be a host name, such as curfew.example, or an IP address")),
    }
}

/// The host of the public address.
fn default_hello(public_url: &str) -> String {
    let parsed = Url::parse(public_url).ok();
    parsed.as_ref().and_then(Url::host_str).unwrap_or("localhost").to_owned()
}

/// Who messages are from where nothing is said of it.
fn default_sender(public_url: &str) -> String {
    let parsed = Url::parse(public_url).ok();
    let host = match parsed.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name,
        _ => "localhost",
    };
    format!("Curfew <no-reply@{host}>")
}

fn shown(name: &str, value: &Value) -> String {
    match (name, value) {
        ("secret", Value::Null) => "generated, in the data folder".to_owned(),
        ("secret", _) => "hidden".to_owned(),
        (name, _) if name.ends_with(".client_secret") => "hidden".to_owned(),
        ("secret_previous", Value::Array(secrets)) => format!("{} hidden", secrets.len()),
        ("smtp_url", Value::Null) => "none: messages go to the outbox folder".to_owned(),
        ("database_url" | "smtp_url", Value::String(url)) => address::without_password(url),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// Makes a folder for this user alone, unless it is there.
///
/// # Errors
///
/// When it cannot be made.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a file that this user alone may read, in place of what it held.
///
/// # Errors
///
/// When it cannot be written.
pub fn private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

impl Config {
    /// Makes the data folder, for this user alone, unless it is there.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn prepare_data_dir(&self) -> io::Result<()> {
        private_folder(&self.data_dir)
    }

    /// The folder that messages go to where no mail server is configured.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.data_dir.join("outbox")
    }

    /// What is allowed, and hardly meant.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let is_far = !self.is_local();
        let is_plain = self.public_url.starts_with("http://");
        let is_shared = self.database_url.starts_with("postgres");
        [
            (
                is_far && self.smtp_url.is_none(),
                "no mail server is configured: messages stay in the outbox folder",
            ),
            (
                is_far && is_plain && !self.is_opened_locally(),
                "public_url is not https: browsers will not keep anybody signed in",
            ),
            (
                self.proxies == 0 && (self.public_url.starts_with("https://") || self.is_unix_socket()),
                "CURFEW_PROXIES is 0, but this server speaks no TLS, so something stands in front of it: all \
                 clients count as one address for limits and in the audit trail; set CURFEW_PROXIES to the \
                 number of proxies that append to X-Forwarded-For",
            ),
            (
                self.listen.is_unspecified() && self.is_opened_locally(),
                "other machines can connect, but public_url leads browsers to this one",
            ),
            (
                self.secret.as_ref().is_some_and(|secret| secret.contains(',') || secret.trim() != secret),
                "the secret has a comma, or a space at an end: it cannot be named as a previous one later",
            ),
            (
                is_shared && self.secret.is_none(),
                "the secret is kept in the data folder: give every replica the same CURFEW_SECRET",
            ),
        ]
        .into_iter()
        .filter_map(|(holds, warning)| holds.then_some(warning))
        .collect()
    }

    fn is_opened_locally(&self) -> bool {
        is_opened_locally(&self.public_url)
    }

    fn is_unix_socket(&self) -> bool {
        matches!(self.listen, Listen::Unix(_))
    }

    /// Whether this is somebody's own machine: it listens to nobody else, and browsers open it by a name
    /// that leads nowhere else.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_local(&self.listen, &self.public_url)
    }

    /// Where no secret is configured, takes the one in the data folder, or makes one there (mode 0600).
    ///
    /// # Errors
    ///
    /// When the file can be neither read nor written.
    pub fn ensure_secret(&mut self) -> io::Result<()> {
        if self.secret.is_none() {
            let generated = || Ok(URL_SAFE_NO_PAD.encode(entropy::bytes::<32>().map_err(io::Error::other)?));
            self.secret = Some(keep(&self.data_dir, "secret", generated)?);
        }
        Ok(())
    }
}

fn is_local(listen: &Listen, public_url: &str) -> bool {
    listen.is_loopback() && is_opened_locally(public_url)
}

fn is_opened_locally(public_url: &str) -> bool {
    Url::parse(public_url).is_ok_and(|url| is_loopback(&url))
}

/// Reads the private file `name` in `folder`, or makes it (mode 0600) with `content`. Of several
/// processes that try at once, one makes it and all read the same.
///
/// # Errors
///
/// When the file can be neither read nor written.
pub fn keep(folder: &Path, name: &str, content: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    let path = folder.join(name);
    if !path.try_exists()? {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content()?.as_bytes())?;
        file.as_file().sync_all()?;
        if let Err(error) = file.persist_noclobber(&path)
            && error.error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error.error);
        }
    }
    Ok(fs::read_to_string(path)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_32_bytes_at_least_and_so_has_each_former_one() {
        let read = |secret: &str, former: &str| {
            let (secret, former) = (Some(secret.to_owned()), Some(vec![former.to_owned()]));
            let settings = Settings { secret, secret_previous: former, ..Settings::default() };
            Layered::new(&settings, |_| None, None)?.config()
        };
        let (long, short) = ("é".repeat(16), format!("{}s", "é".repeat(15)));
        assert_eq!((long.len(), short.len()), (32, 31));
        assert!(read(&long, &long).is_ok());
        for error in [read(&short, &long).unwrap_err(), read(&long, &short).unwrap_err()] {
            assert_eq!(error.to_string(), "secret and secret_previous: each needs at least 32 bytes");
        }
    }
}
