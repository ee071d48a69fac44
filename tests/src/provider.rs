//! An OpenID provider that somebody else wrote, started for a journey.

use std::{path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
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
    // Were it closed, the provider's next word would end it.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Provider {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it is not there, or does not get ready.
    pub async fn start() -> Result<Self> {
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
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().ok_or_else(|| Error::new("the provider has no output"))?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(SOON, lines.next_line()).await;
        let line = line.map_err(|_| Error::new("the provider did not get ready"))??;
        let issuer = line.ok_or_else(|| Error::new("the provider ended; is this Node.js 20 or later?"))?;
        Ok(Self { issuer, process, _output: lines })
    }

    /// The settings of a server that knows it as `foreign`.
    #[must_use]
    pub fn known_to(&self, settings: Settings) -> Settings {
        settings
            .with("CURFEW_OAUTH_FOREIGN_ISSUER", &self.issuer)
            .with("CURFEW_OAUTH_FOREIGN_CLIENT_ID", CLIENT)
            .with("CURFEW_OAUTH_FOREIGN_CLIENT_SECRET", SECRET)
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
