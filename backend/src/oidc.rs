//! Signing in with OpenID providers: the code flow (RFC 6749 §4.1) with PKCE (RFC 7636), by the crate
//! `oauth2`, and the ID token (OpenID Connect Core §3.1.3.7), by `jsonwebtoken`.
//!
//! What a provider publishes about itself is asked for when it is needed and kept for an hour. No
//! lock is held meanwhile: a provider that is away delays nobody but who wants to sign in with it.

use std::sync::{Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::route::page;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, ExtraTokenFields,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

pub use self::{fetch::OidcError, id_token::Identity};
use self::{
    fetch::Web,
    metadata::{KeySet, Metadata},
};
use crate::{
    config::{self, Config, provider::is_safe},
    entropy::{self, NoEntropy},
};

mod fetch;
mod id_token;
mod metadata;

/// How long what a provider publishes is kept.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// How often at most a key that is not known makes us ask for the keys before that.
const KEYS_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The providers.
#[derive(Debug)]
pub struct Oidc {
    web: Web,
    providers: Vec<Provider>,
}

/// A provider, and what it published.
#[derive(Debug)]
pub struct Provider {
    /// The settings.
    pub config: config::provider::Provider,
    redirect_url: String,
    published: Mutex<Published>,
}

#[derive(Debug, Default)]
struct Published {
    metadata: Option<(DateTime<Utc>, Metadata)>,
    keys: Option<(DateTime<Utc>, KeySet)>,
    /// When the keys were last asked for before their time.
    refreshed_at: Option<DateTime<Utc>>,
}

/// A sign-in that is to go on at the provider.
pub struct Started {
    /// Where to send the browser.
    pub authorization_url: String,
    /// What the answer is known by.
    pub state: String,
    /// What the ID token must carry.
    pub nonce: String,
    /// What the code can be redeemed with.
    pub verifier: String,
}

impl std::fmt::Debug for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Started").finish_non_exhaustive()
    }
}

/// What the provider answered, and what was kept for it.
pub struct Answer<'a> {
    /// The code.
    pub code: String,
    /// The issuer, where it was sent (RFC 9207).
    pub issuer: Option<&'a str>,
    /// What the code can be redeemed with.
    pub verifier: String,
    /// What the ID token must carry.
    pub nonce: &'a str,
}

impl std::fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct IdTokenField {
    #[serde(default)]
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

type Client = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    oauth2::EndpointSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
>;

impl Oidc {
    /// The providers of the settings. Nothing is asked of them yet.
    ///
    /// # Errors
    ///
    /// When no client for the web can be made.
    pub fn new(config: &Config) -> Result<Self, reqwest::Error> {
        let provider = |settings: &config::provider::Provider| Provider {
            redirect_url: format!("{}{}/{}", config.public_url, page::OAUTH_CALLBACK, settings.name),
            config: settings.clone(),
            published: Mutex::default(),
        };
        let providers: Vec<_> = config.providers.iter().map(provider).collect();
        Ok(Self { web: Web::new(!providers.is_empty())?, providers })
    }

    /// All of them, in the order to show them in.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The one of this name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.config.name == name)
    }

    /// The one that speaks for this issuer.
    #[must_use]
    pub fn provider_of(&self, issuer: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.speaks_for(issuer))
    }

    /// Begins a sign-in; `again` makes the provider ask who it is even if it knows.
    ///
    /// # Errors
    ///
    /// When the provider is away or publishes what cannot be.
    pub async fn start(
        &self,
        provider: &Provider,
        again: bool,
        now: DateTime<Utc>,
    ) -> Result<Started, OidcError> {
        let metadata = provider.metadata(&self.web, now).await?;
        let [state, nonce, verifier] = [secret()?, secret()?, secret()?];
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let client = provider.client(&metadata)?;
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.clone()))
            .add_scopes(["openid", "email", "profile"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", nonce.as_str());
        if again {
            request = request.add_extra_param("prompt", "login").add_extra_param("max_age", "0");
        }
        Ok(Started { authorization_url: request.url().0.to_string(), state, nonce, verifier })
    }

    /// Redeems the code, and verifies whom the provider says it is.
    ///
    /// # Errors
    ///
    /// When the provider is away, or anything in its answers is not as it must be.
    pub async fn finish(
        &self,
        provider: &Provider,
        answer: Answer<'_>,
        now: DateTime<Utc>,
    ) -> Result<Identity, OidcError> {
        let metadata = provider.metadata(&self.web, now).await?;
        match answer.issuer {
            Some(issuer) if issuer == metadata.issuer || provider.speaks_for(issuer) => {}
            Some(_) => return Err(OidcError::untrue("the answer is of another issuer")),
            None if metadata.authorization_response_iss_parameter_supported => {
                return Err(OidcError::untrue("the answer does not say whose it is"));
            }
            None => {}
        }
        let client = provider.client(&metadata)?;
        let response = client
            .exchange_code(AuthorizationCode::new(answer.code))
            .set_pkce_verifier(PkceCodeVerifier::new(answer.verifier))
            .request_async(&self.web)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => error,
                RequestTokenError::ServerResponse(error) => {
                    OidcError::Untrue(format!("the code was refused: {}", error.error()))
                }
                RequestTokenError::Parse(..) => OidcError::untrue("the answer to the code is malformed"),
                RequestTokenError::Other(_) => OidcError::untrue("the answer to the code is not one"),
            })?;
        let id_token = response.extra_fields().id_token.as_deref();
        let id_token = id_token.ok_or_else(|| OidcError::untrue("there is no ID token"))?;
        let header = id_token::header(id_token)?;
        let key = provider.key(&self.web, &metadata, &header, now).await?;
        id_token::verify(id_token, &header, &key, &provider.config, answer.nonce, now)
    }
}

