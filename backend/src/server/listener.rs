//! Sockets that are listened on: TCP on one or more addresses, or a Unix socket.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use tokio::net::{TcpListener, TcpStream, lookup_host};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use crate::config::listen::Listen;

/// The mode of a Unix socket: its owner and its group may connect. The proxy belongs into that group.
#[cfg(unix)]
const SOCKET_MODE: u32 = 0o660;

/// A socket that is listened on.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket, and the file that it is bound to.
    #[cfg(unix)]
    Unix(UnixListener, PathBuf),
}

/// A connection that was accepted.
pub(super) enum Stream {
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| Stream::Tcp(stream, peer)),
            #[cfg(unix)]
            Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }

    /// Where it listens, as a person reads it.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn address(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => Ok(listener.local_addr()?.to_string()),
            #[cfg(unix)]
            Self::Unix(_, path) => Ok(format!("unix:{}", path.display())),
        }
    }

    /// Stops listening and returns the connections that wait to be accepted, which the system would otherwise reset
    /// together with the requests sent on them. The file of a Unix socket is removed first: once nobody listens, it
    /// may belong to the next process.
    pub(super) fn close(self) -> Vec<Stream> {
        let waiting = match self {
            Self::Tcp(listener) => listener.into_std().map(|listener| {
                let accepted = std::iter::from_fn(|| listener.accept().ok());
                accepted.filter_map(|(stream, peer)| Some(Stream::Tcp(tcp(stream).ok()?, peer))).collect()
            }),
            #[cfg(unix)]
            Self::Unix(listener, path) => {
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::debug!(%error, path = %path.display(), "the socket's file cannot be removed");
                }
                listener.into_std().map(|listener| {
                    let accepted = std::iter::from_fn(|| listener.accept().ok());
                    accepted.filter_map(|(stream, _)| Some(Stream::Unix(unix(stream).ok()?))).collect()
                })
            }
        };
        waiting.unwrap_or_default()
    }
}

fn tcp(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}

#[cfg(unix)]
fn unix(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

/// Listens where it was asked to. A name leads to all of its addresses.
///
/// # Errors
///
/// When it cannot listen there.
pub async fn bind(listen: &Listen) -> io::Result<Vec<Listener>> {
    match listen {
        Listen::Tcp { host: None, port } => bind_all_interfaces(*port).await,
        Listen::Tcp { host: Some(host), port } => {
            let addresses = resolve(host, *port).await?;
            bind_each(&addresses).await
        }
        #[cfg(unix)]
        Listen::Unix(path) => Ok(vec![bind_unix(path).await?]),
        #[cfg(not(unix))]
        Listen::Unix(_) => Err(io::Error::other("this system has no Unix sockets")),
    }
}

async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![(ip, port).into()]);
    }
    // Always this machine (RFC 6761), whatever a resolver says.
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    let mut addresses = Vec::new();
    for address in lookup_host((host, port)).await? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Listens on each address that this machine has. Where the system chooses the port, it is the same for all.
async fn bind_each(addresses: &[SocketAddr]) -> io::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    let mut missing = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut chosen = None;
    for address in addresses {
        let address = SocketAddr::new(address.ip(), chosen.unwrap_or(address.port()));
        match TcpListener::bind(address).await {
            Ok(listener) => {
                chosen = Some(listener.local_addr()?.port());
                listeners.push(Listener::Tcp(listener));
            }
            Err(error) if is_missing(&error) => missing = error,
            Err(error) => return Err(error),
        }
    }
    if listeners.is_empty() { Err(missing) } else { Ok(listeners) }
}

/// Listens to IPv6 and IPv4. On most systems the first socket takes both; where it does not, the second is needed.
async fn bind_all_interfaces(port: u16) -> io::Result<Vec<Listener>> {
    let any = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let both = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Ok(listener) => listener,
        Err(error) if is_missing(&error) => {
            return TcpListener::bind(any(port)).await.map(|listener| vec![Listener::Tcp(listener)]);
        }
        Err(error) => return Err(error),
    };
    let port = both.local_addr()?.port();
    let mut listeners = vec![Listener::Tcp(both)];
    match TcpListener::bind(any(port)).await {
        Ok(listener) => listeners.push(Listener::Tcp(listener)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse || is_missing(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(listeners)
}

/// Whether the machine has no such address, or does not speak the protocol at all.
fn is_missing(error: &io::Error) -> bool {
    const NO_SUCH_PROTOCOL: [i32; 2] = [97, 47]; // EAFNOSUPPORT, on Linux and on BSD
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error().is_some_and(|code| NO_SUCH_PROTOCOL.contains(&code))
}

/// Listens at `path`. A socket there that nobody listens on was left behind by a process that was killed, and goes.
#[cfg(unix)]
async fn bind_unix(path: &Path) -> io::Result<Listener> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};

    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
        }
        Ok(_) => match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Err(error) => return Err(error),
            Ok(_) => {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there"));
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(Listener::Unix(listener, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_that_wait_to_be_accepted_outlive_the_end_of_listening() {
        let port = bind(&"127.0.0.1:0".parse().unwrap()).await.unwrap().remove(0);
        let address: SocketAddr = port.address().unwrap().parse().unwrap();
        let clients: Vec<_> = (0..3).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
        assert_eq!(port.close().len(), clients.len());
        assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
    }
}
