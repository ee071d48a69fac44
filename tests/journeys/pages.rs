//! HTTP statuses, headers, static files, and screens without console messages.

use e2e::{ApiClient, Browser, Response, Result, Server, Settings, TestResult, run, send};
use reqwest::Method;
use serde_json::{Value, json};

const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The error codes, each with its status.
const WORDS: [(&str, u16); 18] = [
    ("session_expired_idle", 401),
    ("session_expired_absolute", 401),
    ("invalid_refresh_token", 401),
    ("invalid_access_token", 401),
    ("access_token_expired", 401),
    ("session_revoked", 401),
    ("invalid_credentials", 401),
    ("reauthentication_required", 403),
    ("owner_required", 403),
    ("forbidden", 403),
    ("email_not_verified", 403),
    ("not_found", 404),
    ("method_not_allowed", 405),
    ("conflict", 409),
    ("payload_too_large", 413),
    ("validation_failed", 422),
    ("too_many_requests", 429),
    ("unavailable", 503),
];

/// The static files of the page.
async fn assets(api: &ApiClient) -> Result<Vec<String>> {
    let index = api.get("/").await?.text();
    let mut found: Vec<_> = index
        .split(['"', '\'', '=', '>', ' '])
        .filter(|word| {
            word.starts_with('/') && [".js", ".css", ".wasm"].iter().any(|end| word.ends_with(end))
        })
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    Ok(found)
}

#[tokio::test]
async fn every_screen_opens_by_its_url() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let api = server.direct_api()?;
        let index = api.get("/").await?.text();
        let invitation = "/invite/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        for path in ["/", "/login", "/account", "/account/security", "/account/audit", invitation] {
            let page = api.get(path).await?;
            assert_eq!(
                (page.status, page.header("content-type")),
                (200, "text/html; charset=utf-8"),
                "{path}"
            );
            assert_eq!(page.text(), index, "{path}");
        }
        // The user comes back to the screen after signing in.
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        for (path, next, title) in [
            ("/account/security", "/login?next=%2Faccount%2Fsecurity", "Session security"),
            ("/account/audit", "/login?next=%2Faccount%2Faudit", "Audit trail"),
        ] {
            browser.open(path).await?;
            browser.is_at(next).await?;
            browser.submit(&ada.email, &ada.password).await?;
            browser.is_at(path).await?;
            browser.sees("h1", title).await?;
            browser.click("#sign-out").await?;
            browser.sees("#sign-in", "Sign in").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_unknown_path_is_not_found() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let api = server.direct_api()?;

        let page = api.get("/nowhere").await?;
        assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
        assert_eq!(page.text(), api.get("/").await?.text(), "the page itself says so");
        for path in ["/account/nope", "/account/security/nope", "/accounts", "/Account/Security"] {
            assert_eq!(api.get(path).await?.status, 404, "{path}");
        }
        for path in [
            "/nope.js",
            "/nope/nope.css",
            "/index.html.br",
            "/api",
            "/api/v1/nope",
            "/api/v1/auth/nope",
            "/..%2fsecret.txt",
        ] {
            assert_eq!(api.get(path).await?.status_and_code(), (404, "not_found".to_owned()), "{path}");
        }
        for path in ["/nowhere", "/login", "/api/v1/nope"] {
            let posted = api.post(path, &json!({})).await?;
            assert_eq!(posted.status_and_code(), (404, "not_found".to_owned()), "POST {path}");
        }
        assert_eq!(api.get("/problems/nope").await?.status_and_code(), (404, "not_found".to_owned()));

        let browser = context.browser(server.url()).await?;
        browser.open("/nowhere/at/all").await?;
        browser.sees("h1", "There is nothing here").await?;
        browser.click("main a").await?;
        browser.is_at("/login?next=%2F").await?;
        Ok(())
    })
    .await
}

