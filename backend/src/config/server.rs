//! Settings of the server: where it listens, and how browsers and proxies reach it.

use std::{fmt, str::FromStr};

use axum::http::HeaderValue;
use clap::{Args, value_parser};
use url::Url;

use super::{
    address::is_loopback,
    listen::{Listen, MetricsListen, parse_metrics_listen},
};

/// Where the server listens, and how browsers and proxies reach it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerConfig {
    /// Where to listen: HOST:PORT, :PORT for all interfaces, or `unix:/PATH`
    #[arg(long, env = "CURFEW_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: Listen,
    /// Where to serve /metrics, in the same forms, or `off`
    #[arg(long, env = "CURFEW_METRICS_LISTEN", default_value = "127.0.0.1:9464", value_parser = parse_metrics_listen)]
    pub metrics_listen: MetricsListen,
    /// The URL that browsers use; the issuer of all tokens [default: `http://localhost:PORT`]
    #[arg(long, env = "CURFEW_PUBLIC_URL", required = false)]
    pub public_url: PublicUrl,
    /// Origins of other sites whose pages may call the API with bearer tokens, separated by commas
    #[arg(long, env = "CURFEW_CORS_ORIGINS", value_delimiter = ',', value_parser = parse_origin)]
    pub cors_origins: Vec<HeaderValue>,
    /// How many proxies in front append to X-Forwarded-For
    #[arg(long, env = "CURFEW_PROXIES", default_value_t = 0)]
    pub proxies: usize,
    /// How long an idle connection is kept, in seconds: longer than a proxy in front keeps it
    #[arg(long, env = "CURFEW_KEEP_ALIVE_SECONDS", default_value_t = 90, value_parser = value_parser!(u32).range(1..=3_600))]
    pub keep_alive_seconds: u32,
    /// How long to go on listening after SIGTERM, while /health/ready answers 503, in seconds
    /// [default: 5; 0 where only this machine can connect and `public_url` leads to it]
    #[arg(long, env = "CURFEW_SHUTDOWN_DELAY_SECONDS", required = false, value_parser = value_parser!(u32).range(0..=300))]
    pub shutdown_delay_seconds: u32,
    /// How many passwords to hash at once [default: half of the cores]
    #[arg(long, env = "CURFEW_PASSWORD_WORKERS", default_value_t = half_of_the_cores(), hide_default_value = true, value_parser = value_parser!(u16).range(1..=1_024))]
    pub password_workers: u16,
}

fn half_of_the_cores() -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u16::try_from(cores / 2).unwrap_or(1_024).clamp(1, 1_024)
}

/// The URL that browsers open: a scheme, a host and perhaps a port.
#[derive(Debug, Clone)]
pub struct PublicUrl {
    text: String,
    url: Url,
    origin: String,
}

impl PublicUrl {
    /// The URL, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The origin (RFC 6454), as browsers write it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or("localhost")
    }

    /// The name of the host, unless it is an IP address.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.url.domain()
    }

    /// Whether the URL leads browsers to their own machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("must begin with http:// or https:// and name a host".to_owned());
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("must end after the host and the port; the page is at /".to_owned());
        }
        let origin = url.origin().ascii_serialization();
        Ok(Self { text: text.trim_end_matches('/').to_owned(), url, origin })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Browsers write an origin without a slash at the end, and it is compared letter by letter.
fn parse_origin(text: &str) -> Result<HeaderValue, String> {
    let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let origin = origin.map(|url| url.origin().ascii_serialization());
    let origin = origin.filter(|origin| origin == text.trim_end_matches('/'));
    let origin = origin.and_then(|origin| HeaderValue::from_str(&origin).ok());
    origin.ok_or_else(|| format!("{text} is no origin, such as https://app.example"))
}
