//! The same of the screens on which people come, get back in, and look after themselves and each other.

use e2e::{Browser, Fate, Mailbox, Outcome, Person, Provider, Result, Server, Settings, Stage, Wire, play};

use crate::{
    accessibility::{Inspection, NOTHING_PASSES, ask_who_it_is, hold, owner_in, refuse},
    openid::show_who_it_is,
    people::{follow, register},
};

/// An address that does not fit a line on the smallest screen.
const LONG: &str = "somebody.with.a.long.address@department.of.journeys.example";

/// A server whose messages can be read, behind a wire.
pub async fn served(stage: &Stage, settings: Settings) -> Result<(Wire, Mailbox, Server)> {
    let (mut wire, mail) = (Wire::lay().await?, Mailbox::open().await?);
    let settings = settings.with("CURFEW_SMTP_URL", mail.url()).behind(wire.port());
    let server = stage.server(settings).await?;
    wire.join(server.port());
    Ok((wire, mail, server))
}

/// The link of the message that says that somebody signed in on a new device.
pub async fn disowning(
    server: &Server,
    mail: &Mailbox,
    browser: &Browser,
    person: &Person,
) -> Result<String> {
    server.direct()?.sign_in(person).await?;
    browser.open("/login").await?;
    browser.sign_in(person).await?;
    mail.receives(&person.email, "You signed in on a new device").await?.link()
}

