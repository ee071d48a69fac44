//! Users sign in with a real OpenID provider, whose responses are sometimes tampered with.

use e2e::{
    Behaviour, Browser, HttpProxy, Mailbox, Provider, ProviderMode, Result, Server, Settings, TIMEOUT,
    TestResult, run, run_on_both_databases, send,
    steps::{approve_at_provider, open_link},
    until,
};
use serde_json::json;

/// Signs in with the provider, from the sign-in page.
async fn sign_in(browser: &Browser, login: &str) -> Result<()> {
    browser.open("/login").await?;
    browser.click(".provider-foreign").await?;
    approve_at_provider(browser, login).await
}

/// Clears the cookies of Curfew and of the provider.
async fn forget(browser: &Browser) -> Result<()> {
    browser.devtools("Network.clearBrowserCookies", json!({})).await.map(drop)
}

/// Waits for the sign-in page and checks that there is no session at all.
async fn nobody_is_in(browser: &Browser, server: &Server) -> Result<()> {
    browser.open("/").await?;
    browser.sees("#sign-in", "Sign in").await?;
    assert_eq!(server.run(&["session", "list", "--json"], "").await?, "");
    Ok(())
}

#[tokio::test]
async fn a_new_user_gets_an_account_and_is_recognised_the_next_time() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let server = context.server(provider.configure(Settings::default())).await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.is_at("/").await?;
        browser.sees("#you", "grace@journey.example").await?;
        browser.reload().await?;
        browser.sees("#you", "grace@journey.example").await?;

        // A second browser, because the provider remembers the person in the first.
        let other = context.browser(server.url()).await?;
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
async fn refusing_consent_at_the_provider_is_explained_with_a_way_back() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let server = context.server(provider.configure(Settings::default())).await?;
        let browser = context.browser(server.url()).await?;
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
async fn a_response_that_was_tampered_with_signs_nobody_in() -> TestResult {
    const NOT_BEGUN: &str = "This sign-in was not begun in this browser, or took too long.";
    const NOT_ACCEPTED: &str = "The provider’s answer could not be accepted.";
    run(async |context| {
        let (provider, other) = (Provider::start().await?, Provider::start().await?);
        let settings = other.configure_as_other(provider.configure(Settings::default()));
        let server = context.server(settings).await?;
        let browser = context.browser(server.url()).await?;
        // Each login makes the provider corrupt its response in that way.
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
        // The corruption was the only reason.
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_sign_in_completes_only_in_the_browser_that_started_it() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let server = context.server(provider.configure(Settings::default())).await?;
        let (hers, theirs) = (context.browser(server.url()).await?, context.browser(server.url()).await?);
        hers.open("/login").await?;
        hers.sees("#sign-in", "Sign in").await?;
        let begin = "const headers = { 'content-type': 'application/json' };
            const body = JSON.stringify({ token_delivery: 'cookie' });
            const answer = await fetch('/api/v1/auth/oauth/foreign/start', { method: 'POST', headers, body });
            return (await answer.json()).authorization_url";
        let address = hers.run_async(begin, vec![]).await?;

        theirs.open("/login").await?;
        theirs.run("location.assign(arguments[0])", vec![address.clone()]).await?;
        approve_at_provider(&theirs, "grace").await?;
        theirs.sees("#oauth-alert", "This sign-in was not begun in this browser, or took too long.").await?;
        nobody_is_in(&theirs, &server).await?;

        hers.run("location.assign(arguments[0])", vec![address]).await?;
        approve_at_provider(&hers, "grace").await?;
        hers.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn two_tabs_that_visit_the_provider_at_once_both_return() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let server = context.server(provider.configure(Settings::default())).await?;
        let browser = context.browser(server.url()).await?;
        let first = browser.tab().await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        let is_there = "return !!document.querySelector('input[name=login]')";
        browser.until("the provider's page", is_there).await?;
        browser.open_tab().await?;
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        browser.switch_to(&first).await?;
        approve_at_provider(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_providers_new_key_is_accepted_at_once() -> TestResult {
    run(async |context| {
        let mut provider = Provider::start().await?;
        let server = context.server(provider.configure(Settings::default())).await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        provider.rotate_key().await?;
        let other = context.browser(server.url()).await?;
        sign_in(&other, "grace").await?;
        other.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_unreachable_provider_is_named_and_the_password_still_works() -> TestResult {
    const AWAY: &str = "The provider cannot be reached for the moment.";
    run(async |context| {
        let mut provider = Provider::start().await?;
        let server = context.server(provider.configure(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;

        // The provider never responds; others need not wait for it.
        provider.set_mode(ProviderMode::Hangs).await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        context.signed_in(server.url(), &ada).await?;
        browser.sees("#provider-alert", AWAY).await?;

        // The provider becomes unreachable in the middle of a sign-in.
        provider.set_mode(ProviderMode::Up).await?;
        browser.click(".provider-foreign").await?;
        browser.until("the provider's page", "return !!document.querySelector('input[name=login]')").await?;
        provider.set_mode(ProviderMode::Down).await?;
        approve_at_provider(&browser, "grace").await?;
        browser.sees("#oauth-alert", AWAY).await?;
        provider.set_mode(ProviderMode::Up).await?;
        forget(&browser).await?;
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_provider_that_never_responded_is_named_and_the_password_works() -> TestResult {
    run(async |context| {
        let mut provider = Provider::start().await?;
        let server = context.server(provider.configure(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        provider.kill().await?;
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        browser.sees("#provider-alert", "The provider cannot be reached for the moment.").await?;
        browser.is_at("/login").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.is_signed_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_linked_identity_signs_in_as_the_user_who_linked_it() -> TestResult {
    run(async |context| {
        let (provider, mail) = (Provider::start().await?, Mailbox::start().await?);
        let settings = Settings::default().with("CURFEW_SMTP_URL", mail.url());
        let server = context.server(provider.configure(settings)).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.open("/account/profile").await?;
        browser.click(".provider-foreign").await?;
        approve_at_provider(&browser, "grace").await?;
        browser.is_at("/account/profile").await?;
        browser.sees("#identities", "grace@journey.example").await?;
        let told = mail.wait_for(&ada.email, "A new way to sign in was added").await?;
        let words = "A new way to sign in was added: Foreign, grace@journey.example.";
        assert!(told.text.contains(words), "{}", told.text);

        let other = context.browser(server.url()).await?;
        sign_in(&other, "grace").await?;
        other.is_signed_in(&ada).await?;

        // After unlinking, the identity belongs to nobody.
        browser.click("#identities button").await?;
        browser.click("#unlink-confirm").await?;
        browser.sees_nothing_in("#identities").await?;
        let third = context.browser(server.url()).await?;
        sign_in(&third, "grace").await?;
        third.sees("#you", "grace@journey.example").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_unverified_address_is_verified_in_the_same_browser() -> TestResult {
    const WHO: &str = "unverified@journey.example";
    run(async |context| {
        let (provider, mail) = (Provider::start().await?, Mailbox::start().await?);
        let settings = Settings::default().with("CURFEW_SMTP_URL", mail.url());
        let server = context.server(provider.configure(settings)).await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, "unverified").await?;
        browser.sees("#oauth-alert", "The provider does not vouch for your e-mail address").await?;
        let message = mail.wait_for(WHO, "Verify your e-mail address").await?;
        assert!(
            message.text.contains("signed in with Foreign and wants to open an account"),
            "{}",
            message.text
        );
        let link = message.link()?;

        let other = context.browser(server.url()).await?;
        open_link(&other, &link).await?;
        other.click("#verify").await?;
        let words = "Open this link in the browser in which you signed in with the provider.";
        other.sees("#verify-alert", words).await?;
        nobody_is_in(&other, &server).await?;

        open_link(&browser, &link).await?;
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
async fn an_invited_user_joins_with_a_provider() -> TestResult {
    run(async |context| {
        let (provider, mail) = (Provider::start().await?, Mailbox::start().await?);
        let settings = Settings::default().with("CURFEW_SMTP_URL", mail.url());
        let server = context.server(provider.configure(settings)).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.open("/account/members").await?;
        browser.fill("#invite_email", "guest@journey.example").await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invites", "guest@journey.example").await?;

        let invitation = "Ada Owner invites you to “Ada Owner's”";
        let link = mail.wait_for("guest@journey.example", invitation).await?.link()?;
        let guest = context.browser(server.url()).await?;
        open_link(&guest, &link).await?;
        guest.click(".provider-foreign").await?;
        approve_at_provider(&guest, "grace").await?;
        guest.sees("#you", "guest@journey.example").await?;
        guest.sees("#person", "grace").await?;
        browser.reload().await?;
        browser.sees("#members li[data-email='guest@journey.example']", "grace").await?;
        Ok(())
    })
    .await
}

/// Waits until a sensitive action requires reauthentication.
async fn is_stale(browser: &Browser, server: &Server) -> Result<()> {
    let refresh = "const headers = { 'content-type': 'application/json' };
        const answer = await fetch('/api/v1/auth/refresh', { method: 'POST', headers, body: '{}' });
        return (await answer.json()).access_token";
    let token = browser.run_async(refresh, vec![]).await?;
    let api = server.direct_api()?;
    let nobodys = "/api/v1/users/me/identities/00000000-0000-0000-0000-000000000000";
    until("the sign-in to be stale", TIMEOUT, async || {
        let request = api.request(reqwest::Method::DELETE, nobodys);
        let answer = send(request.bearer_auth(token.as_str().unwrap_or_default())).await?;
        Ok((answer.problem() == "reauthentication_required").then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_user_without_a_password_reauthenticates_at_the_provider() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let settings = Settings::default().with("CURFEW_FRESH_SECONDS", "20");
        let server = context.server(provider.configure(settings)).await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.sees("#you", "grace@journey.example").await?;
        browser.open("/account/profile").await?;
        browser.sees("#identities", "grace@journey.example").await?;
        is_stale(&browser, &server).await?;

        // The provider asks for credentials although it knows the user, and another user's identity proves
        // nothing.
        let unlink = async || {
            browser.click("#identities button").await?;
            browser.click("#unlink-confirm").await
        };
        unlink().await?;
        browser.click("#reauthenticate .provider-foreign").await?;
        approve_at_provider(&browser, "eve").await?;
        browser.sees("#oauth-alert", "You signed in as somebody else at the provider.").await?;

        browser.open("/account/profile").await?;
        unlink().await?;
        browser.click("#reauthenticate .provider-foreign").await?;
        approve_at_provider(&browser, "grace").await?;
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

/// The page leaves for the provider and comes back with the unsaved input.
#[tokio::test]
async fn reauthentication_at_the_provider_keeps_the_input() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let provider = Provider::start().await?;
        let mut proxy = HttpProxy::start().await?;
        let server = context.server(provider.configure(settings).behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.is_at("/").await?;
        browser.open("/account/security?from=mail").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "60").await?;
        browser.fill("#absolute_minutes", "240").await?;

        proxy.intercept(|request| {
            if request.method == "PATCH" {
                Behaviour::Problem(403, "reauthentication_required")
            } else {
                Behaviour::Forward
            }
        });
        browser.click("#policy-save").await?;
        browser.sees("#reauthenticate-body", "then do it again").await?;
        browser.click("#reauthenticate .provider-foreign").await?;
        proxy.intercept(|_| Behaviour::Forward);
        approve_at_provider(&browser, "grace").await?;
        browser.is_at("/account/security?from=mail").await?;
        browser.sees("#toast", "Confirmed").await?;
        browser.until("what was typed", "return document.querySelector('#preset-custom').checked").await?;
        browser.has_value("#idle_minutes", "60").await?;
        browser.has_value("#absolute_minutes", "240").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-saved", "Saved").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_provider_with_form_post_and_userinfo_only_email_signs_in() -> TestResult {
    run(async |context| {
        let provider = Provider::start_with_quirks().await?;
        let settings = provider
            .configure(Settings::default())
            .with("CURFEW_OAUTH_FOREIGN_RESPONSE_MODE", "form_post")
            .with("CURFEW_OAUTH_FOREIGN_TRUSTED_AUDIENCES", "a project")
            .with("CURFEW_OAUTH_FOREIGN_TOKEN_ENDPOINT_AUTH_METHOD", "client_secret_post");
        let server = context.server(settings).await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, "grace").await?;
        browser.is_at("/").await?;
        browser.sees("#you", "grace@journey.example").await?;

        // Without the settings the sign-in fails, and the page says so.
        let plain = context.server(provider.configure(Settings::default())).await?;
        let other = context.browser(plain.url()).await?;
        sign_in(&other, "grace").await?;
        other.sees("#oauth-alert", "The provider’s answer could not be accepted.").await?;
        nobody_is_in(&other, &plain).await?;
        Ok(())
    })
    .await
}
