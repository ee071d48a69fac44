//! Asking a provider: briefly, without following it elsewhere, and for so much.

use std::{pin::Pin, time::Duration};

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{config::provider::is_safe, entropy::NoEntropy};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How large an answer may be, in bytes.
const BODY_MAX: usize = 256 * 1024;

/// Why a sign-in with a provider came to nothing. For the log: never with a token or a code.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OidcError {
    /// The provider does not answer.
    #[error("the provider is away: {0}")]
    Away(String),
    /// Something in its answer is not as it must be.
    #[error("the provider's answer is not to be believed: {0}")]
    Untrue(String),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl OidcError {
    pub(super) fn untrue(what: &str) -> Self {
        Self::Untrue(what.to_owned())
    }
}

/// The web.
#[derive(Debug)]
pub(super) struct Web(Option<reqwest::Client>);

impl Web {
    /// A client, if it is wanted: to make one reads the system's certificates.
    pub(super) fn new(wanted: bool) -> Result<Self, reqwest::Error> {
        let client = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                // Rarely is one asked twice within the time that it keeps a connection open, and what is sent as
                // it closes one is lost.
                .pool_max_idle_per_host(0)
                .timeout(TIMEOUT)
                .connect_timeout(TIMEOUT)
                .user_agent(concat!("curfew/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        Ok(Self(wanted.then(client).transpose()?))
    }

    /// The JSON at an address, which the caller has checked.
    pub(super) async fn json<T: DeserializeOwned>(&self, address: &str) -> Result<T, OidcError> {
        self.json_for(address, None).await
    }

    /// The JSON at an address, for the bearer of an access token (RFC 6750 §2.1).
    pub(super) async fn json_for<T: DeserializeOwned>(
        &self,
        address: &str,
        access_token: Option<&str>,
    ) -> Result<T, OidcError> {
        let mut request = http::Request::get(address).header("accept", "application/json");
        if let Some(token) = access_token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Vec::new()).map_err(|_| OidcError::untrue("an address is malformed"))?;
        let response = self.send(request).await?;
        if response.status() != http::StatusCode::OK {
            return Err(OidcError::Untrue(format!("{address} answers {}", response.status())));
        }
        let content_type = response.headers().get(http::header::CONTENT_TYPE);
        if content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/jwt")) {
            let words = "answers with a JWT, not with JSON: let the provider neither sign nor encrypt it";
            return Err(OidcError::Untrue(format!("{address} {words}")));
        }
        serde_json::from_slice(response.body())
            .map_err(|error| OidcError::Untrue(format!("{address}: {error}")))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OidcError> {
        let client = self.0.as_ref().ok_or_else(|| OidcError::untrue("there is none"))?;
        let request = request.try_into().map_err(|_| OidcError::untrue("an address is malformed"))?;
        let mut response = client.execute(request).await.map_err(away)?;
        let status = response.status();
        if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
            return Err(OidcError::Away(format!("it answers {status}")));
        }
        let mut answer = http::Response::builder().status(status);
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > BODY_MAX {
                return Err(OidcError::untrue("it answers too much"));
            }
            body.extend_from_slice(&chunk);
        }
        answer.body(body).map_err(|_| OidcError::untrue("its answer is malformed"))
    }
}

/// Refuses an address that a provider published unless TLS protects the way there. This machine itself
/// will do for a provider that is on it, and for no other: what runs here is not for them to ask.
pub(super) fn check(address: &str, issuer: &str) -> Result<(), OidcError> {
    let is_plain = |url: &Url| url.scheme() == "http";
    let is_here = Url::parse(issuer).is_ok_and(|url| is_plain(&url));
    match Url::parse(address) {
        Ok(url) if is_safe(&url) && (is_here || !is_plain(&url)) => Ok(()),
        _ => Err(OidcError::Untrue(format!("it publishes an address without TLS: {address}"))),
    }
}

/// Whether an address leads to the same server as the one that the operator gave for discovery.
pub(super) fn is_same_origin(address: &str, discovery: &str) -> bool {
    match (Url::parse(address), Url::parse(discovery)) {
        (Ok(address), Ok(discovery)) => address.has_host() && address.origin() == discovery.origin(),
        _ => false,
    }
}

/// For the crate `oauth2`.
impl<'c> AsyncHttpClient<'c> for Web {
    type Error = OidcError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OidcError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The causes are told in full: reqwest's own words stop at "error sending request".
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn away(error: reqwest::Error) -> OidcError {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        words = format!("{words}: {error}");
        source = error.source();
    }
    OidcError::Away(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_inside_a_cluster_is_the_one_that_the_operator_named() {
        let discovery = "http://id.auth.svc:8080/realms/people/.well-known/openid-configuration";
        for (address, is_same) in [
            ("http://id.auth.svc:8080/token", true),
            ("http://id.auth.svc/token", false),
            ("https://id.auth.svc:8080/token", false),
            ("http://other.auth.svc:8080/token", false),
            ("", false),
        ] {
            assert_eq!(is_same_origin(address, discovery), is_same, "{address}");
        }
    }

    #[test]
    fn only_a_provider_on_this_machine_sends_us_to_it_without_tls() {
        let (here, there) = ("http://127.0.0.1:9", "https://id.example");
        for (address, from_here, from_there) in [
            ("https://id.example/token", true, true),
            ("http://127.0.0.1:9/token", true, false),
            ("http://localhost/metrics", true, false),
            ("http://[::1]/", true, false),
            ("http://id.example/token", false, false),
            ("file:///etc/passwd", false, false),
            ("javascript:alert(1)", false, false),
            ("", false, false),
        ] {
            assert_eq!(check(address, here).is_ok(), from_here, "{address}");
            assert_eq!(check(address, there).is_ok(), from_there, "{address}");
        }
    }
}
