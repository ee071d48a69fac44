//! Third-party programs around the server: `PgBouncer`, `HAProxy` and nginx.

use std::{
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::{
    net::{TcpSocket, TcpStream},
    process::{Child, Command},
};

use crate::{Error, Result, TIMEOUT, context::root, postgres, server::tail, until};

/// A program on a port of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Program {
    port: u16,
    log: PathBuf,
    // Bound without listening, which reserves the port until the program takes it.
    _port: TcpSocket,
    _folder: TempDir,
    _process: Child,
}

impl Program {
    /// Starts `PgBouncer`, with three server connections unless it pools by session. Returns it with the
    /// database's URL through it, or `None` if it is not installed.
    pub async fn pgbouncer(url: &str, pool_mode: &str, log: PathBuf) -> Result<Option<(Self, String)>> {
        let Some(program) = find("pgbouncer") else { return Ok(None) };
        let (host, _) = postgres::through_port(url, 0)?;
        let (host, port) = host.split_once(':').ok_or_else(|| Error::new("a database without a port"))?;
        let user = url.split("://").nth(1).and_then(|rest| rest.split([':', '@']).next()).unwrap_or_default();
        let size = if pool_mode == "session" { 60 } else { 3 };
        let start = async |folder: &Path, own: u16| -> Result<Command> {
            let file = folder.join("pgbouncer.ini");
            let text = format!(
                "[databases]\n* = host={host} port={port} user={user}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {own}\nunix_socket_dir =\nauth_type = any\nmax_client_conn = 200\n\
                 pool_mode = {pool_mode}\ndefault_pool_size = {size}\n"
            );
            std::fs::write(&file, text)?;
            // PgBouncer refuses to run as root.
            let mut command = if geteuid().is_root() {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", "nobody", "--regid", "65534", "--clear-groups"]).arg(&program);
                command
            } else {
                Command::new(&program)
            };
            command.arg(&file);
            Ok(command)
        };
        let program = Self::start(start, log).await?;
        let (_, here) = postgres::through_port(url, program.port)?;
        Ok(Some((program, here)))
    }

    /// Starts `HAProxy` with the configuration in docs/operations.md, but with checks ten times as often.
    /// Returns `None` if it is not installed.
    pub async fn haproxy(servers: [u16; 2], log: PathBuf) -> Result<Option<Self>> {
        let Some(program) = find("haproxy") else { return Ok(None) };
        let start = async |folder: &Path, own: u16| -> Result<Command> {
            let file = folder.join("haproxy.cfg");
            let text = documented("haproxy", servers)?;
            let text =
                replaced(&text, "bind :443 ssl crt /etc/haproxy/cert.pem", &format!("bind 127.0.0.1:{own}"))?;
            let text = replaced(&text, "inter 1s", "inter 100ms")?;
            std::fs::write(&file, text)?;
            let mut command = Command::new(&program);
            command.arg("-db").arg("-f").arg(file);
            Ok(command)
        };
        Self::start(start, log).await.map(Some)
    }

    /// Starts nginx with the configuration in docs/operations.md. Returns `None` if it is not installed.
    pub async fn nginx(servers: [u16; 2], log: PathBuf) -> Result<Option<Self>> {
        let Some(program) = find("nginx") else { return Ok(None) };
        let start = async |folder: &Path, own: u16| -> Result<Command> {
            let text = documented("nginx", servers)?;
            let text = replaced(&text, "listen 443 ssl;", &format!("listen 127.0.0.1:{own};"))?;
            // The default folders belong to root.
            let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|name| format!("{name}_temp_path {};\n", folder.join(name).display()))
                .concat();
            let text = format!(
                "daemon off;\nmaster_process off;\nerror_log stderr;\npid {};\nevents {{}}\n\
                 http {{\naccess_log off;\n{folders}{text}}}\n",
                folder.join("nginx.pid").display()
            );
            let file = folder.join("nginx.conf");
            std::fs::write(&file, text)?;
            let mut command = Command::new(&program);
            command.args(["-e", "stderr", "-c"]).arg(file);
            Ok(command)
        };
        Self::start(start, log).await.map(Some)
    }

    async fn start(command: impl AsyncFnOnce(&Path, u16) -> Result<Command>, log: PathBuf) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let port = socket.local_addr()?.port();
        let folder = TempDir::new()?;
        // PgBouncer may run as another user.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let output = std::fs::File::create(&log)?;
        let process = command(folder.path(), port)
            .await?
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        let listens = until("the program to listen", TIMEOUT, async || {
            Ok(Some(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?))
        });
        listens.await.map_err(|error| Error(format!("{error}; its log ends:\n{}", tail(&log))))?;
        Ok(Self { port, log, _port: socket, _folder: folder, _process: process })
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until the log contains `text` this many times.
    pub async fn logs(&self, text: &str, times: usize) -> Result<()> {
        until(format!("the log to say `{text}`"), TIMEOUT, async || {
            let count = std::fs::read_to_string(&self.log)?.matches(text).count();
            Ok((count >= times).then_some(()))
        })
        .await
    }
}

/// The configuration in docs/operations.md, for servers at these ports.
fn documented(language: &str, servers: [u16; 2]) -> Result<String> {
    let document = std::fs::read_to_string(root().join("docs/operations.md"))?;
    let block = document.split(&format!("```{language}\n")).nth(1).and_then(|rest| rest.split("```").next());
    let block = block.ok_or_else(|| Error(format!("docs/operations.md shows no {language}")))?;
    let block = replaced(block, "127.0.0.1:8080", &format!("127.0.0.1:{}", servers[0]))?;
    replaced(&block, "127.0.0.1:8081", &format!("127.0.0.1:{}", servers[1]))
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String> {
    if text.contains(from) {
        Ok(text.replace(from, to))
    } else {
        Err(Error(format!("no `{from}` in:\n{text}")))
    }
}

/// Finds an installed program. Prints a notice if it is missing, since the journey then passes without
/// running.
fn find(name: &str) -> Option<PathBuf> {
    use std::io::Write as _;

    let path = std::env::var_os("PATH").unwrap_or_default();
    // Not on every user's path.
    let system = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let found = std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        let journey = std::thread::current().name().unwrap_or("a journey").to_owned();
        // The test runner hides `eprintln` output of a passing test.
        let _ = writeln!(std::io::stderr(), "{journey} is NOT RUN: there is no {name}; install it first.");
    }
    found
}
