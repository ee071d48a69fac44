//! A screen reader announces changes on the account screens, and the focus moves along.

use e2e::{
    Behaviour, Browser, Person, Provider, Result, Settings, TestResult,
    announcements::{RECORD_ANNOUNCEMENTS, assert_announced},
    fail_requests_to, run,
    steps::{approve_at_provider, new_device_link, open_link, register, row_of},
};

/// After a view is replaced, checks that the focus is on its heading or on its first control.
async fn has_arrived(browser: &Browser, after: &str) -> Result<()> {
    let script = "
        const element = document.activeElement;
        return element !== document.body && element.matches('h1, main, main *') && element.checkVisibility()";
    browser.until(&format!("the focus in what is new after {after}"), script).await
}

#[tokio::test]
async fn a_screen_reader_announces_registration_and_recovery() -> TestResult {
    run(async |context| {
        let (proxy, mail, server) = context.server_with_mailbox(Settings::default()).await?;
        let (ada, zoe) = (server.owner("Ada Owner").await?, Person::new("Zoe Newcomer"));
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(RECORD_ANNOUNCEMENTS).await?;
        browser.open("/register").await?;
        browser.click("#register-submit").await?;
        assert_announced(&browser, &["register-alert: Check what is marked"]).await?;
        register(&browser, &zoe, "Acme").await?;
        has_arrived(&browser, "registering").await?;
        browser.click("#resend").await?;
        assert_announced(&browser, &["register-again: Sent again"]).await?;
        proxy.intercept(fail_requests_to("/resend-verification"));
        browser.click("#resend").await?;
        assert_announced(&browser, &["register-alert: Curfew"]).await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.click("#other-address").await?;
        browser.sees("#register-submit", "Create").await?;
        has_arrived(&browser, "taking another address").await?;

        open_link(&browser, "/verify-email#nothing-of-ours").await?;
        browser.click("#verify").await?;
        assert_announced(&browser, &["verify-alert: This link is no longer good"]).await?;
        let link = mail.wait_for(&zoe.email, "Verify your e-mail address").await?.link()?;
        open_link(&browser, &link).await?;
        browser.click("#verify").await?;
        browser.sees("#verified", &zoe.email).await?;
        assert_announced(&browser, &["verified: "]).await?;
        has_arrived(&browser, "verifying").await?;

        let link = new_device_link(&server, &mail, &browser, &ada).await?;
        open_link(&browser, &link).await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", "2 sessions ended").await?;
        assert_announced(&browser, &["disowned: Signed out everywhere"]).await?;
        has_arrived(&browser, "new_device_link").await?;
        open_link(&browser, &link).await?;
        browser.click("#disown").await?;
        assert_announced(&browser, &["disown-alert: This link is no longer good"]).await?;

        browser.open("/forgot-password").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#forgot-sent", &ada.email).await?;
        has_arrived(&browser, "asking for a link").await?;
        let link = mail.wait_for(&ada.email, "Set a new password").await?.link()?;
        open_link(&browser, &link).await?;
        browser.click("#reset-submit").await?;
        assert_announced(&browser, &["reset-alert: Check what is marked"]).await?;
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "set").await?;
        assert_announced(&browser, &["reset-done: "]).await?;
        has_arrived(&browser, "setting a password").await?;
        open_link(&browser, &link).await?;
        browser.fill("#password", "nine green trombones nap").await?;
        browser.click("#reset-submit").await?;
        assert_announced(&browser, &["reset-alert: This link is no longer good"]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_screen_reader_announces_members_sessions_and_the_profile() -> TestResult {
    run(async |context| {
        let (proxy, server, ada, browser) = context.owner_behind_proxy(Settings::default()).await?;
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        let api = server.direct_api()?;
        api.sign_in(&bob).await?;
        browser.run_on_new_documents(RECORD_ANNOUNCEMENTS).await?;
        browser.open("/account/members").await?;
        browser.click("#invite-submit").await?;
        assert_announced(&browser, &["invite-alert: Check what is marked"]).await?;
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        assert_announced(&browser, &["invite-alert: Someone"]).await?;
        browser.fill("#invite_email", "grace@journey.example").await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invites", "grace@journey.example").await?;
        assert_announced(&browser, &["invite-done: "]).await?;
        browser.click(&format!("{} select option[value='engineer']", row_of("#members", &ada))).await?;
        browser.click("#member-deed-confirm").await?;
        assert_announced(&browser, &["member-deed-alert: "]).await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{} button[aria-label^='Sign out']", row_of("#members", &bob))).await?;
        browser.click("#member-deed-confirm").await?;
        assert_announced(&browser, &["toast: Bob Builder is signed out"]).await?;

        api.sign_in(&ada).await?;
        browser.open("/account/sessions").await?;
        browser.click("#end-others").await?;
        proxy.intercept(fail_requests_to("/revoke-others"));
        browser.click("#end-session-confirm").await?;
        assert_announced(&browser, &["end-session-alert: Nobody was signed out"]).await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.click("#end-session-confirm").await?;
        assert_announced(&browser, &["toast: 1 session signed out"]).await?;

        browser.open("/account/profile").await?;
        browser.fill("#profile_name", "").await?;
        browser.click("#rename-submit").await?;
        assert_announced(&browser, &["rename-alert: Check what is marked"]).await?;
        browser.fill("#profile_name", "Ada Lovelace").await?;
        browser.click("#rename-submit").await?;
        assert_announced(&browser, &["rename-done: Saved"]).await?;
        browser.fill("#new_email", "countess@journey.example").await?;
        browser.click("#change-email-submit").await?;
        assert_announced(&browser, &["change-email-done: "]).await?;
        browser.fill("#current_password", "not the password").await?;
        browser.fill("#new_password", "nine green trombones nap").await?;
        browser.click("#change-password-submit").await?;
        assert_announced(&browser, &["change-password-alert: Check what is marked"]).await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.click("#change-password-submit").await?;
        assert_announced(&browser, &["change-password-done: "]).await?;
        has_arrived(&browser, "changing the password").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_screen_reader_announces_invitations_and_providers() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let (proxy, _mail, server) =
            context.server_with_mailbox(provider.configure(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(RECORD_ANNOUNCEMENTS).await?;
        browser.open("/invite#nothing-of-ours").await?;
        assert_announced(&browser, &["invite-alert: This link is no longer good"]).await?;
        browser.open("/oauth/callback/foreign?error=access_denied&state=gone").await?;
        assert_announced(&browser, &["oauth-alert: "]).await?;
        has_arrived(&browser, "coming back in vain").await?;
        proxy.intercept(|request| {
            if request.path.ends_with("/start") {
                Behaviour::Problem(503, "oauth_unavailable")
            } else {
                Behaviour::Forward
            }
        });
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        assert_announced(&browser, &["provider-alert: "]).await?;
        proxy.intercept(|_| Behaviour::Forward);

        browser.sign_in(&ada).await?;
        browser.open("/account/profile").await?;
        browser.click(".provider-foreign").await?;
        approve_at_provider(&browser, "grace").await?;
        browser.is_at("/account/profile").await?;
        assert_announced(&browser, &["toast: Linked"]).await?;
        browser.click("#identities button").await?;
        proxy.intercept(|request| {
            if request.method == "DELETE" {
                Behaviour::Problem(409, "last_sign_in_method")
            } else {
                Behaviour::Forward
            }
        });
        browser.click("#unlink-confirm").await?;
        assert_announced(&browser, &["unlink-alert: "]).await?;
        Ok(())
    })
    .await
}