/// ASVS V3.4.
#[tokio::test]
async fn every_response_has_its_security_headers() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let api = server.direct_api()?;
        let mut answers: Vec<(String, Response)> = Vec::new();
        for path in [
            "/",
            "/login",
            "/nowhere",
            "/nope.js",
            "/api/v1/nope",
            "/api/v1/auth/me",
            "/health/live",
            "/metrics",
        ]
        .into_iter()
        .chain([
            "/openapi.json",
            "/docs/",
            "/problems/not_found",
            "/.well-known/jwks.json",
            "/api/v1/auth/login",
        ]) {
            answers.push((path.to_owned(), api.get(path).await?));
        }
        for asset in assets(&api).await? {
            answers.push((asset.clone(), api.get(&asset).await?));
        }
        let refused = api.post("/api/v1/auth/login/json", &json!({"email": 1})).await?;
        assert_eq!(refused.status, 422);
        answers.push(("a refused sign-in".to_owned(), refused));
        let metrics = server.metrics()?.get("/metrics").await?;
        assert_eq!(metrics.header("content-security-policy"), API_POLICY);
        assert_eq!(metrics.header("x-content-type-options"), "nosniff");

        for (what, answer) in &answers {
            for (header, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("x-frame-options", "DENY"),
            ] {
                assert_eq!(answer.header(header), value, "{header} of {what}");
            }
            let age = answer.header("strict-transport-security").strip_prefix("max-age=");
            let age: u64 = age.and_then(|age| age.split(';').next()?.parse().ok()).unwrap_or_default();
            assert!(age >= 31_536_000, "{what}: a year of HSTS at least (ASVS V3.4.1), not {age} s");
            assert!(
                answer.header("access-control-allow-origin").is_empty(),
                "{what}: no CORS unless configured"
            );
            assert!(answer.header("server").is_empty(), "{what} does not tell what answers");
            assert!(!answer.header("x-request-id").is_empty(), "{what} can be found in the log");

            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("frame-ancestors 'none'") && policy.starts_with("default-src 'none'"),
                "{what}: {policy}"
            );
            assert!(!policy.contains("unsafe-inline") || what == "/docs/", "{what}: {policy}");
        }
        for (what, answer) in &answers {
            let policy = answer.header("content-security-policy");
            match what.as_str() {
                // Metrics have their own listener.
                "/" | "/login" | "/nowhere" | "/metrics" => assert_eq!(policy, page_policy(policy), "{what}"),
                "/docs/" | "/problems/not_found" => {}
                _ => assert_eq!(policy, API_POLICY, "{what}"),
            }
        }
        let api_answers =
            answers.iter().filter(|(what, _)| what.starts_with("/api") || what == "a refused sign-in");
        for (what, answer) in api_answers {
            assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        }
        Ok(())
    })
    .await
}

/// The page's Content-Security-Policy, with the one hash that `policy` contains.
fn page_policy(policy: &str) -> String {
    let hash =
        policy.split_whitespace().find(|word| word.starts_with("'sha256-") || word.starts_with("'nonce-"));
    let hash = hash.unwrap_or("'a hash of the loader'").trim_end_matches(';');
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {hash}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         object-src 'none'; frame-ancestors 'none'"
    )
}

