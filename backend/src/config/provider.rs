//! Settings of OpenID providers: as many as the operator names.

use std::collections::BTreeMap;

use curfew_shared::oauth::ProviderIcon;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    address::is_loopback,
    error::{ConfigError, fault},
    setting::Sourced,
};

pub(super) const PREFIX: &str = "CURFEW_OAUTH_";
const GOOGLE: &str = "https://accounts.google.com";
const MICROSOFT: &str = "https://login.microsoftonline.com/common/v2.0";
const SCOPES: &str = "openid email profile";
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
    /// Whether an address that it calls verified counts as proven.
    pub trusts_addresses: Option<bool>,
    /// Audiences that an ID token may name besides the client id, separated by commas.
    pub trusted_audiences: Option<String>,
    /// Where to fetch its discovery document, if not below the issuer.
    pub discovery_url: Option<String>,
    /// What to ask for, separated by spaces.
    pub scopes: Option<String>,
    /// How it returns the answer to an authorization request.
    pub response_mode: Option<ResponseMode>,
    /// How the client authenticates at the token endpoint.
    pub token_endpoint_auth_method: Option<ClientAuth>,
}

/// How a provider returns the answer to an authorization request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect address (OAuth 2.0 Multiple Response Type Encoding Practices §2.1).
    #[default]
    Query,
    /// As a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// How a client authenticates at the token endpoint (OpenID Connect Core §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// With HTTP Basic authentication.
    ClientSecretBasic,
    /// In the body of the request.
    ClientSecretPost,
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
    /// Whether an address that it calls verified counts as proven; see [`Provider::proves`].
    pub trusts_addresses: bool,
    /// Audiences that an ID token may name besides the client id.
    pub trusted_audiences: Vec<String>,
    /// Where to fetch its discovery document, if not below the issuer.
    pub discovery_url: Option<String>,
    /// What to ask for.
    pub scopes: Vec<String>,
    /// How it returns the answer to an authorization request.
    pub response_mode: ResponseMode,
    /// How the client authenticates at the token endpoint, if not as discovery suggests.
    pub token_endpoint_auth_method: Option<ClientAuth>,
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

/// Settings of providers by name, from one source.
pub type Providers = BTreeMap<String, ProviderSettings>;

/// What the environment says of providers: `CURFEW_OAUTH_<NAME>_ISSUER` and so on. An empty value is none.
///
/// # Errors
///
/// When a variable of that beginning names no setting, or one that another has named.
pub fn from_environment(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Providers, ConfigError> {
    let mut providers = Providers::new();
    for (variable, value) in variables {
        let Some(rest) = variable.strip_prefix(PREFIX).filter(|_| !value.is_empty()) else { continue };
        let rest = rest.to_lowercase();
        let named = SETTINGS.iter().find_map(|setting| {
            let name = rest.strip_suffix(setting)?.strip_suffix('_')?;
            (!name.is_empty()).then(|| (name.replace('_', "-"), *setting))
        });
        let (name, setting) = named.ok_or_else(|| fault(format!("{variable}: {}", no_such_setting())))?;
        set(&mut providers, name, setting, value).map_err(|what| fault(format!("{variable}: {what}")))?;
    }
    Ok(providers)
}

/// What flags say of providers: `NAME.SETTING=VALUE`.
///
/// # Errors
///
/// When one is not of that form, names no setting, or one that another has named.
pub fn from_flags(flags: &[String]) -> Result<Providers, ConfigError> {
    let mut providers = Providers::new();
    for flag in flags {
        let parts = flag.split_once('=').and_then(|(named, value)| Some((named.split_once('.')?, value)));
        let Some(((name, setting), value)) = parts else {
            return Err(fault(format!("--oauth {flag}: must be NAME.SETTING=VALUE")));
        };
        set(&mut providers, name.to_owned(), setting, value.to_owned())
            .map_err(|what| fault(format!("--oauth {name}.{setting}: {what}")))?;
    }
    Ok(providers)
}

const SETTINGS: [&str; 11] = [
    "issuer",
    "client_id",
    "client_secret",
    "display_name",
    "icon",
    "trusts_addresses",
    "trusted_audiences",
    "discovery_url",
    "scopes",
    "response_mode",
    "token_endpoint_auth_method",
];

fn no_such_setting() -> String {
    format!("there is no such setting of a provider, only {}", SETTINGS.join(", "))
}

fn set(providers: &mut Providers, name: String, setting: &str, value: String) -> Result<(), String> {
    let provider = providers.entry(name).or_default();
    let text = match setting {
        "issuer" => &mut provider.issuer,
        "client_id" => &mut provider.client_id,
        "client_secret" => &mut provider.client_secret,
        "display_name" => &mut provider.display_name,
        "discovery_url" => &mut provider.discovery_url,
        "scopes" => &mut provider.scopes,
        "trusted_audiences" => &mut provider.trusted_audiences,
        "icon" => return once(&mut provider.icon, word(value, "google, microsoft or key")?),
        "response_mode" => return once(&mut provider.response_mode, word(value, "query or form_post")?),
        "token_endpoint_auth_method" => {
            let method = word(value, "client_secret_basic or client_secret_post")?;
            return once(&mut provider.token_endpoint_auth_method, method);
        }
        "trusts_addresses" => {
            let trusts = value.parse().map_err(|_| "must be true or false")?;
            return once(&mut provider.trusts_addresses, trusts);
        }
        _ => return Err(no_such_setting()),
    };
    once(text, value)
}

/// Reads one of a few words.
fn word<T: DeserializeOwned>(value: String, words: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(value)).map_err(|_| format!("must be {words}"))
}