#[tokio::test]
async fn axe_finds_nothing_where_people_register() -> Outcome {
    play(async |stage| {
        let (wire, mail, server) = served(stage, Settings::default()).await?;
        let browser = stage.browser(server.url()).await?;
        let mut inspection = Inspection::with(&browser)?;
        let ada = Person::new("Ada With An Address That Takes Its Room");
        browser.open("/register").await?;
        browser.sees("#register-submit", "Create").await?;
        inspection.of("register").await?;
        browser.click("#register-submit").await?;
        browser.sees("#password-error", "password").await?;
        inspection.of("register, fields missing").await?;
        register(&browser, &ada, "Acme").await?;
        inspection.of("register, sent").await?;
        browser.click("#resend").await?;
        browser.sees("#register-again", "Sent again").await?;
        inspection.of("register, sent again").await?;
        wire.rule(refuse("/resend-verification"));
        browser.click("#resend").await?;
        browser.sees("#register-alert", "again").await?;
        inspection.of("register, not sent again").await?;
        wire.rule(|_| Fate::Pass);

        let link = mail.receives(&ada.email, "Verify your e-mail address").await?.link()?;
        follow(&browser, &link).await?;
        browser.sees("#verify", "Verify").await?;
        inspection.of("verify").await?;
        browser.click("#verify").await?;
        browser.sees("#verified", &ada.email).await?;
        inspection.of("verified").await?;
        follow(&browser, "/verify-email#nothing-of-ours").await?;
        browser.click("#verify").await?;
        browser.sees("#verify-alert", "no longer good").await?;
        inspection.of("verify, used up").await?;

        wire.rule(|request| {
            let is_sign_in = request.path.ends_with("/auth/login/json");
            if is_sign_in { Fate::Problem(429, "too_many_requests") } else { Fate::Pass }
        });
        browser.open("/login").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.sees("#sign-in-alert", "Try again in 60 seconds").await?;
        inspection.of("sign-in, throttled").await?;
        inspection.finds_nothing_on(9);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_people_get_back_in() -> Outcome {
    play(async |stage| {
        let (_wire, mail, server) = served(stage, Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        let mut inspection = Inspection::with(&browser)?;
        let link = disowning(&server, &mail, &browser, &ada).await?;
        follow(&browser, &link).await?;
        browser.sees("#disown", "This wasn’t me").await?;
        inspection.of("disown").await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", "2 sessions ended").await?;
        inspection.of("disowned").await?;
        follow(&browser, &link).await?;
        browser.click("#disown").await?;
        browser.sees("#disown-alert", "no longer good").await?;
        inspection.of("disown, used up").await?;

        browser.open("/forgot-password").await?;
        browser.sees("#forgot-submit", "link").await?;
        inspection.of("forgot").await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#email-error", "e-mail").await?;
        inspection.of("forgot, address missing").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#forgot-sent", &ada.email).await?;
        inspection.of("forgot, sent").await?;

        let link = mail.receives(&ada.email, "Set a new password").await?.link()?;
        follow(&browser, &link).await?;
        browser.sees("#reset-submit", "Set").await?;
        inspection.of("reset").await?;
        browser.fill("#password", "password1234").await?;
        browser.click("#reset-submit").await?;
        browser.sees("#password-error", "too easy").await?;
        inspection.of("reset, too easy").await?;
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "set").await?;
        inspection.of("reset, done").await?;
        follow(&browser, &link).await?;
        browser.fill("#password", "nine green trombones nap").await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-alert", "no longer good").await?;
        inspection.of("reset, used up").await?;
        inspection.finds_nothing_on(10);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_people_are_invited() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let (wire, mail, server) = served(stage, provider.known_to(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        let mut inspection = Inspection::with(&browser)?;
        let bob = Person::new("Bob With An Address That Takes Its Room");
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/members").await?;
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invites", &bob.email).await?;
        let link = mail.receives(&bob.email, "Ada Owner invites you to “Ada Owner's”").await?.link()?;
        follow(&browser, &link).await?;
        browser.sees("#accept-form", "Join").await?;
        inspection.of("invited, signed in as somebody else").await?;

        inspection.finds_nothing_on(1);

        let guest = stage.browser(server.url()).await?;
        guest.at_every_start(NOTHING_PASSES).await?;
        let mut inspection = Inspection::with(&guest)?;
        let invitation = hold(&wire, |request| request.path.starts_with("/api/v1/invites/"));
        follow(&guest, &link).await?;
        guest.sees("#invite-loading", "Loading").await?;
        inspection.of("invited, to be loaded").await?;
        wire.rule(|_| Fate::Pass);
        invitation.wait().await;
        guest.sees("#accept-form", "Join").await?;
        guest.sees(".providers", "Foreign").await?;
        inspection.of("invited").await?;
        guest.click("#accept-submit").await?;
        guest.sees("#name-error", "name").await?;
        inspection.of("invited, fields missing").await?;
        wire.rule(refuse("/accept"));
        guest.fill("#name", &bob.name).await?;
        guest.fill("#password", &bob.password).await?;
        guest.click("#accept-submit").await?;
        guest.sees("#accept-alert", "again").await?;
        inspection.of("invited, refused").await?;
        wire.rule(|request| {
            let is_asked = request.path.starts_with("/api/v1/invites/");
            if is_asked { Fate::Problem(503, "unavailable") } else { Fate::Pass }
        });
        follow(&guest, &link).await?;
        guest.sees("#invite-alert", "could not be loaded").await?;
        inspection.of("invited, without an answer").await?;
        wire.rule(|_| Fate::Pass);
        follow(&guest, "/invite#nothing-of-ours").await?;
        guest.sees("#invite-alert", "no longer good").await?;
        inspection.of("invited, used up").await?;
        inspection.finds_nothing_on(6);
        Ok(())
    })
    .await
}

/// The row of a person, or of an invitation.
pub fn of(list: &str, person: &Person) -> String {
    format!("{list} li[data-email='{}']", person.email)
}

#[tokio::test]
async fn axe_finds_nothing_where_owners_look_after_people() -> Outcome {
    play(async |stage| {
        let (wire, server, ada, browser) = owner_in(stage, Settings::default()).await?;
        let mut inspection = Inspection::with(&browser)?;
        wire.rule(|request| {
            let is_about_it = request.path.starts_with("/api/v1/accounts/");
            if is_about_it { Fate::Problem(503, "unavailable") } else { Fate::Pass }
        });
        browser.open("/account/members").await?;
        browser.sees("#members-alert", "could not be loaded").await?;
        browser.sees("#invites-alert", "could not be loaded").await?;
        inspection.of("members, without an answer").await?;
        wire.rule(|_| Fate::Pass);
        let (bob, eve) = (
            server.member(&ada, "Bob Builder", "engineer").await?,
            server.member(&ada, "Eve Viewer", "viewer").await?,
        );
        server.direct()?.sign_in(&bob).await?;
        browser.open("/account/members").await?;
        browser.sees("#members", "Eve Viewer").await?;
        browser.sees("#invites-empty", "no open invitations").await?;
        inspection.of("members, nobody invited").await?;

        browser.click("#invite-submit").await?;
        browser.sees("#invite_email-error", "e-mail").await?;
        inspection.of("members, nobody to invite").await?;
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invite-alert", "already").await?;
        inspection.of("members, invited in vain").await?;
        browser.fill("#invite_email", "grace@journey.example").await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invite-done", "grace@journey.example").await?;
        browser.sees("#invites", "grace@journey.example").await?;
        inspection.of("members, one invited").await?;

        browser.click(&format!("{} select option[value='viewer']", of("#members", &bob))).await?;
        browser.sees("#member-deed-title", "Bob Builder").await?;
        inspection.of("members, the question of a role").await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{} button[aria-label^='Remove']", of("#members", &bob))).await?;
        browser.sees("#member-deed-title", "Remove Bob Builder").await?;
        inspection.of("members, the question of removal").await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{} select option[value='engineer']", of("#members", &ada))).await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees("#member-deed-alert", "owner").await?;
        inspection.of("members, refused").await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{} button[aria-label^='Deactivate']", of("#members", &eve))).await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees(&of("#members", &eve), "deactivated").await?;
        inspection.of("members, one deactivated").await?;
        inspection.finds_nothing_on(9);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_people_see_their_sessions() -> Outcome {
    play(async |stage| {
        let (wire, server, ada, browser) = owner_in(stage, Settings::default()).await?;
        let mut inspection = Inspection::with(&browser)?;
        wire.rule(refuse("/users/me/sessions"));
        browser.open("/account/sessions").await?;
        browser.sees("#sessions-alert", "could not be loaded").await?;
        inspection.of("sessions, without an answer").await?;
        wire.rule(|_| Fate::Pass);
        browser.open("/account/sessions").await?;
        browser.sees("#sessions-summary", "Only this device").await?;
        inspection.of("sessions, one").await?;
        for _ in 0..4 {
            server.direct()?.sign_in(&ada).await?;
        }
        browser.reload().await?;
        browser.sees("#end-others", "everywhere else").await?;
        inspection.of("sessions, many").await?;
        browser.click("#sessions li:last-child button").await?;
        browser.sees("#end-session-title", "Sign").await?;
        inspection.of("sessions, the question about one").await?;
        browser.click("#end-session-cancel").await?;
        browser.click("#end-others").await?;
        browser.sees("#end-session-title", "everywhere else").await?;
        inspection.of("sessions, the question about the others").await?;
        wire.rule(refuse("/revoke-others"));
        browser.click("#end-session-confirm").await?;
        browser.sees("#end-session-alert", "Nobody was signed out").await?;
        inspection.of("sessions, refused").await?;
        wire.rule(ask_who_it_is("/revoke-others"));
        browser.click("#end-session-confirm").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#reauthenticate-alert", "not your password").await?;
        inspection.of("sessions, who is it, and it is not").await?;
        wire.rule(|_| Fate::Pass);
        browser.fill("#confirm_password", &ada.password).await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#toast", "4 sessions signed out").await?;
        inspection.of("sessions, the others ended").await?;
        inspection.finds_nothing_on(8);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_people_change_what_is_theirs() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let (wire, _server, ada, browser) = owner_in(stage, provider.known_to(Settings::default())).await?;
        let mut inspection = Inspection::with(&browser)?;
        browser.open("/account/profile").await?;
        browser.sees(".providers", "Foreign").await?;
        inspection.of("profile").await?;
        browser.fill("#profile_name", "").await?;
        for submit in ["#rename-submit", "#change-email-submit", "#change-password-submit"] {
            browser.click(submit).await?;
        }
        browser.sees("#new_password-error", "password").await?;
        inspection.of("profile, fields missing").await?;
        browser.fill("#current_password", "not the password").await?;
        browser.fill("#new_password", "nine green trombones nap").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#current_password-error", "not your password").await?;
        inspection.of("profile, not the password").await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.fill("#new_password", "password1234").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#new_password-error", "too easy").await?;
        wire.rule(refuse("/users/me"));
        browser.fill("#profile_name", "Ada Lovelace").await?;
        browser.click("#rename-submit").await?;
        browser.sees("#rename-alert", "Nothing was saved").await?;
        browser.fill("#new_email", "nobody").await?;
        browser.click("#change-email-submit").await?;
        browser.sees("#new_email-error", "mail").await?;
        inspection.of("profile, refused").await?;

        wire.rule(|_| Fate::Pass);
        browser.click("#rename-submit").await?;
        browser.sees("#rename-done", "Saved").await?;
        browser.fill("#new_email", LONG).await?;
        browser.click("#change-email-submit").await?;
        browser.sees("#change-email-done", LONG).await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.fill("#new_password", "nine green trombones nap").await?;
        browser.click("#change-password-submit").await?;
        browser.sees("#change-password-done", "set").await?;
        inspection.of("profile, all done").await?;

        browser.click(".provider-foreign").await?;
        show_who_it_is(&browser, "grace").await?;
        browser.is_at("/account/profile").await?;
        browser.sees("#identities", "grace@journey.example").await?;
        inspection.of("profile, linked").await?;
        browser.click("#identities button").await?;
        browser.sees("#unlink-title", "Unlink").await?;
        inspection.of("profile, the question").await?;
        wire.rule(|request| {
            if request.method == "DELETE" { Fate::Problem(409, "last_sign_in_method") } else { Fate::Pass }
        });
        browser.click("#unlink-confirm").await?;
        browser.sees("#unlink-alert", " ").await?;
        inspection.of("profile, not unlinked").await?;
        inspection.finds_nothing_on(8);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_people_come_back_from_a_provider() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let (wire, mail, server) = served(stage, provider.known_to(Settings::default())).await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(NOTHING_PASSES).await?;
        let mut inspection = Inspection::with(&browser)?;
        browser.open("/login").await?;
        browser.sees(".providers", "Foreign").await?;
        inspection.of("sign-in with providers").await?;
        wire.rule(|request| {
            if request.path.ends_with("/start") {
                Fate::Problem(503, "oauth_unavailable")
            } else {
                Fate::Pass
            }
        });
        browser.click(".provider-foreign").await?;
        browser.sees("#provider-alert", " ").await?;
        inspection.of("sign-in, the provider away").await?;
        wire.rule(|_| Fate::Pass);

        let go = async |login: &str| {
            browser.devtools("Network.clearBrowserCookies", serde_json::json!({})).await?;
            browser.open("/login").await?;
            browser.click(".provider-foreign").await?;
            if login.is_empty() { Ok(()) } else { show_who_it_is(&browser, login).await }
        };
        go("").await?;
        browser.click("a[href$='/abort']").await?;
        browser.sees("#oauth-alert", "did not let you in").await?;
        inspection.of("back, denied").await?;
        for (login, words) in [
            ("state", "not begun in this browser"),
            ("nonce", "could not be accepted"),
            ("unverified", "does not vouch"),
        ] {
            go(login).await?;
            browser.sees("#oauth-alert", words).await?;
            inspection.of(&format!("back: {words}")).await?;
        }
        let link = mail.receives("unverified@journey.example", "Verify your e-mail address").await?.link()?;
        browser.devtools("Network.clearBrowserCookies", serde_json::json!({})).await?;
        follow(&browser, &link).await?;
        browser.click("#verify").await?;
        browser.sees("#verify-alert", "in the browser in which").await?;
        inspection.of("verify, in another browser").await?;

        wire.rule(|request| {
            let is_back = request.path.ends_with("/callback");
            if is_back { Fate::Problem(409, "oauth_link_required") } else { Fate::Pass }
        });
        go("grace").await?;
        browser.sees("#oauth-alert", "with the password once").await?;
        inspection.of("back, to be linked first").await?;

        // While the answer is on its way.
        let callback = hold(&wire, |request| request.path.ends_with("/callback"));
        go("grace").await?;
        browser.sees("#oauth-loading", "Loading").await?;
        inspection.of("back, at work").await?;
        wire.rule(|_| Fate::Pass);
        callback.wait().await;
        browser.sees("#you", "grace@journey.example").await?;
        inspection.finds_nothing_on(9);
        Ok(())
    })
    .await
}
