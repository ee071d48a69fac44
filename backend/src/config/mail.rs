//! Settings of outgoing mail.

use clap::Args;
use lettre::{message::Mailbox, transport::smtp::extension::ClientId};
use url::Host;

use super::address;

/// How mail is sent.
#[derive(Clone, Args)]
#[command(next_help_heading = "Mail")]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct MailConfig {
    /// smtp://… or smtps://…, with user and password where needed
    /// [default: messages are kept in the folder `outbox` in the data folder]
    #[arg(long, env = "CURFEW_SMTP_URL", hide_env_values = true, value_parser = parse_smtp_url)]
    pub smtp_url: Option<String>,
    /// The host name to greet the mail server with [default: the host of the public URL]
    #[arg(long, env = "CURFEW_SMTP_HELLO", required = false, value_parser = parse_hello)]
    pub smtp_hello: ClientId,
    /// The sender of messages [default: no-reply at the host of the public URL]
    #[arg(long, env = "CURFEW_MAIL_FROM", required = false, value_parser = parse_sender)]
    pub mail_from: Mailbox,
}

fn parse_smtp_url(text: &str) -> Result<String, &'static str> {
    let is_smtp = text.starts_with("smtp://") || text.starts_with("smtps://");
    if is_smtp && address::parse(text)?.has_host() {
        Ok(text.to_owned())
    } else {
        Err("must begin with smtp:// or smtps:// and name a host")
    }
}

/// A host name, or an IP address, which is sent in brackets (RFC 5321 §4.1.3).
fn parse_hello(text: &str) -> Result<ClientId, &'static str> {
    // An address of version 6 with or without its brackets.
    match Host::parse(text).or_else(|_| Host::parse(&format!("[{text}]"))) {
        Ok(Host::Domain(name)) => Ok(ClientId::Domain(name)),
        Ok(Host::Ipv4(address)) => Ok(ClientId::Ipv4(address)),
        Ok(Host::Ipv6(address)) => Ok(ClientId::Ipv6(address)),
        Err(_) => Err("must be a host name, such as curfew.example, or an IP address"),
    }
}

fn parse_sender(text: &str) -> Result<Mailbox, &'static str> {
    text.parse().map_err(|_| "must be an address, or a name and an address: Name <name@host.example>")
}