fn once<T>(setting: &mut Option<T>, value: T) -> Result<(), String> {
    if setting.is_some() {
        return Err("it is set twice".to_owned());
    }
    *setting = Some(value);
    Ok(())
}

/// Lays one source over the other, setting by setting, under names such as `oauth.google.issuer`.
pub(super) fn layers(sources: [(&Providers, &'static str); 3]) -> Vec<Sourced> {
    let mut layers = BTreeMap::new();
    for (providers, source) in sources {
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
pub(super) fn check(settings: Providers) -> Result<Vec<Provider>, ConfigError> {
    let mut checked: Vec<Provider> = Vec::new();
    for (name, settings) in settings {
        let provider = check_one(&name, settings)?;
        // An identity is issuer and subject: it must be clear whose it is.
        let is_other =
            |other: &&Provider| other.speaks_for(&provider.issuer) || provider.speaks_for(&other.issuer);
        if let Some(other) = checked.iter().find(is_other) {
            let (name, other) = (&provider.name, &other.name);
            return Err(fault(format!("oauth.{name}.issuer: oauth.{other} has the same issuer")));
        }
        checked.push(provider);
    }
    Ok(checked)
}

fn check_one(name: &str, given: ProviderSettings) -> Result<Provider, ConfigError> {
    let wrong = |setting: &str, what: &str| fault(format!("oauth.{name}.{setting}: {what}"));
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err(fault(format!("oauth.{name}: name providers with a–z, 0–9 and hyphens")));
    }
    let (issuer, display_name, icon) = match name {
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
    let needed = |setting, value: Option<String>| {
        value.filter(|value| !value.trim().is_empty()).ok_or_else(|| wrong(setting, "is missing"))
    };
    let discovery_url = given.discovery_url.map(|url| {
        let is_url = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_good = Url::parse(&url).is_ok_and(|url| is_url(&url) && url.fragment().is_none());
        let what = "must be the whole address of the discovery document, with https:// or http://";
        if is_good { Ok(url) } else { Err(wrong("discovery_url", what)) }
    });
    let scopes = given.scopes.unwrap_or_else(|| SCOPES.to_owned());
    let scopes: Vec<_> = scopes.split_whitespace().map(str::to_owned).collect();
    if !scopes.iter().any(|scope| scope == "openid") {
        return Err(wrong("scopes", "must include openid"));
    }
    let trusted_audiences = given.trusted_audiences.as_deref().map(|all| all.split(','));
    let trusted_audiences: Vec<_> =
        trusted_audiences.into_iter().flatten().map(|one| one.trim().to_owned()).collect();
    if trusted_audiences.iter().any(String::is_empty) {
        return Err(wrong("trusted_audiences", "must be names separated by commas"));
    }
    let provider = Provider {
        issuer,
        client_id: needed("client_id", given.client_id)?,
        client_secret: needed("client_secret", given.client_secret)?,
        display_name: given.display_name.unwrap_or(display_name),
        icon: given.icon.unwrap_or(icon),
        trusts_addresses: given.trusts_addresses.unwrap_or(true),
        trusted_audiences,
        discovery_url: discovery_url.transpose()?,
        scopes,
        response_mode: given.response_mode.unwrap_or_default(),
        token_endpoint_auth_method: given.token_endpoint_auth_method,
        name: name.to_owned(),
    };
    if given.trusts_addresses == Some(true) && provider.is_microsoft() {
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
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        check(from_environment(owned)?)
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
        assert_eq!(error, "CURFEW_OAUTH_OURS_TRUSTS_ADDRESSES: must be true or false");
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
        let settings = |issuer: &str, secret: &str| ProviderSettings {
            issuer: Some(issuer.to_owned()),
            client_id: Some("id".to_owned()),
            client_secret: Some(secret.to_owned()),
            ..Default::default()
        };
        let check = |one, other| {
            let both = [("one".to_owned(), one), ("other".to_owned(), other)];
            check(BTreeMap::from(both)).map(|both| both.len()).map_err(|error| error.to_string())
        };
        let (here, there) = ("https://id.example", "https://there.example");
        assert_eq!(check(settings(here, "s"), settings(there, "s")), Ok(2));
        let same = "oauth.other.issuer: oauth.one has the same issuer";
        assert_eq!(check(settings(here, "s"), settings(here, "s")), Err(same.to_owned()));
        let of = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let (all, tenant) = (of("common"), of("9188040d-6c67-4c5b-b112-36a304b66dad"));
        assert_eq!(check(settings(&all, "s"), settings(&tenant, "s")), Err(same.to_owned()));
        assert_eq!(check(settings(&tenant, "s"), settings(&all, "s")), Err(same.to_owned()));
        for empty in ["", " "] {
            let missing = "oauth.other.client_secret: is missing";
            assert_eq!(check(settings(here, "s"), settings(there, empty)), Err(missing.to_owned()));
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
            ("SCOPES", "email", "oauth.our-id.scopes: must include openid"),
            ("RESPONSE_MODE", "fragment", "CURFEW_OAUTH_OUR_ID_RESPONSE_MODE: must be query or form_post"),
            (
                "TOKEN_ENDPOINT_AUTH_METHOD",
                "private_key_jwt",
                "CURFEW_OAUTH_OUR_ID_TOKEN_ENDPOINT_AUTH_METHOD: must be client_secret_basic or client_secret_post",
            ),
        ] {
            let error = one("OUR_ID", &[ours, (setting, value)]).unwrap_err().to_string();
            assert!(error.starts_with(words), "{error}");
        }
    }

    #[test]
    fn a_variable_that_names_no_setting_is_refused_and_an_empty_one_is_none() {
        let error = read(&[("CURFEW_OAUTH_GOOGLE_CLIENT", "id")]).unwrap_err().to_string();
        let words =
            "CURFEW_OAUTH_GOOGLE_CLIENT: there is no such setting of a provider, only issuer, client_id";
        assert!(error.starts_with(words), "{error}");
        assert!(read(&[("CURFEW_OAUTH_GOOGLE_ICON", "cat")]).is_err());
        assert!(read(&[("CURFEW_OAUTH_GOOGLE_CLIENT_ID", "")]).unwrap().is_empty());
    }

    #[test]
    fn flags_go_before_the_environment_and_that_before_the_file() {
        let named = |id: &str| {
            let settings = ProviderSettings { client_id: Some(id.to_owned()), ..Default::default() };
            BTreeMap::from([("google".to_owned(), settings)])
        };
        let (file, environment) = (named("file's"), named("environment's"));
        let flags = from_flags(&["google.client_id=flag=s".to_owned()]).unwrap();
        let none = BTreeMap::new();
        let chosen = |flags| layers([(&file, "file"), (&environment, "environment"), (flags, "flag")]);
        let name = || "oauth.google.client_id".to_owned();
        assert_eq!(chosen(&none), [(name(), "environment's".into(), "environment")]);
        assert_eq!(chosen(&flags), [(name(), "flag=s".into(), "flag")]);
        for bad in ["google", "google.client_id", "google.cat=1", "google.icon=cat"] {
            let error = from_flags(&[bad.to_owned()]).unwrap_err().to_string();
            assert!(error.starts_with("--oauth google"), "{error}");
        }
    }
}
