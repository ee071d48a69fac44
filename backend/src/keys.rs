//! The keys, all from one secret, and the tokens that they sign.

use aws_lc_rs::{
    digest, hkdf,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, SessionId, UserId},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    domain::{
        claim::{
            ACCESS_SECONDS, ACCESS_TYP, AccessClaims, AccessKind, CLIENT_ID, REFRESH_TYP, RefreshClaims,
            RefreshKind, TokenId,
        },
        link::{LINK_TYP, LinkClaims, LinkPurpose},
        session::{Deadlines, Snapshot},
    },
    entropy::{self, NoEntropy},
};

/// The fewest bytes that a secret may have.
pub const SECRET_MIN: usize = 32;
/// Whom the tokens are for.
pub const AUDIENCE: &str = "curfew";

/// The keys could not be made, or a token not be signed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A secret is too short to be one.
    #[error("a secret needs at least {SECRET_MIN} bytes")]
    SecretTooShort,
    /// The cryptographic library refused.
    #[error("the cryptographic library refused: {0}")]
    Refused(String),
    /// No randomness for an id.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// The token is malformed, forged, of another kind, or for somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidToken;

struct Key {
    kid: String,
    sign: EncodingKey,
    verify: DecodingKey,
}

/// Every key in force. The first of each kind signs; the others verify what they once signed.
pub struct Keys {
    issuer: String,
    refresh: Vec<Key>,
    access: Vec<Key>,
    link: Vec<Key>,
    public: Vec<Jwk>,
    refresh_rules: Validation,
    access_rules: Validation,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The public half of a key that signs access tokens (RFC 7517, RFC 8037).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

/// What a pair of tokens says.
#[derive(Debug, Clone, Copy)]
pub struct TokenContext {
    /// The user.
    pub user_id: UserId,
    /// The account.
    pub account_id: AccountId,
    /// The role.
    pub role: Role,
    /// The session.
    pub session_id: SessionId,
    /// The generation that the refresh token names.
    pub generation: i64,
    /// The policy at sign-in.
    pub snapshot: Snapshot,
    /// When the session ends.
    pub deadlines: Deadlines,
}

/// A pair of tokens.
pub struct TokenPair {
    /// For the API.
    pub access_token: String,
    /// For the next refresh.
    pub refresh_token: String,
    /// How long the access token is good, in seconds.
    pub expires_in: i64,
}

impl std::fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenPair").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl Keys {
    /// Derives the keys of `secrets`, the present one first. `issuer` goes into every token.
    ///
    /// # Errors
    ///
    /// When there is no secret, or one is too short.
    pub fn derive<'a>(secrets: impl IntoIterator<Item = &'a str>, issuer: &str) -> Result<Self, KeyError> {
        let (mut refresh, mut access, mut link, mut public) = (vec![], vec![], vec![], vec![]);
        for secret in secrets {
            if secret.len() < SECRET_MIN {
                return Err(KeyError::SecretTooShort);
            }
            let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret.as_bytes());
            refresh.push(symmetric_key(&expand(&secret, b"curfew/refresh/v1")?));
            link.push(symmetric_key(&expand(&secret, b"curfew/link/v1")?));
            let (key, jwk) = access_key(&expand(&secret, b"curfew/access/v1")?)?;
            access.push(key);
            public.push(jwk);
        }
        if refresh.is_empty() {
            return Err(KeyError::SecretTooShort);
        }
        let rules = |algorithm| {
            let mut rules = Validation::new(algorithm);
            rules.set_issuer(&[issuer]);
            rules.set_audience(&[AUDIENCE]);
            rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            // Expiry is judged by our own clock, and a deadline equal to now has passed.
            rules.validate_exp = false;
            rules
        };
        Ok(Self {
            issuer: issuer.to_owned(),
            refresh,
            access,
            link,
            public,
            refresh_rules: rules(Algorithm::HS256),
            access_rules: rules(Algorithm::EdDSA),
        })
    }

    /// The public keys: whoever has them can verify access tokens.
    #[must_use]
    pub fn public(&self) -> &[Jwk] {
        &self.public
    }

    /// Signs a pair of tokens for `context`.
    ///
    /// The refresh token's `iat` is the start of its idle window, so that `exp = iat + idle_max`
    /// holds after a passive refresh too, and the same successor can be signed again.
    ///
    /// # Errors
    ///
    /// When the cryptographic library or the source of randomness refuses.
    pub fn sign_pair(&self, context: &TokenContext, now: DateTime<Utc>) -> Result<TokenPair, KeyError> {
        let TokenContext { snapshot, deadlines, .. } = context;
        let idle_expires_at = deadlines.idle_expires_at.timestamp();
        let refresh = RefreshClaims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: context.user_id,
            jti: TokenId { session: context.session_id, generation: context.generation },
            kind: RefreshKind::Refresh,
            iat: idle_expires_at - snapshot.idle_max(),
            exp: idle_expires_at,
            auth_time: Some(snapshot.auth_time().timestamp()),
            idle_max: Some(snapshot.idle_max()),
            abs_max: Some(snapshot.abs_max()),
        };
        let iat = now.timestamp();
        let exp = (iat + ACCESS_SECONDS).min(deadlines.nearer().timestamp());
        let access = AccessClaims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: context.user_id,
            sid: context.session_id,
            client_id: Some(CLIENT_ID.to_owned()),
            account_id: context.account_id,
            role: context.role,
            auth_time: snapshot.auth_time().timestamp(),
            kind: AccessKind::Access,
            iat,
            exp,
            jti: entropy::id(now)?,
        };
        Ok(TokenPair {
            access_token: sign(&self.access, Algorithm::EdDSA, ACCESS_TYP, &access)?,
            refresh_token: sign(&self.refresh, Algorithm::HS256, REFRESH_TYP, &refresh)?,
            expires_in: exp - iat,
        })
    }

    /// The claims of a genuine refresh token, whatever its age.
    ///
    /// # Errors
    ///
    /// When it is not genuine.
    pub fn verify_refresh(&self, token: &str) -> Result<RefreshClaims, InvalidToken> {
        verify(&self.refresh, &self.refresh_rules, REFRESH_TYP, token)
    }

    /// The claims of a genuine access token, whatever its age.
    ///
    /// # Errors
    ///
    /// When it is not genuine.
    pub fn verify_access(&self, token: &str) -> Result<AccessClaims, InvalidToken> {
        verify(&self.access, &self.access_rules, ACCESS_TYP, token)
    }

    /// Signs a link's token. What `claims` says of issuer, audience and end is filled in here.
    ///
    /// # Errors
    ///
    /// When the cryptographic library refuses.
    pub fn sign_link(&self, claims: LinkClaims, now: DateTime<Utc>) -> Result<String, KeyError> {
        let claims = LinkClaims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            exp: (now + claims.purpose.lifetime()).timestamp(),
            ..claims
        };
        sign(&self.link, Algorithm::HS256, LINK_TYP, &claims)
    }

    /// The claims of a genuine link token for `purpose` that has not run out.
    ///
    /// # Errors
    ///
    /// When it is not genuine, for something else, or too old.
    pub fn verify_link(
        &self,
        token: &str,
        purpose: LinkPurpose,
        now: DateTime<Utc>,
    ) -> Result<LinkClaims, InvalidToken> {
        let claims: LinkClaims = verify(&self.link, &self.refresh_rules, LINK_TYP, token)?;
        if claims.purpose == purpose && now.timestamp() < claims.exp { Ok(claims) } else { Err(InvalidToken) }
    }
}

