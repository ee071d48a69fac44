//! Signing in with OpenID providers: the code flow (RFC 6749 §4.1) with PKCE (RFC 7636), by the crate
//! `oauth2`, and the ID token (OpenID Connect Core §3.1.3.7), by `jsonwebtoken`.
//!
//! What a provider publishes about itself is asked for when it is needed, and kept. A provider that is
//! away delays nobody but who wants to sign in with it.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use curfew_shared::{oauth::OauthPurpose, route::page};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, ExtraTokenFields,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

pub use self::{fetch::OidcError, id_token::Identity};
use self::{fetch::Web, jwk::KeySet, kept::Kept, metadata::Metadata};
use crate::{
    config::{
        self, Config,
        provider::{ClientAuth, ResponseMode},
    },
    entropy::{self, NoEntropy},
};

mod fetch;
mod id_token;
mod jwk;
mod kept;
mod metadata;

/// Asks for the claim that says when the person signed in at the provider (OpenID Connect Core §5.5).
const AUTH_TIME: &str = r#"{"id_token":{"auth_time":{"essential":true}}}"#;

/// The providers.
#[derive(Debug)]
pub struct Oidc {
    web: Web,
    providers: Vec<Provider>,
    patience: Duration,
}

/// A provider, and what it published.
#[derive(Debug)]
pub struct Provider {
    /// The settings.
    pub config: config::provider::Provider,
    redirect_url: String,
    metadata: Kept<Metadata>,
    keys: Kept<KeySet>,
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
        for provider in config.providers.iter().filter(|provider| provider.is_discovered_without_tls()) {
            tracing::warn!(
                provider = provider.name,
                "discovery_url is not https: whoever can change what this network carries can sign in as anybody"
            );
        }
        let provider = |settings: &config::provider::Provider| Provider {
            redirect_url: format!("{}{}/{}", config.server.public_url, page::OAUTH_CALLBACK, settings.name),
            config: settings.clone(),
            metadata: Kept::default(),
            keys: Kept::default(),
        };
        let providers: Vec<_> = config.providers.iter().map(provider).collect();
        Ok(Self { web: Web::new(!providers.is_empty())?, providers, patience: config.provider_timeout })
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
        self.providers.iter().find(|provider| provider.config.speaks_for(issuer))
    }

    /// Begins a sign-in: to link an identity the person chooses it, and to prove once more who one is
    /// takes signing in there anew, even if the provider knows who it is.
    ///
    /// # Errors
    ///
    /// When the provider is away or publishes what cannot be.
    pub async fn start(
        &self,
        provider: &Provider,
        purpose: OauthPurpose,
        now: DateTime<Utc>,
    ) -> Result<Started, OidcError> {
        let metadata = self.in_time(provider.metadata(&self.web, now)).await?;
        let [state, nonce, verifier] = [secret()?, secret()?, secret()?];
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let client = provider.client(&metadata)?;
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.clone()))
            .add_scopes(provider.config.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", nonce.as_str());
        if provider.config.response_mode == ResponseMode::FormPost {
            request = request.add_extra_param("response_mode", "form_post");
        }
        match purpose {
            OauthPurpose::Link if provider.lets_choose(&metadata) => {
                request = request.add_extra_param("prompt", "select_account");
            }
            OauthPurpose::Reauthenticate => {
                request = request.add_extra_param("prompt", "login").add_extra_param("max_age", "0");
                if provider.takes_claims(&metadata) {
                    request = request.add_extra_param("claims", AUTH_TIME);
                }
            }
            OauthPurpose::SignIn | OauthPurpose::Link => {}
        }
        Ok(Started { authorization_url: request.url().0.to_string(), state, nonce, verifier })
    }

    /// Checks that an answer without a code is the provider's own (RFC 9207 §2.4).
    ///
    /// # Errors
    ///
    /// When it is another's or does not say, or when the provider is away.
    pub async fn check_issuer(
        &self,
        provider: &Provider,
        issuer: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), OidcError> {
        provider.check_issuer(&*self.in_time(provider.metadata(&self.web, now)).await?, issuer)
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
        self.in_time(self.redeem(provider, answer, now)).await
    }

    async fn redeem(
        &self,
        provider: &Provider,
        answer: Answer<'_>,
        now: DateTime<Utc>,
    ) -> Result<Identity, OidcError> {
        let metadata = provider.metadata(&self.web, now).await?;
        provider.check_issuer(&metadata, answer.issuer)?;
        let client = provider.client(&metadata)?;
        let response = client
            .exchange_code(AuthorizationCode::new(answer.code))
            .set_pkce_verifier(PkceCodeVerifier::new(answer.verifier))
            .request_async(&self.web)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => error,
                RequestTokenError::ServerResponse(error) => {
                    let word = error.error().to_string();
                    let description = error.error_description().map(String::as_str);
                    OidcError::Untrue(format!("the code was refused: {}", reason(&word, description)))
                }
                RequestTokenError::Parse(..) => OidcError::untrue("the answer to the code is malformed"),
                RequestTokenError::Other(_) => OidcError::untrue("the answer to the code is not one"),
            })?;
        let id_token = response.extra_fields().id_token.as_deref();
        let id_token = id_token.ok_or_else(|| OidcError::untrue("there is no ID token"))?;
        let header = id_token::header(id_token)?;
        let keys = provider.keys(&self.web, &metadata, &header, now).await?;
        let key = keys.find(&header);
        let key = key.ok_or_else(|| OidcError::untrue("no published key signed the ID token"))?;
        let identity = id_token::verify(id_token, &header, key, &provider.config, answer.nonce, now)?;
        match &metadata.userinfo_endpoint {
            Some(endpoint) if identity.email.is_none() => {
                let token = response.access_token().secret();
                let info = self.web.json_for(endpoint, Some(token)).await;
                let info = info.inspect_err(|_| {
                    let provider = &provider.config.name;
                    tracing::info!(
                        provider,
                        "its ID token has no `email`, so its userinfo endpoint was asked"
                    );
                })?;
                identity.complete(info, &provider.config)
            }
            _ => Ok(identity),
        }
    }

    /// However many answers it takes of the provider, a person waits for so long.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, OidcError>>) -> Result<T, OidcError> {
        let late = |_| OidcError::Away(format!("no answer within {:?}", self.patience));
        timeout(self.patience, work).await.map_err(late)?
    }
}

