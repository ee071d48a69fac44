//! Somebody's own sessions in several browsers.

use e2e::{Browser, Mailbox, Outcome, Person, Result, Settings, play_on_both};

/// The page learns at its next request that its session is no more.
async fn is_out(browser: &Browser) -> Result<()> {
    browser.click("#check").await?;
    browser.is_at("/login?next=%2F").await?;
    browser.sees("#sign-in", "Sign in").await?;
    browser.sees_no("#banner").await
}

#[tokio::test]
async fn somebody_signs_out_everywhere_else() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let bob = server.member(&ada, "Bob Builder", "owner").await?;
        let elsewhere = stage.signed_in(server.url(), &ada).await?;
        let bobs = stage.signed_in(server.url(), &bob).await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account/sessions").await?;
        browser.click("#end-others").await?;
        browser.sees("#end-session-body", "stay signed in here").await?;
        browser.click("#end-session-confirm").await?;
        browser.sees("#toast", "1 session signed out").await?;
        browser.sees("#sessions-summary", "Only this device").await?;
        is_out(&elsewhere).await?;
        browser.reload().await?;
        browser.sees("#sessions-summary", "Only this device").await?;
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        bobs.click("#check").await?;
        bobs.sees("#check-outcome", "Confirmed").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn signing_in_again_in_the_same_browser_leaves_no_ghost() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        let first = server.sessions(&ada).await?;
        // The page has forgotten that somebody is signed in; the browser's cookie has not.
        for _ in 0..2 {
            browser.run("localStorage.clear()", vec![]).await?;
            browser.open("/login").await?;
            browser.sign_in(&ada).await?;
        }
        let last = server.sessions(&ada).await?;
        assert_eq!(last.len(), 1);
        assert_ne!(last, first, "it is the new one");
        browser.open("/account/sessions").await?;
        browser.sees("#sessions-summary", "Only this device").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn another_password_ends_the_session_in_the_other_browser() -> Outcome {
    play_on_both(async |stage, settings| {
        let mail = Mailbox::open().await?;
        let server = stage.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let elsewhere = stage.signed_in(server.url(), &ada).await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account/profile").await?;
        browser.fill("#current_password", "not the password").await?;
        browser.fill("#new_password", "seven purple kangaroos hum").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#current_password-error", "not your password").await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#change-password-done", "1 other session ended").await?;
        mail.receives(&ada.email, "Your password was changed").await?;

        is_out(&elsewhere).await?;
        elsewhere.submit(&ada.email, &ada.password).await?;
        elsewhere.sees("#sign-in-alert", "not right").await?;
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        elsewhere.sign_in(&ada).await?;
        browser.reload().await?;
        browser.sees("#person", &ada.name).await?;
        assert_eq!(server.sessions(&ada).await?.len(), 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_guesses_is_told_how_long_to_wait_and_nobody_is_signed_out() -> Outcome {
    play_on_both(async |stage, settings: Settings| {
        let server = stage.server(settings).await?;
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        let inside = stage.signed_in(server.url(), &ada).await?;
        let browser = stage.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.fill("#email", &ada.email).await?;
        browser.fill("#password", &ada.password).await?;
        // Each wrong one makes the next wait twice as long.
        let thief = Person { password: "not the password".into(), ..ada.clone() };
        e2e::until("a wait of several seconds", e2e::SOON, async || {
            let answer = api.sign_in(&thief).await?;
            let wait: u32 = answer.header("retry-after").parse().unwrap_or_default();
            Ok((answer.problem() == "too_many_requests" && wait >= 6).then_some(()))
        })
        .await?;
        browser.click("#sign-in").await?;
        browser.sees("#sign-in-alert", "Too many attempts. Try again in").await?;
        let words = browser.text("#sign-in-alert").await?;
        let wait = words.split_whitespace().find_map(|word| word.parse::<u32>().ok());
        assert!(words.ends_with("seconds.") && wait.is_some_and(|wait| (1..=8).contains(&wait)), "{words}");
        browser.holds("#email", &ada.email).await?;
        inside.click("#check").await?;
        inside.sees("#check-outcome", "Confirmed").await?;
        e2e::until("the wait to be over", e2e::SOON, async || {
            Ok((api.sign_in(&ada).await?.status == 200).then_some(()))
        })
        .await?;
        browser.sign_in(&ada).await?;
        Ok(())
    })
    .await
}
