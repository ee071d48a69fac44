//! An owner decides how long people stay signed in.

use e2e::{Api, Browser, Fate, Outcome, Person, Result, Settings, Wire, play, play_on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

const SECURITY: &str = "/api/v1/accounts/me/security";

async fn get(api: &Api, person: &Person, path: &str) -> Result<Value> {
    let token = api.sign_in(person).await?.member("access_token")?;
    Ok(send(api.request(Method::GET, path).bearer_auth(token)).await?.json())
}

/// How many minutes the session of this page may last without use, and in all, as home says.
async fn lengths(browser: &Browser) -> Result<Value> {
    let script = "const [from, idle, absolute] = [...document.querySelectorAll('#session time')]
        .map(time => Date.parse(time.dateTime)); return [idle - from, absolute - from].map(length => Math.round(length / 60000))";
    browser.run(script, vec![]).await
}

#[tokio::test]
async fn own_numbers_are_checked_saved_and_apply_from_the_next_sign_in() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings).await?;
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.click("#nav-account").await?;
        browser.click(".row-link[href='/account/security']").await?;
        browser.is_at("/account/security").await?;

        browser.until("Strict", "return document.querySelector('#preset-strict')?.checked").await?;
        let is_disabled = "return document.querySelector('#idle_minutes').disabled && document.querySelector('#absolute_minutes').disabled";
        browser.until("numbers that are to be seen and not changed", is_disabled).await?;
        browser.holds("#idle_minutes", "4320").await?;
        browser.click("#preset-standard").await?;
        browser.sees("#idle_minutes-reading", "7 days").await?;
        browser.click("#preset-custom").await?;
        browser.sees("#idle_minutes-reading", "3 days").await?;

        browser.fill("#idle_minutes", "14").await?;
        browser.fill("#absolute_minutes", "soon").await?;
        browser.click("#policy-save").await?;
        browser.sees("#absolute_minutes-error", "whole number").await?;
        browser.sees("#policy-alert", "Nothing has been saved").await?;
        browser.fill("#absolute_minutes", "129601").await?;
        browser.click("#policy-save").await?;
        browser.sees("#idle_minutes-error", "At least 15 minutes").await?;
        browser.sees("#absolute_minutes-error", "That is 90 days").await?;
        browser.until("the focus on the first of them", "return document.activeElement.id === 'idle_minutes'").await?;
        browser.fill("#idle_minutes", "120").await?;
        browser.fill("#absolute_minutes", "60").await?;
        browser.click("#policy-save").await?;
        browser.sees("#idle_minutes-error", "the longest a session may last").await?;
        assert_eq!(get(&api, &ada, SECURITY).await?["policy"]["preset"], "strict", "nothing was saved");

        browser.fill("#absolute_minutes", "240").await?;
        browser.sees_no("#policy-alert").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-saved", "Saved").await?;
        browser.until("the ping", "return document.querySelector('#policy-saved .ping')?.checkVisibility()").await?;
        let policy = get(&api, &ada, SECURITY).await?["policy"].clone();
        let set = json!({"idle_minutes": 120, "absolute_minutes": 240});
        assert_eq!((&policy["preset"], &policy["override"]), (&json!("custom"), &set));
        let changes =
            get(&api, &ada, "/api/v1/accounts/me/audit-events?kind=account.session_policy_update").await?;
        assert_eq!(changes["events"].as_array().map(Vec::len), Some(1), "{changes}");

        browser.click("#nav-home").await?;
        browser.is_in(&ada).await?;
        assert_eq!(lengths(&browser).await?, json!([4_320, 20_160]), "this session is as it was");
        browser.click("#sign-out").await?;
        browser.sign_in(&ada).await?;
        assert_eq!(lengths(&browser).await?, json!([120, 240]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_typed_outlives_a_server_that_is_away() -> Outcome {
    play_on_both(async |stage, settings| {
        let mut wire = Wire::lay().await?;
        let server = stage.server(settings.behind(wire.port())).await?;
        wire.join(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        let is_settings = |path: &str| path == SECURITY;

        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        wire.rule(
            move |request| {
                if is_settings(&request.path) { Fate::Problem(503, "unavailable") } else { Fate::Pass }
            },
        );
        browser.open("/account/security").await?;
        browser.sees("#security-alert", "could not be loaded").await?;
        wire.rule(|_| Fate::Pass);
        browser.click("#security-retry").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "60").await?;

        wire.rule(move |request| if is_settings(&request.path) { Fate::LoseAnswer } else { Fate::Pass });
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "may not have been saved").await?;
        browser.holds("#idle_minutes", "60").await?;
        // The server had done it; once it can be asked, the page knows.
        wire.rule(|_| Fate::Pass);
        browser.sees("#policy-saved", "Saved").await?;
        browser.sees_no("#policy-alert").await?;
        browser.holds("#idle_minutes", "60").await?;

        // This time it has not.
        wire.rule(
            move |request| {
                if request.method == "PATCH" { Fate::Problem(500, "internal") } else { Fate::Pass }
            },
        );
        browser.fill("#idle_minutes", "90").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "Nothing was saved. Save again.").await?;
        browser.holds("#idle_minutes", "90").await?;
        wire.rule(|_| Fate::Pass);
        browser.click("#policy-save").await?;
        browser.sees("#policy-saved", "Saved").await?;
        assert_eq!(get(&server.direct()?, &ada, SECURITY).await?["policy"]["override"]["idle_minutes"], 90);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_is_no_owner_is_told_so_and_nobody_asks_the_server() -> Outcome {
    play(async |stage| {
        let mut wire = Wire::lay().await?;
        let server = stage.server(Settings::default().behind(wire.port())).await?;
        wire.join(server.port());
        let ada = server.owner("Ada Owner").await?;
        let eve = server.member(&ada, "Eve Engineer", "engineer").await?;
        let browser = stage.signed_in(server.url(), &eve).await?;
        browser.click("#nav-account").await?;
        browser.sees("#you", "Engineer").await?;
        let rows = "return [...document.querySelectorAll('.row-link')].map(link => link.pathname)";
        let own = serde_json::json!(["/account/profile", "/account/sessions"]);
        assert_eq!(browser.run(rows, vec![]).await?, own, "what is everybody's, and nothing of the owners'");
        for path in ["/account/security", "/account/members", "/account/audit"] {
            browser.open(path).await?;
            browser.sees("#owners-only", "Only owners").await?;
        }
        let asked = wire.seen(|request| request.path.starts_with("/api/v1/accounts/"));
        assert!(asked.is_empty(), "{asked:?}");
        Ok(())
    })
    .await
}
