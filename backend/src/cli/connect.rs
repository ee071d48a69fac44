//! Connecting to the database.

use std::error::Error as StdError;

use super::terminal::Result;
use crate::{
    config::Config,
    store::{Database, StoreError},
};

/// Connects, and brings the schema up to date.
pub(super) async fn connect(config: &Config) -> Result<Database> {
    let database = open(config).await?;
    database.change_schema(&config.database_url).await.map_err(|error| outdated(&error))?;
    Ok(database)
}

pub(super) fn outdated(error: &StoreError) -> Box<dyn StdError + Send + Sync> {
    format!("the database's schema cannot be brought up to date: {error}").into()
}

pub(super) async fn open(config: &Config) -> Result<Database> {
    config.prepare_data_dir().map_err(|error| format!("{}: {error}", config.data_dir.display()))?;
    let database =
        Database::connect(&config.database_url, config.database_connections, config.database_patience)
            .await
            .map_err(|error| {
                // An address that cannot be read is repeated, its password included.
                let (url, error) = (config.database_url.as_str(), error.to_string());
                let error = if url.contains('@') { error.replace(url, "(hidden)") } else { error };
                format!("the database cannot be reached: {error}")
            })?;
    Ok(database)
}
