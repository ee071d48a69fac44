//! How messages leave: over SMTP, or into a folder where none is configured.

use std::{io, net::IpAddr, path::PathBuf, time::Duration};

use curfew_shared::invite::DeliveryProblem;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::response::{Category, Code, Severity},
};
use url::Url;

use crate::config::{Config, private_file, private_folder};

/// How long a server may take over a message.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The way out.
#[derive(Debug, Clone)]
pub enum Post {
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// A folder, a file a message.
    Outbox(PathBuf),
}

/// A message did not leave.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The mail server refused, or is away.
    #[error("the mail server: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The folder cannot be written to.
    #[error("the outbox: {0}")]
    Outbox(#[from] io::Error),
}

impl PostError {
    /// Whether the server says that trying again is of no use, with a code of 5xx: for the recipient, or for
    /// want of the right password or sender.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Smtp(error) if error.is_permanent())
    }

    /// What an owner is told about it. Codes of 55x are about the recipient or the message; the other refusals are
    /// the operator's to mend.
    #[must_use]
    pub fn problem(&self) -> DeliveryProblem {
        match self {
            Self::Smtp(error) if error.status().is_some_and(is_about_the_message) => DeliveryProblem::Refused,
            Self::Smtp(_) | Self::Outbox(_) => DeliveryProblem::Unavailable,
        }
    }

    /// The error and, where there is one, the way out, for an operator to read.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.hint() {
            Some(hint) => format!("{self}; {hint}"),
            None => self.to_string(),
        }
    }

    /// What an operator can do about it.
    fn hint(&self) -> Option<&'static str> {
        let Self::Smtp(error) = self else { return None };
        let text = error.to_string().to_ascii_lowercase();
        match error.status().map(u16::from) {
            None if text.contains("no compatible authentication mechanism") => Some(
                "the server offers neither PLAIN nor LOGIN, and XOAUTH2 is not supported: use an app password, or a \
                 relay that takes a user name and a password",
            ),
            Some(530) => Some(
                "the server wants a user name and a password, or an encrypted connection: give both in \
                 CURFEW_SMTP_URL, as smtps://user:password@host or smtp://user:password@host:587",
            ),
            Some(534 | 535) => Some(
                "the server refuses the user name or the password in CURFEW_SMTP_URL; where it takes no passwords of \
                 people, use an app password (XOAUTH2 is not supported)",
            ),
            // Some refuse the name only when the recipient is named.
            Some(code) if matches!(code, 501 | 504) || text.contains("helo") || text.contains("ehlo") => {
                Some(
                    "where the server refuses the name that this one greets it with, set CURFEW_SMTP_HELLO to a host name \
                 that leads to this machine",
                )
            }
            _ => None,
        }
    }
}

fn is_about_the_message(code: Code) -> bool {
    code.severity == Severity::PermanentNegativeCompletion && code.category == Category::MailSystem
}

impl Post {
    /// The way out that is configured.
    ///
    /// # Errors
    ///
    /// When the mail server's address is none.
    pub fn new(config: &Config) -> Result<Self, PostError> {
        let Some(url) = &config.smtp_url else { return Ok(Self::Outbox(config.outbox())) };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&encrypted(url))?;
        Ok(Self::Smtp(transport.hello_name(config.smtp_hello.clone()).timeout(Some(TIMEOUT)).build()))
    }

    /// Sends a message. `name` tells it from others in the folder.
    ///
    /// # Errors
    ///
    /// When it did not leave.
    pub async fn send(&self, message: Message, name: &str) -> Result<(), PostError> {
        match self {
            Self::Smtp(transport) => Ok(transport.send(message).await.map(drop)?),
            Self::Outbox(folder) => {
                let (folder, file) = (folder.clone(), folder.join(format!("{name}.eml")));
                let written = tokio::task::spawn_blocking(move || {
                    private_folder(&folder)?;
                    private_file(&file, &message.formatted())
                });
                Ok(written.await.map_err(io::Error::other)??)
            }
        }
    }
}

/// Mail carries links that sign people in: it leaves this machine encrypted, or not at all.
fn encrypted(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    // The scheme is none that the web knows, so an address stays text.
    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if parsed.scheme() == "smtp" && !is_local && !parsed.query_pairs().any(|(name, _)| name == "tls") {
        parsed.query_pairs_mut().append_pair("tls", "required");
    }
    parsed.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_to_another_machine_is_encrypted() {
        assert_eq!(encrypted("smtp://mail.example:587"), "smtp://mail.example:587?tls=required");
        assert_eq!(encrypted("smtps://u:p@mail.example"), "smtps://u:p@mail.example");
        assert_eq!(encrypted("smtp://localhost:1025"), "smtp://localhost:1025");
        assert_eq!(encrypted("smtp://127.0.0.1:1025"), "smtp://127.0.0.1:1025");
        assert_eq!(
            encrypted("smtp://mail.example?tls=opportunistic"),
            "smtp://mail.example?tls=opportunistic",
            "an operator may insist"
        );
    }
}
