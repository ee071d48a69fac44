//! Settings of OpenID providers: as many as the operator names.

use std::collections::BTreeMap;

use clap::{ArgAction, Args, Command, FromArgMatches};
use curfew_shared::oauth::ProviderIcon;
use serde::{Deserialize, de::IntoDeserializer};
use url::Url;
use uuid::Uuid;

use super::{
    address::is_loopback,
    error::{ConfigError, wrong_setting},
    setting::{SettingWithSource, Source},
};

pub(super) const PREFIX: &str = "CURFEW_OAUTH_";
const GOOGLE: &str = "https://accounts.google.com";
const MICROSOFT: &str = "https://login.microsoftonline.com/common/v2.0";
const MISSING: &str = "is missing";
/// Where Microsoft's own services sign people in; the last is for customers' own sign-in pages.
const MICROSOFT_HOSTS: [&str; 5] =
    ["microsoftonline.com", "microsoftonline.us", "microsoftonline.cn", "windows.net", "ciamlogin.com"];

/// How a provider returns the answer to an authorization request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect address (OAuth 2.0 Multiple Response Type Encoding Practices §2.1).
    #[default]
    Query,
    /// As a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// How a client authenticates at the token endpoint (OpenID Connect Core §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// With HTTP Basic authentication.
    ClientSecretBasic,
    /// In the body of the request.
    ClientSecretPost,
}

/// The settings of one provider. Each is stated once, as those in the other modules are.
#[derive(Clone, Args)]
#[command(rename_all = "snake_case")]
pub struct Provider {
    /// Its name in addresses.
    #[arg(skip)]
    pub name: String,
    /// Its issuer, exactly as its discovery document says it.
    #[arg(long, value_parser = parse_issuer)]
    pub issuer: String,
    /// What it knows this installation by.
    #[arg(long, value_parser = parse_credential)]
    pub client_id: String,
    /// The secret that goes with it.
    #[arg(long, value_parser = parse_credential)]
    pub client_secret: String,
    /// Its name for people.
    #[arg(long)]
    pub display_name: String,
    /// Its icon.
    #[arg(long, default_value = "key", value_parser = parse_word::<ProviderIcon>)]
    pub icon: ProviderIcon,
    /// Whether an address that it calls verified counts as proven; see [`Provider::proves`].
    #[arg(long, action = ArgAction::Set, default_value = "true", value_parser = parse_bool)]
    pub trusts_addresses: bool,
    /// Audiences that an ID token may name besides the client id, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = parse_audience)]
    pub trusted_audiences: Vec<String>,
    /// Where to fetch its discovery document, if not below the issuer.
    #[arg(long, value_parser = parse_discovery_url)]
    pub discovery_url: Option<String>,
    /// What to ask for, separated by spaces.
    #[arg(long, value_delimiter = ' ', default_value = "openid email profile")]
    pub scopes: Vec<String>,
    /// How it returns the answer to an authorization request.
    #[arg(long, default_value = "query", value_parser = parse_word::<ResponseMode>)]
    pub response_mode: ResponseMode,
    /// How the client authenticates at the token endpoint, if not as discovery suggests.
    #[arg(long, value_parser = parse_word::<ClientAuth>)]
    pub token_endpoint_auth_method: Option<ClientAuth>,
}

fn parse_issuer(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if is_safe(&url) && url.query().is_none() && url.fragment().is_none() {
        Ok(text.to_owned())
    } else {
        Err("must begin with https:// and have neither query nor fragment".to_owned())
    }
}

fn parse_credential(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err(MISSING) } else { Ok(text.to_owned()) }
}

fn parse_word<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, serde::de::value::Error> {
    T::deserialize(text.into_deserializer())
}

fn parse_bool(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "must be true or false")
}

fn parse_audience(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("must be names separated by commas") } else { Ok(text.to_owned()) }
}