impl Provider {
    async fn metadata(&self, web: &Web, now: DateTime<Utc>) -> Result<Arc<Metadata>, OidcError> {
        self.metadata.get(now, |_| true, async || Metadata::fetch(web, &self.config).await).await
    }

    /// The keys, if possible with the one that signed a token. One that is not known may be new.
    async fn keys(
        &self,
        web: &Web,
        metadata: &Metadata,
        header: &jwk::Header,
        now: DateTime<Utc>,
    ) -> Result<Arc<KeySet>, OidcError> {
        let has_it = |keys: &KeySet| keys.find(header).is_some();
        self.keys.get(now, has_it, async || KeySet::fetch(web, &metadata.jwks_uri).await).await
    }

    fn check_issuer(&self, metadata: &Metadata, issuer: Option<&str>) -> Result<(), OidcError> {
        match issuer {
            Some(issuer) if issuer == metadata.issuer || self.config.speaks_for(issuer) => Ok(()),
            Some(_) => Err(OidcError::untrue("the answer is of another issuer")),
            None if metadata.authorization_response_iss_parameter_supported => {
                Err(OidcError::untrue("the answer does not say whose it is"))
            }
            None => Ok(()),
        }
    }

    /// Whether it can be asked to let the person choose between identities there. Who does not know
    /// the word may refuse the whole request (OpenID Connect Core §3.1.2.1).
    fn lets_choose(&self, metadata: &Metadata) -> bool {
        self.config.is_google()
            || self.config.is_microsoft()
            || metadata.prompt_values_supported.iter().any(|value| value == "select_account")
    }

    /// Whether it can be asked for single claims. Google tells the time of a sign-in only if it is.
    fn takes_claims(&self, metadata: &Metadata) -> bool {
        self.config.is_google() || metadata.claims_parameter_supported
    }

    fn client(&self, metadata: &Metadata) -> Result<Client, OidcError> {
        let malformed = |_| OidcError::untrue("an address is malformed");
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let supports = |method: &str| methods.is_some_and(|all| all.iter().any(|one| one == method));
        let auth = match self.config.token_endpoint_auth_method {
            Some(ClientAuth::ClientSecretBasic) => AuthType::BasicAuth,
            Some(ClientAuth::ClientSecretPost) => AuthType::RequestBody,
            None if methods.is_none() || supports("client_secret_basic") => AuthType::BasicAuth,
            None if supports("client_secret_post") => AuthType::RequestBody,
            None => {
                return Err(OidcError::Untrue(format!(
                    "its token endpoint takes none of client_secret_basic and client_secret_post; if it does, say \
                     which in {}",
                    self.config.variable("token_endpoint_auth_method")
                )));
            }
        };
        Ok(oauth2::Client::new(ClientId::new(self.config.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.config.client_secret.clone()))
            .set_auth_type(auth)
            .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.clone()).map_err(malformed)?)
            .set_token_uri(TokenUrl::new(metadata.token_endpoint.clone()).map_err(malformed)?)
            .set_redirect_uri(RedirectUrl::new(self.redirect_url.clone()).map_err(malformed)?))
    }
}

/// A provider's word for what went wrong, for the log. Of its description no more than Microsoft's codes:
/// the rest may quote what nobody should read.
#[must_use]
pub fn reason(word: &str, description: Option<&str>) -> String {
    const LONGEST: usize = 64;
    const CODE: &str = "AADSTS";
    let word: String = word.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let code = description.and_then(|description| description.split_once(CODE));
    let digits: Option<String> =
        code.map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).take(10).collect());
    match digits.filter(|digits| !digits.is_empty()) {
        Some(digits) => format!("{word} ({CODE}{digits})"),
        None => word,
    }
}

fn secret() -> Result<String, NoEntropy> {
    Ok(URL_SAFE_NO_PAD.encode(entropy::bytes::<32>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_provider_writes_the_log_gets_the_word_and_microsofts_code() {
        let description = "AADSTS7000215: Invalid client secret provided: abc~1234. Trace ID: 1";
        assert_eq!(reason("invalid_client", Some(description)), "invalid_client (AADSTS7000215)");
        assert_eq!(reason("invalid_scope", Some("the secret is abc~1234")), "invalid_scope");
        assert_eq!(reason("invalid_scope", Some("AADSTS is no code")), "invalid_scope");
        assert_eq!(reason("access_denied\n2026 ERROR forged", None), "access_denied2026 ERROR forged");
        assert_eq!(reason(&"x".repeat(1_000), None).len(), 64);
    }
}
