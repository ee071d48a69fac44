//! What a provider publishes about itself (OpenID Connect Discovery §4).

use serde::Deserialize;

use super::fetch::{OidcError, Web, check, is_same_origin};
use crate::config::provider::Provider;

/// The discovery document, as far as it is of use.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub claims_parameter_supported: bool,
    #[serde(default)]
    pub prompt_values_supported: Vec<String>,
}

impl Metadata {
    pub(super) async fn fetch(web: &Web, provider: &Provider) -> Result<Self, OidcError> {
        let issuer = &provider.issuer;
        let address = provider.discovery_address();
        let metadata: Self = web.json(&address).await?;
        let template = provider.tenants().map(|(before, after)| format!("{before}{{tenantid}}{after}"));
        if metadata.issuer != *issuer && template.as_ref() != Some(&metadata.issuer) {
            return Err(OidcError::Untrue(format!("{address} is of another issuer: {}", metadata.issuer)));
        }
        check(&metadata.authorization_endpoint, issuer)?;
        let asked = [&metadata.token_endpoint, &metadata.jwks_uri];
        for address in asked.into_iter().chain(&metadata.userinfo_endpoint) {
            if !provider.discovery_url.as_deref().is_some_and(|discovery| is_same_origin(address, discovery))
            {
                check(address, issuer)?;
            }
        }
        Ok(metadata)
    }
}
