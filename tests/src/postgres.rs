//! A database of one's own on the PostgreSQL server that `TEST_DATABASE_URL` names.

use sea_orm::{ConnectionTrait as _, Database};

use crate::{Error, Result, random};

/// A PostgreSQL server to make databases on.
#[derive(Debug, Clone)]
pub struct Postgres {
    url: String,
}

impl Postgres {
    /// The server that the environment names; `None` if it names none.
    #[must_use]
    pub fn of_the_environment() -> Option<Self> {
        std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()).map(|url| Self { url })
    }

    /// Makes an empty database and answers its address.
    ///
    /// # Errors
    ///
    /// When the server does not answer or refuses.
    pub async fn database(&self) -> Result<String> {
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
    /// Runs statements in the database at `url`.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub async fn execute(url: &str, sql: &str) -> Result<()> {
        let connection = Database::connect(url).await?;
        connection.execute_unprepared(sql).await?;
        Ok(connection.close().await?)
    }
}

/// The host and port of a database's address, and the same address on another port of this machine.
///
/// # Errors
///
/// When the address names no host and port.
pub(crate) fn moved(url: &str, port: u16) -> Result<(String, String)> {
    let shape = || Error::new("a database's address must look like postgres://user@host:port/database");
    let (scheme, rest) = url.split_once("://").ok_or_else(shape)?;
    let (authority, path) = rest.split_once('/').ok_or_else(shape)?;
    let (user, host) = authority.rsplit_once('@').ok_or_else(shape)?;
    Ok((host.to_owned(), format!("{scheme}://{user}@127.0.0.1:{port}/{path}")))
}
