//! An unreachable server signs nobody out and loses nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::{Behaviour, Browser, Exchange, HttpProxy, Request, Result, Settings, TestResult, run};

/// The page retries after 2, 4, 8, 16 s, and so on.
const BY_ITSELF: Duration = Duration::from_mins(1);

/// Waits until the page notices by itself that the server responds again.
async fn it_is_back(browser: &Browser) -> Result<()> {
    let script = "return document.querySelector('#connection').innerText === ''";
    browser.until_within(BY_ITSELF, "the connection to be back", script, vec![]).await
}

#[tokio::test]
async fn a_stopped_server_signs_nobody_out_and_its_return_is_noticed() -> TestResult {
    run(async |context| {
        let mut server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        let session = server.sessions(&ada).await?;

        server.stop().await?;
        browser.click("#check").await?;
        browser.sees("#connection", "can't be reached").await?;
        browser.sees("#connection", "still signed in").await?;
        browser.sees("#check-outcome", "No answer").await?;
        browser.is_signed_in(&ada).await?;
        browser.is_at("/").await?;

        server.start_again().await?;
        it_is_back(&browser).await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed by the server").await?;
        browser.is_signed_in(&ada).await?;
        assert_eq!(server.sessions(&ada).await?, session);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_disconnected_device_signs_nobody_out() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;

        browser.set_offline(true).await?;
        browser.sees("#connection", "You're offline. You are still signed in").await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "you're offline").await?;
        browser.is_signed_in(&ada).await?;

        browser.set_offline(false).await?;
        browser.sees_nothing_in("#connection").await?;
        browser.is_signed_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_manual_retry_restores_the_connection_at_once() -> TestResult {
    run(async |context| {
        let (proxy, server) = context.server_behind_proxy(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;

        proxy.intercept(|request| {
            if request.path.starts_with("/api/") {
                Behaviour::Problem(503, "unavailable")
            } else {
                Behaviour::Forward
            }
        });
        browser.click("#check").await?;
        browser.sees("#connection", "can't answer for the moment. You are still signed in").await?;
        proxy.intercept(|_| Behaviour::Forward);
        // The page would otherwise wait for a minute, as `Retry-After` says.
        browser.click("#reconnect").await?;
        browser.sees_nothing_in("#connection").await?;
        browser.is_signed_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_that_starts_while_the_server_fails_waits_for_it() -> TestResult {
    run(async |context| {
        let (proxy, server) = context.server_behind_proxy(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;

        for (status, word) in [(503, "unavailable"), (429, "too_many_requests")] {
            proxy.intercept(move |request| {
                if request.is_refresh() { Behaviour::Problem(status, word) } else { Behaviour::Forward }
            });
            browser.reload().await?;
            browser.sees("h1", "can’t answer for the moment").await?;
            browser.is_at("/").await?;

            proxy.intercept(|_| Behaviour::Forward);
            browser.click("#retry").await?;
            browser.is_signed_in(&ada).await?;
        }
        Ok(())
    })
    .await
}

/// A laptop's lid closes before a response arrives. The server has rotated, the browser holds the old token,
/// and without an idempotency key the next refresh would be a replay that ends the session.
#[tokio::test]
async fn a_lost_refresh_response_signs_nobody_out() -> TestResult {
    run(async |context| {
        // Without any leeway, only the key tells a repetition from a theft.
        let settings = Settings::default().with("CURFEW_REPLAY_LEEWAY_SECONDS", "0");
        let (proxy, server) = context.server_behind_proxy(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        let session = server.sessions(&ada).await?;

        for is_loaded_anew in [false, true] {
            let before = proxy.requests(Request::is_refresh).len();
            proxy.intercept(
                |request| if request.is_refresh() { Behaviour::DropResponse } else { Behaviour::Forward },
            );
            browser.reload().await?;
            browser.sees("h1", "can’t be reached").await?;
            proxy.intercept(|_| Behaviour::Forward);
            if is_loaded_anew {
                browser.reload().await?;
            }
            browser.sees_within(BY_ITSELF, "h1", &ada.name).await?;
            lost_and_repeated(&proxy, before);
            assert_eq!(server.sessions(&ada).await?, session);
        }

        browser.reload().await?;
        browser.is_signed_in(&ada).await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed by the server").await?;
        assert_eq!(server.sessions(&ada).await?, session);
        let metrics = server.metrics()?.get("/metrics").await?.text();
        assert!(!metrics.contains("invalid_refresh_token"), "no refresh was ever refused: {metrics}");
        Ok(())
    })
    .await
}

/// Checks that at least one response was lost, and that the later attempts repeated the same refresh until
/// one arrived.
fn lost_and_repeated(proxy: &HttpProxy, before: usize) {
    let refreshes = &proxy.requests(Request::is_refresh)[before..];
    let first = &refreshes[0];
    let statuses: Vec<_> = refreshes.iter().map(|exchange| exchange.status).collect();
    assert_eq!((statuses[0], statuses[statuses.len() - 1]), (None, Some(200)), "{statuses:?}");
    let key = |exchange: &Exchange| exchange.request.header("idempotency-key").to_owned();
    assert!(!key(first).is_empty());
    assert!(
        refreshes.iter().all(|exchange| key(exchange) == key(first)),
        "the repetition says that it is one"
    );
}

#[tokio::test]
async fn a_lost_response_on_a_page_in_use_is_recovered_silently() -> TestResult {
    run(async |context| {
        let settings = Settings::default().with("CURFEW_REPLAY_LEEWAY_SECONDS", "0");
        let (proxy, server) = context.server_behind_proxy(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        let session = server.sessions(&ada).await?;

        // The access token is refused, and the responses to the refresh that follows are lost.
        let before = proxy.requests(Request::is_refresh).len();
        proxy.intercept(|request| match (request.is_me(), request.is_refresh()) {
            (true, _) => Behaviour::Problem(401, "access_token_expired"),
            (_, true) => Behaviour::DropResponse,
            _ => Behaviour::Forward,
        });
        browser.click("#check").await?;
        browser.sees("#connection", "still signed in").await?;
        browser.is_signed_in(&ada).await?;
        proxy.intercept(|_| Behaviour::Forward);
        it_is_back(&browser).await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed by the server").await?;
        lost_and_repeated(&proxy, before);
        assert_eq!(server.sessions(&ada).await?, session);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn signing_out_works_offline_and_reaches_the_server_later() -> TestResult {
    run(async |context| {
        let mut server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;

        server.stop().await?;
        browser.click("#sign-out").await?;
        browser.sees("#sign-out-alert", "You are not signed out").await?;
        browser.is_signed_in(&ada).await?;
        browser.click("#sign-out-here").await?;
        browser.is_at("/login").await?;
        browser.sees("#banner", "The server still has to be told").await?;
        let all = browser.run("return document.documentElement.outerHTML", vec![]).await?;
        assert!(!all.as_str().unwrap_or_default().contains(&ada.name));

        assert_eq!(server.sessions(&ada).await?.len(), 1, "the database does not know yet");
        server.start_again().await?;
        let script = "return document.querySelector('#banner').innerText === ''";
        browser.until_within(BY_ITSELF, "the server to be told", script, vec![]).await?;
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new());
        browser.reload().await?;
        browser.sees("#sign-in", "Sign in").await?;
        Ok(())
    })
    .await
}

/// An error on one request does not end the session, whatever its status.
#[tokio::test]
async fn only_the_right_error_codes_end_a_session() -> TestResult {
    run(async |context| {
        let (proxy, server) = context.server_behind_proxy(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;

        let refreshes = Arc::new(AtomicUsize::new(0));
        for (status, word) in
            [(401, "unheard_of"), (403, "forbidden"), (404, "not_found"), (500, "internal_error")]
        {
            let counted = Arc::clone(&refreshes);
            proxy.intercept(move |request| match (request.is_me(), request.is_refresh()) {
                (true, _) => Behaviour::Problem(401, "access_token_expired"),
                (_, true) => {
                    counted.fetch_add(1, Ordering::Relaxed);
                    Behaviour::Problem(status, word)
                }
                _ => Behaviour::Forward,
            });
            let before = refreshes.load(Ordering::Relaxed);
            browser.click("#check").await?;
            browser.sees("#connection", "still signed in").await?;
            browser.is_signed_in(&ada).await?;
            assert!(refreshes.load(Ordering::Relaxed) > before, "it was asked");

            proxy.intercept(|_| Behaviour::Forward);
            it_is_back(&browser).await?;
        }
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}
