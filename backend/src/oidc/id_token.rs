//! The ID token: whom the provider says it is (OpenID Connect Core §2, §3.1.3.7).

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Validation, errors::ErrorKind};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{fetch::OidcError, metadata::Key, tenants};
use crate::config::provider::Provider;

/// Signatures that only the provider can make. None is made with the client's secret.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
/// How far the provider's clock may be from ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
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
    /// When the person last showed the provider who it is.
    pub authenticated_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What the token's header is asked for.
#[derive(Debug)]
pub(super) struct Header {
    pub algorithm: Algorithm,
    pub kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    auth_time: Option<i64>,
    email: Option<String>,
    /// A boolean; some providers write it as text.
    #[serde(default)]
    email_verified: Value,
    name: Option<String>,
    tid: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Several(all) => all.iter().any(|one| one == client),
        }
    }

    fn is_one(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::Several(all) => all.len() == 1,
        }
    }
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
    rules.set_audience(&[&provider.client_id]);
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
    let truths = [
        (is_issuer(&claims, provider, key), "the ID token is of another issuer"),
        (claims.aud.contains(&provider.client_id), "the ID token is for another client"),
        (
            match &claims.azp {
                Some(party) => *party == provider.client_id,
                None => claims.aud.is_one(),
            },
            "the ID token was made for another client",
        ),
        (now < time(claims.exp)? + LEEWAY, "the ID token has expired"),
        (time(claims.iat)? <= now + LEEWAY, "the ID token is of the future"),
        (claims.nonce.as_deref() == Some(nonce), "the ID token is of another sign-in"),
        (!claims.sub.is_empty() && claims.sub.len() <= SUBJECT_MAX, "the subject is no subject"),
    ];
    if let Some((_, lie)) = truths.iter().find(|(true_, _)| !true_) {
        return Err(OidcError::untrue(lie));
    }
    let verified =
        matches!(&claims.email_verified, Value::Bool(true)) || claims.email_verified.as_str() == Some("true");
    Ok(Identity {
        issuer: claims.iss,
        subject: claims.sub,
        email: claims.email,
        email_proven: verified && provider.proves_addresses(),
        name: claims.name,
        authenticated_at: claims.auth_time.map(time).transpose()?,
    })
}

/// The issuer is the configured one; at an address for several tenants, that of the token's tenant.
fn is_issuer(claims: &Claims, provider: &Provider, key: &Key) -> bool {
    let Some((before, after)) = tenants(&provider.issuer) else { return claims.iss == provider.issuer };
    let tenant = claims.tid.map(|tenant| tenant.hyphenated().to_string()).unwrap_or_default();
    let own = format!("{before}{tenant}{after}");
    // A key may be for one tenant alone.
    let signs = key.issuer.as_ref().is_none_or(|issuer| issuer.replace("{tenantid}", &tenant) == own);
    claims.tid.is_some() && claims.iss == own && signs
}

fn time(seconds: i64) -> Result<DateTime<Utc>, OidcError> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| OidcError::untrue("a time is none"))
}
