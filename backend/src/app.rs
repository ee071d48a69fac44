//! The application: what every request shares.

use std::sync::Arc;

use tokio::{sync::Notify, task::JoinError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use crate::{
    clock::Clock,
    config::Config,
    keys::{KeyError, Keys},
    metrics::Metrics,
    oidc::Oidc,
    passwords::{PasswordError, Passwords},
    store::{Database, StoreError, Transaction},
};

/// What every request shares. Nothing in here is state that another replica would lack.
#[derive(Debug)]
pub struct App {
    /// The settings in force.
    pub config: Config,
    /// The database.
    pub database: Database,
    /// The keys that sign and verify tokens.
    pub keys: Keys,
    /// The pool that hashes passwords.
    pub passwords: Passwords,
    /// The OpenID providers.
    pub oidc: Oidc,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// Work that a request left behind; the process does not end before it is done.
    pub background: TaskTracker,
    /// Wakes who sends messages.
    pub outbox: Notify,
    /// Cancelled when the process was asked to stop: it is ready for nothing new.
    pub stopping: CancellationToken,
}

/// The application, as handlers get it.
pub type AppState = Arc<App>;

/// The application could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The keys could not be derived.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The password pool could not be made.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The client for OpenID providers could not be made.
    #[error(transparent)]
    Oidc(#[from] reqwest::Error),
}

impl App {
    /// Puts the application together.
    ///
    /// # Errors
    ///
    /// When the configured secrets are no good.
    pub fn new(config: Config, database: Database, clock: Arc<dyn Clock>) -> Result<AppState, SetupError> {
        Ok(Arc::new(Self {
            keys: Keys::derive(
                config.secret.secret.iter().chain(&config.secret.secret_previous).map(String::as_str),
                config.server.public_url.as_str(),
            )?,
            passwords: Passwords::new(config.server.password_workers.into())?,
            oidc: Oidc::new(&config)?,
            metrics: Metrics::default(),
            background: TaskTracker::new(),
            outbox: Notify::new(),
            stopping: CancellationToken::new(),
            config,
            database,
            clock,
        }))
    }

    /// Commits a transaction that has put messages into the outbox, and wakes the mailer.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        transaction.commit().await?;
        self.outbox.notify_one();
        Ok(())
    }

    /// Does something to its end, even if nobody waits for it any longer: a client that closes the connection
    /// takes back nothing.
    ///
    /// # Errors
    ///
    /// When it panicked.
    pub async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, JoinError> {
        self.background.spawn(work.in_current_span()).await
    }
}
