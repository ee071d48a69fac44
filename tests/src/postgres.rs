//! A database of its own for each journey, on the PostgreSQL server that `TEST_DATABASE_URL` names.

use sea_orm::{ConnectionTrait as _, Database};

use crate::{Error, Result, random};

#[derive(Debug, Clone)]
pub struct Postgres {
    url: String,
}

impl Postgres {
    /// The server that `TEST_DATABASE_URL` names, if any.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()).map(|url| Self { url })
    }

    /// Creates an empty database and returns its URL.
    pub async fn create_database(&self) -> Result<String> {
        let name = format!("journey_{}", random::uuid().replace('-', "_"));
        let connection = Database::connect(&self.url).await?;
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
        connection.close().await?;
        let (server, _) = self.url.rsplit_once('/').ok_or_else(|| {
            Error::new("TEST_DATABASE_URL must look like postgres://user@host:port/database")
        })?;
        Ok(format!("{server}/{name}"))
    }
}

impl Postgres {
    pub async fn execute(url: &str, sql: &str) -> Result<()> {
        let connection = Database::connect(url).await?;
        connection.execute_unprepared(sql).await?;
        Ok(connection.close().await?)
    }
}

/// Splits off the host and port of a database's URL, and returns them with the URL of the same database
/// through `port` on this machine.
pub(crate) fn through_port(url: &str, port: u16) -> Result<(String, String)> {
    let shape = || Error::new("a database's address must look like postgres://user@host:port/database");
    let (scheme, rest) = url.split_once("://").ok_or_else(shape)?;
    let (authority, path) = rest.split_once('/').ok_or_else(shape)?;
    let (user, host) = authority.rsplit_once('@').ok_or_else(shape)?;
    Ok((host.to_owned(), format!("{scheme}://{user}@127.0.0.1:{port}/{path}")))
}
