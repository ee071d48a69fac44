//! The screens of sessions and settings are accessible: by axe-core's rules, by keyboard, with a screen
//! reader, on a narrow screen, in dark mode.

use e2e::{
    AxeAudit, Behaviour, Browser, HttpProxy, Result, Settings, TestResult,
    announcements::{RECORD_ANNOUNCEMENTS, assert_announced},
    clock::{CLOCK, advance, next_second},
    fail_requests_to,
    keyboard::{ENTER, SPACE, tab_to},
    require_reauthentication, run, run_on_both_databases,
    steps::EXTEND_TIMEOUTS,
};
use serde_json::{Value, json};

#[tokio::test]
async fn axe_finds_nothing_on_any_screen() -> TestResult {
    run(async |context| {
        let mut proxy = HttpProxy::start().await?;
        let server = context.server(Settings::default().behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        let mut audit = AxeAudit::new(&browser)?;

        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        audit.check("sign-in").await?;
        browser.click("#sign-in").await?;
        browser.sees("#email-error", "e-mail").await?;
        audit.check("sign-in with fields missing").await?;
        browser.submit(&ada.email, "not the password").await?;
        browser.sees("#sign-in-alert", "not right").await?;
        audit.check("sign-in refused").await?;
        browser.open("/login?reason=session_expired").await?;
        browser.sees("#banner", "expired").await?;
        audit.check("sign-in with banner").await?;

        browser.sign_in(&ada).await?;
        audit.check("home").await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed").await?;
        audit.check("home, checked").await?;
        browser.set_offline(true).await?;
        browser.sees("#connection", "offline").await?;
        audit.check("home, offline").await?;
        browser.click("#sign-out").await?;
        browser.sees("#sign-out-alert", "not signed out").await?;
        audit.check("home, sign-out failed").await?;
        browser.set_offline(false).await?;

        proxy.intercept(|request| {
            if request.is_refresh() { Behaviour::Problem(503, "unavailable") } else { Behaviour::Forward }
        });
        browser.open("/").await?;
        browser.sees("h1", "can’t answer").await?;
        audit.check("start without an answer").await?;
        proxy.intercept(|_| Behaviour::Forward);

        browser.open("/nowhere").await?;
        browser.sees("h1", "There is nothing here").await?;
        audit.check("not found").await?;
        browser.open("/problems/not_found").await?;
        browser.sees("h1", "There is nothing here").await?;
        audit.check("an error explained").await?;

        audit.assert_clean(11);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_owners_set_the_policy() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let (proxy, _server, _, browser) = context.owner_behind_proxy(settings).await?;
        let mut audit = AxeAudit::new(&browser)?;
        browser.open("/account").await?;
        browser.sees(".row-link", "Session security").await?;
        audit.check("account").await?;
        proxy.intercept(|request| {
            let is_about_it = request.path.starts_with("/api/v1/accounts/");
            if is_about_it { Behaviour::Problem(503, "unavailable") } else { Behaviour::Forward }
        });
        for (path, alert) in [("/account/security", "#security-alert"), ("/account/audit", "#audit-alert")] {
            browser.open(path).await?;
            browser.sees(alert, "could not be loaded").await?;
            audit.check(&format!("{path} without an answer")).await?;
        }
        proxy.intercept(|_| Behaviour::Forward);

        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "Only you").await?;
        audit.check("security, Strict, one signed in").await?;
        browser.click("#revoke-all").await?;
        browser.sees("#revoke-sessions-title", "everywhere").await?;
        audit.check("the question, nobody else there").await?;
        browser.click("#revoke-sessions-cancel").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "5").await?;
        browser.fill("#absolute_minutes", "soon").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "Nothing has been saved").await?;
        audit.check("security, Custom with errors").await?;
        browser.click("#preset-standard").await?;
        let patch = proxy.hold(|request| request.method == "PATCH");
        browser.click("#policy-save").await?;
        browser.sees("#policy-save", "Saving").await?;
        audit.check("security, saving").await?;
        patch.wait().await;
        browser.sees("#policy-saved", "Saved").await?;
        audit.check("security, saved").await?;
        proxy.intercept(|request| match request.method.as_str() {
            "PATCH" => Behaviour::DropResponse,
            _ if request.is_refresh() => Behaviour::Problem(503, "unavailable"),
            _ => Behaviour::Forward,
        });
        browser.click("#preset-strict").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "may not have been saved").await?;
        audit.check("security, perhaps saved").await?;
        audit.assert_clean(9);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_owners_end_sessions() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let (proxy, server, ada, browser) = context.owner_behind_proxy(settings).await?;
        let mut audit = AxeAudit::new(&browser)?;
        for number in 1..=12 {
            let person = server.member(&ada, &format!("Member {number}"), "viewer").await?;
            assert_eq!(server.direct_api()?.sign_in(&person).await?.status, 200);
        }
        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "13 people").await?;
        audit.check("security, many signed in").await?;
        for (button, title) in [("#revoke-others", "except you"), ("#revoke-all", "yourself included")] {
            browser.click(button).await?;
            browser.sees("#revoke-sessions-title", title).await?;
            audit.check(title).await?;
            browser.click("#revoke-sessions-cancel").await?;
        }
        browser.click("#revoke-others").await?;
        proxy.intercept(fail_requests_to("/revoke-sessions"));
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#revoke-sessions-alert", "Nobody was signed out").await?;
        audit.check("the question, refused").await?;
        proxy.intercept(require_reauthentication("/revoke-sessions"));
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        audit.check("who is it, above the question").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#reauthenticate-alert", "not your password").await?;
        audit.check("who is it, and it is not").await?;
        browser.click("#reauthenticate-cancel").await?;
        browser.sees("#revoke-sessions-alert", "Nobody was signed out").await?;
        let revocation = proxy.hold(|request| request.path.ends_with("/revoke-sessions"));
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#revoke-sessions-confirm", "Signing out").await?;
        audit.check("the question, at work").await?;
        revocation.wait().await;
        browser.sees("#toast", "12 sessions signed out").await?;
        audit.check("a message").await?;
        browser.sees("#toast", "12 sessions signed out").await?;
        audit.assert_clean(8);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_only_owners_may_read() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let (proxy, server, ada, browser) = context.owner_behind_proxy(settings).await?;
        let mut audit = AxeAudit::new(&browser)?;
        browser.open("/account/audit").await?;
        browser.sees("#audit-summary", "that is all").await?;
        audit.check("audit").await?;
        browser.click("#audit-kind option[value='session.replay_detected']").await?;
        browser.sees("#audit-summary", "Nothing matches").await?;
        audit.check("audit, nothing to see").await?;
        browser.fill("#audit-from", "2026-11-23").await?;
        browser.fill("#audit-to", "2026-11-22").await?;
        browser.sees("#audit-to-error", "before the first").await?;
        audit.check("audit, days in the wrong order").await?;
        browser.click("#audit-clear").await?;
        browser.sees("#audit-summary", "that is all").await?;
        proxy.intercept(fail_requests_to("/audit-events"));
        browser.click("#export-csv").await?;
        browser.sees("#export-outcome", "There is no file").await?;
        audit.check("audit, no file").await?;

        proxy.intercept(require_reauthentication("/users/me/email"));
        browser.open("/account/profile").await?;
        browser.fill("#new_email", "new@journey.example").await?;
        browser.click("#change-email-submit").await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        audit.check("who is it").await?;
        browser.click("#reauthenticate-cancel").await?;

        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        browser.click("#sign-out").await?;
        browser.sign_in(&bob).await?;
        browser.open("/account/audit").await?;
        browser.sees("#owners-only", "Only owners").await?;
        audit.check("only for owners").await?;
        browser.open("/account").await?;
        browser.sees("#you", "Engineer").await?;
        audit.check("account of no owner").await?;
        audit.assert_clean(7);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_in_both_warnings() -> TestResult {
    run_on_both_databases(async |context, settings| {
        for (idle, absolute, tone) in [("5", "60", "warn"), ("5", "5", "info")] {
            let settings = settings
                .clone()
                .with("CURFEW_IDLE_MINUTES_DEFAULT", idle)
                .with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", absolute);
            let server = context.server(settings).await?;
            // Both servers may share a database.
            let ada = server.owner(&format!("Ada {tone}")).await?;
            let browser = context.browser(server.url()).await?;
            let mut audit = AxeAudit::new(&browser)?;
            browser.open("/login").await?;
            browser.sign_in(&ada).await?;
            for path in ["/", "/account/security"] {
                browser.open(path).await?;
                browser.sees("#person", "Ada").await?;
                browser.sees(&format!("#session-expiry.{tone}"), "Your session").await?;
                audit.check(&format!("{path} with the warning: {tone}")).await?;
                browser.sees(&format!("#session-expiry.{tone}"), "4:").await?;
            }
            browser.click("#revoke-all").await?;
            browser.sees(&format!("#revoke-sessions #session-expiry.{tone}"), "4:").await?;
            audit.check(&format!("the warning in a dialog: {tone}")).await?;
            browser.click("#revoke-sessions-cancel").await?;
            browser.set_offline(true).await?;
            browser.click("#session-expiry .act").await?;
            browser.sees("#session-expiry-alert", "offline").await?;
            audit.check(&format!("the warning, in vain: {tone}")).await?;
            audit.assert_clean(4);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_after_the_session_was_extended() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "15")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(CLOCK).await?;
        browser.run_on_new_documents(EXTEND_TIMEOUTS).await?;
        let mut audit = AxeAudit::new(&browser)?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        advance(&browser, 11 * 60).await?;
        next_second(&browser).await?;
        browser.click("#stay-signed-in").await?;
        browser.sees("#toast", "You stay signed in.").await?;
        audit.check("the session goes on").await?;
        browser.sees("#toast", "You stay signed in.").await?;
        audit.assert_clean(1);
        Ok(())
    })
    .await
}

