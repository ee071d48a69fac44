//! An owner ends sessions in bulk, without a mouse.

use std::sync::Arc;

use e2e::{
    Behaviour, Browser, HttpProxy, Result, Server, TestResult,
    keyboard::{ENTER, ESCAPE, TAB, focus_is_on, tab_to},
    race::unauthorized,
    run_on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

const IS_OPEN: &str = "return document.querySelector('#revoke-sessions').open";
const IS_CLOSED: &str = "return !document.querySelector('#revoke-sessions').open";

/// Records, in milliseconds, when the toast appeared and when the page changed to sign-in.
const STOPWATCH: &str = "
    new MutationObserver(() => {
        if (document.querySelector('#toast')?.textContent.includes('signed out')) window.toldAt ??= performance.now();
        if (window.toldAt && location.pathname === '/login') window.leftAt ??= performance.now();
    }).observe(document, {childList: true, characterData: true, subtree: true});
";

/// Opens the dialog. The focus starts on the safe button and stays inside the dialog.
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
async fn a_user_without_a_mouse_signs_out_the_others_and_then_everyone() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        let stranger = server.owner("Sam Stranger").await?;
        let (bobs, hers) = (api.sign_in(&bob).await?, api.sign_in(&ada).await?);
        let elsewhere = api.sign_in(&stranger).await?.field("access_token")?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(STOPWATCH).await?;
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
        browser.sees_nothing_in("#revoke-others").await?;
        focus_is_on(&browser, "#sessions-title").await?;
        assert_eq!(
            api.me(&bobs.field("access_token")?).await?.status_and_code(),
            unauthorized("session_revoked")
        );
        let answer = api.refresh(&bobs.field("refresh_token")?).await?;
        assert_eq!(answer.status_and_code(), unauthorized("invalid_refresh_token"));
        assert_eq!(api.me(&hers.field("access_token")?).await?.status, 200, "her other device");

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
        browser.sees_nothing_in("#banner").await?;
        let stored = browser.run("return localStorage.length + sessionStorage.length", vec![]).await?;
        assert_eq!(stored, 0);
        has_paused(&browser).await?;
        browser.reload().await?;
        browser.is_at("/login").await?;
        browser.sees_nothing_in("#banner").await?;
        assert_eq!(
            api.me(&hers.field("access_token")?).await?.status_and_code(),
            unauthorized("session_revoked")
        );
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new());
        assert_eq!(api.me(&elsewhere).await?.status, 200, "another account's are never touched");
        assert_eq!(trail(&server, &ada).await?, [("all", 2), ("others", 1)]);
        Ok(())
    })
    .await
}

/// Checks that the message was shown long enough to read, and no longer.
async fn has_paused(browser: &Browser) -> Result<()> {
    let pause = browser.run("return window.leftAt - window.toldAt", vec![]).await?;
    let pause = pause.as_f64().unwrap_or_default();
    assert!((1_300.0..5_000.0).contains(&pause), "1.5 s to read it, not {pause} ms");
    Ok(())
}

/// The scope and count of each bulk revocation in the audit trail, newest first.
async fn trail(server: &Server, owner: &e2e::Person) -> Result<Vec<(&'static str, u64)>> {
    let api = server.direct_api()?;
    let token = api.sign_in(owner).await?.field("access_token")?;
    let path = "/api/v1/accounts/me/audit-events?kind=account.sessions_revoked_bulk";
    let events = e2e::send(api.request(Method::GET, path).bearer_auth(token)).await?.json();
    let entry = |event: &Value| {
        let scope = if event["payload"]["scope"] == "all" { "all" } else { "others" };
        (scope, event["payload"]["revoked_count"].as_u64().unwrap_or_default())
    };
    Ok(events["events"].as_array().into_iter().flatten().map(entry).collect())
}

#[tokio::test]
async fn a_failed_action_keeps_the_dialog_open_with_the_reason() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mut proxy = HttpProxy::start().await?;
        let server = context.server(settings.behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.open("/account/security").await?;
        proxy.intercept(|request| {
            if request.path.ends_with("/revoke-sessions") {
                Behaviour::Problem(503, "unavailable")
            } else {
                Behaviour::Forward
            }
        });
        browser.click("#revoke-all").await?;
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#revoke-sessions-alert", "Nobody was signed out").await?;
        assert_eq!(browser.run(IS_OPEN, vec![]).await?, true);
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        proxy.intercept(|_| Behaviour::Forward);
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#toast", "1 session signed out").await?;
        browser.is_at("/login").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn ending_all_sessions_does_not_wait_for_a_hanging_server() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mut proxy = HttpProxy::start().await?;
        let server = context.server(settings.behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(STOPWATCH).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/security").await?;
        let both = Arc::new(Barrier::new(2));
        let held = Arc::clone(&both);
        proxy.intercept(move |request| {
            if request.path.ends_with("/auth/logout") {
                Behaviour::ForwardAfter(Arc::clone(&held))
            } else {
                Behaviour::Forward
            }
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
        browser.is_signed_in(&ada).await?;
        Ok(())
    })
    .await
}

/// The reauthentication dialog opens above the confirmation dialog.
#[tokio::test]
async fn an_old_sign_in_is_confirmed_in_place_and_the_sessions_end() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings.with("CURFEW_FRESH_SECONDS", "5")).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        let bobs = api.sign_in(&bob).await?.field("access_token")?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "2 people are signed in").await?;
        let later = api.sign_in(&ada).await?.field("access_token")?;
        e2e::until("a later sign-in to be old", e2e::TIMEOUT, async || {
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
        assert_eq!(api.me(&bobs).await?.status_and_code(), unauthorized("session_revoked"));
        assert_eq!(trail(&server, &ada).await?, [("others", 1)]);
        Ok(())
    })
    .await
}