fn expand(secret: &hkdf::Prk, info: &[u8]) -> Result<[u8; 32], KeyError> {
    let mut key = [0; 32];
    secret.expand(&[info], hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key)).map_err(refused)?;
    Ok(key)
}

fn symmetric_key(bytes: &[u8; 32]) -> Key {
    let kid = sha256(&format!(r#"{{"k":"{}","kty":"oct"}}"#, URL_SAFE_NO_PAD.encode(bytes)));
    Key { kid, sign: EncodingKey::from_secret(bytes), verify: DecodingKey::from_secret(bytes) }
}

fn access_key(seed: &[u8; 32]) -> Result<(Key, Jwk), KeyError> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(refused)?;
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let kid = sha256(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    let key = Key {
        kid: kid.clone(),
        sign: EncodingKey::from_ed_der(pair.to_pkcs8v1().map_err(refused)?.as_ref()),
        verify: DecodingKey::from_ed_der(pair.public_key().as_ref()),
    };
    Ok((key, Jwk { kty: "OKP", crv: "Ed25519", alg: "EdDSA", usage: "sig", kid, x }))
}

/// SHA-256 in base64url, without padding. Of a key's members in canonical form it is the key's
/// thumbprint (RFC 7638, RFC 8037 §2); of a secret, what is kept of it.
#[must_use]
pub fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

fn refused(error: impl std::fmt::Display) -> KeyError {
    KeyError::Refused(error.to_string())
}

fn sign(keys: &[Key], algorithm: Algorithm, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
    let key = keys.first().ok_or_else(|| refused("no key"))?;
    let header = Header { typ: Some(typ.to_owned()), kid: Some(key.kid.clone()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, &key.sign).map_err(refused)
}

/// Verifies with the key that the header names, or, where it names none, with each in turn.
/// The header is asked for nothing else but its type: algorithm and keys are ours (RFC 8725 §3.1).
fn verify<T: DeserializeOwned>(
    keys: &[Key],
    rules: &Validation,
    typ: &str,
    token: &str,
) -> Result<T, InvalidToken> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidToken)?;
    if header.typ.as_deref() != Some(typ) {
        return Err(InvalidToken);
    }
    keys.iter()
        .filter(|key| header.kid.as_ref().is_none_or(|kid| *kid == key.kid))
        .find_map(|key| jsonwebtoken::decode(token, &key.verify, rules).ok())
        .map(|token| token.claims)
        .ok_or(InvalidToken)
}
