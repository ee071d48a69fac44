//! What a journey plays on, and the evidence that stays when it fails.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    pin::pin,
    sync::{Mutex, PoisonError},
    task::Poll,
};

use crate::{Browser, Error, Outcome, Person, Postgres, Program, Result, Server, Settings, server::tail};

/// What a journey plays on.
#[derive(Debug)]
pub struct Stage {
    evidence: PathBuf,
    browsers: Mutex<Vec<Browser>>,
    logs: Mutex<Vec<PathBuf>>,
}

impl Stage {
    fn set() -> Result<Self> {
        let journey = std::thread::current().name().unwrap_or("journey").replace("::", ".");
        let evidence = target().join("e2e").join(journey);
        if evidence.exists() {
            std::fs::remove_dir_all(&evidence)?;
        }
        std::fs::create_dir_all(&evidence)?;
        Ok(Self { evidence, browsers: Mutex::default(), logs: Mutex::default() })
    }

    /// Starts a server.
    ///
    /// # Errors
    ///
    /// When it does not get ready.
    pub async fn server(&self, settings: Settings) -> Result<Server> {
        Server::start(settings, self.log()).await
    }

    /// A server that is not started: only its commands run.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub fn stopped_server(&self, settings: Settings) -> Result<Server> {
        Server::prepare(settings, self.log())
    }

    /// Starts PgBouncer in front of the database at `url`; and the database's address through it. None where
    /// there is no PgBouncer.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn pgbouncer(&self, url: &str, pool_mode: &str) -> Result<Option<(Program, String)>> {
        Program::pgbouncer(url, pool_mode, self.log()).await
    }

    /// Starts HAProxy in front of the servers at these ports. None where there is no HAProxy.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn haproxy(&self, servers: [u16; 2]) -> Result<Option<Program>> {
        Program::haproxy(servers, self.log()).await
    }

    /// Starts nginx in front of the servers at these ports. None where there is no nginx.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn nginx(&self, servers: [u16; 2]) -> Result<Option<Program>> {
        Program::nginx(servers, self.log()).await
    }

    /// Starts a browser for the site at `url`.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn browser(&self, url: String) -> Result<Browser> {
        let browser = Browser::start(url).await?;
        lock(&self.browsers).push(browser.clone());
        Ok(browser)
    }

    /// Starts a browser for the site at `url` in which the person signs in.
    ///
    /// # Errors
    ///
    /// When it does not start, or the person is not let in.
    pub async fn signed_in(&self, url: String, person: &Person) -> Result<Browser> {
        let browser = self.browser(url).await?;
        browser.open("/login").await?;
        browser.sign_in(person).await?;
        Ok(browser)
    }

    /// A file for the next server's log.
    fn log(&self) -> PathBuf {
        let mut logs = lock(&self.logs);
        let log = self.evidence.join(format!("server-{}.log", logs.len() + 1));
        logs.push(log.clone());
        log
    }

    fn take_browsers(&self) -> Vec<Browser> {
        std::mem::take(&mut *lock(&self.browsers))
    }

    /// Closes the browsers; keeps what they showed if the journey failed, and nothing if it did not.
    async fn strike(self, has_failed: bool) {
        for (number, browser) in self.take_browsers().into_iter().enumerate() {
            if has_failed {
                browser.save(&self.evidence, &format!("browser-{}", number + 1)).await;
            }
            browser.close().await;
        }
        if has_failed {
            for log in lock(&self.logs).iter() {
                eprintln!("{} ends:\n{}\n", log.display(), tail(log));
            }
            eprintln!("Pictures, documents and logs are in {}", self.evidence.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.evidence);
        }
    }
}

/// Plays a journey. If it fails, everything that was on the stage is kept in `target/e2e/<journey>/`.
///
/// # Errors
///
/// With the journey's own.
pub async fn play(journey: impl AsyncFnOnce(&Stage) -> Outcome) -> Outcome {
    let stage = Stage::set()?;
    let end = catch(journey(&stage)).await;
    stage.strike(!matches!(end, Ok(Ok(())))).await;
    end.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Plays a journey on the embedded database, and again on PostgreSQL where the environment has one.
///
/// # Errors
///
/// With the journey's own.
pub async fn play_on_both(journey: impl AsyncFn(&Stage, Settings) -> Outcome) -> Outcome {
    play(async |stage| {
        journey(stage, Settings::default()).await?;
        if let Some(postgres) = Postgres::of_the_environment() {
            // Those of the first are of no more use, and a machine bears only so many.
            for browser in stage.take_browsers() {
                browser.close().await;
            }
            journey(stage, Settings::default().on(&postgres.database().await?)).await?;
        }
        Ok(())
    })
    .await
}

/// What a future comes to, if only a panic.
async fn catch<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// axe-core, as a script that defines `axe`.
///
/// # Errors
///
/// When it is not there.
pub fn axe() -> Result<String> {
    let path = std::env::var_os("AXE")
        .map_or_else(|| root().join(".tools/axe-core/node_modules/axe-core/axe.min.js"), PathBuf::from);
    let read = std::fs::read_to_string(&path);
    read.map_err(|_| Error(format!("there is no axe-core at {}; `just tools` installs it", path.display())))
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The checkout.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
