//! The warning five minutes before a session ends.

use std::time::Duration;

use e2e::{
    Browser, Result, Settings, TestResult, Viewport,
    clock::{CLOCK, advance, next_second},
    keyboard::{ENTER, ESCAPE, TAB, focus_is_on},
    run, run_on_both_databases,
};

const WARNING: &str = "#session-expiry-message";

/// The idle deadline that the home page shows, in Unix seconds.
async fn idle_end(browser: &Browser) -> Result<i64> {
    let script = "return Date.parse(document.querySelectorAll('#session time')[1].dateTime) / 1000";
    Ok(browser.run(script, vec![]).await?.as_i64().unwrap_or_default())
}

#[tokio::test]
async fn staying_signed_in_removes_the_warning_in_every_tab() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "15")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(CLOCK).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        let first = browser.tab().await?;
        let second = browser.open_tab().await?;
        browser.run_on_new_documents(CLOCK).await?;
        browser.open("/").await?;
        browser.is_signed_in(&ada).await?;
        let session = server.sessions(&ada).await?;
        let before = idle_end(&browser).await?;

        for tab in [&first, &second] {
            browser.switch_to(tab).await?;
            advance(&browser, 9 * 60).await?;
            browser.sees_nothing_in(WARNING).await?;
        }
        for tab in [&first, &second] {
            browser.switch_to(tab).await?;
            advance(&browser, 70).await?;
            browser.sees("#session-expiry.filled.warn", "ends soon, because it is not being used").await?;
            browser.sees("#session-expiry-countdown", "4:").await?;
        }

        next_second(&browser).await?;
        // A script clicks, because moving the pointer would extend the session by itself.
        browser.run("document.querySelector('#stay-signed-in').click()", vec![]).await?;
        browser.sees("#toast", "You stay signed in").await?;
        for tab in [&second, &first] {
            browser.switch_to(tab).await?;
            browser.sees_nothing_in(WARNING).await?;
            browser
                .until("no countdown", "return !document.querySelector('#session-expiry-countdown')")
                .await?;
            assert!(idle_end(&browser).await? > before, "the end has through_port");
        }
        assert_eq!(server.sessions(&ada).await?, session, "it is the same session");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_session_that_cannot_be_extended_offers_a_new_sign_in() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let settings =
            settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "5").with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.click("#nav-account").await?;
        browser.is_at("/account").await?;
        let session = server.sessions(&ada).await?;

        browser.sees("#session-expiry.filled.info", "the longest time it may last").await?;
        browser.sees_nothing_in("#stay-signed-in").await?;
        browser.click("#sign-in-now").await?;
        browser.is_at("/login?next=%2Faccount").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_nothing_in("#banner").await?;
        browser.sees_nothing_in("#session-expiry").await?;
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new());

        browser.submit(&ada.email, &ada.password).await?;
        browser.is_at("/account").await?;
        browser.sees("h1", "Account").await?;
        assert_ne!(server.sessions(&ada).await?, session, "a session of its own");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_dismissed_warning_returns_only_for_a_new_deadline() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "5")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(CLOCK).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;

        let before = idle_end(&browser).await?;
        browser.sees("#session-expiry.warn", "ends soon").await?;
        browser.click("#session-expiry-dismiss").await?;
        browser.sees_nothing_in("#session-expiry").await?;
        // The warning stays away on every page, however often the clock is checked.
        browser.click("#nav-account").await?;
        browser.sees("h1", "Account").await?;
        advance(&browser, 1).await?;
        browser.click("#nav-home").await?;
        browser.is_signed_in(&ada).await?;
        assert_eq!(idle_end(&browser).await?, before, "it is still that deadline");
        assert_eq!(browser.text("#session-expiry").await?, "");

        next_second(&browser).await?;
        // The user was just active, so a minute after the last refresh the window starts again.
        advance(&browser, 61).await?;
        browser.sees("#session-expiry.warn", "ends soon").await?;
        assert!(idle_end(&browser).await? > before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_dismissed_warning_stays_away_after_a_reload_and_in_other_tabs() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let settings =
            settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "5").with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(CLOCK).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        let first = browser.tab().await?;
        let second = browser.open_tab().await?;
        browser.run_on_new_documents(CLOCK).await?;
        browser.open("/").await?;
        browser.sees("#session-expiry.info", "the longest time it may last").await?;
        browser.switch_to(&first).await?;
        browser.click("#session-expiry-dismiss").await?;
        browser.sees_nothing_in("#session-expiry").await?;
        browser.switch_to(&second).await?;
        browser.sees_nothing_in("#session-expiry").await?;

        browser.reload().await?;
        let third = browser.open_tab().await?;
        browser.run_on_new_documents(CLOCK).await?;
        browser.open("/").await?;
        for tab in [&second, &third] {
            browser.switch_to(tab).await?;
            browser.is_signed_in(&ada).await?;
            advance(&browser, 1).await?;
            assert_eq!(browser.text("#session-expiry").await?, "");
        }
        Ok(())
    })
    .await
}

