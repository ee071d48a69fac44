//! Programs of others that stand around the server: poolers and proxies.

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

use crate::{Error, Result, SOON, postgres, server::tail, stage::root, until};

/// A program that listens on a port of its own, and ends with its owner.
#[derive(Debug)]
pub struct Program {
    port: u16,
    log: PathBuf,
    // Bound, yet not listening: the port is nobody else's until the program has it.
    _port: TcpSocket,
    _folder: TempDir,
    _process: Child,
}

impl Program {
    /// PgBouncer in front of the database at `url`, which gives each client three connections at most, for as
    /// long as `pool_mode` says; and the database's address through it. None where there is no PgBouncer.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn pgbouncer(url: &str, pool_mode: &str, log: PathBuf) -> Result<Option<(Self, String)>> {
        let Some(program) = find("pgbouncer") else { return Ok(None) };
        let (host, _) = postgres::moved(url, 0)?;
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
            // It refuses to run as root.
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
        let (_, here) = postgres::moved(url, program.port)?;
        Ok(Some((program, here)))
    }

    /// HAProxy in front of the servers at these ports, as docs/operations.md sets it up, only that it looks for
    /// them ten times as often. None where there is no HAProxy.
    ///
    /// # Errors
    ///
    /// When it does not start.
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

    /// nginx in front of the servers at these ports, as docs/operations.md sets it up. None where there is no
    /// nginx.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn nginx(servers: [u16; 2], log: PathBuf) -> Result<Option<Self>> {
        let Some(program) = find("nginx") else { return Ok(None) };
        let start = async |folder: &Path, own: u16| -> Result<Command> {
            let text = documented("nginx", servers)?;
            let text = replaced(&text, "listen 443 ssl;", &format!("listen 127.0.0.1:{own};"))?;
            // What it writes to by default is root's.
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
        // Another user may have to read in it.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let output = std::fs::File::create(&log)?;
        let process = command(folder.path(), port)
            .await?
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        let listens = until("the program to listen", SOON, async || {
            Ok(Some(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?))
        });
        listens.await.map_err(|error| Error(format!("{error}; its log ends:\n{}", tail(&log))))?;
        Ok(Self { port, log, _port: socket, _folder: folder, _process: process })
    }

    /// The address of what it serves.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until it has logged this so many times.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn logs(&self, text: &str, times: usize) -> Result<()> {
        until(format!("the log to say `{text}`"), SOON, async || {
            let count = std::fs::read_to_string(&self.log)?.matches(text).count();
            Ok((count >= times).then_some(()))
        })
        .await
    }
}

/// The configuration that docs/operations.md shows, with two servers at other ports.
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

/// Where a program is. Where it is missing, that is said although the journey passes.
fn find(name: &str) -> Option<PathBuf> {
    use std::io::Write as _;

    let path = std::env::var_os("PATH").unwrap_or_default();
    // Not on the path of every user.
    let system = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let found = std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        let journey = std::thread::current().name().unwrap_or("a journey").to_owned();
        // Not by `eprintln`, which is not shown of a test that passes.
        let _ = writeln!(std::io::stderr(), "{journey} is NOT RUN: there is no {name}; install it first.");
    }
    found
}
