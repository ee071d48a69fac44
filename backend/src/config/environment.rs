//! Environment variables: secrets in files, settings of providers, and names that are no setting.

use std::{collections::BTreeMap, fs};

use clap::Arg;

use super::{
    error::ConfigError,
    provider::{self, ProviderSettings},
    setting::{Defaults, Source, settings},
};

const FILE: &str = "_FILE";

/// The environment, with the content of the files that variables name. An empty variable counts as unset.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "it holds secrets")]
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
                return Err(ConfigError::new(format!(
                    "{name} and {name}{FILE} are both set: leave one of them out"
                )));
            }
            let wrong = |what: &str| ConfigError::new(format!("{name}{FILE}: {path}: {what}"));
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

    /// Lays the environment over the file: adds the settings of providers, and the secrets that were read from
    /// files. clap reads the other variables itself.
    ///
    /// # Errors
    ///
    /// When a variable of a provider names no setting.
    pub(super) fn lay_over(
        &self,
        defaults: &mut Defaults,
        providers: &mut ProviderSettings,
    ) -> Result<(), ConfigError> {
        for setting in settings().iter().filter(|setting| setting.is_hide_env_values_set()) {
            if let Some(value) = variable(setting).and_then(|variable| self.0.get(variable)) {
                defaults.insert(setting.get_id().to_string(), (value.clone(), Source::Environment));
            }
        }
        self.0.iter().try_for_each(|(variable, value)| providers.set_by_variable(variable, value))
    }

    /// A sentence for each variable that looks like a setting and is none.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let settings = settings();
        let is_known = |name: &str| {
            name == "CURFEW_CONFIG" || settings.iter().any(|setting| variable(setting) == Some(name))
        };
        let unknown = self.0.iter().filter(|(name, value)| {
            name.starts_with("CURFEW_")
                && !is_known(name)
                && !name.starts_with(provider::PREFIX)
                && !is_of_kubernetes(name, value)
        });
        unknown.map(|(name, _)| format!("{name} is no setting of Curfew and has no effect")).collect()
    }
}

/// The variable of a setting.
fn variable(setting: &Arg) -> Option<&str> {
    setting.get_env()?.to_str()
}

/// Whether a variable holds a secret, or a URL with a password. Each of these can be given in a file, named by
/// the variable with `_FILE` at its end; so can the client secret of every provider.
fn is_secret(name: &str) -> bool {
    let is_of_provider = name.strip_prefix(provider::PREFIX).is_some_and(|rest| {
        rest.to_ascii_uppercase().strip_suffix("_CLIENT_SECRET").is_some_and(|name| !name.is_empty())
    });
    let is_of_setting = |setting: &Arg| setting.is_hide_env_values_set() && variable(setting) == Some(name);
    is_of_provider || settings().iter().any(is_of_setting)
}

/// Kubernetes describes a service that is named `curfew` to all containers beside it.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    name.starts_with("CURFEW_SERVICE_")
        || name.starts_with("CURFEW_PORT_")
        || (name == "CURFEW_PORT" && value.contains("://"))
}
