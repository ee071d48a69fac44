//! Everybody can use every screen: by axe-core's rules, by keyboard, by ear, on a small screen, in the dark.

use std::sync::Arc;

use e2e::{
    Browser, Error, Fate, Look, Outcome, Person, Request, Result, SOON, Server, Settings, Stage, Wire, axe,
    play, play_on_both,
};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::{
    clock::{CLOCK, advance, next_second},
    keyboard::{ENTER, SPACE, tab_to},
};

/// WCAG 2.2, levels A and AA; `wcag22aa` is off unless named.
const RULES: &str = "
    const result = await axe.run(document, {
        runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']},
        resultTypes: ['violations'],
    });
    return result.violations.flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.target} ${node.failureSummary}`));
";

/// What sticks out to the right, where that makes the page scroll sideways (WCAG 1.4.10).
const TOO_WIDE: &str = "
    const width = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= width) return [];
    // Text that does not break leaves its box as it is.
    const reach = element => {
        const range = document.createRange();
        range.selectNodeContents(element);
        return Math.max(element.getBoundingClientRect().right, range.getBoundingClientRect().right);
    };
    return [...document.querySelectorAll('body *')]
        .filter(element => reach(element) > width)
        .map(element => `wider than ${width} px: ${element.tagName.toLowerCase()}.${element.className} #${element.id}`);
";

/// Collects what is wrong, screen by screen, so that one run tells all.
pub struct Inspection<'a> {
    browser: &'a Browser,
    axe: String,
    faults: Vec<String>,
    screens: usize,
}

impl<'a> Inspection<'a> {
    pub fn with(browser: &'a Browser) -> Result<Self> {
        Ok(Self { browser, axe: axe()?, faults: Vec::new(), screens: 0 })
    }

    pub fn finds_nothing_on(&self, screens: usize) {
        assert_eq!(self.screens, screens * Look::ALL.len());
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }

    pub async fn of(&mut self, screen: &str) -> Result<()> {
        for look in Look::ALL {
            self.browser.put_on(look).await?;
            self.browser.run(&self.axe, vec![]).await?;
            for faults in
                [self.browser.run_async(RULES, vec![]).await?, self.browser.run(TOO_WIDE, vec![]).await?]
            {
                let faults = faults.as_array().cloned().unwrap_or_default();
                self.faults.extend(faults.iter().map(|fault| format!("{screen}, {look}: {fault}")));
            }
            self.screens += 1;
        }
        Ok(())
    }
}

