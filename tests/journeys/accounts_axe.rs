//! axe-core's rules on the screens for registration, recovery, invitations, members, sessions, profile and
//! providers.

use e2e::{
    AxeAudit, Behaviour, Person, Provider, Settings, TestResult, fail_requests_to, require_reauthentication,
    run,
    steps::{EXTEND_TIMEOUTS, approve_at_provider, new_device_link, open_link, register, row_of},
};

/// An address that is wider than the narrowest screen.
const LONG: &str = "somebody.with.a.long.address@department.of.journeys.example";

#[tokio::test]
async fn axe_finds_nothing_where_users_register() -> TestResult {
    run(async |context| {
        let (proxy, mail, server) = context.server_with_mailbox(Settings::default()).await?;
        let browser = context.browser(server.url()).await?;
        let mut audit = AxeAudit::new(&browser)?;
        let ada = Person::new("Ada With An Address That Takes Its Room");
        browser.open("/register").await?;
        browser.sees("#register-submit", "Create").await?;
        audit.check("register").await?;
        browser.click("#register-submit").await?;
        browser.sees("#password-error", "password").await?;
        audit.check("register, fields missing").await?;
        register(&browser, &ada, "Acme").await?;
        audit.check("register, sent").await?;
        browser.click("#resend").await?;
        browser.sees("#register-again", "Sent again").await?;
        audit.check("register, sent again").await?;
        proxy.intercept(fail_requests_to("/resend-verification"));
        browser.click("#resend").await?;
        browser.sees("#register-alert", "again").await?;
        audit.check("register, not sent again").await?;
        proxy.intercept(|_| Behaviour::Forward);

        let link = mail.wait_for(&ada.email, "Verify your e-mail address").await?.link()?;
        open_link(&browser, &link).await?;
        browser.sees("#verify", "Verify").await?;
        audit.check("verify").await?;
        browser.click("#verify").await?;
        browser.sees("#verified", &ada.email).await?;
        audit.check("verified").await?;
        open_link(&browser, "/verify-email#nothing-of-ours").await?;
        browser.click("#verify").await?;
        browser.sees("#verify-alert", "no longer good").await?;
        audit.check("verify, used up").await?;

        proxy.intercept(|request| {
            let is_sign_in = request.path.ends_with("/auth/login/json");
            if is_sign_in { Behaviour::Problem(429, "too_many_requests") } else { Behaviour::Forward }
        });
        browser.open("/login").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.sees("#sign-in-alert", "Try again in 60 seconds").await?;
        audit.check("sign-in, throttled").await?;
        audit.assert_clean(9);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_users_recover() -> TestResult {
    run(async |context| {
        let (_wire, mail, server) = context.server_with_mailbox(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        let mut audit = AxeAudit::new(&browser)?;
        let link = new_device_link(&server, &mail, &browser, &ada).await?;
        open_link(&browser, &link).await?;
        browser.sees("#disown", "This wasn’t me").await?;
        audit.check("disown").await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", "2 sessions ended").await?;
        audit.check("disowned").await?;
        open_link(&browser, &link).await?;
        browser.click("#disown").await?;
        browser.sees("#disown-alert", "no longer good").await?;
        audit.check("disown, used up").await?;

        browser.open("/forgot-password").await?;
        browser.sees("#forgot-submit", "link").await?;
        audit.check("forgot").await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#email-error", "e-mail").await?;
        audit.check("forgot, address missing").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#forgot-sent", &ada.email).await?;
        audit.check("forgot, sent").await?;

        let link = mail.wait_for(&ada.email, "Set a new password").await?.link()?;
        open_link(&browser, &link).await?;
        browser.sees("#reset-submit", "Set").await?;
        audit.check("reset").await?;
        browser.fill("#password", "password1234").await?;
        browser.click("#reset-submit").await?;
        browser.sees("#password-error", "too easy").await?;
        audit.check("reset, too easy").await?;
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "set").await?;
        audit.check("reset, done").await?;
        open_link(&browser, &link).await?;
        browser.fill("#password", "nine green trombones nap").await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-alert", "no longer good").await?;
        audit.check("reset, used up").await?;
        audit.assert_clean(10);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_users_are_invited() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let (proxy, mail, server) =
            context.server_with_mailbox(provider.configure(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        let mut audit = AxeAudit::new(&browser)?;
        let bob = Person::new("Bob With An Address That Takes Its Room");
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/members").await?;
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invites", &bob.email).await?;
        let link = mail.wait_for(&bob.email, "Ada Owner invites you to “Ada Owner's”").await?.link()?;
        open_link(&browser, &link).await?;
        browser.sees("#accept-form", "Join").await?;
        audit.check("invited, signed in as somebody else").await?;

        audit.assert_clean(1);

        let guest = context.browser(server.url()).await?;
        guest.run_on_new_documents(EXTEND_TIMEOUTS).await?;
        let mut audit = AxeAudit::new(&guest)?;
        let invitation = proxy.hold(|request| request.path.starts_with("/api/v1/invites/"));
        open_link(&guest, &link).await?;
        guest.sees("#invite-loading", "Loading").await?;
        audit.check("invited, to be loaded").await?;
        proxy.intercept(|_| Behaviour::Forward);
        invitation.wait().await;
        guest.sees("#accept-form", "Join").await?;
        guest.sees(".providers", "Foreign").await?;
        audit.check("invited").await?;
        guest.click("#accept-submit").await?;
        guest.sees("#name-error", "name").await?;
        audit.check("invited, fields missing").await?;
        proxy.intercept(fail_requests_to("/accept"));
        guest.fill("#name", &bob.name).await?;
        guest.fill("#password", &bob.password).await?;
        guest.click("#accept-submit").await?;
        guest.sees("#accept-alert", "again").await?;
        audit.check("invited, refused").await?;
        proxy.intercept(|request| {
            let is_asked = request.path.starts_with("/api/v1/invites/");
            if is_asked { Behaviour::Problem(503, "unavailable") } else { Behaviour::Forward }
        });
        open_link(&guest, &link).await?;
        guest.sees("#invite-alert", "could not be loaded").await?;
        audit.check("invited, without an answer").await?;
        proxy.intercept(|_| Behaviour::Forward);
        open_link(&guest, "/invite#nothing-of-ours").await?;
        guest.sees("#invite-alert", "no longer good").await?;
        audit.check("invited, used up").await?;
        audit.assert_clean(6);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_owners_manage_members() -> TestResult {
    run(async |context| {
        let (proxy, server, ada, browser) = context.owner_behind_proxy(Settings::default()).await?;
        let mut audit = AxeAudit::new(&browser)?;
        proxy.intercept(|request| {
            let is_about_it = request.path.starts_with("/api/v1/accounts/");
            if is_about_it { Behaviour::Problem(503, "unavailable") } else { Behaviour::Forward }
        });
        browser.open("/account/members").await?;
        browser.sees("#members-alert", "could not be loaded").await?;
        browser.sees("#invites-alert", "could not be loaded").await?;
        audit.check("members, without an answer").await?;
        proxy.intercept(|_| Behaviour::Forward);
        let (bob, eve) = (
            server.member(&ada, "Bob Builder", "engineer").await?,
            server.member(&ada, "Eve Viewer", "viewer").await?,
        );
        server.direct_api()?.sign_in(&bob).await?;
        browser.open("/account/members").await?;
        browser.sees("#members", "Eve Viewer").await?;
        browser.sees("#invites-empty", "no open invitations").await?;
        audit.check("members, nobody invited").await?;

        browser.click("#invite-submit").await?;
        browser.sees("#invite_email-error", "e-mail").await?;
        audit.check("members, nobody to invite").await?;
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invite-alert", "already").await?;
        audit.check("members, invited in vain").await?;
        browser.fill("#invite_email", "grace@journey.example").await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invite-done", "grace@journey.example").await?;
        browser.sees("#invites", "grace@journey.example").await?;
        audit.check("members, one invited").await?;

        browser.click(&format!("{} select option[value='viewer']", row_of("#members", &bob))).await?;
        browser.sees("#member-deed-title", "Bob Builder").await?;
        audit.check("members, the question of a role").await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{} button[aria-label^='Remove']", row_of("#members", &bob))).await?;
        browser.sees("#member-deed-title", "Remove Bob Builder").await?;
        audit.check("members, the question of removal").await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{} select option[value='engineer']", row_of("#members", &ada))).await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees("#member-deed-alert", "owner").await?;
        audit.check("members, refused").await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{} button[aria-label^='Deactivate']", row_of("#members", &eve))).await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees(&row_of("#members", &eve), "deactivated").await?;
        audit.check("members, one deactivated").await?;
        audit.assert_clean(9);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_users_see_their_sessions() -> TestResult {
    run(async |context| {
        let (proxy, server, ada, browser) = context.owner_behind_proxy(Settings::default()).await?;
        let mut audit = AxeAudit::new(&browser)?;
        proxy.intercept(fail_requests_to("/users/me/sessions"));
        browser.open("/account/sessions").await?;
        browser.sees("#sessions-alert", "could not be loaded").await?;
        audit.check("sessions, without an answer").await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.open("/account/sessions").await?;
        browser.sees("#sessions-summary", "Only this device").await?;
        audit.check("sessions, one").await?;
        for _ in 0..4 {
            server.direct_api()?.sign_in(&ada).await?;
        }
        browser.reload().await?;
        browser.sees("#end-others", "everywhere else").await?;
        audit.check("sessions, many").await?;
        browser.click("#sessions li:last-child button").await?;
        browser.sees("#end-session-title", "Sign").await?;
        audit.check("sessions, the question about one").await?;
        browser.click("#end-session-cancel").await?;
        browser.click("#end-others").await?;
        browser.sees("#end-session-title", "everywhere else").await?;
        audit.check("sessions, the question about the others").await?;
        proxy.intercept(fail_requests_to("/revoke-others"));
        browser.click("#end-session-confirm").await?;
        browser.sees("#end-session-alert", "Nobody was signed out").await?;
        audit.check("sessions, refused").await?;
        proxy.intercept(require_reauthentication("/revoke-others"));
        browser.click("#end-session-confirm").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#reauthenticate-alert", "not your password").await?;
        audit.check("sessions, who is it, and it is not").await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.fill("#confirm_password", &ada.password).await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#toast", "4 sessions signed out").await?;
        audit.check("sessions, the others ended").await?;
        audit.assert_clean(8);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_users_edit_their_profile() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let (proxy, _server, ada, browser) =
            context.owner_behind_proxy(provider.configure(Settings::default())).await?;
        let mut audit = AxeAudit::new(&browser)?;
        browser.open("/account/profile").await?;
        browser.sees(".providers", "Foreign").await?;
        audit.check("profile").await?;
        browser.fill("#profile_name", "").await?;
        for submit in ["#rename-submit", "#change-email-submit", "#change-password-submit"] {
            browser.click(submit).await?;
        }
        browser.sees("#new_password-error", "password").await?;
        audit.check("profile, fields missing").await?;
        browser.fill("#current_password", "not the password").await?;
        browser.fill("#new_password", "nine green trombones nap").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#current_password-error", "not your password").await?;
        audit.check("profile, not the password").await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.fill("#new_password", "password1234").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#new_password-error", "too easy").await?;
        proxy.intercept(fail_requests_to("/users/me"));
        browser.fill("#profile_name", "Ada Lovelace").await?;
        browser.click("#rename-submit").await?;
        browser.sees("#rename-alert", "Nothing was saved").await?;
        browser.fill("#new_email", "nobody").await?;
        browser.click("#change-email-submit").await?;
        browser.sees("#new_email-error", "mail").await?;
        audit.check("profile, refused").await?;

        proxy.intercept(|_| Behaviour::Forward);
        browser.click("#rename-submit").await?;
        browser.sees("#rename-done", "Saved").await?;
        browser.fill("#new_email", LONG).await?;
        browser.click("#change-email-submit").await?;
        browser.sees("#change-email-done", LONG).await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.fill("#new_password", "nine green trombones nap").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#change-password-done", "set").await?;
        audit.check("profile, all done").await?;

        browser.click(".provider-foreign").await?;
        approve_at_provider(&browser, "grace").await?;
        browser.is_at("/account/profile").await?;
        browser.sees("#identities", "grace@journey.example").await?;
        audit.check("profile, linked").await?;
        browser.click("#identities button").await?;
        browser.sees("#unlink-title", "Unlink").await?;
        audit.check("profile, the question").await?;
        proxy.intercept(|request| {
            if request.method == "DELETE" {
                Behaviour::Problem(409, "last_sign_in_method")
            } else {
                Behaviour::Forward
            }
        });
        browser.click("#unlink-confirm").await?;
        browser.sees("#unlink-alert", " ").await?;
        audit.check("profile, not unlinked").await?;
        audit.assert_clean(8);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_users_return_from_a_provider() -> TestResult {
    run(async |context| {
        let provider = Provider::start().await?;
        let (proxy, mail, server) =
            context.server_with_mailbox(provider.configure(Settings::default())).await?;
        let browser = context.browser(server.url()).await?;
        browser.run_on_new_documents(EXTEND_TIMEOUTS).await?;
        let mut audit = AxeAudit::new(&browser)?;
        browser.open("/login").await?;
        browser.sees(".providers", "Foreign").await?;
        audit.check("sign-in with providers").await?;
        proxy.intercept(|request| {
            if request.path.ends_with("/start") {
                Behaviour::Problem(503, "oauth_unavailable")
            } else {
                Behaviour::Forward
            }
        });
        browser.click(".provider-foreign").await?;
        browser.sees("#provider-alert", " ").await?;
        audit.check("sign-in, the provider away").await?;
        proxy.intercept(|_| Behaviour::Forward);

        let go = async |login: &str| {
            browser.devtools("Network.clearBrowserCookies", serde_json::json!({})).await?;
            browser.open("/login").await?;
            browser.click(".provider-foreign").await?;
            if login.is_empty() { Ok(()) } else { approve_at_provider(&browser, login).await }
        };
        go("").await?;
        browser.click("a[href$='/abort']").await?;
        browser.sees("#oauth-alert", "did not let you in").await?;
        audit.check("back, denied").await?;
        for (login, words) in [
            ("state", "not begun in this browser"),
            ("nonce", "could not be accepted"),
            ("unverified", "does not vouch"),
        ] {
            go(login).await?;
            browser.sees("#oauth-alert", words).await?;
            audit.check(&format!("back: {words}")).await?;
        }
        let link = mail.wait_for("unverified@journey.example", "Verify your e-mail address").await?.link()?;
        browser.devtools("Network.clearBrowserCookies", serde_json::json!({})).await?;
        open_link(&browser, &link).await?;
        browser.click("#verify").await?;
        browser.sees("#verify-alert", "in the browser in which").await?;
        audit.check("verify, in another browser").await?;

        proxy.intercept(|request| {
            let is_back = request.path.ends_with("/callback");
            if is_back { Behaviour::Problem(409, "oauth_link_required") } else { Behaviour::Forward }
        });
        go("grace").await?;
        browser.sees("#oauth-alert", "with the password once").await?;
        audit.check("back, to be linked first").await?;

        // While the request is pending.
        let callback = proxy.hold(|request| request.path.ends_with("/callback"));
        go("grace").await?;
        browser.sees("#oauth-loading", "Loading").await?;
        audit.check("back, at work").await?;
        proxy.intercept(|_| Behaviour::Forward);
        callback.wait().await;
        browser.sees("#you", "grace@journey.example").await?;
        audit.assert_clean(9);
        Ok(())
    })
    .await
}
