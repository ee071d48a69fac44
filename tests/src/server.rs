//! The release binary, started as an operator starts it.

use std::{
    ffi::OsStr,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpSocket,
    process::{Child, Command},
    time::timeout,
};

use crate::{ApiClient, Error, Person, Result, TIMEOUT, context::root, until};

/// Longer than the server's grace period for requests in flight.
const STOP: Duration = Duration::from_secs(15);

/// The settings of a server, apart from its own folder and port.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    environment: Vec<(String, String)>,
    public_port: Option<u16>,
}

impl Settings {
    /// Adds an environment variable.
    #[must_use]
    pub fn with(mut self, variable: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((variable.into(), value.into()));
        self
    }

    /// Uses this database, which servers may share.
    #[must_use]
    pub fn on(self, database_url: &str) -> Self {
        self.with("DATABASE_URL", database_url)
    }

    /// Sets the port that browsers use: that of a proxy.
    #[must_use]
    pub fn behind(self, port: u16) -> Self {
        Self { public_port: Some(port), ..self }
    }
}

/// A server with its own folder and port. Both survive a stop; the process ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    port: u16,
    metrics_port: u16,
    // Bound without listening, which reserves the ports while the server is down.
    _ports: Option<[TcpSocket; 2]>,
    folder: TempDir,
    log: PathBuf,
    process: Option<Child>,
}

impl Server {
    /// Starts a server and waits until it is ready. Its log is appended to `log`.
    pub async fn start(settings: Settings, log: PathBuf) -> Result<Self> {
        let mut server = Self::prepare(settings, log)?;
        server.start_again().await?;
        Ok(server)
    }

