//! An OpenID provider that somebody else wrote, started for a journey.

use std::{path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::{Error, Result, SOON, Settings, stage::root};

const CLIENT: &str = "curfew";
const SECRET: &str = "a secret of the journeys";

/// The provider; the process dies with the owner.
#[derive(Debug)]
pub struct Provider {
    issuer: String,
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// How a provider is from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Up,
    /// It cuts off what the server asks it; browsers still get its pages.
    Down,
    /// It leaves what the server asks it without an answer.
    Hangs,
}

impl Provider {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it is not there, or does not get ready.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// Starts one of another kind: it has the address at the userinfo endpoint alone, makes ID tokens for
    /// another audience too, and takes the client secret in the body.
    ///
    /// # Errors
    ///
    /// When it is not there, or does not get ready.
    pub async fn start_thin() -> Result<Self> {
        Self::start_with(&["thin"]).await
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
        let line = timeout(SOON, self.output.next_line()).await;
        let line = line.map_err(|_| Error::new("the provider did not get ready"))??;
        line.ok_or_else(|| Error::new("the provider ended; is this Node.js 20 or later?"))
    }

    async fn command(&mut self, word: &str) -> Result<()> {
        self.input.write_all(format!("{word}\n").as_bytes()).await?;
        let answer = self.line().await?;
        if answer == "ok" { Ok(()) } else { Err(Error(format!("the provider answered {answer}"))) }
    }

    /// Lets it sign with another key from now on.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn roll(&mut self) -> Result<()> {
        self.command("roll").await
    }

    /// Lets it be well or not.
    ///
    /// # Errors
    ///
    /// When it does not do as it is told.
    pub async fn be(&mut self, health: Health) -> Result<()> {
        let word = match health {
            Health::Up => "up",
            Health::Down => "down",
            Health::Hangs => "hang",
        };
        self.command(word).await
    }

    /// The settings of a server that knows it as `foreign`.
    #[must_use]
    pub fn known_to(&self, settings: Settings) -> Settings {
        self.known_as("FOREIGN", settings)
    }

    /// The settings of a server that knows it as `other`.
    #[must_use]
    pub fn known_as_other_to(&self, settings: Settings) -> Settings {
        self.known_as("OTHER", settings)
    }

    fn known_as(&self, name: &str, settings: Settings) -> Settings {
        settings
            .with(format!("CURFEW_OAUTH_{name}_ISSUER"), &self.issuer)
            .with(format!("CURFEW_OAUTH_{name}_CLIENT_ID"), CLIENT)
            .with(format!("CURFEW_OAUTH_{name}_CLIENT_SECRET"), SECRET)
    }

    /// Kills it.
    ///
    /// # Errors
    ///
    /// When it cannot be killed.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}
