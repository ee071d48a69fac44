//! An owner ends sessions in bulk, without a mouse.

use std::sync::Arc;

use e2e::{Browser, Fate, Outcome, Result, Server, Wire, play_on_both};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::{
    keyboard::{ENTER, ESCAPE, TAB, focus_is_on, tab_to},
    race::refused,
};

const IS_OPEN: &str = "return document.querySelector('#revoke-sessions').open";
const IS_CLOSED: &str = "return !document.querySelector('#revoke-sessions').open";

/// Notes when the toast has said something and when the page has gone to sign-in, in milliseconds.
const STOPWATCH: &str = "
    new MutationObserver(() => {
        if (document.querySelector('#toast')?.textContent.includes('signed out')) window.toldAt ??= performance.now();
        if (window.toldAt && location.pathname === '/login') window.leftAt ??= performance.now();
    }).observe(document, {childList: true, characterData: true, subtree: true});
";

/// Opens the dialog from the button; the focus is on the button that does no harm, and stays inside.
async fn ask(browser: &Browser, button: &str) -> Result<()> {
    browser.press(ENTER).await?;
    browser.until("the dialog", IS_OPEN).await?;
    focus_is_on(browser, "#revoke-sessions-cancel").await?;
    for _ in 0..2 {
        browser.press(TAB).await?;
        focus_is_on(browser, "#revoke-sessions-confirm").await?;
        browser.press(TAB).await?;
        focus_is_on(browser, "#revoke-sessions-cancel").await?;
    }
    browser.press_with_shift(TAB).await?;
    focus_is_on(browser, "#revoke-sessions-confirm").await?;
    browser.press(ESCAPE).await?;
    browser.until("no dialog", IS_CLOSED).await?;
    focus_is_on(browser, button).await?;
    browser.press(ENTER).await?;
    browser.until("the dialog", IS_OPEN).await?;
    focus_is_on(browser, "#revoke-sessions-cancel").await
}

#[tokio::test]
async fn somebody_without_a_mouse_signs_out_the_others_and_then_everyone() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings).await?;
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        let stranger = server.owner("Sam Stranger").await?;
        let (bobs, hers) = (api.sign_in(&bob).await?, api.sign_in(&ada).await?);
        let elsewhere = api.sign_in(&stranger).await?.member("access_token")?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(STOPWATCH).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "2 people are signed in").await?;
        browser.sees("#active-users", "Ada Owner (you)").await?;
        browser.sees("#active-users", "2 sessions").await?;

        tab_to(&browser, "#revoke-others").await?;
        ask(&browser, "#revoke-others").await?;
        browser.sees("#revoke-sessions-title", "everyone except you").await?;
        browser.press(TAB).await?;
        browser.press(ENTER).await?;
        browser.sees("#toast", "1 session signed out").await?;
        browser.until("no dialog", IS_CLOSED).await?;
        browser.sees("#active-users-summary", "Only you are signed in").await?;
        browser.until("one row", "return document.querySelectorAll('#active-users li').length === 1").await?;
        browser.sees_no("#revoke-others").await?;
        focus_is_on(&browser, "#sessions-title").await?;
        assert_eq!(api.me(&bobs.member("access_token")?).await?.refusal(), refused("session_revoked"));
        let answer = api.refresh(&bobs.member("refresh_token")?).await?;
        assert_eq!(answer.refusal(), refused("invalid_refresh_token"));
        assert_eq!(api.me(&hers.member("access_token")?).await?.status, 200, "her other device");

        browser.reload().await?;
        browser.sees("#active-users-summary", "Only you are signed in").await?;
        tab_to(&browser, "#revoke-all").await?;
        ask(&browser, "#revoke-all").await?;
        browser.sees("#revoke-sessions-title", "Sign out everywhere").await?;
        browser.press(TAB).await?;
        browser.press(ENTER).await?;
        browser.sees("#toast", "2 sessions signed out").await?;
        browser.is_at("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_no("#banner").await?;
        let stored = browser.run("return localStorage.length + sessionStorage.length", vec![]).await?;
        assert_eq!(stored, 0);
        has_paused(&browser).await?;
        browser.reload().await?;
        browser.is_at("/login").await?;
        browser.sees_no("#banner").await?;
        assert_eq!(api.me(&hers.member("access_token")?).await?.refusal(), refused("session_revoked"));
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new());
        assert_eq!(api.me(&elsewhere).await?.status, 200, "another account's are never touched");
        assert_eq!(trail(&server, &ada).await?, [("all", 2), ("others", 1)]);
        Ok(())
    })
    .await
}

/// Between the message and the sign-in page there was time to read, and no more.
async fn has_paused(browser: &Browser) -> Result<()> {
    let pause = browser.run("return window.leftAt - window.toldAt", vec![]).await?;
    let pause = pause.as_f64().unwrap_or_default();
    assert!((1_300.0..5_000.0).contains(&pause), "1.5 s to read it, not {pause} ms");
    Ok(())
}

