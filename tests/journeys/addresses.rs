//! Addresses that are taken, changed, and got back; and links whose secret goes nowhere.

use std::collections::BTreeSet;

use e2e::{Browser, Mailbox, Outcome, Person, Result, Wire, play, play_on_both};
use serde_json::json;

use crate::{
    invitations::invite,
    people::{follow, register},
};

#[tokio::test]
async fn a_taken_address_registers_as_any_other_and_its_owner_is_told() -> Outcome {
    play_on_both(async |stage, settings| {
        let mail = Mailbox::open().await?;
        let server = stage.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let (fresh, eve) = (Person::new("Zoe Newcomer"), Person { name: "Eve".into(), ..ada.clone() });
        let browser = stage.browser(server.url()).await?;
        let mut said = BTreeSet::new();
        for person in [&fresh, &eve, &Person { email: ada.email.to_uppercase(), ..eve.clone() }] {
            register(&browser, person, "Acme").await?;
            said.insert(browser.text("main").await?.replace(&person.email, "the address"));
        }
        assert_eq!(said.len(), 1, "{said:?}");

        mail.receives(&fresh.email, "Verify your e-mail address").await?;
        for _ in 0..2 {
            let message = mail.receives(&ada.email, "You have an account already").await?;
            assert!(message.text.contains("/forgot-password"), "{}", message.text);
        }
        // Nothing has changed for who has the address.
        browser.open("/login").await?;
        browser.submit(&ada.email, "eve walks under 1 moon").await?;
        browser.sees("#sign-in-alert", "not right").await?;
        browser.sign_in(&ada).await?;

        // The message leads to what helps who forgot that there is an account.
        browser.click("#sign-out").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.open("/forgot-password").await?;
        browser.fill("#email", &ada.email.to_uppercase()).await?;
        browser.click("#forgot-submit").await?;
        let link = mail.receives(&ada.email, "Set a new password").await?.link()?;
        follow(&browser, &link).await?;
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "set").await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_had_the_address_before_gets_it_back_from_a_thief() -> Outcome {
    const STOLEN: &str = "thief@journey.example";
    play_on_both(async |stage, settings| {
        let mail = Mailbox::open().await?;
        let server = stage.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let thief = stage.signed_in(server.url(), &ada).await?;
        thief.open("/account/profile").await?;
        thief.fill("#new_email", STOLEN).await?;
        thief.click("#change-email-submit").await?;
        follow(&thief, &mail.receives(STOLEN, "Verify your new e-mail address").await?.link()?).await?;
        thief.click("#verify").await?;
        thief.sees("#verified", STOLEN).await?;
        let message = mail.receives(&ada.email, "Your e-mail address was changed").await?;
        assert!(message.text.contains(STOLEN), "{}", message.text);
        thief.open("/").await?;
        thief.sees("#you", STOLEN).await?;

        let browser = stage.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.sees("#sign-in-alert", "not right").await?;
        let link = message.link()?;
        follow(&browser, &link).await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", "1 session ended").await?;
        thief.click("#check").await?;
        thief.sees("#sign-in", "Sign in").await?;
        let told = mail.receives(&ada.email, "You were signed out everywhere").await?;
        assert!(told.text.contains(&ada.email), "{}", told.text);
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        follow(&browser, &told.link()?).await?;
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "set").await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.sees("#you", &ada.email).await?;
        let told = mail.receives(STOLEN, "You were signed out everywhere").await?;
        assert!(told.text.contains(&ada.email), "{}", told.text);
        let refused = Person { email: STOLEN.into(), ..ada.clone() };
        assert_eq!(server.direct()?.sign_in(&refused).await?.problem(), "invalid_credentials");
        // Once.
        follow(&thief, &link).await?;
        thief.click("#disown").await?;
        thief.sees("#disown-alert", "no longer good").await?;
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn where_registration_is_closed_that_is_said() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings.with("CURFEW_REGISTRATION", "closed")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        let is_asked = "return performance.getEntriesByType('resource').some(it => it.name.endsWith('/providers') && it.responseEnd > 0)";
        browser.until("the page to know", is_asked).await?;
        browser.until("no way to register", "return !document.querySelector('a[href=\"/register\"]')").await?;
        // By its address it can be gone to all the same: it says so at once, or to who asks.
        browser.open("/register").await?;
        let ask = "
            const form = document.querySelector('#register-form');
            if (form && !window.hasAsked) {
                const typed = {account_name: 'Acme', name: 'Eve', email: arguments[0], password: 'eve walks under 1 moon'};
                for (const id in typed) document.getElementById(id).value = typed[id];
                form.requestSubmit();
                window.hasAsked = true;
            }
            return document.querySelector('main')?.innerText.includes('by invitation only')";
        let what = "the page to say that new accounts are by invitation only";
        browser.until_within(e2e::SOON, what, ask, vec!["eve@journey.example".into()]).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        Ok(())
    })
    .await
}

/// Where the secret of a link is still to be read in the page: address, history, referrer, storage, document.
const TRACES: &str = "
    const secret = arguments[0];
    const places = {
        address: location.href,
        referrer: document.referrer,
        history: JSON.stringify(history.state),
        local: JSON.stringify({...localStorage}),
        session: JSON.stringify({...sessionStorage}),
        document: document.documentElement.outerHTML,
        inputs: [...document.querySelectorAll('input')].map(input => input.value).join(),
    };
    return Object.keys(places).filter(place => places[place]?.includes(secret));
";

/// Opens a link, sees what it leads to, goes on and comes back: its secret is nowhere to be read.
async fn keeps_the_secret(browser: &Browser, link: &str, css: &str) -> Result<()> {
    let (path, secret) = link.split_once('#').unwrap_or_default();
    assert!(secret.len() > 40, "{path}: the secret stands behind #");
    follow(browser, link).await?;
    browser.sees(css, " ").await?;
    let nowhere = async || -> Result<()> {
        browser.is_at(path).await?;
        browser.until("no secret in the address", "return location.hash === ''").await?;
        assert_eq!(browser.run(TRACES, vec![secret.into()]).await?, json!([]), "{path}");
        Ok(())
    };
    nowhere().await?;
    // To another document and back, by way of the history.
    browser.open("/nowhere").await?;
    browser.sees("h1", "nothing here").await?;
    assert_eq!(browser.run(TRACES, vec![secret.into()]).await?, json!([]), "after {path}");
    browser.back().await?;
    browser.sees("h1", " ").await?;
    nowhere().await
}

#[tokio::test]
async fn the_secret_of_a_link_goes_nowhere() -> Outcome {
    play(async |stage| {
        let (mut wire, mail) = (Wire::lay().await?, Mailbox::open().await?);
        let settings = e2e::Settings::default().with("CURFEW_SMTP_URL", mail.url()).behind(wire.port());
        let server = stage.server(settings).await?;
        wire.join(server.port());
        let (ada, zoe, bob) =
            (server.owner("Ada Owner").await?, Person::new("Zoe Newcomer"), Person::new("Bob Builder"));
        let browser = stage.browser(server.url()).await?;
        let mut links = Vec::new();

        register(&browser, &zoe, "Acme").await?;
        links.push((mail.receives(&zoe.email, "Verify your e-mail address").await?.link()?, "#verify"));
        browser.open("/forgot-password").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        links.push((mail.receives(&ada.email, "Set a new password").await?.link()?, "#reset-submit"));
        server.direct()?.sign_in(&ada).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        links.push((mail.receives(&ada.email, "You signed in on a new device").await?.link()?, "#disown"));
        browser.open("/account/members").await?;
        links.push((invite(&browser, &mail, &bob).await?, "#accept-form"));
        browser.open("/account/profile").await?;
        browser.fill("#new_email", "countess@journey.example").await?;
        browser.click("#change-email-submit").await?;
        let message = mail.receives("countess@journey.example", "Verify your new e-mail address").await?;
        links.push((message.link()?, "#verify"));

        let guest = stage.browser(server.url()).await?;
        for (link, css) in &links {
            keeps_the_secret(&guest, link, css).await?;
        }
        // Used, it is in the body of one request; an invitation is asked for by its address, as documented.
        follow(&guest, &links[0].0).await?;
        guest.click("#verify").await?;
        // Anybody may have registered with the address: elsewhere the password is chosen anew.
        guest.fill("#password", &zoe.password).await?;
        guest.click("#verify-submit").await?;
        guest.sees("#verified", &zoe.email).await?;
        for (link, _) in &links {
            let secret = link.split_once('#').unwrap_or_default().1.to_owned();
            let is_told = wire.seen(|request| {
                let is_invitation = request.path.starts_with("/api/v1/invites/");
                (request.path.contains(&secret) && !is_invitation)
                    || request.header("referer").contains(&secret)
            });
            let told: Vec<_> = is_told.iter().map(|exchange| &exchange.request.path).collect();
            assert_eq!(told, Vec::<&String>::new());
        }
        let console = format!("{:?}", guest.console().await?);
        let is_logged =
            links.iter().any(|(link, _)| console.contains(link.split_once('#').unwrap_or_default().1));
        assert!(!is_logged, "{console}");
        Ok(())
    })
    .await
}