    pub(crate) fn prepare(settings: Settings, log: PathBuf) -> Result<Self> {
        let bind = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            std::io::Result::Ok((socket.local_addr()?.port(), socket))
        };
        let ((port, socket), (metrics_port, metrics_socket)) = (bind()?, bind()?);
        // Other systems cannot bind a bound port again.
        let held = cfg!(target_os = "linux").then_some([socket, metrics_socket]);
        Ok(Self { settings, port, metrics_port, _ports: held, folder: TempDir::new()?, log, process: None })
    }

    /// Starts it again with the same port and folder, and waits until it is ready.
    pub async fn start_again(&mut self) -> Result<()> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        // Exceeding the file-size limit then fails with an error, like a full disk, instead of a signal.
        let mut command = self.command_by("sh");
        let process = command
            .args(["-c", "trap '' XFSZ; exec \"$0\" serve"])
            .arg(binary()?)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        self.process = Some(process);
        let api = self.direct_api()?;
        let ready = until("the server to be ready", TIMEOUT, async || {
            Ok((api.get("/health/ready").await?.status == 200).then_some(()))
        });
        ready.await.map_err(|error| Error(format!("{error}; its log ends:\n{}", tail(&self.log))))
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) -> Result<()> {
        let id = self.process.as_ref().and_then(Child::id);
        if let Some(pid) = id.and_then(|id| Pid::from_raw(id.try_into().ok()?)) {
            kill_process(pid, Signal::TERM).map_err(std::io::Error::from)?;
        }
        Ok(())
    }

    /// Sends SIGTERM and waits for a clean exit.
    pub async fn stop(&mut self) -> Result<()> {
        self.terminate()?;
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let status = timeout(STOP, process.wait()).await.map_err(|_| {
            Error(format!("the server did not stop within {} s of SIGTERM", STOP.as_secs()))
        })??;
        if status.success() { Ok(()) } else { Err(Error(format!("the server stopped with {status}"))) }
    }

    /// Sends SIGKILL.
    pub async fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().ok_or_else(|| Error::new("there is no server to kill"))?;
        process.kill().await?;
        Ok(())
    }

    /// Limits file sizes to the current length of SQLite's write-ahead log, as if the disk were full, or
    /// lifts the limit.
    pub fn set_disk_full(&self, is_full: bool) -> Result<()> {
        let log = self.folder.path().join("curfew.db-wal");
        let current = if is_full { Some(std::fs::metadata(log)?.len()) } else { None };
        let pid = self.process.as_ref().and_then(Child::id).and_then(|id| Pid::from_raw(id.try_into().ok()?));
        prlimit(pid, Resource::Fsize, Rlimit { current, maximum: None }).map_err(std::io::Error::from)?;
        Ok(())
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL that browsers use.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.settings.public_port.unwrap_or(self.port))
    }

    /// A client of the API that bypasses any proxy.
    pub fn direct_api(&self) -> Result<ApiClient> {
        ApiClient::new(format!("http://127.0.0.1:{}", self.port))
    }

    pub fn metrics(&self) -> Result<ApiClient> {
        ApiClient::new(format!("http://127.0.0.1:{}", self.metrics_port))
    }

    /// Runs another command of the binary on the same data, and returns its output.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut process = self
            .command()?
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = process.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = process.wait_with_output().await?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error(format!("`curfew {}` ended with {}: {}", arguments.join(" "), output.status, said.trim())))
    }

    /// Creates an account and returns its owner.
    pub async fn owner(&self, name: &str) -> Result<Person> {
        let mut person = Person::new(name);
        let of = format!("{name}'s");
        let arguments =
            ["account", "create", "--name", &of, "--owner-email", &person.email, "--owner-name", name];
        let made = self.create(&arguments, &person).await?;
        made["account_id"].as_str().unwrap_or_default().clone_into(&mut person.account_id);
        Ok(person)
    }

    /// Creates a user in the account of `owner`.
    pub async fn member(&self, owner: &Person, name: &str, role: &str) -> Result<Person> {
        let person = Person { account_id: owner.account_id.clone(), ..Person::new(name) };
        let arguments =
            ["user", "create", "--account", &person.account_id, "--email", &person.email, "--name", name];
        self.create(&[&arguments[..], &["--role", role]].concat(), &person).await?;
        Ok(person)
    }

    /// Runs a command that creates a user, and returns its output.
    async fn create(&self, arguments: &[&str], person: &Person) -> Result<Value> {
        let arguments = [arguments, &["--password-stdin", "--json"]].concat();
        Ok(serde_json::from_str(&self.run(&arguments, &format!("{}\n", person.password)).await?)?)
    }

    /// The ids of a user's live sessions, from the command line.
    pub async fn sessions(&self, person: &Person) -> Result<Vec<String>> {
        let lines = self.run(&["session", "list", "--json", "--email", &person.email], "").await?;
        let id = |line| {
            Ok(serde_json::from_str::<Value>(line)?["session_id"].as_str().unwrap_or_default().to_owned())
        };
        lines.lines().map(id).collect()
    }

    /// Revokes a user's sessions from the command line, and returns how many were revoked.
    pub async fn revoke(&self, person: &Person) -> Result<u64> {
        let answer = self.run(&["session", "revoke", "--json", "--email", &person.email], "").await?;
        Ok(serde_json::from_str::<Value>(&answer)?["revoked_count"].as_u64().unwrap_or_default())
    }

    /// A command of the binary with this server's settings, and none of the machine's.
    fn command(&self) -> Result<Command> {
        Ok(self.command_by(binary()?))
    }

    fn command_by(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name == "DATABASE_URL" || name.to_string_lossy().starts_with("CURFEW_") {
                command.env_remove(name);
            }
        }
        command
            .env("CURFEW_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("CURFEW_METRICS_LISTEN", format!("127.0.0.1:{}", self.metrics_port))
            .env("CURFEW_PUBLIC_URL", self.url())
            .env("CURFEW_DATA_DIR", self.folder.path())
            .env("CURFEW_LOG_FORMAT", "text")
            .env("NO_COLOR", "1")
            .envs(self.settings.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path());
        command
    }
}

fn binary() -> Result<PathBuf> {
    let path =
        std::env::var_os("CURFEW_BIN").map_or_else(|| root().join("target/release/curfew"), PathBuf::from);
    if path.is_file() {
        return Ok(path);
    }
    Err(Error(format!("there is no server at {}; `just build` makes it", path.display())))
}

pub(crate) fn tail(log: &Path) -> String {
    const LINES: usize = 30;
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
