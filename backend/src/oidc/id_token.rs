//! The ID token: whom the provider says it is (OpenID Connect Core §2, §3.1.3.7).

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation, errors::ErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    fetch::OidcError,
    jwk::{Header, Key},
};
use crate::config::provider::Provider;

/// Signatures that only the provider can make. None is made with the client's secret.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
/// How far the provider's clock may be from ours, in seconds: more than machines that ask for the time
/// differ by, and little beside how long anything here is good.
const LEEWAY: i64 = 60;
/// The longest subject (OpenID Connect Core §2), in bytes.
const SUBJECT_MAX: usize = 255;

/// Who a provider says it is, verified.
#[derive(Clone)]
pub struct Identity {
    /// The issuer; with the subject it names the identity.
    pub issuer: String,
    /// The subject.
    pub subject: String,
    /// The address, as the provider writes it.
    pub email: Option<String>,
    /// Whether the address is that person's, so that the provider's word is enough.
    pub email_proven: bool,
    /// The name.
    pub name: Option<String>,
    /// When the person last showed the provider who it is, in seconds since the epoch by its clock.
    auth_time: Option<i64>,
}

impl Identity {
    /// Whether the person showed the provider who it is since `start`, as far as the clocks agree.
    /// `None`: the provider does not say.
    #[must_use]
    pub fn was_shown_since(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> Option<bool> {
        let since = start.timestamp() - LEEWAY..=now.timestamp() + LEEWAY;
        self.auth_time.map(|time| since.contains(&time))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    email: Option<String>,
    name: Option<String>,
    /// What means something at some providers only may be anything at others.
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// Checks that it is for us, and for nobody whom the operator does not trust (OpenID Connect Core §3.1.3.7, 3).
    fn check(&self, provider: &Provider) -> Result<(), OidcError> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(all) => all,
        };
        if !all.contains(&provider.client_id) {
            return Err(OidcError::Untrue(format!(
                "the ID token is for another client: its audience is {}, not {:?}",
                quoted(all),
                provider.client_id
            )));
        }
        let is_trusted =
            |one: &&String| **one == provider.client_id || provider.trusted_audiences.contains(one);
        let others: Vec<_> = all.iter().filter(|one| !is_trusted(one)).cloned().collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(OidcError::Untrue(format!(
            "the ID token is also for {}: if you trust each of them with it, name them in {}",
            quoted(&others),
            provider.variable("trusted_audiences")
        )))
    }
}

/// A few audiences for the log.
fn quoted(audiences: &[String]) -> String {
    const MOST: usize = 5;
    const LONGEST: usize = 64;
    let short = |one: &String| format!("{:?}", one.chars().take(LONGEST).collect::<String>());
    let mut words: Vec<_> = audiences.iter().take(MOST).map(short).collect();
    match audiences.len() {
        0 => words.push("nobody".to_owned()),
        1..=MOST => {}
        more => words.push(format!("{} more", more - MOST)),
    }
    words.join(", ")
}

