//! The server does not answer: nobody is signed out by that, and nothing is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::{Browser, Exchange, Fate, Outcome, Request, Result, Server, Settings, Stage, Wire, play};

/// The page tries again after 2, 4, 8, 16 s, and so on.
const BY_ITSELF: Duration = Duration::from_mins(1);

/// The page has noticed by itself that the server answers again.
async fn it_is_back(browser: &Browser) -> Result<()> {
    let script = "return document.querySelector('#connection').innerText === ''";
    browser.until_within(BY_ITSELF, "the connection to be back", script, vec![]).await
}

/// A server behind a wire.
async fn wired(stage: &Stage, settings: Settings) -> Result<(Server, Wire)> {
    let mut wire = Wire::lay().await?;
    let server = stage.server(settings.behind(wire.port())).await?;
    wire.join(server.port());
    Ok((server, wire))
}

#[tokio::test]
async fn a_stopped_server_signs_nobody_out_and_its_return_is_noticed() -> Outcome {
    play(async |stage| {
        let mut server = stage.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        let session = server.sessions(&ada).await?;

        server.stop().await?;
        browser.click("#check").await?;
        browser.sees("#connection", "can't be reached").await?;
        browser.sees("#connection", "still signed in").await?;
        browser.sees("#check-outcome", "No answer").await?;
        browser.is_in(&ada).await?;
        browser.is_at("/").await?;

        server.start_again().await?;
        it_is_back(&browser).await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed by the server").await?;
        browser.is_in(&ada).await?;
        assert_eq!(server.sessions(&ada).await?, session);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_device_without_a_network_signs_nobody_out() -> Outcome {
    play(async |stage| {
        let server = stage.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;

        browser.set_offline(true).await?;
        browser.sees("#connection", "You're offline. You are still signed in").await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "you're offline").await?;
        browser.is_in(&ada).await?;

        browser.set_offline(false).await?;
        browser.sees_no("#connection").await?;
        browser.is_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn somebody_impatient_has_the_connection_back_at_once() -> Outcome {
    play(async |stage| {
        let (server, wire) = wired(stage, Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;

        wire.rule(|request| {
            if request.path.starts_with("/api/") { Fate::Problem(503, "unavailable") } else { Fate::Pass }
        });
        browser.click("#check").await?;
        browser.sees("#connection", "can't answer for the moment. You are still signed in").await?;
        wire.rule(|_| Fate::Pass);
        // By itself the page would wait a minute, as it was asked to.
        browser.click("#reconnect").await?;
        browser.sees_no("#connection").await?;
        browser.is_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_that_starts_while_the_server_is_unwell_waits_for_it() -> Outcome {
    play(async |stage| {
        let (server, wire) = wired(stage, Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;

        for (status, word) in [(503, "unavailable"), (429, "too_many_requests")] {
            wire.rule(
                move |request| {
                    if request.is_refresh() { Fate::Problem(status, word) } else { Fate::Pass }
                },
            );
            browser.reload().await?;
            browser.sees("h1", "can’t answer for the moment").await?;
            browser.is_at("/").await?;

            wire.rule(|_| Fate::Pass);
            browser.click("#retry").await?;
            browser.is_in(&ada).await?;
        }
        Ok(())
    })
    .await
}

/// The laptop lid closes on an answer. The server has rotated, the browser holds the old token, and
/// without an idempotency key the next refresh would be a replay that ends the session.
#[tokio::test]
async fn a_lost_answer_to_a_refresh_signs_nobody_out() -> Outcome {
    play(async |stage| {
        // Not a second's leeway: only the key tells a repetition from a theft.
        let settings = Settings::default().with("CURFEW_REPLAY_LEEWAY_SECONDS", "0");
        let (server, wire) = wired(stage, settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        let session = server.sessions(&ada).await?;

        for is_loaded_anew in [false, true] {
            let before = wire.seen(Request::is_refresh).len();
            wire.rule(|request| if request.is_refresh() { Fate::LoseAnswer } else { Fate::Pass });
            browser.reload().await?;
            browser.sees("h1", "can’t be reached").await?;
            wire.rule(|_| Fate::Pass);
            if is_loaded_anew {
                browser.reload().await?;
            }
            browser.sees_within(BY_ITSELF, "h1", &ada.name).await?;
            lost_and_repeated(&wire, before);
            assert_eq!(server.sessions(&ada).await?, session);
        }

        // And the session goes on from there.
        browser.reload().await?;
        browser.is_in(&ada).await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed by the server").await?;
        assert_eq!(server.sessions(&ada).await?, session);
        let metrics = server.metrics()?.get("/metrics").await?.text();
        assert!(!metrics.contains("invalid_refresh_token"), "no refresh was ever refused: {metrics}");
        Ok(())
    })
    .await
}

/// At least one answer was lost; all later ones were to the same refresh, and the last one arrived.
fn lost_and_repeated(wire: &Wire, before: usize) {
    let refreshes = &wire.seen(Request::is_refresh)[before..];
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
async fn a_lost_answer_while_the_page_is_in_use_is_made_up_for_unseen() -> Outcome {
    play(async |stage| {
        let settings = Settings::default().with("CURFEW_REPLAY_LEEWAY_SECONDS", "0");
        let (server, wire) = wired(stage, settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        let session = server.sessions(&ada).await?;

        // The access token is refused, and the answers to the refresh that follows are lost.
        let before = wire.seen(Request::is_refresh).len();
        wire.rule(|request| match (request.is_me(), request.is_refresh()) {
            (true, _) => Fate::Problem(401, "access_token_expired"),
            (_, true) => Fate::LoseAnswer,
            _ => Fate::Pass,
        });
        browser.click("#check").await?;
        browser.sees("#connection", "still signed in").await?;
        browser.is_in(&ada).await?;
        wire.rule(|_| Fate::Pass);
        it_is_back(&browser).await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed by the server").await?;
        lost_and_repeated(&wire, before);
        assert_eq!(server.sessions(&ada).await?, session);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn somebody_can_sign_out_while_the_server_is_away_and_it_is_told_later() -> Outcome {
    play(async |stage| {
        let mut server = stage.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;

        server.stop().await?;
        browser.click("#sign-out").await?;
        browser.sees("#sign-out-alert", "You are not signed out").await?;
        browser.is_in(&ada).await?;
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

/// A refusal of a request is none of the session, whatever its status.
#[tokio::test]
async fn only_the_words_that_end_a_session_end_it() -> Outcome {
    play(async |stage| {
        let (server, wire) = wired(stage, Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;

        let refreshes = Arc::new(AtomicUsize::new(0));
        for (status, word) in
            [(401, "unheard_of"), (403, "forbidden"), (404, "not_found"), (500, "internal_error")]
        {
            let counted = Arc::clone(&refreshes);
            wire.rule(move |request| match (request.is_me(), request.is_refresh()) {
                (true, _) => Fate::Problem(401, "access_token_expired"),
                (_, true) => {
                    counted.fetch_add(1, Ordering::Relaxed);
                    Fate::Problem(status, word)
                }
                _ => Fate::Pass,
            });
            let before = refreshes.load(Ordering::Relaxed);
            browser.click("#check").await?;
            browser.sees("#connection", "still signed in").await?;
            browser.is_in(&ada).await?;
            assert!(refreshes.load(Ordering::Relaxed) > before, "it was asked");

            wire.rule(|_| Fate::Pass);
            it_is_back(&browser).await?;
        }
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}
