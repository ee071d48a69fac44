//! A provider's public keys (RFC 7517), and how a token names one.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::fetch::{OidcError, Web};

/// The part of a token's header that chooses the key.
#[derive(Debug)]
pub(super) struct Header {
    pub algorithm: Algorithm,
    pub kid: Option<String>,
}

/// A public key of a provider's.
#[derive(Debug, Clone)]
pub(super) struct Key {
    jwk: Jwk,
    /// The issuer that it signs for, where the provider says so (Microsoft does).
    pub issuer: Option<String>,
}

impl Key {
    pub(super) fn decoding_key(&self) -> Result<DecodingKey, OidcError> {
        DecodingKey::from_jwk(&self.jwk).map_err(|_| OidcError::untrue("a published key is malformed"))
    }

    /// Whether it is made to verify signatures by `algorithm`. The key decides, not the token (RFC 8725 §3.1).
    fn fits(&self, algorithm: Algorithm) -> bool {
        let common = &self.jwk.common;
        let signs = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let named = common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::from(algorithm));
        let made = match (&self.jwk.algorithm, algorithm) {
            (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256) => true,
            (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
            (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => key.curve == EllipticCurve::Ed25519,
            _ => false,
        };
        signs && named && made
    }
}

/// A provider's public keys.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Keys of a kind that nobody here knows are passed over.
    pub(super) async fn fetch(web: &Web, address: &str) -> Result<Self, OidcError> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = web.json(address).await?;
        let key = |value: Value| {
            let issuer = value["issuer"].as_str().map(str::to_owned);
            Some(Key { issuer, jwk: serde_json::from_value(value).ok()? })
        };
        Ok(Self(document.keys.into_iter().filter_map(key).collect()))
    }

    /// The key that a token names; one that names none can only be signed by the only one that fits.
    pub(super) fn find(&self, header: &Header) -> Option<&Key> {
        let mut fitting = self.0.iter().filter(|key| key.fits(header.algorithm));
        match &header.kid {
            Some(kid) => fitting.find(|key| key.jwk.common.key_id.as_ref() == Some(kid)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}
