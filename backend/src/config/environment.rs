//! The variables of the environment: secrets that stand in files, and names that are no setting.

use std::{collections::BTreeMap, fs};

use clap::{Args as _, Command};

use super::{
    Settings,
    error::{ConfigError, fault},
    provider,
};

/// The settings that are secret, or hold a password. Each can be given in a file, named by the variable with
/// `_FILE` at its end; so can the client secret of every provider.
const SECRETS: [&str; 4] = ["CURFEW_SECRET", "CURFEW_SECRET_PREVIOUS", "DATABASE_URL", "CURFEW_SMTP_URL"];
const FILE: &str = "_FILE";

/// The environment, with the secrets that stand in files read. An empty variable counts as unset.
#[derive(Debug)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the files that variables name.
    ///
    /// # Errors
    ///
    /// When one cannot be read or is empty, or the secret is set twice.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut variables: BTreeMap<_, _> =
            variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let files: Vec<_> = variables
            .iter()
            .filter_map(|(name, path)| Some((name.strip_suffix(FILE)?.to_owned(), path.clone())))
            .filter(|(name, _)| is_secret(name))
            .collect();
        for (name, path) in files {
            if variables.contains_key(&name) {
                return Err(fault(format!("{name} and {name}{FILE} are both set: leave one of them out")));
            }
            let wrong = |what: &str| fault(format!("{name}{FILE}: {path}: {what}"));
            let content = fs::read_to_string(&path).map_err(|error| wrong(&error.to_string()))?;
            // Editors end a file with a line break, which is no part of the secret.
            let content = content.trim_end_matches(['\r', '\n']);
            if content.is_empty() {
                return Err(wrong("is empty"));
            }
            variables.insert(name.clone(), content.to_owned());
            variables.remove(&format!("{name}{FILE}"));
        }
        Ok(Self(variables))
    }

    /// Lays the environment below the flags: adds the providers, and the secrets that stand in files.
    ///
    /// # Errors
    ///
    /// When a variable for a provider names no setting.
    pub fn complete(&self, settings: &mut Settings) -> Result<(), ConfigError> {
        settings.oauth = provider::from_environment(self.0.clone())?;
        let lay = |setting: &mut Option<String>, name: &str| {
            *setting = setting.take().or_else(|| self.0.get(name).cloned());
        };
        let [secret, secret_previous, database_url, smtp_url] = SECRETS;
        lay(&mut settings.secret, secret);
        lay(&mut settings.database_url, database_url);
        lay(&mut settings.smtp_url, smtp_url);
        let previous = || Some(self.0.get(secret_previous)?.split(',').map(str::to_owned).collect());
        settings.secret_previous = settings.secret_previous.take().or_else(previous);
        Ok(())
    }

    /// A sentence for each variable that looks like a setting and is none.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let command = Settings::augment_args(Command::new("curfew"));
        let known: Vec<_> =
            command.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).collect();
        let is_known = |name: &str| known.contains(&name) || name == "CURFEW_CONFIG";
        let unknown = self.0.iter().filter(|(name, value)| {
            name.starts_with("CURFEW_")
                && !is_known(name)
                && !name.starts_with(provider::PREFIX)
                && !is_of_kubernetes(name, value)
        });
        unknown.map(|(name, _)| format!("{name} is no setting of Curfew and has no effect")).collect()
    }
}

fn is_secret(name: &str) -> bool {
    let is_of_provider = name.strip_prefix(provider::PREFIX).is_some_and(|rest| {
        rest.to_ascii_uppercase().strip_suffix("_CLIENT_SECRET").is_some_and(|name| !name.is_empty())
    });
    SECRETS.contains(&name) || is_of_provider
}

/// Kubernetes describes a service that is named `curfew` to all containers beside it.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    name.starts_with("CURFEW_SERVICE_")
        || name.starts_with("CURFEW_PORT_")
        || (name == "CURFEW_PORT" && value.contains("://"))
}
