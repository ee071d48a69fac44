//! Connecting to the database.

use std::{error::Error as StdError, time::Duration};

use super::terminal::Result;
use crate::{
    config::Config,
    store::{Database, StoreError},
};

/// How long to wait for the database before it counts as unavailable: every request is answered within three seconds.
const DATABASE_TIMEOUT: Duration = Duration::from_millis(2_500);

/// Connects, and brings the schema up to date.
pub(super) async fn connect(config: &Config) -> Result<Database> {
    let database = open(config).await?;
    database.change_schema(&config.storage.database_url).await.map_err(|error| outdated(&error))?;
    Ok(database)
}

pub(super) fn outdated(error: &StoreError) -> Box<dyn StdError + Send + Sync> {
    format!("the database's schema cannot be brought up to date: {error}").into()
}

pub(super) async fn open(config: &Config) -> Result<Database> {
    config.prepare_data_dir().map_err(|error| format!("{}: {error}", config.storage.data_dir.display()))?;
    let url = config.storage.database_url.as_str();
    let database = Database::connect_through(
        url,
        config.storage.database_connections,
        DATABASE_TIMEOUT,
        config.storage.database_pooling,
    );
    let database = database.await.map_err(|error| match error {
        StoreError::Custom(why) => format!("the database cannot be used: {why}"),
        error => {
            // An address that cannot be read is repeated, its password included.
            let error = error.to_string();
            let error = if url.contains('@') { error.replace(url, "(hidden)") } else { error };
            format!("the database cannot be reached: {error}")
        }
    })?;
    Ok(database)
}
