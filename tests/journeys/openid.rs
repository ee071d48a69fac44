//! Somebody signs in with an OpenID provider that we did not write, and that is not always to be believed.

use e2e::{
    Browser, Fate, Health, Mailbox, Outcome, Provider, Result, SOON, Server, Settings, Wire, play,
    play_on_both, send, until,
};
use serde_json::json;

use crate::people::follow;

/// The provider's own page, and back.
pub async fn show_who_it_is(browser: &Browser, login: &str) -> Result<()> {
    browser.fill("input[name=login]", login).await?;
    browser.fill("input[name=password]", "of no matter there").await?;
    browser.click("button[type=submit]").await?;
    // It asks whether this application may know, unless it has before.
    let asks = "!!document.querySelector('input[value=consent]')";
    let is_back = "location.pathname.startsWith('/oauth/callback/') || !!document.querySelector('main#main')";
    browser.until("the provider to be done", &format!("return {asks} || {is_back}")).await?;
    if browser.run(&format!("return {asks}"), vec![]).await? == true {
        browser.click("button[type=submit]").await?;
    }
    Ok(())
}

/// From the sign-in page to the provider and back.
async fn sign_in(browser: &Browser, login: &str) -> Result<()> {
    browser.open("/login").await?;
    browser.click(".provider-foreign").await?;
    show_who_it_is(browser, login).await
}

/// A person whom neither we nor the provider remember.
async fn forget(browser: &Browser) -> Result<()> {
    browser.devtools("Network.clearBrowserCookies", json!({})).await.map(drop)
}

/// Waits until the browser is asked to sign in, and sees that nobody is signed in anywhere.
async fn nobody_is_in(browser: &Browser, server: &Server) -> Result<()> {
    browser.open("/").await?;
    browser.sees("#sign-in", "Sign in").await?;
    assert_eq!(server.run(&["session", "list", "--json"], "").await?, "");
    Ok(())
}

