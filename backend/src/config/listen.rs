//! Where to listen: a port of a host, of all interfaces, or a Unix socket.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port.
    Tcp {
        /// An IP address or a host name; none for all interfaces.
        host: Option<String>,
        /// The port; 0 lets the system choose.
        port: u16,
    },
    /// A Unix socket at this path.
    Unix(PathBuf),
}

impl Listen {
    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp { port, .. } => Some(*port),
            Self::Unix(_) => None,
        }
    }

    /// Whether only this machine can connect.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Tcp { host: Some(host), .. } => {
                host.eq_ignore_ascii_case("localhost")
                    || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Self::Tcp { host: None, .. } => false,
            Self::Unix(_) => true,
        }
    }

    /// Whether all interfaces are listened on.
    #[must_use]
    pub fn is_unspecified(&self) -> bool {
        match self {
            Self::Tcp { host: Some(host), .. } => host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified()),
            Self::Tcp { host: None, .. } => true,
            Self::Unix(_) => false,
        }
    }
}

/// Where to serve the metrics, if anywhere. An alias, so that clap takes `off` for a value and not for none.
pub type MetricsListen = Option<Listen>;

pub(super) fn parse_metrics_listen(text: &str) -> Result<MetricsListen, &'static str> {
    if text == "off" { Ok(None) } else { text.parse().map(Some) }
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORMS: &str =
            "must be HOST:PORT (an IPv6 address in brackets), :PORT for all interfaces, or unix:/PATH";
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(FORMS) } else { Ok(Self::Unix(path.into())) };
        }
        let (host, port) = text.rsplit_once(':').ok_or(FORMS)?;
        let port = port.parse().map_err(|_| FORMS)?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(ip) if ip.parse::<std::net::Ipv6Addr>().is_ok() => Some(ip.to_owned()),
            None if host.is_empty() => None,
            None if !host.contains([':', '[', ']', '/', '@', ' ']) => Some(host.to_owned()),
            _ => return Err(FORMS),
        };
        Ok(Self::Tcp { host, port })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host: None, port } => write!(f, ":{port}"),
            Self::Tcp { host: Some(host), port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host: Some(host), port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_all_interfaces_and_a_socket_are_understood_and_nothing_else() {
        for (text, is_loopback, is_unspecified) in [
            ("127.0.0.1:8080", true, false),
            ("[::1]:8080", true, false),
            ("localhost:8080", true, false),
            ("curfew.internal:8080", false, false),
            (":8080", false, true),
            ("0.0.0.0:8080", false, true),
            ("[::]:8080", false, true),
            ("unix:/run/curfew/http.sock", true, false),
        ] {
            let listen: Listen = text.parse().unwrap();
            assert_eq!(listen.to_string(), text);
            assert_eq!(
                (listen.is_loopback(), listen.is_unspecified()),
                (is_loopback, is_unspecified),
                "{text}"
            );
        }
        for text in ["", "8080", "localhost", "::1:8080", "[x]:1", "host:65536", "unix:", "http://x:80"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