/// An open dialog makes the rest of the page inert, so the warning moves into it.
#[tokio::test]
async fn a_dialog_does_not_hide_the_warning() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let settings =
            settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "5").with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.open("/account/security").await?;
        browser.sees(".dock #session-expiry.info", "the longest time it may last").await?;
        browser.click("#revoke-all").await?;
        browser.sees("#revoke-sessions #session-expiry.info", "the longest time it may last").await?;
        focus_is_on(&browser, "#revoke-sessions-cancel").await?;
        let round = ["#revoke-sessions-confirm", "#sign-in-now", "#session-expiry-dismiss"];
        for stop in round.into_iter().chain(["#revoke-sessions-cancel"]) {
            browser.press(TAB).await?;
            focus_is_on(&browser, stop).await?;
        }
        browser.press(ESCAPE).await?;
        browser.sees(".dock #session-expiry.info", "the longest time it may last").await?;
        focus_is_on(&browser, "#revoke-all").await?;
        // The warning works inside the dialog.
        browser.press(ENTER).await?;
        browser.sees("#revoke-sessions #session-expiry.info", "the longest time it may last").await?;
        browser.click("#sign-in-now").await?;
        browser.is_at("/login?next=%2Faccount%2Fsecurity").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.sees(".dock #session-expiry.info", "the longest time it may last").await?;
        browser.click("#revoke-all").await?;
        browser.press(ESCAPE).await?;
        focus_is_on(&browser, "#revoke-all").await?;

        // The dialog closes with its page, and the messages stay for the next page.
        browser.press(ENTER).await?;
        focus_is_on(&browser, "#revoke-sessions-cancel").await?;
        server.revoke(&ada).await?;
        browser.press(TAB).await?;
        browser.press(ENTER).await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.sees(".dock #session-expiry.info", "the longest time it may last").await?;
        Ok(())
    })
    .await
}

/// WCAG 2.4.11, from the first tab stop of the page to the last, and back.
#[tokio::test]
async fn the_warning_hides_nothing_that_has_the_focus() -> TestResult {
    const LOOK: &str = "
        const element = document.activeElement;
        const {left, top, width, height} = element.getBoundingClientRect();
        const there = document.elementFromPoint(left + width / 2, top + height / 2);
        return {
            name: element.id || element.getAttribute('href') || element.tagName,
            isEnd: element === document.body,
            isSeen: !!there && (element.contains(there) || there.contains(element)
                || !!there.closest('label')?.contains(element)) && !there.closest('.dock:not(:focus-within)'),
        }";
    run(async |context| {
        let settings = Settings::default()
            .with("CURFEW_IDLE_MINUTES_DEFAULT", "5")
            .with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        for width in [320, 1280] {
            browser.set_viewport(Viewport { width, dark: false }).await?;
            browser.open("/account/security").await?;
            browser.sees("#active-users", "(you)").await?;
            browser.sees(".dock #session-expiry.info", "the longest time it may last").await?;
            for back in [false, true] {
                let mut stops = Vec::new();
                loop {
                    if back {
                        browser.press_with_shift(TAB).await?;
                    } else {
                        browser.press(TAB).await?;
                    }
                    let stop = browser.run(LOOK, vec![]).await?;
                    if stop["isEnd"] == true || stops.len() > 60 {
                        break;
                    }
                    assert_eq!(stop["isSeen"], true, "{width} px: {stop} after {stops:?}");
                    stops.push(stop["name"].clone());
                }
                assert!((10..60).contains(&stops.len()), "{width} px: {stops:?}");
                assert!(stops.iter().any(|stop| stop == "session-expiry-dismiss"), "{stops:?}");
            }
        }
        Ok(())
    })
    .await
}

/// With the real clock and no user activity.
#[tokio::test]
async fn the_warning_appears_by_itself_five_minutes_ahead() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "6")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        // Every text of the countdown, the first one first.
        let read = "
            window.readings = [];
            new MutationObserver(() => {
                const left = document.querySelector('#session-expiry-countdown')?.textContent;
                if (left && left !== readings.at(-1)) readings.push(left);
            }).observe(document, {childList: true, characterData: true, subtree: true});
        ";
        browser.run_on_new_documents(read).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.sees_nothing_in(WARNING).await?;
        browser.sees_within(Duration::from_secs(75), "#session-expiry.warn", "ends soon").await?;
        let first = browser.run("return window.readings[0]", vec![]).await?;
        let seconds =
            first.as_str().and_then(|left| left.strip_prefix("Time left: 4:")).map(str::parse::<u8>);
        assert!(
            first == "Time left: 5:00" || seconds.is_some_and(|seconds| seconds.is_ok_and(|it| it >= 50)),
            "not {first}"
        );
        Ok(())
    })
    .await
}