#[tokio::test]
async fn files_are_compressed_and_cached_for_ever_and_the_page_never() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let api = server.direct_api()?;
        let assets = assets(&api).await?;
        for kind in [".js", ".css", ".wasm"] {
            assert!(
                assets.iter().any(|asset| asset.ends_with(kind)),
                "a file of kind {kind} among {assets:?}"
            );
        }
        let mut in_all = 0;
        for path in ["/".to_owned(), "/login".to_owned()].iter().chain(&assets) {
            let get =
                |encoding: &str| send(api.request(Method::GET, path).header("accept-encoding", encoding));
            let (plain, brotli, gzip) =
                (get("identity").await?, get("gzip, deflate, br, zstd").await?, get("gzip").await?);
            assert_eq!(plain.header("content-encoding"), "", "{path}");
            assert_eq!(brotli.header("content-encoding"), "br", "{path}");
            assert_eq!(gzip.header("content-encoding"), "gzip", "{path}");
            assert!(brotli.body.len() < gzip.body.len() && gzip.body.len() < plain.body.len(), "{path}");
            if path != "/login" {
                in_all += brotli.body.len();
            }
            for answer in [&plain, &brotli, &gzip] {
                assert_eq!(answer.header("vary"), "accept-encoding", "{path}");
                let is_kept = answer.header("cache-control") == "public, max-age=31536000, immutable";
                assert_eq!(is_kept, assets.contains(path), "{path}: {}", answer.header("cache-control"));
            }
            if !assets.contains(path) {
                assert_eq!(plain.header("cache-control"), "no-store", "{path}");
                continue;
            }
            let etag = plain.header("etag");
            let again = send(api.request(Method::GET, path).header("if-none-match", etag)).await?;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
            let kind = match path.rsplit('.').next() {
                Some("js") => "text/javascript",
                Some("css") => "text/css",
                _ => "application/wasm",
            };
            assert!(
                plain.header("content-type").starts_with(kind),
                "{path}: {}",
                plain.header("content-type")
            );
        }
        assert!(in_all < 400_000, "the whole page is {in_all} bytes of brotli");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn no_screen_logs_to_the_console() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        let heard = Heard { browser: &browser, server: &server };

        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        heard.nothing("sign-in", &[]).await?;

        browser.open("/").await?;
        browser.is_at("/login?next=%2F").await?;
        browser.sees("#sign-in", "Sign in").await?;
        // A browser with a session marker asks for a session; Chromium logs the refusal.
        heard.nothing("home without a session", &["/api/v1/auth/refresh"]).await?;

        browser.open("/login?reason=session_expired").await?;
        browser.sees("#banner", "expired").await?;
        heard.nothing("the banner", &[]).await?;

        browser.submit(&ada.email, "not the password").await?;
        browser.sees("#sign-in-alert", "not right").await?;
        heard.nothing("a wrong password", &["/api/v1/auth/login/json"]).await?;

        browser.sign_in(&ada).await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed").await?;
        browser.reload().await?;
        browser.is_signed_in(&ada).await?;
        heard.nothing("home", &[]).await?;

        for (path, css, words) in [
            ("/account", ".row-link", "Session security"),
            ("/account/security", "#active-users-summary", "Only you"),
            ("/account/audit", "#audit-summary", "shown"),
        ] {
            browser.open(path).await?;
            browser.sees(css, words).await?;
            heard.nothing(path, &[]).await?;
        }

        browser.open("/nowhere").await?;
        browser.sees("h1", "There is nothing here").await?;
        heard.nothing("not found", &["/nowhere"]).await?;

        for (word, _) in WORDS {
            browser.open(&format!("/problems/{word}")).await?;
            browser.sees("code", word).await?;
            heard.nothing(word, &[]).await?;
        }

        browser.open("/docs/").await?;
        browser.sees(".swagger-ui", "/api/v1/auth/refresh").await?;
        browser.sees(".swagger-ui .info .title", "Curfew").await?;
        heard.nothing("the API's description", &[]).await?;

        browser.open("/").await?;
        browser.is_signed_in(&ada).await?;
        browser.click("#sign-out").await?;
        browser.sees("#sign-in", "Sign in").await?;
        heard.nothing("signing out", &[]).await?;
        Ok(())
    })
    .await
}

/// The console of a browser.
struct Heard<'a> {
    browser: &'a Browser,
    server: &'a Server,
}

impl Heard<'_> {
    /// Checks that the console has no messages, except for the browser's own about refused requests to these
    /// paths, and about a missing icon, which may come late.
    async fn nothing(&self, screen: &str, refused: &[&str]) -> Result<()> {
        let is_note = |message: &str| {
            message.contains("Failed to load resource")
                && refused
                    .iter()
                    .chain(&["/favicon.ico"])
                    .any(|path| message.starts_with(&format!("{}{path} ", self.server.url())))
        };
        let console = self.browser.console().await?;
        let complaints =
            console.into_iter().filter(|entry| ["SEVERE", "WARNING"].contains(&entry.level.as_str()));
        let heard: Vec<_> =
            complaints.map(|entry| entry.message).filter(|message| !is_note(message)).collect();
        assert_eq!(heard, Vec::<String>::new(), "on the console of: {screen}");
        Ok(())
    }
}

