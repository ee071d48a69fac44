//! Settings of the data folder and the database.

use std::path::{Path, PathBuf};

use clap::{Args, value_parser};

use super::{address, error::ConfigError};
use crate::store::Pooling;

/// Where data is stored.
#[derive(Clone, Args)]
#[command(next_help_heading = "Storage")]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct StorageConfig {
    /// Folder for the embedded database, the generated secret and the mail outbox
    #[arg(long, env = "CURFEW_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    /// postgres://… or sqlite:… [default: SQLite in the data folder]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, required = false, value_parser = parse_database_url)]
    pub database_url: String,
    /// The maximum number of connections to the database
    #[arg(long, env = "CURFEW_DATABASE_CONNECTIONS", default_value_t = 16, value_parser = value_parser!(u32).range(1..))]
    pub database_connections: u32,
    /// How a pooler in front of PostgreSQL, such as PgBouncer, shares its connections
    #[arg(long, env = "CURFEW_DATABASE_POOLING", value_enum, default_value_t = Pooling::Session)]
    pub database_pooling: Pooling,
}

fn parse_database_url(text: &str) -> Result<String, &'static str> {
    if text.starts_with("postgres") {
        address::parse(text)?;
    }
    Ok(text.to_owned())
}

/// The URL of the database in the data folder. Characters that have a meaning in a URL are encoded.
pub(super) fn sqlite_url(data_dir: &Path) -> Result<String, ConfigError> {
    // By components, as two slashes at the beginning would be taken for those of the URL.
    let file: PathBuf = data_dir.join("curfew.db").components().collect();
    let file = file.to_str().ok_or_else(|| ConfigError::new("data_dir: must be UTF-8"))?;
    let encoded = file.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    Ok(format!("sqlite:{encoded}"))
}