/// Scope and count of each bulk revocation on record, the last one first.
async fn trail(server: &Server, owner: &e2e::Person) -> Result<Vec<(&'static str, u64)>> {
    let api = server.direct()?;
    let token = api.sign_in(owner).await?.member("access_token")?;
    let path = "/api/v1/accounts/me/audit-events?kind=account.sessions_revoked_bulk";
    let events = e2e::send(api.request(Method::GET, path).bearer_auth(token)).await?.json();
    let entry = |event: &Value| {
        let scope = if event["payload"]["scope"] == "all" { "all" } else { "others" };
        (scope, event["payload"]["revoked_count"].as_u64().unwrap_or_default())
    };
    Ok(events["events"].as_array().into_iter().flatten().map(entry).collect())
}

#[tokio::test]
async fn the_dialog_stays_and_says_why_when_nothing_came_about() -> Outcome {
    play_on_both(async |stage, settings| {
        let mut wire = Wire::lay().await?;
        let server = stage.server(settings.behind(wire.port())).await?;
        wire.join(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account/security").await?;
        wire.rule(|request| {
            if request.path.ends_with("/revoke-sessions") {
                Fate::Problem(503, "unavailable")
            } else {
                Fate::Pass
            }
        });
        browser.click("#revoke-all").await?;
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#revoke-sessions-alert", "Nobody was signed out").await?;
        assert_eq!(browser.run(IS_OPEN, vec![]).await?, true);
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        wire.rule(|_| Fate::Pass);
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#toast", "1 session signed out").await?;
        browser.is_at("/login").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn whoever_ends_everything_does_not_wait_for_a_server_that_hangs() -> Outcome {
    play_on_both(async |stage, settings| {
        let mut wire = Wire::lay().await?;
        let server = stage.server(settings.behind(wire.port())).await?;
        wire.join(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(STOPWATCH).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/security").await?;
        let both = Arc::new(Barrier::new(2));
        let held = Arc::clone(&both);
        wire.rule(move |request| {
            if request.path.ends_with("/auth/logout") { Fate::Meet(Arc::clone(&held)) } else { Fate::Pass }
        });
        browser.click("#revoke-all").await?;
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#toast", "1 session signed out").await?;
        browser.is_at("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        has_paused(&browser).await?;
        both.wait().await;
        browser.sign_in(&ada).await?;
        browser.reload().await?;
        browser.is_in(&ada).await?;
        Ok(())
    })
    .await
}

/// The dialog that asks who it is stands above the one that asks whether.
#[tokio::test]
async fn whose_sign_in_is_old_confirms_in_place_and_the_sessions_end() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings.with("CURFEW_FRESH_SECONDS", "5")).await?;
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        let bobs = api.sign_in(&bob).await?.member("access_token")?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "2 people are signed in").await?;
        let later = api.sign_in(&ada).await?.member("access_token")?;
        e2e::until("a later sign-in to be old", e2e::SOON, async || {
            let security = api.request(Method::PATCH, "/api/v1/accounts/me/security").bearer_auth(&later);
            Ok((e2e::send(security.json(&json!({}))).await?.status == 403).then_some(()))
        })
        .await?;

        tab_to(&browser, "#revoke-others").await?;
        browser.press(ENTER).await?;
        focus_is_on(&browser, "#revoke-sessions-cancel").await?;
        browser.press(TAB).await?;
        browser.press(ENTER).await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        focus_is_on(&browser, "#confirm_password").await?;
        for stop in ["#confirm_password-reveal", "#reauthenticate-confirm", "#reauthenticate-cancel"] {
            browser.press(TAB).await?;
            focus_is_on(&browser, stop).await?;
        }
        browser.press(TAB).await?;
        focus_is_on(&browser, "#confirm_password").await?;
        browser.press(ESCAPE).await?;
        browser.sees("#revoke-sessions-alert", "Nobody was signed out").await?;
        focus_is_on(&browser, "#revoke-sessions-confirm").await?;
        assert_eq!(api.me(&bobs).await?.status, 200);

        browser.press(ENTER).await?;
        focus_is_on(&browser, "#confirm_password").await?;
        browser.press(format!("{}{ENTER}", ada.password)).await?;
        browser.sees("#toast", "1 session signed out").await?;
        browser.until("no dialog", IS_CLOSED).await?;
        browser.sees("#active-users-summary", "Only you are signed in").await?;
        assert_eq!(api.me(&bobs).await?.refusal(), refused("session_revoked"));
        assert_eq!(trail(&server, &ada).await?, [("others", 1)]);
        Ok(())
    })
    .await
}
