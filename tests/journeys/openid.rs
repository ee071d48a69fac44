//! Somebody signs in with an OpenID provider that we did not write.

use e2e::{Browser, Outcome, Provider, Result, Settings, play};

/// The provider's own page, and back.
async fn show_who_it_is(browser: &Browser) -> Result<()> {
    browser.fill("input[name=login]", "grace").await?;
    browser.fill("input[name=password]", "of no matter there").await?;
    browser.click("button[type=submit]").await?;
    agree(browser).await
}

/// The provider asks whether this application may know.
async fn agree(browser: &Browser) -> Result<()> {
    browser
        .until("the question of consent", "return !!document.querySelector('input[value=consent]')")
        .await?;
    browser.click("button[type=submit]").await
}

#[tokio::test]
async fn who_is_new_gets_an_account_and_is_known_the_next_time() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let browser = stage.browser(server.url()).await?;

        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        show_who_it_is(&browser).await?;
        browser.is_at("/").await?;
        browser.sees("#you", "grace@journey.example").await?;
        browser.reload().await?;
        browser.sees("#you", "grace@journey.example").await?;

        // Another browser, as the first remembers who it is.
        let other = stage.browser(server.url()).await?;
        other.open("/login").await?;
        other.click(".provider-foreign").await?;
        show_who_it_is(&other).await?;
        other.is_at("/").await?;
        other.sees("#you", "grace@journey.example").await?;
        let sessions = server.run(&["session", "list", "--email", "grace@journey.example"], "").await?;
        assert_eq!(sessions.matches("\"user_id\"").count(), 2, "two sessions of one user: {sessions}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_says_no_at_the_provider_is_told_so_and_finds_the_way_back() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let browser = stage.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        browser.until("the provider's page", "return !!document.querySelector('input[name=login]')").await?;
        browser.click("a[href$='/abort']").await?;
        browser.sees("#oauth-alert", " ").await?;
        browser.click("#oauth-back").await?;
        browser.is_at("/login?next=%2F").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_provider_that_is_away_is_named_and_the_password_still_works() -> Outcome {
    play(async |stage| {
        let mut provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        provider.kill().await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        browser.sees("#provider-alert", " ").await?;
        browser.is_at("/login").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.is_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_identity_that_was_linked_signs_in_as_who_linked_it() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/profile").await?;
        browser.click(".provider-foreign").await?;
        show_who_it_is(&browser).await?;
        browser.is_at("/account/profile").await?;
        browser.sees("#identities", "grace@journey.example").await?;

        let other = stage.browser(server.url()).await?;
        other.open("/login").await?;
        other.click(".provider-foreign").await?;
        show_who_it_is(&other).await?;
        other.is_in(&ada).await?;

        // Unlinked, it is a stranger's.
        browser.click("#identities button").await?;
        browser.click("#unlink-confirm").await?;
        browser.sees_no("#identities").await?;
        let third = stage.browser(server.url()).await?;
        third.open("/login").await?;
        third.click(".provider-foreign").await?;
        show_who_it_is(&third).await?;
        third.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}