#[tokio::test]
async fn the_api_serves_its_description_and_explains_its_errors() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let api = server.direct_api()?;

        let answer = api.get("/openapi.json").await?;
        assert_eq!(answer.header("content-type"), "application/json");
        let description = answer.json();
        assert!(
            description["openapi"].as_str().is_some_and(|version| version.starts_with("3.")),
            "{description}"
        );
        for (method, path) in [
            ("post", "/api/v1/auth/login"),
            ("post", "/api/v1/auth/login/json"),
            ("post", "/api/v1/auth/refresh"),
            ("post", "/api/v1/auth/logout"),
            ("get", "/api/v1/auth/me"),
            ("get", "/api/v1/accounts/me/security"),
            ("patch", "/api/v1/accounts/me/security"),
            ("post", "/api/v1/accounts/me/security/revoke-sessions"),
            ("get", "/api/v1/accounts/me/audit-events"),
            ("get", "/health/live"),
            ("get", "/health/ready"),
            ("get", "/.well-known/jwks.json"),
        ] {
            assert!(description["paths"][path][method].is_object(), "{method} {path}");
        }
        let printed: Value = serde_json::from_str(&server.run(&["openapi"], "").await?)?;
        assert_eq!(printed, description, "`curfew openapi` prints the same");

        let mut known = Vec::new();
        for (word, status) in WORDS {
            let page = api.get(&format!("/problems/{word}")).await?;
            assert_eq!(
                (page.status, page.header("content-type")),
                (200, "text/html; charset=utf-8"),
                "{word}"
            );
            assert!(page.text().contains(&format!("HTTP status {status}")), "{word}");
            known.push(word);
        }
        let listed = &description["components"]["schemas"]["ErrorCode"]["enum"];
        let listed: Vec<_> = listed.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(known.iter().all(|word| listed.contains(word)), "{listed:?}");

        let keys = api.get("/.well-known/jwks.json").await?.json();
        let key = &keys["keys"][0];
        assert_eq!(
            (&key["kty"], &key["crv"], &key["alg"]),
            (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
        );
        assert!(key["d"].is_null(), "only what is public");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn bad_input_gets_a_problem_with_the_right_status() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let api = server.direct_api()?;
        let json_to = |path: &str, body: &str| {
            api.request(Method::POST, path).header("content-type", "application/json").body(body.to_owned())
        };
        let (login, refresh) = ("/api/v1/auth/login/json", "/api/v1/auth/refresh");
        let unknown = r#"{"email": "a@b.example", "password": "x", "admin": true}"#;
        let megabyte = format!(r#"{{"email": "a@b.example", "password": "{}"}}"#, "x".repeat(1 << 20));
        let cases = [
            ("an unknown field", json_to(login, unknown), 422, "validation_failed"),
            ("a missing field", json_to(login, r#"{"email": "a@b.example"}"#), 422, "validation_failed"),
            ("a wrong type", json_to(login, r#"{"email": 1, "password": "x"}"#), 422, "validation_failed"),
            ("no JSON", json_to(login, "{"), 422, "validation_failed"),
            ("no body", json_to(login, ""), 422, "validation_failed"),
            ("bytes that are no text", json_to(login, "\"\u{0}\""), 422, "validation_failed"),
            ("a megabyte", json_to(login, &megabyte), 413, "payload_too_large"),
            (
                "text",
                api.request(Method::POST, login).header("content-type", "text/plain").body("{}"),
                415,
                "unsupported_media_type",
            ),
            ("no content type", api.request(Method::POST, login).body("{}"), 415, "unsupported_media_type"),
            ("a wrong method", api.request(Method::PUT, login), 405, "method_not_allowed"),
            (
                "an unknown method",
                api.request(Method::from_bytes(b"BREW").unwrap(), login),
                405,
                "method_not_allowed",
            ),
            ("no token", json_to(refresh, "{}"), 401, "invalid_refresh_token"),
            ("an empty token", json_to(refresh, r#"{"refresh_token": ""}"#), 401, "invalid_refresh_token"),
            (
                "a token in the address",
                api.request(Method::GET, "/api/v1/auth/me?access_token=x"),
                401,
                "invalid_access_token",
            ),
            ("no access token", api.request(Method::GET, "/api/v1/auth/me"), 401, "invalid_access_token"),
            (
                "a bad idempotency key",
                json_to(refresh, r#"{"refresh_token": "x"}"#).header("idempotency-key", "x"),
                422,
                "validation_failed",
            ),
        ];
        for (what, request, status, word) in cases {
            let answer = send(request).await.map_err(|error| error.during(what))?;
            assert_eq!(answer.status_and_code(), (status, word.to_owned()), "{what}: {}", answer.text());
            let body = answer.json();
            assert_eq!(body["type"], format!("/problems/{word}"), "{what}");
            assert_eq!(body["errors"].is_array(), status == 422, "{what}: {body}");
            assert_eq!(answer.header("www-authenticate").is_empty(), status != 401, "{what}");
        }
        assert_eq!(api.get("/health/ready").await?.status, 200, "and the server goes on");
        Ok(())
    })
    .await
}
