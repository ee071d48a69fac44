//! A fake OpenID provider on loopback that can return false tokens.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    digest, hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256,
    },
};
use axum::{
    Json, Router,
    extract::{Form, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use curfew::{config::provider, entropy};
use curfew_shared::oauth::ProviderIcon;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const CLIENT: &str = "the client";
pub const CLIENT_SECRET: &str = "the client's secret: +/&";

/// Changes the header and the claims of an ID token.
pub type Lie = Box<dyn Fn(&mut Value, &mut Value) + Send>;

/// Changes the claims of a userinfo response.
pub type ChangeUserinfo = Box<dyn Fn(&mut Value) + Send>;

#[derive(Clone)]
pub struct FakeProvider {
    pub origin: String,
    pub inner: Arc<Mutex<Inner>>,
}

pub struct Inner {
    pub metadata: Value,
    /// The published keys.
    pub keys: Vec<Value>,
    pub signer: Signer,
    /// Changes the header and the claims of the next ID tokens.
    pub lie: Lie,
    /// Changes the userinfo response. If set, only that contains claims about the user, and the ID token has
    /// just the subject.
    pub userinfo: Option<ChangeUserinfo>,
    /// Returns 503 for everything.
    pub is_away: bool,
    /// Returns 503 for the keys.
    pub keys_are_away: bool,
    /// Never responds.
    pub hangs: bool,
    /// The number of requests for the discovery document.
    pub metadata_asked: usize,
    /// The number of requests for the keys.
    pub keys_asked: usize,
    /// Secrets that only the application and the provider may see.
    pub secrets: Vec<String>,
    codes: HashMap<String, Value>,
    /// The claims about a user, by access token.
    people: HashMap<String, Value>,
}

/// A signing key.
pub struct Signer {
    pub kid: String,
    key: Key,
}

enum Key {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(aws_lc_rs::rsa::KeyPair),
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    pub fn ec(kid: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { kid: kid.to_owned(), key: Key::Ec(key) }
    }

    pub fn ed(kid: &str) -> Self {
        Self { kid: kid.to_owned(), key: Key::Ed(Ed25519KeyPair::generate().unwrap()) }
    }

    pub fn rsa(kid: &str) -> Self {
        let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        Self { kid: kid.to_owned(), key: Key::Rsa(key) }
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> Value {
        let kid = &self.kid;
        match &self.key {
            Key::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (b64(&point[1..33]), b64(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": x, "y": y})
            }
            Key::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(pair.public_key())})
            }
            Key::Rsa(pair) => {
                // DER: SEQUENCE { INTEGER n, INTEGER e }, with a modulus of 2048 bits.
                let n = &pair.public_key().as_ref()[9..265];
                json!({"kty": "RSA", "kid": kid, "use": "sig", "n": b64(n), "e": "AQAB"})
            }
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Ec(_) => "ES256",
            Key::Ed(_) => "EdDSA",
            Key::Rsa(_) => "RS256",
        }
    }

    /// Signs with the algorithm in the header, if this key can.
    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match (header["alg"].as_str().unwrap(), &self.key) {
            ("none", _) => Vec::new(),
            ("HS256", _) => {
                // Uses the public key as an HMAC key.
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.jwk().to_string().as_bytes());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            (_, Key::Ec(pair)) => pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            (_, Key::Ed(pair)) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            (algorithm, Key::Rsa(pair)) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{message}.{}", b64(signature))
    }
}

impl FakeProvider {
    pub async fn start() -> Self {
        Self::below("").await
    }

    /// A provider whose issuer has a path.
    pub async fn below(path: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let signer = Signer::ec("first");
        let metadata = json!({
            "issuer": format!("{origin}{path}"),
            "authorization_endpoint": format!("{origin}/authorize"),
            "token_endpoint": format!("{origin}/token"),
            "jwks_uri": format!("{origin}/keys"),
            "userinfo_endpoint": format!("{origin}/userinfo"),
        });
        let inner = Inner {
            metadata,
            keys: vec![json!({"kty": "of the future", "kid": "x"}), signer.jwk()],
            signer,
            lie: Box::new(|_, _| {}),
            userinfo: None,
            is_away: false,
            keys_are_away: false,
            hangs: false,
            metadata_asked: 0,
            keys_asked: 0,
            secrets: Vec::new(),
            codes: HashMap::new(),
            people: HashMap::new(),
        };
        let provider = Self { origin, inner: Arc::new(Mutex::new(inner)) };
        let router = Router::new()
            .route(&format!("{path}/.well-known/openid-configuration"), get(metadata_endpoint))
            .route("/keys", get(keys_endpoint))
            .route("/token", post(token_endpoint))
            .route("/userinfo", get(userinfo_endpoint))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// The settings of an application that knows it by this name.
    pub fn settings(&self, name: &str, path: &str) -> provider::Provider {
        provider::Provider {
            name: name.to_owned(),
            display_name: "Example".to_owned(),
            icon: if name == "microsoft" { ProviderIcon::Microsoft } else { ProviderIcon::Key },
            issuer: format!("{}{path}", self.origin),
            client_id: CLIENT.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            trusts_addresses: true,
            trusted_audiences: Vec::new(),
            discovery_url: None,
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            response_mode: provider::ResponseMode::Query,
            token_endpoint_auth_method: None,
        }
    }

    pub fn lie(&self, lie: impl Fn(&mut Value, &mut Value) + Send + 'static) {
        self.inner.lock().unwrap().lie = Box::new(lie);
    }

    /// Signs a user in and returns the code for the browser.
    pub fn code(&self, request: &HashMap<String, String>, person: &Value, now: DateTime<Utc>) -> String {
        assert_eq!(request["client_id"], CLIENT);
        assert_eq!(request["response_type"], "code");
        assert_eq!(request["code_challenge_method"], "S256");
        assert!(request["scope"].starts_with("openid email"), "{}", request["scope"]);
        let code = b64(entropy::bytes::<16>().unwrap());
        let mut inner = self.inner.lock().unwrap();
        let mut claims = json!({
            "iss": inner.metadata["issuer"],
            "aud": CLIENT,
            "iat": now.timestamp(),
            "exp": now.timestamp() + 300,
            "nonce": request["nonce"],
            "auth_time": now.timestamp(),
        });
        for (name, value) in person.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let grant = json!({
            "claims": claims,
            "challenge": request["code_challenge"],
            "redirect_uri": request["redirect_uri"],
        });
        inner.codes.insert(code.clone(), grant);
        code
    }
}

/// Responds as configured: never, with 503, or with `answer`.
async fn answer(provider: &FakeProvider, answer: impl FnOnce(&mut Inner) -> Response) -> Response {
    if provider.inner.lock().unwrap().hangs {
        return std::future::pending().await;
    }
    let mut inner = provider.inner.lock().unwrap();
    if inner.is_away { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { answer(&mut inner) }
}

async fn metadata_endpoint(State(provider): State<FakeProvider>) -> Response {
    provider.inner.lock().unwrap().metadata_asked += 1;
    answer(&provider, |inner| Json(inner.metadata.clone()).into_response()).await
}

async fn keys_endpoint(State(provider): State<FakeProvider>) -> Response {
    provider.inner.lock().unwrap().keys_asked += 1;
    let keys = |inner: &mut Inner| {
        if inner.keys_are_away {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        Json(json!({"keys": inner.keys})).into_response()
    };
    answer(&provider, keys).await
}

async fn token_endpoint(
    State(provider): State<FakeProvider>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    answer(&provider, |inner| redeem(inner, &headers, &form)).await
}

fn redeem(inner: &mut Inner, headers: &HeaderMap, form: &HashMap<String, String>) -> Response {
    let refuse = |error: &str| {
        let description = format!("AADSTS70000: no such {CLIENT_SECRET}");
        let body = json!({"error": error, "error_description": description});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    inner.secrets.extend([form["code"].clone(), form["code_verifier"].clone()]);
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = STANDARD.encode(format!("{}:{}", encode(CLIENT), encode(CLIENT_SECRET)));
    let by_header = headers.get("authorization").is_some_and(|value| *value == format!("Basic {basic}"));
    let by_body = form.get("client_secret").is_some_and(|secret| secret == CLIENT_SECRET);
    let wanted = inner.metadata["token_endpoint_auth_methods_supported"][0].as_str();
    if wanted.unwrap_or("client_secret_basic") == "client_secret_basic" && !by_header
        || wanted == Some("client_secret_post") && !by_body
    {
        return refuse("invalid_client");
    }
    let Some(mut grant) = inner.codes.remove(&form["code"]) else { return refuse("invalid_grant") };
    let challenge = b64(digest::digest(&digest::SHA256, form["code_verifier"].as_bytes()));
    if grant["challenge"] != challenge || grant["redirect_uri"] != form["redirect_uri"] {
        return refuse("invalid_grant");
    }
    let mut header = json!({"alg": inner.signer.algorithm(), "kid": inner.signer.kid});
    let mut claims = grant["claims"].take();
    let access_token = b64(entropy::bytes::<16>().unwrap());
    if inner.userinfo.is_some() {
        let mut person = json!({"sub": claims["sub"]});
        for claim in ["email", "email_verified", "name"] {
            if let Some(value) = claims.as_object_mut().unwrap().remove(claim) {
                person[claim] = value;
            }
        }
        inner.secrets.push(access_token.clone());
        inner.people.insert(access_token.clone(), person);
    }
    (inner.lie)(&mut header, &mut claims);
    let id_token = inner.signer.sign(&header, &claims);
    inner.secrets.push(id_token.clone());
    let body = json!({"access_token": access_token, "token_type": "Bearer", "id_token": id_token});
    Json(body).into_response()
}

async fn userinfo_endpoint(State(provider): State<FakeProvider>, headers: HeaderMap) -> Response {
    answer(&provider, |inner| {
        let token =
            headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let Some(mut person) = token.and_then(|token| inner.people.remove(token)) else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        if let Some(change) = &inner.userinfo {
            change(&mut person);
        }
        match person {
            // Signed, as some providers do on request.
            Value::String(jwt) => ([("content-type", "application/jwt")], jwt).into_response(),
            person => Json(person).into_response(),
        }
    })
    .await
}