impl Provider {
    /// Whether an identity with this issuer is one of this provider's.
    #[must_use]
    pub fn speaks_for(&self, issuer: &str) -> bool {
        let tenant = |(before, after): (&str, &str)| {
            let tenant = issuer.strip_prefix(before)?.strip_suffix(after)?;
            Uuid::try_parse(tenant).ok()
        };
        issuer == self.config.issuer || tenants(&self.config.issuer).and_then(tenant).is_some()
    }

    async fn metadata(&self, web: &Web, now: DateTime<Utc>) -> Result<Metadata, OidcError> {
        if let Some((_, metadata)) = self.published().metadata.as_ref().filter(|(at, _)| now < *at + KEPT) {
            return Ok(metadata.clone());
        }
        let metadata = Metadata::fetch(web, &self.config.issuer).await?;
        self.published().metadata = Some((now, metadata.clone()));
        Ok(metadata)
    }

    /// The key that signed a token. One that is not known may be new.
    async fn key(
        &self,
        web: &Web,
        metadata: &Metadata,
        header: &id_token::Header,
        now: DateTime<Utc>,
    ) -> Result<metadata::Key, OidcError> {
        let known = {
            let mut published = self.published();
            let keys = published.keys.as_ref().filter(|(at, _)| now < *at + KEPT);
            let known = keys.map(|(_, keys)| keys.find(header).cloned());
            let too_soon = published.refreshed_at.is_some_and(|at| now < at + KEYS_EVERY);
            if matches!(known, Some(None)) && !too_soon {
                published.refreshed_at = Some(now);
                None
            } else {
                known
            }
        };
        let key = if let Some(key) = known {
            key
        } else {
            let keys = KeySet::fetch(web, &metadata.jwks_uri).await?;
            let key = keys.find(header).cloned();
            self.published().keys = Some((now, keys));
            key
        };
        key.ok_or_else(|| OidcError::untrue("no published key signed the ID token"))
    }

    fn published(&self) -> std::sync::MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, metadata: &Metadata) -> Result<Client, OidcError> {
        let malformed = |_| OidcError::untrue("an address is malformed");
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let supports = |method: &str| methods.is_some_and(|all| all.iter().any(|one| one == method));
        let auth = if methods.is_none() || supports("client_secret_basic") {
            AuthType::BasicAuth
        } else if supports("client_secret_post") {
            AuthType::RequestBody
        } else {
            return Err(OidcError::untrue("it takes no client secret"));
        };
        Ok(oauth2::Client::new(ClientId::new(self.config.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.config.client_secret.clone()))
            .set_auth_type(auth)
            .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.clone()).map_err(malformed)?)
            .set_token_uri(TokenUrl::new(metadata.token_endpoint.clone()).map_err(malformed)?)
            .set_redirect_uri(RedirectUrl::new(self.redirect_url.clone()).map_err(malformed)?))
    }
}

/// What stands before and behind the tenant in the issuers that an address for several tenants
/// stands for, as Microsoft's `https://login.microsoftonline.com/common/v2.0` does.
fn tenants(issuer: &str) -> Option<(&str, &str)> {
    ["common", "organizations"].into_iter().find_map(|all| {
        let (before, after) = issuer.split_once(&format!("/{all}/"))?;
        Some((&issuer[..=before.len()], &issuer[issuer.len() - after.len() - 1..]))
    })
}

/// Whether an address that a provider published may be used.
fn check(address: &str) -> Result<(), OidcError> {
    let safe = Url::parse(address).is_ok_and(|url| is_safe(&url));
    if safe { Ok(()) } else { Err(OidcError::untrue("it publishes an address without TLS")) }
}

fn secret() -> Result<String, NoEntropy> {
    Ok(URL_SAFE_NO_PAD.encode(entropy::bytes::<32>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_several_tenants_stands_for_the_issuer_of_each() {
        let of = tenants("https://login.example/common/v2.0");
        assert_eq!(of, Some(("https://login.example/", "/v2.0")));
        assert_eq!(tenants("https://login.example/organizations/v2.0"), of);
        assert_eq!(tenants("https://login.example/v2.0"), None);
    }
}