#[tokio::test]
async fn axe_finds_nothing_on_any_screen() -> Outcome {
    play(async |stage| {
        let mut wire = Wire::lay().await?;
        let server = stage.server(Settings::default().behind(wire.port())).await?;
        wire.join(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        let mut inspection = Inspection::with(&browser)?;

        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        inspection.of("sign-in").await?;
        browser.click("#sign-in").await?;
        browser.sees("#email-error", "e-mail").await?;
        inspection.of("sign-in with fields missing").await?;
        browser.submit(&ada.email, "not the password").await?;
        browser.sees("#sign-in-alert", "not right").await?;
        inspection.of("sign-in refused").await?;
        browser.open("/login?reason=session_expired").await?;
        browser.sees("#banner", "expired").await?;
        inspection.of("sign-in with banner").await?;

        browser.sign_in(&ada).await?;
        inspection.of("home").await?;
        browser.click("#check").await?;
        browser.sees("#check-outcome", "Confirmed").await?;
        inspection.of("home, checked").await?;
        browser.set_offline(true).await?;
        browser.sees("#connection", "offline").await?;
        inspection.of("home, offline").await?;
        browser.click("#sign-out").await?;
        browser.sees("#sign-out-alert", "not signed out").await?;
        inspection.of("home, sign-out failed").await?;
        browser.set_offline(false).await?;

        wire.rule(
            |request| if request.is_refresh() { Fate::Problem(503, "unavailable") } else { Fate::Pass },
        );
        browser.open("/").await?;
        browser.sees("h1", "can’t answer").await?;
        inspection.of("start without an answer").await?;
        wire.rule(|_| Fate::Pass);

        browser.open("/nowhere").await?;
        browser.sees("h1", "There is nothing here").await?;
        inspection.of("not found").await?;
        browser.open("/problems/not_found").await?;
        browser.sees("h1", "There is nothing here").await?;
        inspection.of("an error explained").await?;

        inspection.finds_nothing_on(11);
        Ok(())
    })
    .await
}

/// A message stays for as long as it takes to look at it, and so does what waits for an answer.
pub const NOTHING_PASSES: &str = "
    const limit = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = ms => limit(Math.max(ms, 120000));
    const wait = window.setTimeout;
    window.setTimeout = (call, time, ...rest) => time === 10000 ? 0 : wait(call, time, ...rest);
";

/// Answers for the server, as if it could not, what goes to a path with this end.
pub fn refuse(end: &'static str) -> impl Fn(&Request) -> Fate + Send + Sync {
    move |request| if request.path.ends_with(end) { Fate::Problem(503, "unavailable") } else { Fate::Pass }
}

/// Asks who it is of whoever goes to a path with this end.
pub fn ask_who_it_is(end: &'static str) -> impl Fn(&Request) -> Fate + Send + Sync {
    move |request| {
        let is_sensitive = request.path.ends_with(end);
        if is_sensitive { Fate::Problem(403, "reauthentication_required") } else { Fate::Pass }
    }
}

/// Holds what matches on the wire until whoever has the answer waits for it, too.
pub fn hold(wire: &Wire, which: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Arc<Barrier> {
    let both = Arc::new(Barrier::new(2));
    let meeting = Arc::clone(&both);
    wire.rule(move |request| if which(request) { Fate::Meet(Arc::clone(&meeting)) } else { Fate::Pass });
    both
}

/// An owner, signed in behind a wire.
pub async fn owner_in(stage: &Stage, settings: Settings) -> Result<(Wire, Server, Person, Browser)> {
    let mut wire = Wire::lay().await?;
    let server = stage.server(settings.behind(wire.port())).await?;
    wire.join(server.port());
    let ada = server.owner("Ada Owner").await?;
    let browser = stage.browser(server.url()).await?;
    browser.at_every_start(NOTHING_PASSES).await?;
    browser.open("/login").await?;
    browser.sign_in(&ada).await?;
    Ok((wire, server, ada, browser))
}

#[tokio::test]
async fn axe_finds_nothing_where_owners_set_the_policy() -> Outcome {
    play_on_both(async |stage, settings| {
        let (wire, _server, _, browser) = owner_in(stage, settings).await?;
        let mut inspection = Inspection::with(&browser)?;
        browser.open("/account").await?;
        browser.sees(".row-link", "Session security").await?;
        inspection.of("account").await?;
        wire.rule(|request| {
            let is_about_it = request.path.starts_with("/api/v1/accounts/");
            if is_about_it { Fate::Problem(503, "unavailable") } else { Fate::Pass }
        });
        for (path, alert) in [("/account/security", "#security-alert"), ("/account/audit", "#audit-alert")] {
            browser.open(path).await?;
            browser.sees(alert, "could not be loaded").await?;
            inspection.of(&format!("{path} without an answer")).await?;
        }
        wire.rule(|_| Fate::Pass);

        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "Only you").await?;
        inspection.of("security, Strict, one signed in").await?;
        browser.click("#revoke-all").await?;
        browser.sees("#revoke-sessions-title", "everywhere").await?;
        inspection.of("the question, nobody else there").await?;
        browser.click("#revoke-sessions-cancel").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "5").await?;
        browser.fill("#absolute_minutes", "soon").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "Nothing has been saved").await?;
        inspection.of("security, Custom with errors").await?;
        browser.click("#preset-standard").await?;
        let patch = hold(&wire, |request| request.method == "PATCH");
        browser.click("#policy-save").await?;
        browser.sees("#policy-save", "Saving").await?;
        inspection.of("security, saving").await?;
        patch.wait().await;
        browser.sees("#policy-saved", "Saved").await?;
        inspection.of("security, saved").await?;
        wire.rule(|request| match request.method.as_str() {
            "PATCH" => Fate::LoseAnswer,
            _ if request.is_refresh() => Fate::Problem(503, "unavailable"),
            _ => Fate::Pass,
        });
        browser.click("#preset-strict").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "may not have been saved").await?;
        inspection.of("security, perhaps saved").await?;
        inspection.finds_nothing_on(9);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_owners_end_sessions() -> Outcome {
    play_on_both(async |stage, settings| {
        let (wire, server, ada, browser) = owner_in(stage, settings).await?;
        let mut inspection = Inspection::with(&browser)?;
        for number in 1..=12 {
            let person = server.member(&ada, &format!("Member {number}"), "viewer").await?;
            assert_eq!(server.direct()?.sign_in(&person).await?.status, 200);
        }
        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "13 people").await?;
        inspection.of("security, many signed in").await?;
        for (button, title) in [("#revoke-others", "except you"), ("#revoke-all", "yourself included")] {
            browser.click(button).await?;
            browser.sees("#revoke-sessions-title", title).await?;
            inspection.of(title).await?;
            browser.click("#revoke-sessions-cancel").await?;
        }
        browser.click("#revoke-others").await?;
        wire.rule(refuse("/revoke-sessions"));
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#revoke-sessions-alert", "Nobody was signed out").await?;
        inspection.of("the question, refused").await?;
        wire.rule(ask_who_it_is("/revoke-sessions"));
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        inspection.of("who is it, above the question").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#reauthenticate-alert", "not your password").await?;
        inspection.of("who is it, and it is not").await?;
        browser.click("#reauthenticate-cancel").await?;
        browser.sees("#revoke-sessions-alert", "Nobody was signed out").await?;
        let revocation = hold(&wire, |request| request.path.ends_with("/revoke-sessions"));
        browser.click("#revoke-sessions-confirm").await?;
        browser.sees("#revoke-sessions-confirm", "Signing out").await?;
        inspection.of("the question, at work").await?;
        revocation.wait().await;
        browser.sees("#toast", "12 sessions signed out").await?;
        inspection.of("a message").await?;
        browser.sees("#toast", "12 sessions signed out").await?;
        inspection.finds_nothing_on(8);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_where_owners_read_and_others_do_not() -> Outcome {
    play_on_both(async |stage, settings| {
        let (wire, server, ada, browser) = owner_in(stage, settings).await?;
        let mut inspection = Inspection::with(&browser)?;
        browser.open("/account/audit").await?;
        browser.sees("#audit-summary", "that is all").await?;
        inspection.of("audit").await?;
        browser.click("#audit-kind option[value='session.replay_detected']").await?;
        browser.sees("#audit-summary", "Nothing matches").await?;
        inspection.of("audit, nothing to see").await?;
        browser.fill("#audit-from", "2026-11-23").await?;
        browser.fill("#audit-to", "2026-11-22").await?;
        browser.sees("#audit-to-error", "before the first").await?;
        inspection.of("audit, days in the wrong order").await?;
        browser.click("#audit-clear").await?;
        browser.sees("#audit-summary", "that is all").await?;
        wire.rule(refuse("/audit-events"));
        browser.click("#export-csv").await?;
        browser.sees("#export-outcome", "There is no file").await?;
        inspection.of("audit, no file").await?;

        wire.rule(ask_who_it_is("/users/me/email"));
        browser.open("/account/profile").await?;
        browser.fill("#new_email", "new@journey.example").await?;
        browser.click("#change-email-submit").await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        inspection.of("who is it").await?;
        browser.click("#reauthenticate-cancel").await?;

        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        browser.click("#sign-out").await?;
        browser.sign_in(&bob).await?;
        browser.open("/account/audit").await?;
        browser.sees("#owners-only", "Only owners").await?;
        inspection.of("only for owners").await?;
        browser.open("/account").await?;
        browser.sees("#you", "Engineer").await?;
        inspection.of("account of no owner").await?;
        inspection.finds_nothing_on(7);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_in_either_warning() -> Outcome {
    play_on_both(async |stage, settings| {
        for (idle, absolute, tone) in [("5", "60", "warn"), ("5", "5", "info")] {
            let settings = settings
                .clone()
                .with("CURFEW_IDLE_MINUTES_DEFAULT", idle)
                .with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", absolute);
            let server = stage.server(settings).await?;
            // The databases may be one.
            let ada = server.owner(&format!("Ada {tone}")).await?;
            let browser = stage.browser(server.url()).await?;
            let mut inspection = Inspection::with(&browser)?;
            browser.open("/login").await?;
            browser.sign_in(&ada).await?;
            for path in ["/", "/account/security"] {
                browser.open(path).await?;
                browser.sees("#person", "Ada").await?;
                browser.sees(&format!("#session-expiry.{tone}"), "Your session").await?;
                inspection.of(&format!("{path} with the warning: {tone}")).await?;
                browser.sees(&format!("#session-expiry.{tone}"), "4:").await?;
            }
            browser.click("#revoke-all").await?;
            browser.sees(&format!("#revoke-sessions #session-expiry.{tone}"), "4:").await?;
            inspection.of(&format!("the warning in a dialog: {tone}")).await?;
            browser.click("#revoke-sessions-cancel").await?;
            browser.set_offline(true).await?;
            browser.click("#session-expiry .act").await?;
            browser.sees("#session-expiry-alert", "offline").await?;
            inspection.of(&format!("the warning, in vain: {tone}")).await?;
            inspection.finds_nothing_on(4);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_nothing_once_the_session_goes_on() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "15")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(CLOCK).await?;
        browser.at_every_start(NOTHING_PASSES).await?;
        let mut inspection = Inspection::with(&browser)?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        advance(&browser, 11 * 60).await?;
        next_second(&browser).await?;
        browser.click("#stay-signed-in").await?;
        browser.sees("#toast", "You stay signed in.").await?;
        inspection.of("the session goes on").await?;
        browser.sees("#toast", "You stay signed in.").await?;
        inspection.finds_nothing_on(1);
        Ok(())
    })
    .await
}

/// axe-core is there and would say so: a page with faults has faults.
#[tokio::test]
async fn axe_finds_what_is_wrong() -> Outcome {
    play(async |stage| {
        let server = stage.server(Settings::default()).await?;
        let browser = stage.browser(server.url()).await?;
        let mut inspection = Inspection::with(&browser)?;
        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        let spoil = "document.querySelector('label[for=email]').remove(); \
             document.querySelector('h1').style.width = '2000px'; \
             document.querySelector('h1').style.color = '#aaa'; \
             const button = document.querySelector('#reveal'); \
             button.style = 'width: 10px; min-width: 0; height: 10px; padding: 0; overflow: hidden'; \
             button.after(button.cloneNode(true))";
        browser.run(spoil, vec![]).await?;
        inspection.of("spoilt").await?;
        for fault in ["label: #email", "color-contrast", "wider than", "target-size"] {
            assert!(
                inspection.faults.iter().any(|found| found.contains(fault)),
                "{fault}: {:?}",
                inspection.faults
            );
        }
        Ok(())
    })
    .await
}

/// Notes every live region that a screen reader could not announce: one that was not painted empty
/// before words came into it (WCAG 4.1.3, technique ARIA22). A region that is put elsewhere or was not
/// rendered is a new one; only what it said before is no news. Notes also what was announced.
pub const LISTEN: &str = "
    window.unheard = [];
    window.heard = [];
    const LIVE = '[role=alert], [role=status], [aria-live]';
    const met = new WeakSet();
    const empty = new WeakSet();
    const last = new WeakMap();
    const told = new Set();
    const said = region => `${region.id || region.outerHTML.slice(0, 80)}: ${region.innerText.trim()}`;
    const forget = region => { met.delete(region); empty.delete(region); };
    const look = changes => {
        for (const node of changes.flatMap(({removedNodes}) => [...removedNodes])) {
            if (node.matches?.(LIVE)) forget(node);
            node.querySelectorAll?.(LIVE).forEach(forget);
        }
        for (const region of document.querySelectorAll(LIVE)) {
            if (!region.checkVisibility()) {
                forget(region);
            } else if (empty.has(region)) {
                const words = region.innerText.trim();
                if (words && words !== last.get(region)) {
                    heard.push(said(region));
                    told.add(said(region));
                }
                last.set(region, words);
            } else if (!met.has(region)) {
                met.add(region);
                requestAnimationFrame(() => {
                    if (!region.checkVisibility()) met.delete(region);
                    else if (!region.innerText.trim()) empty.add(region);
                    else if (!told.has(said(region))) unheard.push(said(region));
                });
            }
        }
    };
    new MutationObserver(look).observe(document, {attributes: true, childList: true, characterData: true, subtree: true});
";

#[tokio::test]
async fn what_changes_is_said_in_regions_that_stood_there_empty() -> Outcome {
    play(async |stage| {
        let server = stage.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(LISTEN).await?;
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

/// What was announced since this was last asked, and that nothing went unheard.
pub async fn is_heard(browser: &Browser, words: &[&str]) -> Result<()> {
    for said in words {
        let script = "return window.heard.some(words => words.startsWith(arguments[0]))";
        let what = format!("“{said}” to be announced");
        if let Err(error) = browser.until_within(SOON, &what, script, vec![(*said).into()]).await {
            let heard = browser.run("return [window.heard, window.unheard]", vec![]).await?;
            return Err(Error(format!("{error}; heard and unheard: {heard}")));
        }
    }
    let unheard = browser.run("return window.unheard", vec![]).await?;
    assert_eq!(unheard, json!([]), "these appeared with their words already in them");
    browser.run("window.heard = []", vec![]).await.map(drop)
}

#[tokio::test]
async fn the_settings_and_the_warning_speak_from_regions_that_stood_there_empty() -> Outcome {
    play_on_both(async |stage, settings| {
        let mut wire = Wire::lay().await?;
        // The warning is there from the sign-in on.
        let settings = settings.behind(wire.port()).with("CURFEW_IDLE_MINUTES_DEFAULT", "5");
        let server = stage.server(settings).await?;
        wire.join(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(LISTEN).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        is_heard(&browser, &["session-expiry-message: Your session ends soon"]).await?;

        wire.rule(refuse("/security"));
        browser.click("#nav-account").await?;
        browser.click(".row-link[href='/account/security']").await?;
        browser.sees("#security-alert", "could not be loaded").await?;
        wire.rule(|_| Fate::Pass);
        browser.click("#security-retry").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "5").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "Nothing has been saved").await?;
        browser.fill("#idle_minutes", "60").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-saved", "Saved").await?;
        is_heard(
            &browser,
            &[
                "security-alert: This could not be loaded",
                "policy-alert: Check what is marked",
                "policy-saved: Saved",
            ],
        )
        .await?;

        wire.rule(refuse("/audit-events"));
        browser.click("#nav-account").await?;
        browser.click(".row-link[href='/account/audit']").await?;
        browser.sees("#audit-alert", "could not be loaded").await?;
        browser.click("#export-csv").await?;
        browser.sees("#export-outcome", "There is no file").await?;
        wire.rule(|_| Fate::Pass);
        browser.click("#audit-retry").await?;
        browser.sees("#audit-summary", "that is all").await?;
        browser.click("#export-csv").await?;
        browser.sees("#toast", "is ready").await?;
        is_heard(
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
async fn ending_sessions_is_told_to_who_cannot_see_it() -> Outcome {
    play_on_both(async |stage, settings| {
        let mut wire = Wire::lay().await?;
        let server = stage.server(settings.behind(wire.port())).await?;
        wire.join(server.port());
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        api.sign_in(&bob).await?;
        api.sign_in(&ada).await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(LISTEN).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/security").await?;

        wire.rule(refuse("/revoke-sessions"));
        browser.click("#revoke-others").await?;
        browser.click("#revoke-sessions-confirm").await?;
        is_heard(&browser, &["revoke-sessions-alert: Nobody was signed out"]).await?;
        wire.rule(ask_who_it_is("/revoke-sessions"));
        browser.click("#revoke-sessions-confirm").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        is_heard(&browser, &["reauthenticate-alert: That is not your password"]).await?;
        wire.rule(|_| Fate::Pass);
        browser.fill("#confirm_password", &ada.password).await?;
        browser.click("#reauthenticate-confirm").await?;
        is_heard(&browser, &["toast: 1 session signed out"]).await?;

        // Right after it, and in time: the page is about to go.
        browser.click("#revoke-all").await?;
        browser.click("#revoke-sessions-confirm").await?;
        is_heard(&browser, &["toast: 2 sessions signed out"]).await?;
        browser.is_at("/login").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_end_of_a_session_is_told_to_who_cannot_see_it() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings.with("CURFEW_IDLE_MINUTES_DEFAULT", "15")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(LISTEN).await?;
        browser.at_every_start(CLOCK).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        advance(&browser, 11 * 60).await?;
        is_heard(&browser, &["session-expiry-message: Your session ends soon"]).await?;
        // By a script, so that nothing but the button asks for it.
        let stay = "document.querySelector('#stay-signed-in').click()";
        browser.set_offline(true).await?;
        browser.run(stay, vec![]).await?;
        is_heard(&browser, &["session-expiry-alert: You"]).await?;
        browser.set_offline(false).await?;
        browser.sees_no("#connection").await?;
        // The server's answer has put the clock right.
        advance(&browser, 14 * 60 + 10).await?;
        is_heard(&browser, &["session-expiry-message: Your session ends in less than a minute"]).await?;
        next_second(&browser).await?;
        browser.run(stay, vec![]).await?;
        is_heard(&browser, &["toast: You stay signed in."]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn somebody_without_a_mouse_signs_in_and_out() -> Outcome {
    play(async |stage| {
        let server = stage.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;

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
        browser.holds("#password", &ada.password).await?;
        browser.press(SPACE).await?;
        browser
            .until("it to be hidden", "return document.querySelector('#password').type === 'password'")
            .await?;
        tab_to(&browser, "#sign-in").await?;
        browser.press(ENTER).await?;
        browser.is_in(&ada).await?;

        tab_to(&browser, "#check").await?;
        browser.press(ENTER).await?;
        browser.sees("#check-outcome", "Confirmed").await?;
        browser.reload().await?;
        browser.is_in(&ada).await?;
        tab_to(&browser, ".skip").await?;
        browser.press(ENTER).await?;
        browser.until("the focus on the content", "return document.activeElement.id === 'main'").await?;
        browser.reload().await?;
        browser.is_in(&ada).await?;
        tab_to(&browser, "#sign-out").await?;
        browser.press(ENTER).await?;
        browser.is_at("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;

        // Enter in the form sends it.
        tab_to(&browser, "#email").await?;
        browser.press(ada.email.as_str()).await?;
        tab_to(&browser, "#password").await?;
        browser.press(format!("{}{ENTER}", ada.password)).await?;
        browser.is_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_screen_reader_hears_where_it_has_arrived() -> Outcome {
    play(async |stage| {
        let server = stage.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
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
