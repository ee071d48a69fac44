//! A user signs in and stays signed in, and no script can read a secret.

use e2e::{Settings, TestResult, run};
use serde_json::{Value, json};
use thirtyfour::SameSite;

#[tokio::test]
async fn a_wrong_password_is_refused_and_the_right_one_signs_in_across_a_reload() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;

        browser.open("/").await?;
        browser.is_at("/login?next=%2F").await?;
        browser.submit(&ada.email, "not the password").await?;
        browser.sees("#sign-in-alert", "The e-mail address or the password is not right.").await?;
        browser.has_value("#email", &ada.email).await?;
        browser.is_at("/login?next=%2F").await?;

        browser.fill("#password", &ada.password).await?;
        browser.click("#sign-in").await?;
        browser.is_signed_in(&ada).await?;
        browser.is_at("/").await?;
        browser.sees("#you", &ada.email).await?;
        let sessions = server.sessions(&ada).await?;
        assert_eq!(sessions.len(), 1);

        browser.reload().await?;
        browser.is_signed_in(&ada).await?;
        browser.is_at("/").await?;
        assert_eq!(server.sessions(&ada).await?, sessions, "a reload goes on with the same session");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_look_the_same() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        let mut said = Vec::new();
        for email in [ada.email.as_str(), "nobody@journey.example"] {
            browser.open("/login").await?;
            browser.submit(email, "not the password").await?;
            browser.sees("#sign-in-alert", "The e-mail address or the password is not right.").await?;
            said.push(browser.text("#sign-in-alert").await?);
        }
        assert_eq!(said[0], said[1]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn missing_fields_are_marked_and_no_request_is_sent() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let browser = context.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.click("#sign-in").await?;
        browser.sees("#email-error", "e-mail").await?;
        browser.sees("#password-error", "password").await?;
        browser.until("the focus on the first fault", "return document.activeElement.id === 'email'").await?;
        let metrics = server.metrics()?.get("/metrics").await?.text();
        assert!(!metrics.contains("curfew_sign_ins_total{"), "nothing was asked: {metrics}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn signing_in_leads_to_the_requested_page_but_never_to_another_site() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;

        browser.open("/?tab=sessions&page=2").await?;
        browser.is_at("/login?next=%2F%3Ftab%3Dsessions%26page%3D2").await?;
        browser.sign_in(&ada).await?;
        browser.is_at("/?tab=sessions&page=2").await?;

        let evil = ["//evil.example", "https://evil.example"];
        let odd = [
            "https:evil.example",
            "/\\evil.example",
            "/%09/evil.example",
            "javascript:document.title='evil'",
            "/login?next=//evil.example",
            "/.//evil.example",
            "/nowhere",
        ];
        let login = |next: &str| {
            format!("/login?next={}", next.replace('?', "%3F").replace('/', "%2F").replace('\\', "%5C"))
        };
        // A signed-in user is redirected at once,
        for next in evil.iter().chain(&odd) {
            browser.open(&login(next)).await?;
            browser.is_at("/").await?;
            browser.is_signed_in(&ada).await?;
        }
        // and others after they sign in.
        for next in evil {
            browser.click("#sign-out").await?;
            browser.sees("#sign-in", "Sign in").await?;
            browser.open(&login(next)).await?;
            browser.sign_in(&ada).await?;
            browser.is_at("/").await?;
        }
        Ok(())
    })
    .await
}

/// NIST SP 800-63B-4 §5.1, ASVS V3.3.1–V3.3.4.
#[tokio::test]
async fn no_script_can_read_a_secret_of_the_session() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        // The scan finds a planted secret in each place.
        for place in PLACES {
            browser.run(&place.replace("SECRET", &format!("'{A_TOKEN}'")), vec![]).await?;
            let found = browser.run_async(SCAN, vec![]).await?;
            assert_eq!(found.as_array().map(Vec::len), Some(1), "hidden by {place}: {found}");
            browser.run(&place.replace("SECRET", "''"), vec![]).await?;
        }

        browser.run("document.cookie = 'x=; max-age=0'", vec![]).await?;

        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        assert_eq!(browser.run_async(SCAN, vec![]).await?, json!([]));
        browser.reload().await?;
        browser.is_signed_in(&ada).await?;
        assert_eq!(browser.run_async(SCAN, vec![]).await?, json!([]));

        let cookie = browser.cookie("__Host-curfew_rt").await?;
        assert!(is_token(&cookie.value), "the cookie carries the refresh token");
        assert_eq!(cookie.http_only, Some(true));
        assert_eq!(cookie.secure, Some(true));
        assert!(matches!(cookie.same_site, Some(SameSite::Strict)), "{:?}", cookie.same_site);
        assert_eq!(cookie.path.as_deref(), Some("/"));
        assert_eq!(cookie.domain.as_deref(), Some("localhost"), "of this host alone");
        assert_eq!(browser.run("return document.cookie", vec![]).await?, "");

        // The response with the access token has no refresh token in its body.
        let asked = "const answer = await fetch('/api/v1/auth/refresh', {method: 'POST', body: '{}', \
             headers: {'Content-Type': 'application/json'}}); return answer.json()";
        let body = browser.run_async(asked, vec![]).await?;
        assert_eq!(body["refresh_token"], Value::Null);
        assert!(body["access_token"].as_str().is_some_and(is_token));
        Ok(())
    })
    .await
}

/// Has the shape of a JWT and belongs to nobody.
const A_TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl";

fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3
}

/// Each script hides `SECRET` in one place.
const PLACES: [&str; 8] = [
    "localStorage.setItem('x', SECRET)",
    "sessionStorage.setItem('x', SECRET)",
    "document.cookie = `x=${SECRET}`",
    "window.x = {deep: [{down: SECRET}]}",
    "window.name = SECRET",
    "history.replaceState({x: SECRET}, '')",
    "document.body.dataset.x = SECRET",
    "document.querySelector('#email').value = SECRET",
];

/// Lists the places where a script can read something shaped like a JWT.
const SCAN: &str = r"
    const token = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/;
    const found = [];
    const look = (place, text) => { if (token.test(text)) found.push(place); };
    for (const [name, storage] of Object.entries({localStorage, sessionStorage})) {
        look(name, JSON.stringify({...storage}));
    }
    look('document.cookie', document.cookie);
    look('history.state', JSON.stringify(history.state) ?? '');
    look('location', location.href);
    look('window.name', window.name);
    look('the document', document.documentElement.outerHTML);
    for (const input of document.querySelectorAll('input')) look(`the value of #${input.id}`, input.value);
    for (const entry of performance.getEntries()) look('a performance entry', entry.name);
    for (const {name} of await indexedDB.databases()) found.push(`the database ${name}`);
    for (const name of await caches.keys()) found.push(`the cache ${name}`);

    // The properties that the page added to `window`, and everything reachable from them.
    const frame = document.body.appendChild(document.createElement('iframe'));
    const known = new Set(Object.getOwnPropertyNames(frame.contentWindow));
    frame.remove();
    const seen = new Set();
    const walk = (place, value) => {
        if (typeof value === 'string') return look(place, value);
        if (value === null || !['object', 'function'].includes(typeof value) || seen.has(value)) return;
        if (value === window || value instanceof Node) return;
        seen.add(value);
        for (const key of Reflect.ownKeys(value)) {
            let inner;
            try { inner = value[key]; } catch { continue; }
            walk(`${place}.${String(key)}`, inner);
        }
    };
    for (const key of Object.getOwnPropertyNames(window)) {
        if (!known.has(key)) walk(`window.${key}`, window[key]);
    }
    return found;
";
