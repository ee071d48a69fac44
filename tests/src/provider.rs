//! A real OpenID provider (npm's `oidc-provider`) for a journey.

use std::{path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::{Error, Result, Settings, TIMEOUT, context::root};

const CLIENT: &str = "curfew";
const SECRET: &str = "a secret of the journeys";

/// The process ends when this is dropped.
#[derive(Debug)]
pub struct Provider {
    issuer: String,
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// How the provider treats requests of the server. Browsers always get its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderMode {
    Up,
    /// Closes the connection.
    Down,
    /// Never responds.
    Hangs,
}

impl Provider {
    /// Starts a provider and waits until it is ready.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// Starts a provider that returns the e-mail address only from the userinfo endpoint, issues ID tokens
    /// for a second audience, and takes the client secret in the body.
    pub async fn start_with_quirks() -> Result<Self> {
        Self::start_with(&["quirks"]).await
    }

    async fn start_with(kind: &[&str]) -> Result<Self> {
        let module = std::env::var_os("OIDC_PROVIDER").map_or_else(
            || root().join(".tools/oidc-provider/node_modules/oidc-provider/lib/index.js"),
            PathBuf::from,
        );
        if !module.exists() {
            let path = module.display();
            return Err(Error(format!("there is no oidc-provider at {path}; `just tools` installs it")));
        }
        let mut process = Command::new("node")
            .arg(root().join("tests/oidc-provider.mjs"))
            .arg(module)
            .args([CLIENT, SECRET])
            .args(kind)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let input = process.stdin.take().ok_or_else(|| Error::new("the provider takes no input"))?;
        let stdout = process.stdout.take().ok_or_else(|| Error::new("the provider has no output"))?;
        let output = BufReader::new(stdout).lines();
        let mut provider = Self { issuer: String::new(), process, input, output };
        provider.issuer = provider.line().await?;
        Ok(provider)
    }

    async fn line(&mut self) -> Result<String> {
        let line = timeout(TIMEOUT, self.output.next_line()).await;
        let line = line.map_err(|_| Error::new("the provider did not get ready"))??;
        line.ok_or_else(|| Error::new("the provider ended; is this Node.js 20 or later?"))
    }

    async fn command(&mut self, word: &str) -> Result<()> {
        self.input.write_all(format!("{word}\n").as_bytes()).await?;
        let answer = self.line().await?;
        if answer == "ok" { Ok(()) } else { Err(Error(format!("the provider answered {answer}"))) }
    }

    /// Signs with a new key from now on.
    pub async fn rotate_key(&mut self) -> Result<()> {
        self.command("rotate").await
    }

    pub async fn set_mode(&mut self, mode: ProviderMode) -> Result<()> {
        let word = match mode {
            ProviderMode::Up => "up",
            ProviderMode::Down => "down",
            ProviderMode::Hangs => "hang",
        };
        self.command(word).await
    }

    /// Adds the provider to a server's settings, as `foreign`.
    #[must_use]
    pub fn configure(&self, settings: Settings) -> Settings {
        self.known_as("FOREIGN", settings)
    }

    /// Adds the provider to a server's settings, as `other`.
    #[must_use]
    pub fn configure_as_other(&self, settings: Settings) -> Settings {
        self.known_as("OTHER", settings)
    }

    fn known_as(&self, name: &str, settings: Settings) -> Settings {
        settings
            .with(format!("CURFEW_OAUTH_{name}_ISSUER"), &self.issuer)
            .with(format!("CURFEW_OAUTH_{name}_CLIENT_ID"), CLIENT)
            .with(format!("CURFEW_OAUTH_{name}_CLIENT_SECRET"), SECRET)
    }

    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}
