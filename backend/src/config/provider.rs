//! Settings of OpenID providers: as many as the operator names.

use std::collections::BTreeMap;

use curfew_shared::oauth::ProviderIcon;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{ConfigError, Sourced, fault, is_loopback};

const PREFIX: &str = "CURFEW_OAUTH_";
const GOOGLE: &str = "https://accounts.google.com";
const MICROSOFT: &str = "https://login.microsoftonline.com/common/v2.0";
/// Where Microsoft's own services sign people in; the last is for customers' own sign-in pages.
const MICROSOFT_HOSTS: [&str; 5] =
    ["microsoftonline.com", "microsoftonline.us", "microsoftonline.cn", "windows.net", "ciamlogin.com"];

/// Settings of one provider, as the TOML file and the environment name them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSettings {
    /// Its issuer; known for `google` and `microsoft`.
    pub issuer: Option<String>,
    /// What it knows this installation by.
    pub client_id: Option<String>,
    /// The secret that goes with it.
    pub client_secret: Option<String>,
    /// Its name for people.
    pub display_name: Option<String>,
    /// Its icon.
    pub icon: Option<ProviderIcon>,
}

/// The settings of one provider, checked.
#[derive(Clone)]
pub struct Provider {
    /// Its name in addresses.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Its icon.
    pub icon: ProviderIcon,
    /// Its issuer, exactly as its discovery document says it.
    pub issuer: String,
    /// What it knows this installation by.
    pub client_id: String,
    /// The secret that goes with it.
    pub client_secret: String,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Provider {
    /// Whether an address that the provider calls verified is. Microsoft's tenants write what they
    /// like into `email` (the nOAuth hole).
    #[must_use]
    pub fn proves_addresses(&self) -> bool {
        let host = Url::parse(&self.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.unwrap_or_default();
        let is_below = |domain: &&str| host == **domain || host.ends_with(&format!(".{domain}"));
        self.icon != ProviderIcon::Microsoft
            && self.name != "microsoft"
            && !MICROSOFT_HOSTS.iter().any(is_below)
    }
}

/// What the environment says of providers: `CURFEW_OAUTH_<NAME>_ISSUER` and so on. An empty value is none.
///
/// # Errors
///
/// When a variable of that beginning names no setting.
pub fn from_environment(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<BTreeMap<String, ProviderSettings>, ConfigError> {
    let mut providers: BTreeMap<String, ProviderSettings> = BTreeMap::new();
    for (variable, value) in variables {
        let Some(rest) = variable.strip_prefix(PREFIX) else { continue };
        let named = |suffix| rest.strip_suffix(suffix).filter(|name| !name.is_empty());
        if value.is_empty() {
            continue;
        }
        let settings = ["_ISSUER", "_CLIENT_ID", "_CLIENT_SECRET", "_DISPLAY_NAME", "_ICON"];
        let named = settings.into_iter().find_map(|setting| Some((named(setting)?, setting)));
        let (name, setting) = named.ok_or_else(|| fault(format!("{variable}: there is no such setting")))?;
        let provider = providers.entry(name.to_lowercase().replace('_', "-")).or_default();
        match setting {
            "_ISSUER" => provider.issuer = Some(value),
            "_CLIENT_ID" => provider.client_id = Some(value),
            "_CLIENT_SECRET" => provider.client_secret = Some(value),
            "_DISPLAY_NAME" => provider.display_name = Some(value),
            _ => {
                let icon = serde_json::from_value(Value::String(value)).ok();
                let wrong = || fault(format!("{variable}: must be google, microsoft or key"));
                provider.icon = Some(icon.ok_or_else(wrong)?);
            }
        }
    }
    Ok(providers)
}

/// Lays the environment over the file, setting by setting, under names such as `oauth.google.issuer`.
pub(super) fn layers(
    environment: &BTreeMap<String, ProviderSettings>,
    file: &BTreeMap<String, ProviderSettings>,
) -> Vec<Sourced> {
    let mut layers = BTreeMap::new();
    for (providers, source) in [(file, "file"), (environment, "environment")] {
        for (name, settings) in providers {
            let Ok(Value::Object(table)) = serde_json::to_value(settings) else { continue };
            for (setting, value) in table.into_iter().filter(|(_, value)| !value.is_null()) {
                layers.insert(format!("oauth.{name}.{setting}"), (value, source));
            }
        }
    }
    layers.into_iter().map(|(name, (value, source))| (name, value, source)).collect()
}

/// The checked settings, in the order of names.
pub(super) fn check(settings: BTreeMap<String, ProviderSettings>) -> Result<Vec<Provider>, ConfigError> {
    settings.into_iter().map(|(name, settings)| check_one(name, settings)).collect()
}

fn check_one(name: String, given: ProviderSettings) -> Result<Provider, ConfigError> {
    let wrong = |setting: &str, what: &str| fault(format!("oauth.{name}.{setting}: {what}"));
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err(fault(format!("oauth.{name}: name providers with a–z, 0–9 and hyphens")));
    }
    let (issuer, display_name, icon) = match name.as_str() {
        "google" => (Some(GOOGLE), "Google".to_owned(), ProviderIcon::Google),
        "microsoft" => (Some(MICROSOFT), "Microsoft".to_owned(), ProviderIcon::Microsoft),
        other => (None, other[..1].to_uppercase() + &other[1..], ProviderIcon::Key),
    };
    let issuer = given.issuer.or_else(|| issuer.map(str::to_owned));
    let issuer = issuer.ok_or_else(|| wrong("issuer", "is missing"))?;
    let parsed = Url::parse(&issuer).map_err(|error| wrong("issuer", &error.to_string()))?;
    if !is_safe(&parsed) || parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(wrong("issuer", "must begin with https:// and have neither query nor fragment"));
    }
    Ok(Provider {
        issuer,
        client_id: given.client_id.ok_or_else(|| wrong("client_id", "is missing"))?,
        client_secret: given.client_secret.ok_or_else(|| wrong("client_secret", "is missing"))?,
        display_name: given.display_name.unwrap_or(display_name),
        icon: given.icon.unwrap_or(icon),
        name,
    })
}

/// Whether nobody on the way can read or change what goes there: TLS, or this machine itself.
#[must_use]
pub fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Vec<Provider>, ConfigError> {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        check(from_environment(owned)?)
    }

