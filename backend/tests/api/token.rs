//! Forged tokens (RFC 8725), and the rotation of the secret.

use aws_lc_rs::{
    digest, hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::test_app::{
    ME, SECRET, TestApp, claims, forge, forge_access, forge_with, refresh_key, signing_input, token_part,
};

/// The object with one field changed.
fn with(object: &Value, key: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[key] = value;
    object
}

#[tokio::test]
async fn forged_refresh_tokens_are_refused() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let (header, good) = (token_part(&tokens.refresh, 0), claims(&tokens.refresh));
    let unsigned = signing_input(&with(&header, "alg", json!("none")), &good);
    let forged = [
        ("alg none", format!("{unsigned}.")),
        (
            "alg none, with the signature",
            format!("{unsigned}.{}", tokens.refresh.rsplit('.').next().unwrap()),
        ),
        ("another HMAC", forge(&with(&header, "alg", json!("HS512")), &good)),
        ("the access token's type", forge(&with(&header, "typ", json!("at+jwt")), &good)),
        ("the usual type", forge(&with(&header, "typ", json!("JWT")), &good)),
        ("no type", forge(&json!({"alg": "HS256"}), &good)),
        ("an unknown key", forge(&with(&header, "kid", json!("../../dev/null")), &good)),
        ("another's secret", forge_with("a secret of somebody else, long enough", &header, &good)),
        ("another's issuer", forge(&header, &with(&good, "iss", json!("https://evil.example")))),
        ("another's audience", forge(&header, &with(&good, "aud", json!("elsewhere")))),
        ("no audience", forge(&header, &with(&good, "aud", Value::Null))),
        ("the access token's kind", forge(&header, &with(&good, "type", json!("access")))),
        ("another user", forge(&header, &with(&good, "sub", json!("0198d5ad-9dd1-7000-8000-000000000001")))),
        (
            "a generation to come",
            forge(&header, &with(&good, "jti", json!(format!("{}1", good["jti"].as_str().unwrap())))),
        ),
        (
            "no such session",
            forge(&header, &with(&good, "jti", json!("0198d5ad-9dd1-7000-8000-000000000001.0"))),
        ),
        ("an expiry beyond all calendars", forge(&header, &with(&good, "exp", json!(i64::MAX)))),
    ];
    for (what, token) in forged {
        let response = app.refresh(&token).await;
        assert_eq!(response.body["detail"], "invalid_refresh_token", "{what}");
    }
    // Checks the forging itself: the same parts, unchanged, are accepted.
    assert_eq!(app.refresh(&forge(&header, &good)).await.status, 200);
}

#[tokio::test]
async fn forged_access_tokens_are_refused() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let (header, good) = (token_part(&tokens.access, 0), claims(&tokens.access));
    let jwks = app.get("/.well-known/jwks.json").send().await.body;
    let public = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    // Algorithm confusion: the public key as an HMAC key.
    let mut confused = header.clone();
    confused["alg"] = json!("HS256");
    let message = signing_input(&confused, &good);
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), message.as_bytes());
    let confused = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac));
    // The forger's own key in the header.
    let own = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let mut with_key = header.clone();
    let x = URL_SAFE_NO_PAD.encode(own.public_key());
    with_key["jwk"] = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let message = signing_input(&with_key, &good);
    let with_key = format!("{message}.{}", URL_SAFE_NO_PAD.encode(own.sign(message.as_bytes())));
    // An access token signed with the refresh key.
    let mut dressed = good.clone();
    dressed["exp"] = json!(app.now().timestamp() + 86_400);
    let dressed = forge(&header, &dressed);
    for token in [confused, with_key, dressed, tokens.refresh.clone()] {
        app.get(ME).bearer(&token).send().await.assert_problem("invalid_access_token");
    }
}

#[tokio::test]
async fn correctly_signed_access_tokens_with_wrong_claims_are_refused() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let (header, good) = (token_part(&tokens.access, 0), claims(&tokens.access));
    let sign = |header: &Value, claims: &Value| forge_access(SECRET, header, claims);
    let signature = tokens.access.rsplit('.').next().unwrap();
    let unsigned = signing_input(&with(&header, "alg", json!("none")), &good);
    let forged = [
        ("alg none", format!("{unsigned}.")),
        ("alg none, with the signature", format!("{unsigned}.{signature}")),
        ("the refresh token's type", sign(&with(&header, "typ", json!("rt+jwt")), &good)),
        ("the usual type", sign(&with(&header, "typ", json!("JWT")), &good)),
        ("no type", sign(&json!({"alg": "EdDSA"}), &good)),
        ("an unknown key", sign(&with(&header, "kid", json!("../../dev/null")), &good)),
        ("another's secret", forge_access("a secret of somebody else, long enough", &header, &good)),
        ("another's issuer", sign(&header, &with(&good, "iss", json!("https://evil.example")))),
        ("no issuer", sign(&header, &with(&good, "iss", Value::Null))),
        ("another's audience", sign(&header, &with(&good, "aud", json!("elsewhere")))),
        ("no audience", sign(&header, &with(&good, "aud", Value::Null))),
        ("the refresh token's kind", sign(&header, &with(&good, "type", json!("refresh")))),
        ("no kind", sign(&header, &with(&good, "type", Value::Null))),
    ];
    for (what, token) in forged {
        let response = app.get(ME).bearer(&token).send().await;
        assert_eq!(response.body["detail"], "invalid_access_token", "{what}");
    }
    // The forger's tool is right: the same parts, unchanged, pass.
    assert_eq!(app.get(ME).bearer(&sign(&header, &good)).send().await.status, 200);
}

