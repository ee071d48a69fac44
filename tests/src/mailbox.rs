//! A real SMTP server that collects a journey's messages.

use std::{path::PathBuf, process::Stdio};

use mail_parser::MessageParser;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::{Error, Result, TIMEOUT, context::root, until};

/// Accepts every message, except to addresses that begin with `unknown.`.
#[derive(Debug)]
pub struct Mailbox {
    port: u16,
    folder: TempDir,
    _process: Child,
    // The server's next line of output would end it if this were closed.
    _output: Lines<BufReader<ChildStdout>>,
}

#[derive(Debug, Clone)]
pub struct Email {
    pub to: String,
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Mailbox {
    pub async fn start() -> Result<Self> {
        let package = std::env::var_os("SMTP_SERVER")
            .map_or_else(|| root().join(".tools/smtp-server/node_modules/smtp-server"), PathBuf::from);
        let folder = TempDir::new()?;
        let mut process = Command::new("node")
            .arg(root().join("tests/smtp-server.mjs"))
            .arg(folder.path())
            .env("SMTP_SERVER", &package)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().ok_or_else(|| Error::new("the mail server has no output"))?;
        let mut lines = BufReader::new(output).lines();
        let line = lines.next_line().await?.unwrap_or_default();
        let port = line.trim().parse().map_err(|_| {
            Error(format!(
                "the mail server does not start; is {} there? `just tools` installs it",
                package.display()
            ))
        })?;
        Ok(Self { port, folder, _process: process, _output: lines })
    }

    /// The value of `CURFEW_SMTP_URL` for it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Waits for a message to `to` with this subject, and removes it.
    pub async fn wait_for(&self, to: &str, subject: &str) -> Result<Email> {
        let what = format!("a message to {to} with the subject “{subject}”");
        until(&what, TIMEOUT, async || self.take(to, subject)).await
    }

    fn take(&self, to: &str, subject: &str) -> Result<Option<Email>> {
        let mut files = std::fs::read_dir(self.folder.path())?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()?;
        files.sort_unstable();
        for file in files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "eml")) {
            let raw = std::fs::read(&file)?;
            let Some(message) = MessageParser::default().parse(&raw) else { continue };
            let mail = Email {
                to: message.to().and_then(|to| to.first()?.address()).unwrap_or_default().to_owned(),
                subject: message.subject().unwrap_or_default().to_owned(),
                text: message.body_text(0).unwrap_or_default().into_owned(),
                html: message.body_html(0).unwrap_or_default().into_owned(),
            };
            if mail.to == to && mail.subject == subject {
                std::fs::remove_file(file)?;
                return Ok(Some(mail));
            }
        }
        Ok(None)
    }
}

impl Email {
    /// The path and fragment of the link in the text.
    pub fn link(&self) -> Result<String> {
        let link = self.text.split_whitespace().find(|word| word.starts_with("http"));
        let link = link.ok_or_else(|| Error(format!("no link in: {}", self.text)))?;
        let path = link.splitn(4, '/').nth(3).unwrap_or_default();
        Ok(format!("/{path}"))
    }
}
