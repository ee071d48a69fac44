//! How a session ends: by its deadlines or by the operator, with the server reachable or not.

use std::time::Duration;

use e2e::{Browser, Person, Result, Settings, TestResult, run, until};
use serde_json::Value;

/// The shortest possible window of a minute, plus time to notice its end.
const A_MINUTE_AND_A_BIT: Duration = Duration::from_secs(75);

const BANNER: &str = "Your session has expired.";

/// The places that still contain a person's name or address: document, inputs, title, storage, history.
const REMAINS: &str = r"
    const places = {
        document: document.documentElement.outerHTML,
        inputs: [...document.querySelectorAll('input')].map(input => input.value).join('\n'),
        title: document.title,
        history: JSON.stringify(history.state) ?? '',
        localStorage: JSON.stringify({...localStorage}),
        sessionStorage: JSON.stringify({...sessionStorage}),
    };
    return Object.keys(places).filter(place => arguments[0].some(word => places[place].includes(word)));
";

async fn remains(browser: &Browser, person: &Person) -> Result<Value> {
    let words = vec![person.name.as_str(), person.email.as_str()];
    browser.run(REMAINS, vec![words.into()]).await
}

/// Signs in and leaves a page with personal data in the tab's history.
async fn sign_in(browser: &Browser, person: &Person) -> Result<()> {
    browser.open("/?page=before").await?;
    browser.sign_in(person).await?;
    browser.open("/?page=now").await?;
    browser.is_signed_in(person).await?;
    assert_ne!(remains(browser, person).await?, Value::Array(vec![]), "now there is something to find");
    Ok(())
}

/// Checks that this page and the previous one were cleared (ASVS V14.3.1).
async fn nothing_remains(browser: &Browser, person: &Person) -> Result<()> {
    assert_eq!(remains(browser, person).await?, Value::Array(vec![]));
    browser.back().await?;
    browser.is_at("/login?next=%2F%3Fpage%3Dbefore").await?;
    browser.sees("#sign-in", "Sign in").await?;
    assert_eq!(remains(browser, person).await?, Value::Array(vec![]), "nor by going back");
    Ok(())
}

#[tokio::test]
async fn an_idle_page_shows_the_sign_in_page_with_a_banner() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default().with("CURFEW_IDLE_MINUTES_DEFAULT", "1")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, &ada).await?;

        browser.sees_within(A_MINUTE_AND_A_BIT, "#banner", BANNER).await?;
        browser.is_at("/login?reason=session_expired&next=%2F%3Fpage%3Dnow").await?;
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new());
        nothing_remains(&browser, &ada).await?;

        browser.open("/login?reason=session_expired&next=%2F%3Fpage%3Dnow").await?;
        browser.sees("#banner", BANNER).await?;
        browser.sign_in(&ada).await?;
        browser.is_at("/?page=now").await?;
        browser.sees_nothing_in("#banner").await?;
        Ok(())
    })
    .await
}

/// As when a laptop's lid is closed over the deadline: no page was open to notice it.
#[tokio::test]
async fn a_page_reopened_after_the_deadline_explains_the_sign_in() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default().with("CURFEW_IDLE_MINUTES_DEFAULT", "1")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, &ada).await?;
        browser.open("/health/live").await?;

        until("the session to end", A_MINUTE_AND_A_BIT, async || {
            Ok(server.sessions(&ada).await?.is_empty().then_some(()))
        })
        .await?;
        browser.open("/").await?;
        browser.is_at("/login?reason=session_expired&next=%2F").await?;
        browser.sees("#banner", BANNER).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_active_page_ends_when_the_absolute_window_passes() -> TestResult {
    run(async |context| {
        let settings = Settings::default()
            .with("CURFEW_IDLE_MINUTES_DEFAULT", "1")
            .with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "1");
        let server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, &ada).await?;

        // The number of seconds by which the idle deadline shown exceeds the absolute one.
        let lead = "const [, idle, absolute] = [...document.querySelectorAll('#session time')].map(time => \
             Date.parse(time.dateTime)); return (idle - absolute) / 1000";
        let (mut x, mut longest_lead) = (0, 0.0_f64);
        // Keeps the page in use.
        until("the banner", A_MINUTE_AND_A_BIT, async || {
            x = (x + 7) % 200;
            browser.move_pointer(300 + x, 300).await?;
            longest_lead = longest_lead.max(browser.run(lead, vec![]).await?.as_f64().unwrap_or_default());
            Ok(browser.text("#banner").await?.contains(BANNER).then_some(()))
        })
        .await?;
        assert!(
            longest_lead > 10.0,
            "use renewed the idle window, to {longest_lead} s after the absolute one"
        );
        browser.is_at("/login?reason=session_expired&next=%2F%3Fpage%3Dnow").await?;
        nothing_remains(&browser, &ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_clears_itself_even_if_the_server_is_unreachable() -> TestResult {
    run(async |context| {
        let mut server = context.server(Settings::default().with("CURFEW_IDLE_MINUTES_DEFAULT", "1")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, &ada).await?;

        server.stop().await?;
        browser.sees_within(A_MINUTE_AND_A_BIT, "#banner", BANNER).await?;
        browser.is_at("/login?reason=session_expired&next=%2F%3Fpage%3Dnow").await?;
        assert_eq!(remains(&browser, &ada).await?, Value::Array(vec![]));
        assert_eq!(browser.run("return localStorage.length + sessionStorage.length", vec![]).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_revoked_session_ends_at_the_next_request_without_a_banner() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, &ada).await?;

        assert_eq!(server.revoke(&ada).await?, 1);
        browser.click("#check").await?;
        browser.is_at("/login?next=%2F%3Fpage%3Dnow").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_nothing_in("#banner").await?;
        nothing_remains(&browser, &ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_session_revoked_while_the_page_was_closed_ends_without_a_banner() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, &ada).await?;

        assert_eq!(server.revoke(&ada).await?, 1);
        browser.reload().await?;
        browser.is_at("/login?next=%2F%3Fpage%3Dnow").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_nothing_in("#banner").await?;
        Ok(())
    })
    .await
}
