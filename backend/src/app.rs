//! The application: what every request shares, and the life of the process that serves them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::ListenerExt;
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::task::TaskTracker;

use crate::{
    clock::Clock,
    config::Config,
    http, jobs,
    keys::{KeyError, Keys},
    mail::post::Post,
    metrics::Metrics,
    oidc::Oidc,
    passwords::{PasswordError, Passwords},
    store::Database,
};

/// How long requests in flight may take once the process was asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

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
                config.secret.iter().chain(&config.secret_previous).map(String::as_str),
                &config.public_url,
            )?,
            passwords: Passwords::new(config.password_workers)?,
            oidc: Oidc::new(&config)?,
            metrics: Metrics::default(),
            background: TaskTracker::new(),
            outbox: Notify::new(),
            config,
            database,
            clock,
        }))
    }
}

/// Serves until the process is asked to stop, then lets requests in flight end.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve(app: AppState, listener: TcpListener) -> std::io::Result<()> {
    let background = app.background.clone();
    let post = Post::new(&app.config).map_err(std::io::Error::other)?;
    let mailer = tokio::spawn(jobs::mailer::run(Arc::clone(&app), post));
    let sweeper = tokio::spawn(jobs::sweeper::run(Arc::clone(&app)));
    let service = http::router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
    });
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        asked_to_stop().await;
        tracing::info!("stopping; requests in flight have {} seconds", DRAIN.as_secs());
        let _ = stopping.send(());
    });
    let too_long = async {
        let _ = stopped.await;
        let _ = tokio::time::timeout(DRAIN, std::future::pending::<()>()).await;
    };
    let result = tokio::select! {
        result = server => result,
        () = too_long => Ok(()),
    };
    sweeper.abort();
    mailer.abort();
    background.close();
    if tokio::time::timeout(DRAIN, background.wait()).await.is_err() {
        tracing::warn!("stopped before all work in the background was done");
    }
    result
}

async fn asked_to_stop() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