/// Checks the check: axe-core reports the faults of a faulty page.
#[tokio::test]
async fn axe_finds_planted_faults() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let browser = context.browser(server.url()).await?;
        let mut audit = AxeAudit::new(&browser)?;
        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        let spoil = "document.querySelector('label[for=email]').remove(); \
             document.querySelector('h1').style.width = '2000px'; \
             document.querySelector('h1').style.color = '#aaa'; \
             const button = document.querySelector('#reveal'); \
             button.style = 'width: 10px; min-width: 0; height: 10px; padding: 0; overflow: hidden'; \
             button.after(button.cloneNode(true))";
        browser.run(spoil, vec![]).await?;
        audit.check("spoilt").await?;
        for fault in ["label: #email", "color-contrast", "wider than", "target-size"] {
            assert!(
                audit.faults().iter().any(|found| found.contains(fault)),
                "{fault}: {:?}",
                audit.faults()
            );
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn changes_are_announced_in_regions_that_started_empty() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(RECORD_ANNOUNCEMENTS).await?;
        let mut unheard = Vec::new();
        let mut heard = Vec::new();
        let mut collect = async |browser: &Browser| -> Result<()> {
            let words = |list: Value| list.as_array().cloned().unwrap_or_default();
            unheard.extend(words(browser.run("return window.unheard", vec![]).await?));
            heard.extend(words(browser.run("return window.heard", vec![]).await?));
            Ok(())
        };

        browser.open("/login?reason=session_expired").await?;
        browser.sees("#banner", "expired").await?;
        browser.submit(&ada.email, "not the password").await?;
        browser.sees("#sign-in-alert", "not right").await?;
        collect(&browser).await?;

        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed").await?;
        browser.set_offline(true).await?;
        browser.sees("#connection", "offline").await?;
        browser.click("#sign-out").await?;
        browser.sees("#sign-out-alert", "not signed out").await?;
        collect(&browser).await?;

        let heard = json!(heard).to_string();
        for said in [
            "banner: Your session has expired",
            "sign-in-alert: The e-mail",
            "check-outcome: Confirmed",
            "connection: You're offline",
            "sign-out-alert: You are not",
        ] {
            assert!(heard.contains(said), "“{said}” was announced, among {heard}; unheard: {unheard:?}");
        }
        assert_eq!(unheard, Vec::<Value>::new(), "these appeared with their words already in them");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_settings_and_the_warning_use_regions_that_started_empty() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mut proxy = HttpProxy::start().await?;
        // The warning is shown from the sign-in on.
        let settings = settings.behind(proxy.port()).with("CURFEW_IDLE_MINUTES_DEFAULT", "5");
        let server = context.server(settings).await?;
        proxy.forward_to(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(RECORD_ANNOUNCEMENTS).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        assert_announced(&browser, &["session-expiry-message: Your session ends soon"]).await?;

        proxy.intercept(fail_requests_to("/security"));
        browser.click("#nav-account").await?;
        browser.click(".row-link[href='/account/security']").await?;
        browser.sees("#security-alert", "could not be loaded").await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.click("#security-retry").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "5").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "Nothing has been saved").await?;
        browser.fill("#idle_minutes", "60").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-saved", "Saved").await?;
        assert_announced(
            &browser,
            &[
                "security-alert: This could not be loaded",
                "policy-alert: Check what is marked",
                "policy-saved: Saved",
            ],
        )
        .await?;

        proxy.intercept(fail_requests_to("/audit-events"));
        browser.click("#nav-account").await?;
        browser.click(".row-link[href='/account/audit']").await?;
        browser.sees("#audit-alert", "could not be loaded").await?;
        browser.click("#export-csv").await?;
        browser.sees("#export-outcome", "There is no file").await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.click("#audit-retry").await?;
        browser.sees("#audit-summary", "that is all").await?;
        browser.click("#export-csv").await?;
        browser.sees("#toast", "is ready").await?;
        assert_announced(
            &browser,
            &[
                "audit-alert: This could not be loaded",
                "export-outcome: There is no file",
                "audit-summary: ",
                "toast: audit-events.csv is ready",
            ],
        )
        .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_screen_reader_announces_that_sessions_were_ended() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mut proxy = HttpProxy::start().await?;
        let server = context.server(settings.behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        api.sign_in(&bob).await?;
        api.sign_in(&ada).await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(RECORD_ANNOUNCEMENTS).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/security").await?;

        proxy.intercept(fail_requests_to("/revoke-sessions"));
        browser.click("#revoke-others").await?;
        browser.click("#revoke-sessions-confirm").await?;
        assert_announced(&browser, &["revoke-sessions-alert: Nobody was signed out"]).await?;
        proxy.intercept(require_reauthentication("/revoke-sessions"));
        browser.click("#revoke-sessions-confirm").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        assert_announced(&browser, &["reauthenticate-alert: That is not your password"]).await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.fill("#confirm_password", &ada.password).await?;
        browser.click("#reauthenticate-confirm").await?;
        assert_announced(&browser, &["toast: 1 session signed out"]).await?;

        // The announcement must come before the page changes.
        browser.click("#revoke-all").await?;
        browser.click("#revoke-sessions-confirm").await?;
        assert_announced(&browser, &["toast: 2 sessions signed out"]).await?;
        browser.is_at("/login").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_screen_reader_announces_the_end_of_the_session() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "15")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(RECORD_ANNOUNCEMENTS).await?;
        browser.run_on_new_documents(CLOCK).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        advance(&browser, 11 * 60).await?;
        assert_announced(&browser, &["session-expiry-message: Your session ends soon"]).await?;
        // A script clicks, so that nothing but the button triggers a request.
        let stay = "document.querySelector('#stay-signed-in').click()";
        browser.set_offline(true).await?;
        browser.run(stay, vec![]).await?;
        assert_announced(&browser, &["session-expiry-alert: You"]).await?;
        browser.set_offline(false).await?;
        browser.sees_nothing_in("#connection").await?;
        // The server's response corrected the clock.
        advance(&browser, 14 * 60 + 10).await?;
        assert_announced(&browser, &["session-expiry-message: Your session ends in less than a minute"])
            .await?;
        next_second(&browser).await?;
        browser.run(stay, vec![]).await?;
        assert_announced(&browser, &["toast: You stay signed in."]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_user_without_a_mouse_signs_in_and_out() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;

        browser.open("/login").await?;
        browser.until("the focus on the address", "return document.activeElement.id === 'email'").await?;
        browser.press(ada.email.as_str()).await?;
        assert_eq!(tab_to(&browser, "#password").await?, ["password"]);
        browser.press(ada.password.as_str()).await?;
        tab_to(&browser, "#reveal").await?;
        browser.press(SPACE).await?;
        browser
            .until("the password to be shown", "return document.querySelector('#password').type === 'text'")
            .await?;
        browser.has_value("#password", &ada.password).await?;
        browser.press(SPACE).await?;
        browser
            .until("it to be hidden", "return document.querySelector('#password').type === 'password'")
            .await?;
        tab_to(&browser, "#sign-in").await?;
        browser.press(ENTER).await?;
        browser.is_signed_in(&ada).await?;

        tab_to(&browser, "#check").await?;
        browser.press(ENTER).await?;
        browser.sees("#check-outcome", "Confirmed").await?;
        browser.reload().await?;
        browser.is_signed_in(&ada).await?;
        tab_to(&browser, ".skip").await?;
        browser.press(ENTER).await?;
        browser.until("the focus on the content", "return document.activeElement.id === 'main'").await?;
        browser.reload().await?;
        browser.is_signed_in(&ada).await?;
        tab_to(&browser, "#sign-out").await?;
        browser.press(ENTER).await?;
        browser.is_at("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;

        tab_to(&browser, "#email").await?;
        browser.press(ada.email.as_str()).await?;
        tab_to(&browser, "#password").await?;
        browser.press(format!("{}{ENTER}", ada.password)).await?;
        browser.is_signed_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_screen_reader_announces_each_new_page() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        let is_on_heading = "return document.activeElement.tagName === 'H1'";
        let title = async |browser: &Browser| browser.run("return document.title", vec![]).await;

        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        assert_eq!(title(&browser).await?, "Sign in · Curfew");
        browser.sign_in(&ada).await?;
        browser.until("the focus on the greeting", is_on_heading).await?;
        assert_eq!(title(&browser).await?, "Home · Curfew");
        browser.click("#sign-out").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.until("the focus on the heading", is_on_heading).await?;
        assert_eq!(title(&browser).await?, "Sign in · Curfew");
        Ok(())
    })
    .await
}
