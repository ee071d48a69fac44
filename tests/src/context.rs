//! The context of a journey, and the artifacts of a failed one.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    pin::pin,
    sync::{Mutex, PoisonError},
    task::Poll,
};

use crate::{
    Browser, HttpProxy, Mailbox, Person, Postgres, Program, Result, Server, Settings, TestResult,
    server::tail, steps::EXTEND_TIMEOUTS,
};

/// Starts the servers, browsers and other programs of one journey.
#[derive(Debug)]
pub struct TestContext {
    artifacts: PathBuf,
    browsers: Mutex<Vec<Browser>>,
    logs: Mutex<Vec<PathBuf>>,
}

impl TestContext {
    fn new() -> Result<Self> {
        let journey = std::thread::current().name().unwrap_or("journey").replace("::", ".");
        let artifacts = target().join("e2e").join(journey);
        if artifacts.exists() {
            std::fs::remove_dir_all(&artifacts)?;
        }
        std::fs::create_dir_all(&artifacts)?;
        Ok(Self { artifacts, browsers: Mutex::default(), logs: Mutex::default() })
    }

    pub async fn server(&self, settings: Settings) -> Result<Server> {
        Server::start(settings, self.log()).await
    }

    /// A server that is not started: only its commands run.
    pub fn stopped_server(&self, settings: Settings) -> Result<Server> {
        Server::prepare(settings, self.log())
    }

    /// Starts `PgBouncer` in front of the database at `url`. Returns it with the database's URL through it, or
    /// `None` if `PgBouncer` is not installed.
    pub async fn pgbouncer(&self, url: &str, pool_mode: &str) -> Result<Option<(Program, String)>> {
        Program::pgbouncer(url, pool_mode, self.log()).await
    }

    /// Starts `HAProxy` in front of the servers at these ports, or returns `None` if it is not installed.
    pub async fn haproxy(&self, servers: [u16; 2]) -> Result<Option<Program>> {
        Program::haproxy(servers, self.log()).await
    }

    /// Starts nginx in front of the servers at these ports, or returns `None` if it is not installed.
    pub async fn nginx(&self, servers: [u16; 2]) -> Result<Option<Program>> {
        Program::nginx(servers, self.log()).await
    }

    pub async fn browser(&self, url: String) -> Result<Browser> {
        let browser = Browser::start(url).await?;
        lock(&self.browsers).push(browser.clone());
        Ok(browser)
    }

    /// Starts a browser for the site at `url` and signs in.
    pub async fn signed_in(&self, url: String, person: &Person) -> Result<Browser> {
        let browser = self.browser(url).await?;
        browser.open("/login").await?;
        browser.sign_in(person).await?;
        Ok(browser)
    }

    /// Starts a server that browsers reach through a proxy.
    pub async fn server_behind_proxy(&self, settings: Settings) -> Result<(HttpProxy, Server)> {
        let mut proxy = HttpProxy::start().await?;
        let server = self.server(settings.behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        Ok((proxy, server))
    }

    /// Starts a server that browsers reach through a proxy, and that sends its messages to a mailbox.
    pub async fn server_with_mailbox(&self, settings: Settings) -> Result<(HttpProxy, Mailbox, Server)> {
        let mail = Mailbox::start().await?;
        let (proxy, server) = self.server_behind_proxy(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        Ok((proxy, mail, server))
    }

    /// Signs an owner in on a server behind a proxy, in a browser where messages and pending requests last.
    pub async fn owner_behind_proxy(
        &self,
        settings: Settings,
    ) -> Result<(HttpProxy, Server, Person, Browser)> {
        let (proxy, server) = self.server_behind_proxy(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = self.browser(server.url()).await?;
        browser.run_on_new_documents(EXTEND_TIMEOUTS).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        Ok((proxy, server, ada, browser))
    }

    fn log(&self) -> PathBuf {
        let mut logs = lock(&self.logs);
        let log = self.artifacts.join(format!("server-{}.log", logs.len() + 1));
        logs.push(log.clone());
        log
    }

    fn take_browsers(&self) -> Vec<Browser> {
        std::mem::take(&mut *lock(&self.browsers))
    }

    /// Closes the browsers. Keeps the artifacts only if the journey failed.
    async fn tear_down(self, has_failed: bool) {
        for (number, browser) in self.take_browsers().into_iter().enumerate() {
            if has_failed {
                browser.save(&self.artifacts, &format!("browser-{}", number + 1)).await;
            }
            browser.close().await;
        }
        if has_failed {
            for log in lock(&self.logs).iter() {
                eprintln!("{} ends:\n{}\n", log.display(), tail(log));
            }
            eprintln!("Pictures, documents and logs are in {}", self.artifacts.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.artifacts);
        }
    }
}

/// Runs a journey. If it fails, `target/e2e/<journey>/` keeps screenshots, documents and logs.
pub async fn run(journey: impl AsyncFnOnce(&TestContext) -> TestResult) -> TestResult {
    let context = TestContext::new()?;
    let end = catch(journey(&context)).await;
    context.tear_down(!matches!(end, Ok(Ok(())))).await;
    end.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs a journey on SQLite, and again on PostgreSQL if `TEST_DATABASE_URL` is set.
pub async fn run_on_both_databases(
    journey: impl AsyncFn(&TestContext, Settings) -> TestResult,
) -> TestResult {
    run(async |context| {
        journey(context, Settings::default()).await?;
        if let Some(postgres) = Postgres::from_env() {
            // The first run's browsers are no longer needed, and a machine bears only so many.
            for browser in context.take_browsers() {
                browser.close().await;
            }
            journey(context, Settings::default().on(&postgres.create_database().await?)).await?;
        }
        Ok(())
    })
    .await
}

/// Catches a panic of a future.
async fn catch<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
