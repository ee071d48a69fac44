//! A user's own sessions in several browsers.

use e2e::{Browser, Mailbox, Person, Result, Settings, TestResult, run_on_both_databases};

/// The page's next request shows that its session has ended.
async fn is_out(browser: &Browser) -> Result<()> {
    browser.click("#check").await?;
    browser.is_at("/login?next=%2F").await?;
    browser.sees("#sign-in", "Sign in").await?;
    browser.sees_nothing_in("#banner").await
}

#[tokio::test]
async fn a_user_signs_out_everywhere_else() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let bob = server.member(&ada, "Bob Builder", "owner").await?;
        let elsewhere = context.signed_in(server.url(), &ada).await?;
        let bobs = context.signed_in(server.url(), &bob).await?;
        let browser = context.signed_in(server.url(), &ada).await?;
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
async fn signing_in_again_in_the_same_browser_ends_the_old_session() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        let first = server.sessions(&ada).await?;
        // The page no longer knows that anybody is signed in, but the cookie remains.
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
async fn a_new_password_ends_the_session_in_the_other_browser() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mail = Mailbox::start().await?;
        let server = context.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let elsewhere = context.signed_in(server.url(), &ada).await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.open("/account/profile").await?;
        browser.fill("#current_password", "not the password").await?;
        browser.fill("#new_password", "seven purple kangaroos hum").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#current_password-error", "not your password").await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#change-password-done", "1 other session ended").await?;
        mail.wait_for(&ada.email, "Your password was changed").await?;

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
async fn wrong_passwords_show_the_wait_and_sign_nobody_out() -> TestResult {
    run_on_both_databases(async |context, settings: Settings| {
        let server = context.server(settings).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let inside = context.signed_in(server.url(), &ada).await?;
        let browser = context.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.fill("#email", &ada.email).await?;
        browser.fill("#password", &ada.password).await?;
        // Each wrong password doubles the wait.
        let thief = Person { password: "not the password".into(), ..ada.clone() };
        e2e::until("a wait of several seconds", e2e::TIMEOUT, async || {
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
        browser.has_value("#email", &ada.email).await?;
        inside.click("#check").await?;
        inside.sees("#check-outcome", "Confirmed").await?;
        e2e::until("the wait to be over", e2e::TIMEOUT, async || {
            Ok((api.sign_in(&ada).await?.status == 200).then_some(()))
        })
        .await?;
        browser.sign_in(&ada).await?;
        Ok(())
    })
    .await
}