fn parse_discovery_url(text: &str) -> Result<String, &'static str> {
    let is_url = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if Url::parse(text).is_ok_and(|url| is_url(&url) && url.fragment().is_none()) {
        Ok(text.to_owned())
    } else {
        Err("must be the whole address of the discovery document, with https:// or http://")
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Provider {
    /// The environment variable of one of its settings.
    #[must_use]
    pub fn variable(&self, setting: &str) -> String {
        format!("{PREFIX}{}_{}", self.name.to_uppercase().replace('-', "_"), setting.to_uppercase())
    }

    /// Where its discovery document is (OpenID Connect Discovery §4.1).
    #[must_use]
    pub fn discovery_address(&self) -> String {
        let below = || format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        self.discovery_url.clone().unwrap_or_else(below)
    }

    /// Whether the operator lets the server fetch the discovery document without TLS.
    #[must_use]
    pub fn is_discovered_without_tls(&self) -> bool {
        let url = self.discovery_url.as_deref().and_then(|url| Url::parse(url).ok());
        url.is_some_and(|url| !is_safe(&url))
    }

    /// Whether an address that the provider calls verified is that person's.
    ///
    /// Microsoft's tenants write what they like into `email` (the nOAuth hole): never. Google vouches
    /// for addresses of its own alone, and for those of the Workspace that the account is in
    /// (`hosted_domain`, its claim `hd`): an account of its own can be made with any other address, and
    /// outlives the person's right to it.
    #[must_use]
    pub fn proves(&self, email: &str, hosted_domain: Option<&str>) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        let is_googles = domain.eq_ignore_ascii_case("gmail.com")
            || hosted_domain.is_some_and(|hosted| domain.eq_ignore_ascii_case(hosted));
        self.trusts_addresses && !self.is_microsoft() && (!self.is_google() || is_googles)
    }

    /// Whether Google signs people in there.
    #[must_use]
    pub fn is_google(&self) -> bool {
        self.issuer == GOOGLE
    }

    /// Whether Microsoft signs people in there.
    #[must_use]
    pub fn is_microsoft(&self) -> bool {
        let host = Url::parse(&self.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.unwrap_or_default();
        let is_below = |domain: &&str| host == **domain || host.ends_with(&format!(".{domain}"));
        self.icon == ProviderIcon::Microsoft
            || self.name == "microsoft"
            || MICROSOFT_HOSTS.iter().any(is_below)
    }

    /// What stands before and behind the tenant in the issuers that an address of Microsoft's for
    /// several tenants stands for, such as `https://login.microsoftonline.com/common/v2.0`.
    #[must_use]
    pub fn tenants(&self) -> Option<(&str, &str)> {
        let parts = |all: &str| {
            let (before, after) = self.issuer.split_once(all)?;
            // The slashes on either side belong to the issuers.
            Some((&self.issuer[..=before.len()], &self.issuer[self.issuer.len() - after.len() - 1..]))
        };
        ["/common/", "/organizations/"].into_iter().filter(|_| self.is_microsoft()).find_map(parts)
    }

    /// Whether an identity with this issuer is one of this provider's.
    #[must_use]
    pub fn speaks_for(&self, issuer: &str) -> bool {
        let tenant = |(before, after): (&str, &str)| {
            let tenant = issuer.strip_prefix(before)?.strip_suffix(after)?;
            Uuid::try_parse(tenant).ok()
        };
        issuer == self.issuer || self.tenants().and_then(tenant).is_some()
    }
}

/// The names of the settings that a provider can have.
#[must_use]
pub fn settings() -> Vec<String> {
    let command = Provider::augment_args(Command::new("provider"));
    command.get_arguments().map(|setting| setting.get_id().to_string()).collect()
}

/// The settings of all providers, each with its source, by the names of the provider and the setting.
#[derive(Default)]
pub(super) struct ProviderSettings(BTreeMap<String, BTreeMap<String, (String, Source)>>);

impl ProviderSettings {
    /// Sets a setting, over what a source before said.
    ///
    /// # Errors
    ///
    /// When there is no such setting, or the same source has set it already.
    pub(super) fn set(
        &mut self,
        provider: &str,
        setting: &str,
        value: String,
        source: Source,
    ) -> Result<(), String> {
        if !self::settings().iter().any(|known| known == setting) {
            return Err(no_such_setting());
        }
        let settings = self.0.entry(provider.to_owned()).or_default();
        match settings.insert(setting.to_owned(), (value, source)) {
            Some((_, former)) if former == source => Err("it is set twice".to_owned()),
            _ => Ok(()),
        }
    }

    /// Sets what a variable says, if it is one of a provider: `CURFEW_OAUTH_<NAME>_ISSUER` and so on.
    pub(super) fn set_by_variable(&mut self, variable: &str, value: &str) -> Result<(), ConfigError> {
        let Some(rest) = variable.strip_prefix(PREFIX) else { return Ok(()) };
        let rest = rest.to_lowercase();
        let named = settings().into_iter().find_map(|setting| {
            let name = rest.strip_suffix(&setting)?.strip_suffix('_')?;
            (!name.is_empty()).then(|| (name.replace('_', "-"), setting))
        });
        let set = named.ok_or_else(no_such_setting).and_then(|(provider, setting)| {
            self.set(&provider, &setting, value.to_owned(), Source::Environment)
        });
        set.map_err(|what| ConfigError::new(format!("{variable}: {what}")))
    }

    /// Sets what a flag says: `NAME.SETTING=VALUE`.
    pub(super) fn set_by_flag(&mut self, flag: &str) -> Result<(), ConfigError> {
        let parts = flag.split_once('=').and_then(|(named, value)| Some((named.split_once('.')?, value)));
        let Some(((provider, setting), value)) = parts else {
            return Err(ConfigError::new("--oauth: must be NAME.SETTING=VALUE"));
        };
        let set = self.set(provider, setting, value.to_owned(), Source::Flag);
        set.map_err(|what| ConfigError::new(format!("--oauth {provider}.{setting}: {what}")))
    }

    /// All settings, without secrets.
    pub(super) fn describe(&self) -> impl Iterator<Item = SettingWithSource> {
        self.0.iter().flat_map(|(provider, settings)| {
            settings.iter().map(move |(setting, (value, source))| SettingWithSource {
                name: format!("oauth.{provider}.{setting}"),
                value: if setting == "client_secret" { "hidden".to_owned() } else { value.clone() },
                source: source.as_str(),
            })
        })
    }

    /// The checked providers, in the order of names.
    pub(super) fn check(&self) -> Result<Vec<Provider>, ConfigError> {
        let mut checked: Vec<Provider> = Vec::new();
        for (name, settings) in &self.0 {
            let provider = check_one(name, settings)
                .map_err(|(setting, what)| ConfigError::new(format!("oauth.{name}.{setting}: {what}")))?;
            // An identity is issuer and subject: it must be clear whose it is.
            let is_other =
                |other: &&Provider| other.speaks_for(&provider.issuer) || provider.speaks_for(&other.issuer);
            if let Some(other) = checked.iter().find(is_other) {
                let other = &other.name;
                return Err(ConfigError::new(format!(
                    "oauth.{name}.issuer: oauth.{other} has the same issuer"
                )));
            }
            checked.push(provider);
        }
        Ok(checked)
    }
}

fn no_such_setting() -> String {
    format!("there is no such setting of a provider, only {}", settings().join(", "))
}

/// The checked settings of one provider, or a setting and what is wrong with it.
fn check_one(
    name: &str,
    settings: &BTreeMap<String, (String, Source)>,
) -> Result<Provider, (String, String)> {
    let wrong = |setting: &str, what: &str| (setting.to_owned(), what.to_owned());
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err(wrong("issuer", "name providers with a–z, 0–9 and hyphens"));
    }
    let known = match name {
        "google" => vec![("issuer", GOOGLE), ("display_name", "Google"), ("icon", "google")],
        "microsoft" => vec![("issuer", MICROSOFT), ("display_name", "Microsoft"), ("icon", "microsoft")],
        _ => Vec::new(),
    };
    let display_name = name[..1].to_uppercase() + &name[1..];
    let command = Provider::augment_args(Command::new("provider").no_binary_name(true));
    let command = command.mut_args(|setting| {
        let default = known.iter().find(|(known, _)| setting.get_id() == known).map(|(_, value)| *value);
        let default = default.or((setting.get_id() == "display_name").then_some(&display_name));
        let setting = setting.required(false);
        match default {
            Some(value) => setting.default_value(value.to_owned()),
            None => setting,
        }
    });
    let flags = settings.iter().map(|(setting, (value, _))| format!("--{setting}={value}"));
    let matches = command.try_get_matches_from(flags).map_err(|error| {
        wrong_setting(&error).unwrap_or_else(|| wrong("issuer", &error.kind().to_string()))
    })?;
    if let Some(missing) =
        ["issuer", "client_id", "client_secret"].into_iter().find(|id| !matches.contains_id(id))
    {
        return Err(wrong(missing, MISSING));
    }
    let mut provider =
        Provider::from_arg_matches(&matches).map_err(|error| wrong("issuer", &error.to_string()))?;
    name.clone_into(&mut provider.name);
    provider.scopes.retain(|scope| !scope.is_empty());
    if !provider.scopes.iter().any(|scope| scope == "openid") {
        return Err(wrong("scopes", "must include openid"));
    }
    if provider.is_microsoft() && provider.trusts_addresses && settings.contains_key("trusts_addresses") {
        return Err(wrong("trusts_addresses", "Microsoft’s tenants write any address; it is never proof"));
    }
    Ok(provider)
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
        let mut settings = ProviderSettings::default();
        variables.iter().try_for_each(|(variable, value)| settings.set_by_variable(variable, value))?;
        settings.check()
    }

    #[test]
    fn google_and_microsoft_need_a_client_alone_and_any_other_an_issuer_too() {
        let google = [("CURFEW_OAUTH_GOOGLE_CLIENT_ID", "id"), ("CURFEW_OAUTH_GOOGLE_CLIENT_SECRET", "s")];
        let providers = read(&google).unwrap();
        assert_eq!((providers[0].issuer.as_str(), providers[0].display_name.as_str()), (GOOGLE, "Google"));
        let other = [("CURFEW_OAUTH_OUR_ID_CLIENT_ID", "id"), ("CURFEW_OAUTH_OUR_ID_CLIENT_SECRET", "s")];
        assert_eq!(read(&other).unwrap_err().to_string(), "oauth.our-id.issuer: is missing");
        let with = |issuer| read(&[other[0], other[1], ("CURFEW_OAUTH_OUR_ID_ISSUER", issuer)]);
        assert_eq!(with("https://id.example").unwrap()[0].display_name, "Our-id");
        assert!(with("http://id.example").is_err(), "no TLS");
        assert!(with("http://127.0.0.1:9").is_ok(), "this machine");
    }

    fn one(name: &str, more: &[(&str, &str)]) -> Result<Provider, ConfigError> {
        let variable = |setting: &str| format!("CURFEW_OAUTH_{name}_{setting}");
        let own = [("CLIENT_ID", "id"), ("CLIENT_SECRET", "secret")];
        let variables: Vec<_> =
            own.iter().chain(more).map(|(setting, value)| (variable(setting), *value)).collect();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        Ok(read(&variables)?.remove(0))
    }

    #[test]
    fn each_provider_proves_the_addresses_that_it_can_vouch_for() {
        let google = one("GOOGLE", &[]).unwrap();
        for (email, hosted, proves) in [
            ("ada@gmail.com", None, true),
            ("ada@GMAIL.com", None, true),
            ("ada@example.com", Some("Example.com"), true),
            ("ada@example.com", None, false),
            ("ada@example.com", Some("another.example"), false),
            ("ada@mail.gmail.com", None, false),
            ("ada@gmail.com@example.com", None, false),
            ("gmail.com", None, false),
        ] {
            assert_eq!(google.proves(email, hosted), proves, "{email} {hosted:?}");
        }
        let proves = |provider: Provider| provider.proves("ada@example.com", Some("example.com"));
        let ours = ("ISSUER", "https://id.example");
        assert!(proves(one("OURS", &[ours]).unwrap()));
        assert!(!proves(one("OURS", &[ours, ("TRUSTS_ADDRESSES", "false")]).unwrap()));
        assert!(!proves(one("GOOGLE", &[("TRUSTS_ADDRESSES", "false")]).unwrap()));
        assert!(!proves(one("MICROSOFT", &[]).unwrap()));
        let tenant = ("ISSUER", "https://login.microsoftonline.com/t/v2.0");
        assert!(!proves(one("OURS", &[tenant]).unwrap()));
        let error = one("OURS", &[tenant, ("TRUSTS_ADDRESSES", "true")]).unwrap_err().to_string();
        assert!(error.starts_with("oauth.ours.trusts_addresses: "), "{error}");
        let error = one("OURS", &[ours, ("TRUSTS_ADDRESSES", "perhaps")]).unwrap_err().to_string();
        assert_eq!(error, "oauth.ours.trusts_addresses: must be true or false");
    }

    #[test]
    fn an_address_of_microsofts_for_several_tenants_stands_for_the_issuer_of_each() {
        let tenants = |provider: &Provider| {
            provider.tenants().map(|(before, after)| format!("{before}<tenant>{after}"))
        };
        let microsoft = one("MICROSOFT", &[]).unwrap();
        let template = Some("https://login.microsoftonline.com/<tenant>/v2.0".to_owned());
        assert_eq!(tenants(&microsoft), template);
        let organizations = ("ISSUER", "https://login.microsoftonline.com/organizations/v2.0");
        assert_eq!(tenants(&one("OURS", &[organizations]).unwrap()), template);
        let of = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        assert!(microsoft.speaks_for(&of("9188040d-6c67-4c5b-b112-36a304b66dad")));
        assert!(microsoft.speaks_for(&of("common")), "as it is configured");
        assert!(!microsoft.speaks_for(&of("contoso")));
        // Anybody else's address that happens to look like that is itself alone.
        let other = one("OURS", &[("ISSUER", "https://id.example/organizations/acme")]).unwrap();
        assert_eq!(tenants(&other), None);
        assert!(other.speaks_for("https://id.example/organizations/acme"));
        assert!(!other.speaks_for("https://id.example/9188040d-6c67-4c5b-b112-36a304b66dad/acme"));
    }

    #[test]
    fn two_providers_have_two_issuers_and_each_its_secret() {
        let check = |one: (&str, &str), other: (&str, &str)| {
            let mut settings = ProviderSettings::default();
            for (name, (issuer, secret)) in [("one", one), ("other", other)] {
                for (setting, value) in [("issuer", issuer), ("client_id", "id"), ("client_secret", secret)] {
                    settings.set(name, setting, value.to_owned(), Source::File).unwrap();
                }
            }
            settings.check().map(|both| both.len()).map_err(|error| error.to_string())
        };
        let (here, there) = ("https://id.example", "https://there.example");
        assert_eq!(check((here, "s"), (there, "s")), Ok(2));
        let same = "oauth.other.issuer: oauth.one has the same issuer";
        assert_eq!(check((here, "s"), (here, "s")), Err(same.to_owned()));
        let of = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let (all, tenant) = (of("common"), of("9188040d-6c67-4c5b-b112-36a304b66dad"));
        assert_eq!(check((&all, "s"), (&tenant, "s")), Err(same.to_owned()));
        assert_eq!(check((&tenant, "s"), (&all, "s")), Err(same.to_owned()));
        for empty in ["", " "] {
            let missing = "oauth.other.client_secret: is missing";
            assert_eq!(check((here, "s"), (there, empty)), Err(missing.to_owned()));
        }
        let twice = [("CURFEW_OAUTH_OUR_ID_ISSUER", here), ("CURFEW_OAUTH_our_id_ISSUER", there)];
        let error = read(&twice).unwrap_err().to_string();
        assert_eq!(error, "CURFEW_OAUTH_our_id_ISSUER: it is set twice");
    }

    #[test]
    fn each_further_setting_is_read_and_a_wrong_value_named() {
        let ours = ("ISSUER", "https://id.example");
        let plain = one("OUR_ID", &[ours]).unwrap();
        assert_eq!(plain.discovery_address(), "https://id.example/.well-known/openid-configuration");
        assert_eq!(plain.scopes, ["openid", "email", "profile"]);
        assert_eq!((plain.response_mode, plain.token_endpoint_auth_method), (ResponseMode::Query, None));
        assert!(plain.trusted_audiences.is_empty() && !plain.is_discovered_without_tls());
        assert_eq!(plain.variable("scopes"), "CURFEW_OAUTH_OUR_ID_SCOPES");
        let inside = "http://id.auth.svc:8080/.well-known/openid-configuration";
        let full = one(
            "OUR_ID",
            &[
                ours,
                ("TRUSTED_AUDIENCES", "project, 42"),
                ("DISCOVERY_URL", inside),
                ("SCOPES", "openid email"),
                ("RESPONSE_MODE", "form_post"),
                ("TOKEN_ENDPOINT_AUTH_METHOD", "client_secret_post"),
            ],
        );
        let full = full.unwrap();
        assert_eq!(full.trusted_audiences, ["project", "42"]);
        assert_eq!(full.discovery_address(), inside);
        assert!(full.is_discovered_without_tls());
        assert_eq!(full.scopes, ["openid", "email"]);
        assert_eq!(full.response_mode, ResponseMode::FormPost);
        assert_eq!(full.token_endpoint_auth_method, Some(ClientAuth::ClientSecretPost));
        for (setting, value, words) in [
            (
                "TRUSTED_AUDIENCES",
                "a,,b",
                "oauth.our-id.trusted_audiences: must be names separated by commas",
            ),
            ("DISCOVERY_URL", "id.auth.svc", "oauth.our-id.discovery_url: must be the whole address"),
            ("DISCOVERY_URL", "file:///etc/passwd", "oauth.our-id.discovery_url: must be the whole address"),
            (
                "ICON",
                "cat",
                "oauth.our-id.icon: unknown variant `cat`, expected one of `google`, `microsoft`, `key`",
            ),
            ("SCOPES", "email", "oauth.our-id.scopes: must include openid"),
            (
                "RESPONSE_MODE",
                "fragment",
                "oauth.our-id.response_mode: unknown variant `fragment`, expected `query` or `form_post`",
            ),
            (
                "TOKEN_ENDPOINT_AUTH_METHOD",
                "private_key_jwt",
                "oauth.our-id.token_endpoint_auth_method: unknown variant `private_key_jwt`, expected `client_secret_basic` or",
            ),
        ] {
            let error = one("OUR_ID", &[ours, (setting, value)]).unwrap_err().to_string();
            assert!(error.starts_with(words), "{error}");
        }
    }

    #[test]
    fn a_setting_that_no_provider_has_is_refused() {
        let error = read(&[("CURFEW_OAUTH_GOOGLE_CLIENT", "id")]).unwrap_err().to_string();
        let words =
            "CURFEW_OAUTH_GOOGLE_CLIENT: there is no such setting of a provider, only issuer, client_id";
        assert!(error.starts_with(words), "{error}");
        for bad in ["google", "google.client_id", "google.cat=1"] {
            let error = ProviderSettings::default().set_by_flag(bad).unwrap_err().to_string();
            assert!(error.starts_with("--oauth"), "{error}");
        }
    }

    #[test]
    fn flags_go_before_the_environment_and_that_before_the_file() {
        let mut settings = ProviderSettings::default();
        let described = |settings: &ProviderSettings| {
            settings.describe().map(|one| (one.name, one.value, one.source)).collect::<Vec<_>>()
        };
        let client_id = |value: &str, source| ("oauth.google.client_id".to_owned(), value.to_owned(), source);
        settings.set("google", "client_id", "file's".to_owned(), Source::File).unwrap();
        assert_eq!(described(&settings), [client_id("file's", "file")]);
        settings.set_by_variable("CURFEW_OAUTH_GOOGLE_CLIENT_ID", "environment's").unwrap();
        assert_eq!(described(&settings), [client_id("environment's", "environment")]);
        settings.set_by_flag("google.client_id=flag=s").unwrap();
        assert_eq!(described(&settings), [client_id("flag=s", "flag")]);
    }
}
