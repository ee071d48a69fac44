//! The warning five minutes before a session ends: when it comes, what it offers, when it stays away.

use std::time::Duration;

use e2e::{Browser, Look, Outcome, Result, Settings, play, play_on_both};

use crate::{
    clock::{CLOCK, advance, next_second},
    keyboard::{ENTER, ESCAPE, TAB, focus_is_on},
};

const WARNING: &str = "#session-expiry-message";

/// When the session ends if it is not used, as home says; in seconds since 1970.
async fn idle_end(browser: &Browser) -> Result<i64> {
    let script = "return Date.parse(document.querySelectorAll('#session time')[1].dateTime) / 1000";
    Ok(browser.run(script, vec![]).await?.as_i64().unwrap_or_default())
}

#[tokio::test]
async fn staying_signed_in_takes_the_warning_away_in_every_tab() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "15")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(CLOCK).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        let first = browser.tab().await?;
        let second = browser.open_tab().await?;
        browser.at_every_start(CLOCK).await?;
        browser.open("/").await?;
        browser.is_in(&ada).await?;
        let session = server.sessions(&ada).await?;
        let before = idle_end(&browser).await?;

        for tab in [&first, &second] {
            browser.turn_to(tab).await?;
            advance(&browser, 9 * 60).await?;
            browser.sees_no(WARNING).await?;
        }
        for tab in [&first, &second] {
            browser.turn_to(tab).await?;
            advance(&browser, 70).await?;
            browser.sees("#session-expiry.filled.warn", "ends soon, because it is not being used").await?;
            browser.sees("#session-expiry-countdown", "4:").await?;
        }

        next_second(&browser).await?;
        // By a script: somebody who moves the pointer there extends the session by that alone.
        browser.run("document.querySelector('#stay-signed-in').click()", vec![]).await?;
        browser.sees("#toast", "You stay signed in").await?;
        for tab in [&second, &first] {
            browser.turn_to(tab).await?;
            browser.sees_no(WARNING).await?;
            browser
                .until("no countdown", "return !document.querySelector('#session-expiry-countdown')")
                .await?;
            assert!(idle_end(&browser).await? > before, "the end has moved");
        }
        assert_eq!(server.sessions(&ada).await?, session, "it is the same session");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn where_nothing_can_be_extended_one_signs_in_anew_and_goes_on() -> Outcome {
    play_on_both(async |stage, settings| {
        let settings =
            settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "5").with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = stage.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.click("#nav-account").await?;
        browser.is_at("/account").await?;
        let session = server.sessions(&ada).await?;

        browser.sees("#session-expiry.filled.info", "the longest time it may last").await?;
        browser.sees_no("#stay-signed-in").await?;
        browser.click("#sign-in-now").await?;
        browser.is_at("/login?next=%2Faccount").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_no("#banner").await?;
        browser.sees_no("#session-expiry").await?;
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
async fn a_dismissed_warning_comes_back_only_for_a_new_deadline() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "5")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(CLOCK).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;

        let before = idle_end(&browser).await?;
        browser.sees("#session-expiry.warn", "ends soon").await?;
        browser.click("#session-expiry-dismiss").await?;
        browser.sees_no("#session-expiry").await?;
        // On every page, and however often the clock is looked at.
        browser.click("#nav-account").await?;
        browser.sees("h1", "Account").await?;
        advance(&browser, 1).await?;
        browser.click("#nav-home").await?;
        browser.is_in(&ada).await?;
        assert_eq!(idle_end(&browser).await?, before, "it is still that deadline");
        assert_eq!(browser.text("#session-expiry").await?, "");

        next_second(&browser).await?;
        // Somebody has just been there, so a minute after the last refresh the window starts anew.
        advance(&browser, 61).await?;
        browser.sees("#session-expiry.warn", "ends soon").await?;
        assert!(idle_end(&browser).await? > before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_dismissed_warning_stays_away_after_a_reload_and_in_other_tabs() -> Outcome {
    play_on_both(async |stage, settings| {
        let settings =
            settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "5").with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = stage.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(CLOCK).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        let first = browser.tab().await?;
        let second = browser.open_tab().await?;
        browser.at_every_start(CLOCK).await?;
        browser.open("/").await?;
        browser.sees("#session-expiry.info", "the longest time it may last").await?;
        browser.turn_to(&first).await?;
        browser.click("#session-expiry-dismiss").await?;
        browser.sees_no("#session-expiry").await?;
        browser.turn_to(&second).await?;
        browser.sees_no("#session-expiry").await?;

        browser.reload().await?;
        let third = browser.open_tab().await?;
        browser.at_every_start(CLOCK).await?;
        browser.open("/").await?;
        for tab in [&second, &third] {
            browser.turn_to(tab).await?;
            browser.is_in(&ada).await?;
            advance(&browser, 1).await?;
            assert_eq!(browser.text("#session-expiry").await?, "");
        }
        Ok(())
    })
    .await
}

/// While a dialog is open nothing beside it can be reached, so the warning comes into it.
#[tokio::test]
async fn a_dialog_does_not_hide_the_warning() -> Outcome {
    play_on_both(async |stage, settings| {
        let settings =
            settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "5").with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = stage.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
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
        // It can be used there, too.
        browser.press(ENTER).await?;
        browser.sees("#revoke-sessions #session-expiry.info", "the longest time it may last").await?;
        browser.click("#sign-in-now").await?;
        browser.is_at("/login?next=%2Faccount%2Fsecurity").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.sees(".dock #session-expiry.info", "the longest time it may last").await?;
        browser.click("#revoke-all").await?;
        browser.press(ESCAPE).await?;
        focus_is_on(&browser, "#revoke-all").await?;

        // The dialog leaves together with its page: the messages are there for the next.
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

/// WCAG 2.4.11, from the first stop of the page to the last, and back.
#[tokio::test]
async fn the_warning_hides_nothing_that_has_the_focus() -> Outcome {
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
    play(async |stage| {
        let settings = Settings::default()
            .with("CURFEW_IDLE_MINUTES_DEFAULT", "5")
            .with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = stage.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        for width in [320, 1280] {
            browser.put_on(Look { width, dark: false }).await?;
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

/// With the machine's own clock, and nobody touching anything.
#[tokio::test]
async fn the_warning_comes_by_itself_five_minutes_ahead() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "6")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        // Each reading of the countdown, the first one first.
        let read = "
            window.readings = [];
            new MutationObserver(() => {
                const left = document.querySelector('#session-expiry-countdown')?.textContent;
                if (left && left !== readings.at(-1)) readings.push(left);
            }).observe(document, {childList: true, characterData: true, subtree: true});
        ";
        browser.at_every_start(read).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.sees_no(WARNING).await?;
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