    #[test]
    fn google_and_microsoft_need_a_client_alone_and_any_other_an_issuer_too() {
        let google = [("CURFEW_OAUTH_GOOGLE_CLIENT_ID", "id"), ("CURFEW_OAUTH_GOOGLE_CLIENT_SECRET", "s")];
        let providers = read(&google).unwrap();
        assert_eq!((providers[0].issuer.as_str(), providers[0].display_name.as_str()), (GOOGLE, "Google"));
        assert!(providers[0].proves_addresses());
        let other = [("CURFEW_OAUTH_OUR_ID_CLIENT_ID", "id"), ("CURFEW_OAUTH_OUR_ID_CLIENT_SECRET", "s")];
        assert_eq!(read(&other).unwrap_err().to_string(), "oauth.our-id.issuer: is missing");
        let with = |issuer| read(&[other[0], other[1], ("CURFEW_OAUTH_OUR_ID_ISSUER", issuer)]);
        assert_eq!(with("https://id.example").unwrap()[0].display_name, "Our-id");
        assert!(with("http://id.example").is_err(), "no TLS");
        assert!(with("http://127.0.0.1:9").is_ok(), "this machine");
        assert!(!with("https://login.microsoftonline.com/t/v2.0").unwrap()[0].proves_addresses());
    }

    #[test]
    fn a_variable_that_names_no_setting_is_refused_and_an_empty_one_is_none() {
        assert!(read(&[("CURFEW_OAUTH_GOOGLE_CLIENT", "id")]).is_err());
        assert!(read(&[("CURFEW_OAUTH_GOOGLE_ICON", "cat")]).is_err());
        assert!(read(&[("CURFEW_OAUTH_GOOGLE_CLIENT_ID", "")]).unwrap().is_empty());
    }

    #[test]
    fn the_environment_goes_before_the_file_and_says_so() {
        let named = |id: &str| {
            let settings = ProviderSettings { client_id: Some(id.to_owned()), ..Default::default() };
            BTreeMap::from([("google".to_owned(), settings)])
        };
        let layers = layers(&named("environment's"), &named("file's"));
        assert_eq!(layers, [("oauth.google.client_id".to_owned(), "environment's".into(), "environment")]);
    }
}