#[tokio::test]
async fn any_service_can_verify_an_access_token_with_the_published_keys() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let token = app.sign_in(&owner).await.access;
    let response = app.get("/.well-known/jwks.json").send().await;
    assert_eq!(response.header("cache-control"), "public, max-age=300");
    let key = &response.body["keys"][0];
    assert_eq!(key["kid"], token_part(&token, 0)["kid"]);
    assert!(!response.text.contains("\"d\""), "no private half");
    let key = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.validate_exp = false;
    rules.set_issuer(&["https://curfew.example"]);
    rules.set_audience(&["curfew"]);
    let verified = jsonwebtoken::decode::<Value>(&token, &key, &rules).unwrap();
    assert_eq!(verified.claims["account_id"], json!(owner.account));
}

#[tokio::test]
async fn an_access_token_names_its_client_and_older_ones_still_work() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let token = app.sign_in(&owner).await.access;
    let (header, mut old) = (token_part(&token, 0), claims(&token));
    // The claims that RFC 9068 §2.2 requires.
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        assert!(!old[claim].is_null(), "{claim}");
    }
    assert_eq!(old["client_id"], "curfew");
    old.as_object_mut().unwrap().remove("client_id");
    assert_eq!(app.get(ME).bearer(&forge_access(SECRET, &header, &old)).send().await.status, 200);
}

#[tokio::test]
async fn rotating_the_secret_signs_nobody_out() {
    let new = "a newer secret of the tests, long enough";
    let old = TestApp::new().await;
    let owner = old.owner("ada@example.com").await;
    let tokens = old.sign_in(&owner).await;
    let new = old.replica_with(|config| {
        config.secret.secret_previous = vec![SECRET.to_owned()];
        config.secret.secret = Some(new.to_owned());
    });

    assert_eq!(new.get(ME).bearer(&tokens.access).send().await.status, 200);
    let next = new.refresh(&tokens.refresh).await.tokens();
    assert_ne!(
        token_part(&next.refresh, 0)["kid"],
        token_part(&tokens.refresh, 0)["kid"],
        "signed by the new one"
    );
    let jwks = new.get("/.well-known/jwks.json").send().await.body;
    let kids: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    assert_eq!(kids, [&token_part(&next.access, 0)["kid"], &token_part(&tokens.access, 0)["kid"]]);
    assert_eq!(new.refresh(&next.refresh).await.status, 200);
}

#[tokio::test]
async fn rotating_the_secret_replica_by_replica_signs_nobody_out() {
    let new = "a newer secret of the tests, long enough";
    let before = TestApp::new().await;
    let owner = before.owner("ada@example.com").await;
    let mut tokens = before.sign_in(&owner).await;
    // As documented: first every replica learns the new secret, then all sign with it, then all forget the
    // old one.
    let known = before.replica_with(|config| config.secret.secret_previous = vec![new.to_owned()]);
    let swapped = before.replica_with(|config| {
        config.secret.secret = Some(new.to_owned());
        config.secret.secret_previous = vec![SECRET.to_owned()];
    });
    let done = before.replica_with(|config| config.secret.secret = Some(new.to_owned()));
    for step in [[&before, &known], [&known, &swapped], [&swapped, &done]] {
        // A load balancer may send any request to either replica.
        for replica in [step[0], step[1], step[0], step[1], step[1]] {
            tokens = replica.refresh(&tokens.refresh).await.tokens();
            for replica in step {
                assert_eq!(replica.get(ME).bearer(&tokens.access).send().await.status, 200);
            }
        }
    }
}

/// RFC 5869 by hand: extract with an empty salt, expand with the label, one block.
fn derived_by_hand(label: &str) -> hmac::Tag {
    let extract = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]), SECRET.as_bytes());
    let expand = hmac::Key::new(hmac::HMAC_SHA256, extract.as_ref());
    hmac::sign(&expand, format!("{label}\x01").as_bytes())
}

#[tokio::test]
async fn the_refresh_key_is_derived_as_documented() {
    assert_eq!(derived_by_hand("curfew/refresh/v1").as_ref(), refresh_key(SECRET));
}

#[tokio::test]
async fn the_published_key_is_derived_as_documented() {
    let app = TestApp::new().await;
    let jwks = app.get("/.well-known/jwks.json").send().await.body;
    let pair = Ed25519KeyPair::from_seed_unchecked(derived_by_hand("curfew/access/v1").as_ref()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let thumbprint =
        digest::digest(&digest::SHA256, format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes());
    assert_eq!(
        jwks,
        json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": URL_SAFE_NO_PAD.encode(thumbprint), "x": x,
        }]})
    );
}