#[tokio::test]
async fn who_is_new_gets_an_account_and_is_known_the_next_time() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let browser = stage.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.is_at("/").await?;
        browser.sees("#you", "grace@journey.example").await?;
        browser.reload().await?;
        browser.sees("#you", "grace@journey.example").await?;

        // Another browser, as the first remembers who it is.
        let other = stage.browser(server.url()).await?;
        sign_in(&other, "grace").await?;
        other.is_at("/").await?;
        other.sees("#you", "grace@journey.example").await?;
        let sessions =
            server.run(&["session", "list", "--json", "--email", "grace@journey.example"], "").await?;
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
        browser.sees("#oauth-alert", "The provider did not let you in.").await?;
        browser.click("#oauth-back").await?;
        browser.is_at("/login?next=%2F").await?;
        nobody_is_in(&browser, &server).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_answer_that_was_tampered_with_lets_nobody_in() -> Outcome {
    const NOT_BEGUN: &str = "This sign-in was not begun in this browser, or took too long.";
    const NOT_ACCEPTED: &str = "The provider’s answer could not be accepted.";
    play(async |stage| {
        let (provider, other) = (Provider::start().await?, Provider::start().await?);
        let settings = other.known_as_other_to(provider.known_to(Settings::default()));
        let server = stage.server(settings).await?;
        let browser = stage.browser(server.url()).await?;
        // Each is what the provider makes of the answer for who signs in there by that name.
        for (login, words) in [
            ("state", NOT_BEGUN),
            ("callback", NOT_BEGUN),
            ("code", NOT_ACCEPTED),
            ("answerer", NOT_ACCEPTED),
            ("nonce", NOT_ACCEPTED),
            ("issuer", NOT_ACCEPTED),
            ("audience", NOT_ACCEPTED),
            ("signature", NOT_ACCEPTED),
            ("expiry", NOT_ACCEPTED),
        ] {
            sign_in(&browser, login).await?;
            let seen = browser.sees("#oauth-alert", words).await;
            seen.map_err(|error| error.during(format!("the corrupted {login}")))?;
            let path = if login == "callback" { "/oauth/callback/other" } else { "/oauth/callback/foreign" };
            assert_eq!(browser.path().await?, path, "neither code nor state stays in the address");
            nobody_is_in(&browser, &server).await?;
            forget(&browser).await?;
        }
        // It was that, and nothing else.
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_sign_in_that_another_browser_began_ends_there_alone() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let (hers, theirs) = (stage.browser(server.url()).await?, stage.browser(server.url()).await?);
        hers.open("/login").await?;
        hers.sees("#sign-in", "Sign in").await?;
        let begin = "const headers = { 'content-type': 'application/json' };
            const body = JSON.stringify({ token_delivery: 'cookie' });
            const answer = await fetch('/api/v1/auth/oauth/foreign/start', { method: 'POST', headers, body });
            return (await answer.json()).authorization_url";
        let address = hers.run_async(begin, vec![]).await?;

        theirs.open("/login").await?;
        theirs.run("location.assign(arguments[0])", vec![address.clone()]).await?;
        show_who_it_is(&theirs, "grace").await?;
        theirs.sees("#oauth-alert", "This sign-in was not begun in this browser, or took too long.").await?;
        nobody_is_in(&theirs, &server).await?;

        hers.run("location.assign(arguments[0])", vec![address]).await?;
        show_who_it_is(&hers, "grace").await?;
        hers.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn two_tabs_that_go_to_the_provider_at_once_both_come_back() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let browser = stage.browser(server.url()).await?;
        let first = browser.tab().await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        let is_there = "return !!document.querySelector('input[name=login]')";
        browser.until("the provider's page", is_there).await?;
        browser.open_tab().await?;
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        browser.turn_to(&first).await?;
        show_who_it_is(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_provider_that_takes_a_new_key_is_believed_at_once() -> Outcome {
    play(async |stage| {
        let mut provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let browser = stage.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        provider.roll().await?;
        let other = stage.browser(server.url()).await?;
        sign_in(&other, "grace").await?;
        other.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_provider_that_is_away_is_named_and_the_password_still_works() -> Outcome {
    const AWAY: &str = "The provider cannot be reached for the moment.";
    play(async |stage| {
        let mut provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;

        // It never answers; others need not wait for that.
        provider.be(Health::Hangs).await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        stage.signed_in(server.url(), &ada).await?;
        browser.sees("#provider-alert", AWAY).await?;

        // It goes away while somebody is there.
        provider.be(Health::Up).await?;
        browser.click(".provider-foreign").await?;
        browser.until("the provider's page", "return !!document.querySelector('input[name=login]')").await?;
        provider.be(Health::Down).await?;
        show_who_it_is(&browser, "grace").await?;
        browser.sees("#oauth-alert", AWAY).await?;
        provider.be(Health::Up).await?;
        forget(&browser).await?;
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_provider_that_was_never_there_is_named_and_the_password_still_works() -> Outcome {
    play(async |stage| {
        let mut provider = Provider::start().await?;
        let server = stage.server(provider.known_to(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        provider.kill().await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        browser.sees("#provider-alert", "The provider cannot be reached for the moment.").await?;
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
        let (provider, mail) = (Provider::start().await?, Mailbox::open().await?);
        let settings = Settings::default().with("CURFEW_SMTP_URL", mail.url());
        let server = stage.server(provider.known_to(settings)).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account/profile").await?;
        browser.click(".provider-foreign").await?;
        show_who_it_is(&browser, "grace").await?;
        browser.is_at("/account/profile").await?;
        browser.sees("#identities", "grace@journey.example").await?;
        let told = mail.receives(&ada.email, "A new way to sign in was added").await?;
        let words = "A new way to sign in was added: Foreign, grace@journey.example.";
        assert!(told.text.contains(words), "{}", told.text);

        let other = stage.browser(server.url()).await?;
        sign_in(&other, "grace").await?;
        other.is_in(&ada).await?;

        // Unlinked, it is a stranger's.
        browser.click("#identities button").await?;
        browser.click("#unlink-confirm").await?;
        browser.sees_no("#identities").await?;
        let third = stage.browser(server.url()).await?;
        sign_in(&third, "grace").await?;
        third.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_address_that_the_provider_does_not_vouch_for_is_proven_in_the_same_browser() -> Outcome {
    const WHO: &str = "unverified@journey.example";
    play(async |stage| {
        let (provider, mail) = (Provider::start().await?, Mailbox::open().await?);
        let settings = Settings::default().with("CURFEW_SMTP_URL", mail.url());
        let server = stage.server(provider.known_to(settings)).await?;
        let browser = stage.browser(server.url()).await?;
        sign_in(&browser, "unverified").await?;
        browser.sees("#oauth-alert", "The provider does not vouch for your e-mail address").await?;
        let message = mail.receives(WHO, "Verify your e-mail address").await?;
        assert!(
            message.text.contains("signed in with Foreign and wants to open an account"),
            "{}",
            message.text
        );
        let link = message.link()?;

        let other = stage.browser(server.url()).await?;
        follow(&other, &link).await?;
        other.click("#verify").await?;
        let words = "Open this link in the browser in which you signed in with the provider.";
        other.sees("#verify-alert", words).await?;
        nobody_is_in(&other, &server).await?;

        follow(&browser, &link).await?;
        browser.click("#verify").await?;
        browser.sees("#verified", "unverified@journey.example is verified.").await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        browser.sees("#you", WHO).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_invited_person_joins_by_a_provider() -> Outcome {
    play(async |stage| {
        let (provider, mail) = (Provider::start().await?, Mailbox::open().await?);
        let settings = Settings::default().with("CURFEW_SMTP_URL", mail.url());
        let server = stage.server(provider.known_to(settings)).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account/members").await?;
        browser.fill("#invite_email", "guest@journey.example").await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invites", "guest@journey.example").await?;

        let invitation = "Ada Owner invites you to “Ada Owner's”";
        let link = mail.receives("guest@journey.example", invitation).await?.link()?;
        let guest = stage.browser(server.url()).await?;
        follow(&guest, &link).await?;
        guest.click(".provider-foreign").await?;
        show_who_it_is(&guest, "grace").await?;
        guest.sees("#you", "guest@journey.example").await?;
        guest.sees("#person", "grace").await?;
        browser.reload().await?;
        browser.sees("#members li[data-email='guest@journey.example']", "grace").await?;
        Ok(())
    })
    .await
}

/// Waits until a sensitive act of the person in the browser takes a proof anew.
async fn is_stale(browser: &Browser, server: &Server) -> Result<()> {
    let refresh = "const headers = { 'content-type': 'application/json' };
        const answer = await fetch('/api/v1/auth/refresh', { method: 'POST', headers, body: '{}' });
        return (await answer.json()).access_token";
    let token = browser.run_async(refresh, vec![]).await?;
    let api = server.direct()?;
    let nobodys = "/api/v1/users/me/identities/00000000-0000-0000-0000-000000000000";
    until("the sign-in to be stale", SOON, async || {
        let request = api.request(reqwest::Method::DELETE, nobodys);
        let answer = send(request.bearer_auth(token.as_str().unwrap_or_default())).await?;
        Ok((answer.problem() == "reauthentication_required").then_some(()))
    })
    .await
}

#[tokio::test]
async fn who_has_no_password_proves_at_the_provider_who_it_is() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let settings = Settings::default().with("CURFEW_FRESH_SECONDS", "20");
        let server = stage.server(provider.known_to(settings)).await?;
        let browser = stage.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        browser.open("/account/profile").await?;
        browser.sees("#identities", "grace@journey.example").await?;
        is_stale(&browser, &server).await?;

        // The provider asks who it is although it knows, and somebody else is nobody to prove it.
        let unlink = async || {
            browser.click("#identities button").await?;
            browser.click("#unlink-confirm").await
        };
        unlink().await?;
        browser.click("#reauthenticate .provider-foreign").await?;
        show_who_it_is(&browser, "eve").await?;
        browser.sees("#oauth-alert", "You signed in as somebody else at the provider.").await?;

        browser.open("/account/profile").await?;
        unlink().await?;
        browser.click("#reauthenticate .provider-foreign").await?;
        show_who_it_is(&browser, "grace").await?;
        browser.sees("#toast", "Confirmed.").await?;
        browser.is_at("/account/profile").await?;
        browser.fill("#new_password", "seven purple kangaroos hum").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#change-password-done", "Your new password is set.").await?;

        let sessions = server.run(&["session", "list", "--json"], "").await?;
        assert_eq!(sessions.matches("\"user_id\"").count(), 1, "it is the same session: {sessions}");
        Ok(())
    })
    .await
}

/// The page goes away meanwhile, and comes back to the same place with what was about to be saved.
#[tokio::test]
async fn who_has_no_password_confirms_with_the_provider_and_finds_what_was_typed() -> Outcome {
    play_on_both(async |stage, settings| {
        let provider = Provider::start().await?;
        let mut wire = Wire::lay().await?;
        let server = stage.server(provider.known_to(settings).behind(wire.port())).await?;
        wire.join(server.port());
        let browser = stage.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.is_at("/").await?;
        browser.open("/account/security?from=mail").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "60").await?;
        browser.fill("#absolute_minutes", "240").await?;

        wire.rule(|request| {
            if request.method == "PATCH" {
                Fate::Problem(403, "reauthentication_required")
            } else {
                Fate::Pass
            }
        });
        browser.click("#policy-save").await?;
        browser.sees("#reauthenticate-body", "then do it again").await?;
        browser.click("#reauthenticate .provider-foreign").await?;
        wire.rule(|_| Fate::Pass);
        show_who_it_is(&browser, "grace").await?;
        browser.is_at("/account/security?from=mail").await?;
        browser.sees("#toast", "Confirmed").await?;
        browser.until("what was typed", "return document.querySelector('#preset-custom').checked").await?;
        browser.holds("#idle_minutes", "60").await?;
        browser.holds("#absolute_minutes", "240").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-saved", "Saved").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_provider_that_posts_its_answer_and_keeps_the_address_to_itself_lets_in_too() -> Outcome {
    play(async |stage| {
        let provider = Provider::start_thin().await?;
        let settings = provider
            .known_to(Settings::default())
            .with("CURFEW_OAUTH_FOREIGN_RESPONSE_MODE", "form_post")
            .with("CURFEW_OAUTH_FOREIGN_TRUSTED_AUDIENCES", "a project")
            .with("CURFEW_OAUTH_FOREIGN_TOKEN_ENDPOINT_AUTH_METHOD", "client_secret_post");
        let server = stage.server(settings).await?;
        let browser = stage.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.is_at("/").await?;
        browser.sees("#you", "grace@journey.example").await?;

        // Without the settings it lets nobody in, and the page says so.
        let plain = stage.server(provider.known_to(Settings::default())).await?;
        let other = stage.browser(plain.url()).await?;
        sign_in(&other, "grace").await?;
        other.sees("#oauth-alert", "The provider’s answer could not be accepted.").await?;
        nobody_is_in(&other, &plain).await?;
        Ok(())
    })
    .await
}