/// Reads the header, and refuses every algorithm but ours (RFC 8725 §3.1).
pub(super) fn header(token: &str) -> Result<Header, OidcError> {
    let header = jsonwebtoken::decode_header(token);
    let header = header.map_err(|_| OidcError::untrue("the ID token's header is malformed"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(OidcError::untrue("the ID token's algorithm is not to be trusted"));
    }
    Ok(Header { algorithm: header.alg, kid: header.kid })
}

/// Verifies the signature and every claim.
pub(super) fn verify(
    token: &str,
    header: &Header,
    key: &Key,
    provider: &Provider,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<Identity, OidcError> {
    let mut rules = Validation::new(header.algorithm);
    // Judged below, in words that name it.
    rules.validate_aud = false;
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Judged below: the clock is ours, and one issuer depends on another claim.
    rules.validate_exp = false;
    let claims: Claims = jsonwebtoken::decode(token, &key.decoding_key()?, &rules)
        .map_err(|error| match error.kind() {
            // Its words would quote the claims.
            ErrorKind::Json(_) => OidcError::untrue("the ID token's claims are malformed"),
            kind => OidcError::Untrue(format!("the ID token: {kind:?}")),
        })?
        .claims;
    judge(claims, key.issuer.as_deref(), provider, nonce, now)
}

/// Holds each claim of a token whose signature is good against what it must be.
fn judge(
    claims: Claims,
    key_issuer: Option<&str>,
    provider: &Provider,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<Identity, OidcError> {
    let (sooner, later) = (now.timestamp() - LEEWAY, now.timestamp() + LEEWAY);
    let party = claims.azp.as_ref().is_none_or(|party| *party == provider.client_id);
    let truths = [
        (is_issuer(&claims, provider, key_issuer), "the ID token is of another issuer"),
        (party, "the ID token was made for another client"),
        (sooner < claims.exp, "the ID token has expired"),
        (claims.iat <= later, "the ID token is of the future"),
        (claims.nbf.is_none_or(|nbf| nbf <= later), "the ID token is not good yet"),
        (claims.nonce.as_deref() == Some(nonce), "the ID token is of another sign-in"),
        (
            (1..=SUBJECT_MAX).contains(&claims.sub.len()) && !claims.sub.chars().any(char::is_control),
            "the subject is no subject",
        ),
    ];
    if let Some((_, lie)) = truths.iter().find(|(true_, _)| !true_) {
        return Err(OidcError::untrue(lie));
    }
    claims.aud.check(provider)?;
    let auth_time = claims.others.get("auth_time").and_then(Value::as_i64);
    // Microsoft's users have no `email` but where their tenant's application asks for it.
    let signs_in_as = claims.others.get("preferred_username").and_then(Value::as_str);
    let signs_in_as = signs_in_as.filter(|_| provider.is_microsoft()).map(str::to_owned);
    Ok(Identity {
        email_proven: claims.email.as_deref().is_some_and(|email| proves(provider, email, &claims.others)),
        issuer: claims.iss,
        subject: claims.sub,
        email: claims.email.or(signs_in_as),
        name: claims.name,
        auth_time,
    })
}

/// Whether an address is that person's, by the claims that came with it.
fn proves(provider: &Provider, email: &str, others: &Map<String, Value>) -> bool {
    let text = |name: &str| others.get(name).and_then(Value::as_str);
    // Some providers write the boolean as text.
    let verified =
        others.get("email_verified") == Some(&Value::Bool(true)) || text("email_verified") == Some("true");
    verified && provider.proves(email, text("hd"))
}

/// What the userinfo endpoint says of a person (OpenID Connect Core §5.3.2).
#[derive(Deserialize)]
pub(super) struct UserInfo {
    sub: String,
    email: Option<String>,
    name: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Identity {
    /// Takes from the userinfo endpoint what the ID token does not say, if both are of the same person.
    pub(super) fn complete(self, info: UserInfo, provider: &Provider) -> Result<Self, OidcError> {
        if info.sub != self.subject {
            return Err(OidcError::untrue(
                "the userinfo endpoint speaks of another person than the ID token",
            ));
        }
        Ok(Self {
            email_proven: info.email.as_deref().is_some_and(|email| proves(provider, email, &info.others)),
            email: info.email,
            name: self.name.or(info.name),
            ..self
        })
    }
}

/// The issuer is the configured one; at an address for several tenants, that of the token's tenant.
/// A key may be for one issuer alone.
fn is_issuer(claims: &Claims, provider: &Provider, key_issuer: Option<&str>) -> bool {
    let tenant = claims.others.get("tid").and_then(Value::as_str);
    let tenant = tenant.and_then(|tenant| Uuid::try_parse(tenant).ok());
    let tenant = tenant.map(|tenant| tenant.hyphenated().to_string());
    let own = match (provider.tenants(), &tenant) {
        (None, _) => Some(provider.issuer.clone()),
        (Some((before, after)), Some(tenant)) => Some(format!("{before}{tenant}{after}")),
        (Some(_), None) => None,
    };
    let signs = |issuer: &str| issuer.replace("{tenantid}", &tenant.unwrap_or_default()) == claims.iss;
    own.as_ref() == Some(&claims.iss) && key_issuer.is_none_or(signs)
}

#[cfg(test)]
mod tests {
    use curfew_shared::oauth::ProviderIcon;
    use serde_json::json;

    use super::*;
    use crate::config::provider::ResponseMode;

    const GOOGLE: &str = "https://accounts.google.com";

    fn of(issuer: &str, claims: &Value) -> Result<Identity, OidcError> {
        let provider = Provider {
            name: "example".to_owned(),
            display_name: "Example".to_owned(),
            icon: ProviderIcon::Key,
            issuer: issuer.to_owned(),
            client_id: "the client".to_owned(),
            client_secret: "secret".to_owned(),
            trusts_addresses: true,
            trusted_audiences: vec!["a project".to_owned()],
            discovery_url: None,
            scopes: Vec::new(),
            response_mode: ResponseMode::Query,
            token_endpoint_auth_method: None,
        };
        let mut all =
            json!({"iss": issuer, "sub": "1", "aud": "the client", "exp": 100, "iat": 0, "nonce": "n"});
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let now = DateTime::UNIX_EPOCH;
        judge(serde_json::from_value(all).unwrap(), None, &provider, "n", now)
    }

    #[test]
    fn what_google_says_of_an_address_counts_for_its_own_and_for_the_workspace_of_the_account() {
        let proven = |issuer: &str, email: &str, hosted: Value, verified: Value| {
            let claims = json!({"email": email, "email_verified": verified, "hd": hosted});
            of(issuer, &claims).unwrap().email_proven
        };
        let yes = json!(true);
        assert!(proven(GOOGLE, "ada@gmail.com", Value::Null, yes.clone()));
        assert!(proven(GOOGLE, "ada@example.com", json!("example.com"), yes.clone()));
        assert!(!proven(GOOGLE, "ada@example.com", Value::Null, yes.clone()));
        assert!(!proven(GOOGLE, "ada@example.com", json!("another.example"), yes.clone()));
        assert!(!proven(GOOGLE, "ada@example.com", json!(["example.com"]), yes.clone()));
        assert!(!proven(GOOGLE, "ada@gmail.com", Value::Null, json!(false)));
        assert!(proven("https://id.example", "ada@example.com", Value::Null, yes.clone()));
        assert!(!proven(
            "https://login.microsoftonline.com/t/v2.0",
            "ada@example.com",
            json!("example.com"),
            yes
        ));
    }

    #[test]
    fn the_audience_is_us_and_whom_the_operator_trusts_and_a_refusal_names_the_others() {
        let aud = |aud: Value| of(GOOGLE, &json!({"aud": aud, "azp": "the client"}));
        for good in [json!("the client"), json!(["the client"]), json!(["a project", "the client"])] {
            assert!(aud(good.clone()).is_ok(), "{good}");
        }
        for (bad, words) in [
            (json!("a project"), r#"its audience is "a project", not "the client""#),
            (json!(["a project"]), r#"its audience is "a project", not "the client""#),
            (json!([]), "its audience is nobody"),
            (
                json!(["the client", "a project", "x\ny"]),
                r#"also for "x\ny": if you trust each of them with it, name them in CURFEW_OAUTH_EXAMPLE_TRUSTED_AUDIENCES"#,
            ),
            (json!(["the client", "1", "2", "3", "4", "5", "6"]), r#""5", 1 more:"#),
        ] {
            let error = aud(bad.clone()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{bad}: {error}");
        }
        assert!(of(GOOGLE, &json!({"aud": ["the client", "a project"], "azp": "a project"})).is_err());
    }

    #[test]
    fn times_that_no_calendar_holds_are_judged_like_any_other() {
        assert!(of(GOOGLE, &json!({"exp": i64::MAX, "auth_time": i64::MAX})).is_ok());
        assert!(of(GOOGLE, &json!({"exp": i64::MIN})).is_err());
        assert!(of(GOOGLE, &json!({"iat": i64::MAX})).is_err());
        assert!(of(GOOGLE, &json!({"nbf": i64::MAX})).is_err());
        let identity = of(GOOGLE, &json!({"auth_time": i64::MAX})).unwrap();
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(identity.was_shown_since(now, now), Some(false));
    }
}
