//! Writes a screenshot of every screen, in light and dark, narrow and wide, into the folder given as the only
//! argument.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use e2e::{
    Behaviour, Browser, Email, HttpProxy, Mailbox, Person, Provider, Request, Result, Server, Settings,
    Viewport,
};

use serde_json::json;

/// Toasts stay until their screenshot is taken.
const MESSAGES_STAY: &str = "
    const wait = window.setTimeout;
    window.setTimeout = (call, time, ...rest) => time === 10000 ? 0 : wait(call, time, ...rest);
";

#[tokio::main]
async fn main() -> Result<()> {
    let folder =
        std::env::args_os().nth(1).map_or_else(|| PathBuf::from("target/screenshots"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let server = Server::start(Settings::default(), folder.join("server.log")).await?;
    let person = server.owner("Ada Owner").await?;
    let browser = Browser::start(server.url()).await?;

    browser.open("/login").await?;
    browser.sees("#sign-in", "Sign in").await?;
    take(&browser, &folder, "sign-in").await?;
    browser.open("/login?reason=session_expired").await?;
    browser.sees("#banner", "expired").await?;
    take(&browser, &folder, "banner").await?;
    browser.submit(&person.email, "not the password").await?;
    browser.sees("#sign-in-alert", "not right").await?;
    take(&browser, &folder, "refused").await?;
    browser.sign_in(&person).await?;
    take(&browser, &folder, "home").await?;
    browser.set_offline(true).await?;
    browser.sees("#connection", "offline").await?;
    take(&browser, &folder, "offline").await?;
    browser.set_offline(false).await?;
    browser.open("/nowhere").await?;
    browser.sees("h1", "There is nothing here").await?;
    take(&browser, &folder, "not-found").await?;

    browser.close().await;
    settings(&server, &person, &folder).await?;
    people(&folder).await?;
    for (idle, name) in [("5", "warning-absolute"), ("4", "warning-idle")] {
        let settings = Settings::default()
            .with("CURFEW_IDLE_MINUTES_DEFAULT", idle)
            .with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = Server::start(settings, folder.join("server.log")).await?;
        let person = server.owner("Ada Owner").await?;
        let browser = Browser::start(server.url()).await?;
        browser.open("/login").await?;
        browser.sign_in(&person).await?;
        browser.sees("#session-expiry-message", "Your session").await?;
        take(&browser, &folder, name).await?;
        browser.close().await;
    }
    eprintln!("The pictures are in {}", folder.display());
    Ok(())
}

/// The account's settings, as an owner sees them.
async fn settings(server: &Server, person: &Person, folder: &Path) -> Result<()> {
    let browser = Browser::start(server.url()).await?;
    browser.run_on_new_documents(MESSAGES_STAY).await?;
    browser.open("/login").await?;
    browser.sign_in(person).await?;
    browser.open("/account").await?;
    browser.sees(".row-link", "Session security").await?;
    take(&browser, folder, "account").await?;
    browser.open("/account/security").await?;
    browser.sees("#active-users-summary", "signed in").await?;
    take(&browser, folder, "security-strict").await?;
    browser.click("#revoke-all").await?;
    browser.sees("#revoke-sessions-title", "Sign out").await?;
    take(&browser, folder, "modal-all-alone").await?;
    browser.click("#revoke-sessions-cancel").await?;
    browser.click("#preset-custom").await?;
    take(&browser, folder, "security-custom").await?;
    browser.fill("#idle_minutes", "5").await?;
    browser.fill("#absolute_minutes", "soon").await?;
    browser.click("#policy-save").await?;
    browser.sees("#policy-alert", "Nothing has been saved").await?;
    take(&browser, folder, "security-errors").await?;
    browser.click("#preset-standard").await?;
    browser.click("#policy-save").await?;
    browser.sees("#policy-saved", "Saved").await?;
    take(&browser, folder, "security-saved").await?;

    let api = server.direct_api()?;
    for number in 1..=6 {
        let member = server.member(person, &format!("Member {number}"), "viewer").await?;
        api.sign_in(&member).await?;
    }
    browser.reload().await?;
    browser.sees("#active-users-summary", "7 people").await?;
    take(&browser, folder, "security-many").await?;
    for (button, scope) in [("#revoke-all", "all"), ("#revoke-others", "others")] {
        browser.click(button).await?;
        browser.sees("#revoke-sessions-title", "Sign out").await?;
        take(&browser, folder, &format!("modal-{scope}")).await?;
        browser
            .click(if scope == "all" { "#revoke-sessions-cancel" } else { "#revoke-sessions-confirm" })
            .await?;
    }
    browser.sees("#toast", "6 sessions signed out").await?;
    take(&browser, folder, "message").await?;
    browser.open("/account/audit").await?;
    browser.sees("#audit-summary", "that is all").await?;
    take(&browser, folder, "audit").await?;
    browser.click("#audit-kind option[value='session.replay_detected']").await?;
    browser.sees("#audit-summary", "Nothing matches").await?;
    take(&browser, folder, "audit-nothing").await?;
    browser.open("/dev/mail").await?;
    browser.sees("h1", "Email").await?;
    take(&browser, folder, "dev-mail").await?;
    browser.open("/problems/oauth_failed").await?;
    browser.sees("h1", " ").await?;
    take(&browser, folder, "problem").await?;
    browser.close().await;
    Ok(())
}

/// Registration, recovery, profile, members and invitations, and the messages about them.
async fn people(folder: &Path) -> Result<()> {
    let (mail, provider) = (Mailbox::start().await?, Provider::start().await?);
    let settings = provider.configure(Settings::default()).with("CURFEW_SMTP_URL", mail.url());
    let mut proxy = HttpProxy::start().await?;
    let server = Server::start(settings.behind(proxy.port()), folder.join("server.log")).await?;
    proxy.forward_to(server.port());
    let ada = server.owner("Ada Owner").await?;
    let set = Set { server, proxy, mail, ada, folder, letters: RefCell::default() };
    set.come_in().await?;
    set.get_back_in().await?;
    set.look_after_people().await?;
    set.are_invited().await?;
    set.look_after_oneself().await?;
    set.go_to_a_provider().await?;
    set.read_mail().await
}

/// The server, and the messages received so far.
struct Set<'a> {
    server: Server,
    proxy: HttpProxy,
    mail: Mailbox,
    ada: Person,
    folder: &'a Path,
    letters: RefCell<Vec<(&'static str, Email)>>,
}

impl Set<'_> {
    async fn browser(&self) -> Result<Browser> {
        let browser = Browser::start(self.server.url()).await?;
        browser.run_on_new_documents(MESSAGES_STAY).await?;
        Ok(browser)
    }

    async fn take(&self, browser: &Browser, screen: &str) -> Result<()> {
        take(browser, self.folder, screen).await
    }

    /// Waits for a message, keeps it for its screenshot, and returns its link, if it has one.
    async fn letter(&self, name: &'static str, to: &str, subject: &str) -> Result<String> {
        let mail = self.mail.wait_for(to, subject).await?;
        let link = mail.link().unwrap_or_default();
        self.letters.borrow_mut().push((name, mail));
        Ok(link)
    }

    async fn come_in(&self) -> Result<()> {
        let browser = self.browser().await?;
        browser.open("/login").await?;
        browser.sees(".providers", " ").await?;
        self.take(&browser, "sign-in-providers").await?;
        browser.open("/register").await?;
        browser.sees("#register-submit", " ").await?;
        self.take(&browser, "register").await?;
        browser.click("#register-submit").await?;
        browser.sees("#password-error", "Choose a password").await?;
        self.take(&browser, "register-errors").await?;
        let grace = Person::new("Grace Newcomer");
        for (subject, person) in
            [("Verify your e-mail address", &grace), ("You have an account already", &self.ada)]
        {
            browser.open("/register").await?;
            fill_in(
                &browser,
                &[
                    ("#account_name", "Acme"),
                    ("#name", &person.name),
                    ("#email", &person.email),
                    ("#password", &person.password),
                ],
            )
            .await?;
            browser.click("#register-submit").await?;
            browser.sees("#register-sent", &person.email).await?;
            if person.email == self.ada.email {
                self.letter("known", &person.email, subject).await?;
                continue;
            }
            self.take(&browser, "register-sent").await?;
            browser.click("#resend").await?;
            browser.sees("#register-again", "Sent again").await?;
            self.take(&browser, "register-sent-again").await?;
            let link = self.letter("verify", &person.email, subject).await?;
            open_link(&browser, &link).await?;
            browser.sees("#verify", "Verify").await?;
            self.take(&browser, "verify").await?;
            browser.click("#verify").await?;
            browser.sees("#verified", "is verified").await?;
            self.take(&browser, "verified").await?;
        }
        open_link(&browser, "/verify-email#nothing-of-ours").await?;
        browser.click("#verify").await?;
        browser.sees("#verify-alert", " ").await?;
        self.take(&browser, "verify-used-up").await?;
        self.proxy.intercept(answer("/auth/login/json", 429, "too_many_requests"));
        browser.open("/login").await?;
        browser.submit(&self.ada.email, &self.ada.password).await?;
        browser.sees("#sign-in-alert", "Too many").await?;
        self.take(&browser, "throttled").await?;
        self.proxy.intercept(|_| Behaviour::Forward);
        browser.close().await;
        Ok(())
    }

    async fn get_back_in(&self) -> Result<()> {
        let (browser, ada) = (self.browser().await?, &self.ada);
        self.server.direct_api()?.sign_in(ada).await?;
        browser.open("/login").await?;
        browser.sign_in(ada).await?;
        let link = self.letter("new-device", &ada.email, "You signed in on a new device").await?;
        open_link(&browser, &link).await?;
        browser.sees("#disown", " ").await?;
        self.take(&browser, "disown").await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", " ").await?;
        self.take(&browser, "disowned").await?;
        self.letter("disowned", &ada.email, "You were signed out everywhere").await?;
        open_link(&browser, &link).await?;
        browser.click("#disown").await?;
        browser.sees("#disown-alert", " ").await?;
        self.take(&browser, "disown-used-up").await?;

        browser.open("/forgot-password").await?;
        browser.sees("#forgot-submit", " ").await?;
        self.take(&browser, "forgot").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#forgot-sent", &ada.email).await?;
        self.take(&browser, "forgot-sent").await?;
        let link = self.letter("reset", &ada.email, "Set a new password").await?;
        open_link(&browser, &link).await?;
        browser.sees("#reset-submit", " ").await?;
        self.take(&browser, "reset").await?;
        browser.fill("#password", "password1234").await?;
        browser.click("#reset-submit").await?;
        browser.sees("#password-error", "too easy").await?;
        self.take(&browser, "reset-errors").await?;
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", " ").await?;
        self.take(&browser, "reset-done").await?;
        self.letter("password-changed", &ada.email, "Your password was changed").await?;
        open_link(&browser, &link).await?;
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-alert", " ").await?;
        self.take(&browser, "reset-used-up").await?;
        browser.close().await;
        Ok(())
    }

    async fn look_after_people(&self) -> Result<()> {
        let (browser, api, ada) = (self.browser().await?, self.server.direct_api()?, &self.ada);
        browser.open("/login").await?;
        browser.sign_in(ada).await?;
        self.proxy.intercept(answer("/members", 503, "unavailable"));
        browser.open("/account/members").await?;
        browser.sees("#members-alert", " ").await?;
        self.take(&browser, "members-unavailable").await?;
        self.proxy.intercept(|_| Behaviour::Forward);
        browser.open("/account/members").await?;
        browser.sees("#invites-empty", " ").await?;
        self.take(&browser, "members-alone").await?;
        for (name, role) in [
            ("Bob Builder", "engineer"),
            ("Eve Viewer", "viewer"),
            ("Grace With A Name That Takes Its Room", "viewer"),
        ] {
            api.sign_in(&self.server.member(ada, name, role).await?).await?;
        }
        let row = |name: &str| format!("#members li[data-email='{}']", Person::new(name).email);
        let (bob, eve) = (row("Bob Builder"), row("Eve Viewer"));
        browser.open("/account/members").await?;
        for email in ["guest@journey.example", "somebody.with.a.long.address@department.journey.example"] {
            browser.fill("#invite_email", email).await?;
            browser.click("#invite-submit").await?;
            browser.sees("#invites", email).await?;
        }
        self.take(&browser, "members").await?;
        // An invitation to another account.
        browser.fill("#invite_email", "grace.newcomer@journey.example").await?;
        browser.click("#invite-submit").await?;
        let invites = format!("{0} invites you to “{0}'s”", ada.name);
        self.letter("invited-elsewhere", "grace.newcomer@journey.example", &invites).await?;
        browser.fill("#invite_email", &ada.email).await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invite-alert", " ").await?;
        self.take(&browser, "members-not-invited").await?;
        for (what, screen) in [
            ("select option[value='owner']", "member-role"),
            ("button[aria-label^='Sign out']", "member-sign-out"),
            ("button[aria-label^='Deactivate']", "member-deactivate"),
            ("button[aria-label^='Remove']", "member-remove"),
        ] {
            browser.click(&format!("{bob} {what}")).await?;
            browser.sees("#member-deed-title", "Bob Builder").await?;
            self.take(&browser, screen).await?;
            browser.click("#member-deed-cancel").await?;
        }
        browser.click(&format!("{} select option[value='viewer']", row(&ada.name))).await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees("#member-deed-alert", " ").await?;
        self.take(&browser, "member-refused").await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{bob} button[aria-label^='Sign out']")).await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees("#toast", "signed out").await?;
        self.letter("signed-out", "bob.builder@journey.example", "You were signed out").await?;
        browser.click(&format!("{eve} button[aria-label^='Deactivate']")).await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees(&eve, "deactivated").await?;
        self.take(&browser, "member-deactivated").await?;
        let ended = format!("You no longer have access to “{}'s”", ada.name);
        self.letter("deactivated", "eve.viewer@journey.example", &ended).await?;
        let again = json!({
            "account_name": "Eve's", "name": "Eve Viewer", "email": "eve.viewer@journey.example", "password": ada.password,
        });
        api.post("/api/v1/auth/register", &again).await?;
        self.letter("known-deactivated", "eve.viewer@journey.example", "You have an account already").await?;
        browser.click(&format!("{eve} button[aria-label^='Remove']")).await?;
        browser.click("#member-deed-confirm").await?;
        browser.until("her to be gone", &format!("return !document.querySelector(\"{eve}\")")).await?;
        self.letter("removed", "eve.viewer@journey.example", &ended).await?;
        browser.close().await;
        Ok(())
    }

    async fn are_invited(&self) -> Result<()> {
        let browser = self.browser().await?;
        let link = self
            .letter("invited", "guest@journey.example", &format!("{0} invites you to “{0}'s”", self.ada.name))
            .await?;
        open_link(&browser, &link).await?;
        browser.sees(".providers", " ").await?;
        self.take(&browser, "invite").await?;
        browser.click("#accept-submit").await?;
        browser.sees("#password-error", " ").await?;
        self.take(&browser, "invite-errors").await?;
        self.proxy.intercept(|request| {
            let is_asked = request.path.starts_with("/api/v1/invites/");
            if is_asked { Behaviour::Problem(503, "unavailable") } else { Behaviour::Forward }
        });
        open_link(&browser, &link).await?;
        browser.sees("#invite-alert", " ").await?;
        self.take(&browser, "invite-unavailable").await?;
        self.proxy.intercept(|_| Behaviour::Forward);
        open_link(&browser, "/invite#nothing-of-ours").await?;
        browser.sees("#invite-alert", " ").await?;
        self.take(&browser, "invite-used-up").await?;
        browser.open("/login").await?;
        browser.sign_in(&Person::new("Bob Builder")).await?;
        open_link(&browser, &link).await?;
        browser.sees("#accept-form", " ").await?;
        self.take(&browser, "invite-signed-in").await?;
        browser.open("/account").await?;
        browser.sees("#you", "Engineer").await?;
        self.take(&browser, "account-engineer").await?;
        browser.open("/account/members").await?;
        browser.sees("#owners-only", " ").await?;
        self.take(&browser, "owners-only").await?;
        browser.close().await;
        Ok(())
    }

    async fn look_after_oneself(&self) -> Result<()> {
        let (browser, api, ada) = (self.browser().await?, self.server.direct_api()?, &self.ada);
        browser.open("/login").await?;
        browser.sign_in(ada).await?;
        self.proxy.intercept(answer("/auth/refresh", 503, "unavailable"));
        browser.reload().await?;
        browser.sees("h1", "answer").await?;
        self.take(&browser, "start-unavailable").await?;
        self.proxy.intercept(|_| Behaviour::Forward);
        browser.open("/account/sessions").await?;
        browser.sees("#sessions-summary", " ").await?;
        self.take(&browser, "sessions-one").await?;
        for _ in 0..3 {
            api.sign_in(ada).await?;
        }
        browser.reload().await?;
        browser.sees("#end-others", " ").await?;
        self.take(&browser, "sessions").await?;
        browser.click("#sessions li:last-child button").await?;
        browser.sees("#end-session-title", " ").await?;
        self.take(&browser, "sessions-question").await?;
        browser.click("#end-session-cancel").await?;
        browser.click("#end-others").await?;
        self.proxy.intercept(answer("/revoke-others", 503, "unavailable"));
        browser.click("#end-session-confirm").await?;
        browser.sees("#end-session-alert", " ").await?;
        self.take(&browser, "sessions-refused").await?;
        self.proxy.intercept(answer("/revoke-others", 403, "reauthentication_required"));
        browser.click("#end-session-confirm").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#reauthenticate-alert", " ").await?;
        self.take(&browser, "who-is-it").await?;
        browser.click("#reauthenticate-cancel").await?;
        self.proxy.intercept(|_| Behaviour::Forward);

        browser.open("/account").await?;
        browser.click("#rename-account-open").await?;
        browser.sees("#rename-account-form", " ").await?;
        self.take(&browser, "account-rename").await?;
        browser.open("/account/profile").await?;
        browser.sees(".providers", " ").await?;
        self.take(&browser, "profile").await?;
        browser.click("#change-email-submit").await?;
        browser.click("#change-password-submit").await?;
        browser.fill("#current_password", "not the password").await?;
        browser.fill("#new_password", "password1234").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#change-password-form", "easy").await?;
        self.take(&browser, "profile-errors").await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.fill("#new_password", "seven purple kangaroos hum").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#change-password-done", " ").await?;
        browser.click("#rename-submit").await?;
        browser.fill("#new_email", "countess@journey.example").await?;
        browser.click("#change-email-submit").await?;
        browser.sees("#change-email-done", " ").await?;
        self.take(&browser, "profile-done").await?;
        browser.fill("#new_email", "bob.builder@journey.example").await?;
        browser.click("#change-email-submit").await?;
        self.letter("address-in-use", "bob.builder@journey.example", "This address is in use already")
            .await?;
        let verify = "Verify your new e-mail address";
        let link = self.letter("new-address", "countess@journey.example", verify).await?;
        browser.click(".provider-foreign").await?;
        pass_the_provider(&browser, "grace").await?;
        browser.sees("#identities", " ").await?;
        self.take(&browser, "profile-linked").await?;
        self.letter("linked", &ada.email, "A new way to sign in was added").await?;
        browser.click("#identities button").await?;
        browser.sees("#unlink-title", " ").await?;
        self.take(&browser, "profile-unlink").await?;
        open_link(&browser, &link).await?;
        browser.click("#verify").await?;
        browser.sees("#verified", " ").await?;
        self.letter("address-changed", &ada.email, "Your e-mail address was changed").await?;
        browser.close().await;
        Ok(())
    }

    async fn go_to_a_provider(&self) -> Result<()> {
        let browser = self.browser().await?;
        self.proxy.intercept(answer("/start", 503, "oauth_unavailable"));
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        browser.sees("#provider-alert", " ").await?;
        self.take(&browser, "provider-away").await?;
        self.proxy.intercept(|_| Behaviour::Forward);
        browser.open("/oauth/callback/foreign?error=access_denied&state=gone").await?;
        browser.sees("#oauth-alert", " ").await?;
        self.take(&browser, "callback-refused").await?;
        for (status, word) in [
            (403, "oauth_denied"),
            (403, "email_not_verified"),
            (409, "oauth_link_required"),
            (403, "registration_closed"),
        ] {
            self.proxy.intercept(answer("/callback", status, word));
            browser.open("/oauth/callback/foreign?code=some&state=some").await?;
            browser.sees("#oauth-alert", " ").await?;
            self.take(&browser, &format!("callback-{}", word.replace('_', "-"))).await?;
        }
        self.proxy.intercept(|_| Behaviour::Forward);
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        pass_the_provider(&browser, "unverified").await?;
        browser.sees("#oauth-alert", " ").await?;
        self.letter("verify-provider", "unverified@journey.example", "Verify your e-mail address").await?;
        browser.close().await;
        Ok(())
    }

    /// The messages, as a mail program shows them.
    async fn read_mail(&self) -> Result<()> {
        let browser = self.browser().await?;
        for (name, mail) in self.letters.take() {
            browser.show(&mail.html).await?;
            self.take(&browser, &format!("mail-{name}")).await?;
        }
        browser.close().await;
        Ok(())
    }
}

/// Returns this problem to API requests whose path ends so.
fn answer(
    end: &'static str,
    status: u16,
    word: &'static str,
) -> impl Fn(&Request) -> Behaviour + Send + Sync {
    move |request| {
        let path = request.path.split('?').next().unwrap_or_default();
        if path.starts_with("/api/") && path.ends_with(end) {
            Behaviour::Problem(status, word)
        } else {
            Behaviour::Forward
        }
    }
}

async fn fill_in(browser: &Browser, fields: &[(&str, &str)]) -> Result<()> {
    for (input, text) in fields {
        browser.fill(input, text).await?;
    }
    Ok(())
}

/// Opens a link in a new document, as a mail program does.
async fn open_link(browser: &Browser, link: &str) -> Result<()> {
    browser.open("/404").await?;
    browser.open(link).await
}

/// Signs in on the provider's pages and consents.
async fn pass_the_provider(browser: &Browser, login: &str) -> Result<()> {
    browser.fill("input[name=login]", login).await?;
    browser.fill("input[name=password]", "of no matter there").await?;
    browser.click("button[type=submit]").await?;
    browser.until("its question", "return !!document.querySelector('input[value=consent]')").await?;
    browser.click("button[type=submit]").await
}

async fn take(browser: &Browser, folder: &Path, screen: &str) -> Result<()> {
    // Hides scrollbars, as on a phone; a full-page screenshot has none.
    browser.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true})).await?;
    for look in Viewport::ALL {
        browser.set_viewport(look).await?;
        browser.screenshot(&folder.join(format!("{screen}-{look}.png"))).await?;
    }
    Ok(())
}
