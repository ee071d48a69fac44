//! One browser, two tabs, one session.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use e2e::{Browser, Fate, Outcome, Person, Request, Result, Server, Settings, Stage, Tab, Wire, play};
use tokio::sync::Barrier;

/// How often both tabs refresh at once.
const TIMES: usize = 10;

/// Two tabs, both signed in.
struct Tabs {
    browser: Browser,
    both: [Tab; 2],
}

impl Tabs {
    async fn open(stage: &Stage, url: String, person: &Person, at_every_start: &str) -> Result<Self> {
        let browser = stage.browser(url).await?;
        browser.at_every_start(at_every_start).await?;
        browser.open("/login").await?;
        browser.sign_in(person).await?;
        let first = browser.tab().await?;
        let second = browser.open_tab().await?;
        browser.at_every_start(at_every_start).await?;
        browser.open("/").await?;
        browser.is_in(person).await?;
        Ok(Self { browser, both: [first, second] })
    }

    async fn are_in(&self, person: &Person) -> Result<()> {
        for tab in &self.both {
            self.browser.turn_to(tab).await?;
            self.browser.is_in(person).await?;
            self.browser.is_at("/").await?;
        }
        Ok(())
    }

    /// Reloads both without waiting for either: a page that starts refreshes first of all.
    async fn reload_at_once(&self) -> Result<()> {
        let mark = "window.isOld = true";
        for tab in &self.both {
            self.browser.turn_to(tab).await?;
            self.browser.run(mark, vec![]).await?;
        }
        for tab in &self.both {
            self.browser.turn_to(tab).await?;
            self.browser.begin_to_reload().await?;
        }
        for tab in &self.both {
            self.browser.turn_to(tab).await?;
            self.browser.until("a new document", "return window.isOld === undefined").await?;
        }
        Ok(())
    }
}

/// A server behind a wire.
async fn wired(stage: &Stage) -> Result<(Server, Wire)> {
    let mut wire = Wire::lay().await?;
    let server = stage.server(Settings::default().behind(wire.port())).await?;
    wire.join(server.port());
    Ok((server, wire))
}

fn passes(answer: Option<u16>) -> bool {
    answer == Some(200)
}

#[tokio::test]
async fn both_stay_in_when_both_refresh_at_once_again_and_again() -> Outcome {
    play(async |stage| {
        let (server, wire) = wired(stage).await?;
        let ada = server.owner("Ada Owner").await?;
        let tabs = Tabs::open(stage, server.url(), &ada, "").await?;
        let session = server.sessions(&ada).await?;
        assert_eq!(session.len(), 1);

        let before = wire.seen(Request::is_refresh).len();
        for _ in 0..TIMES {
            tabs.reload_at_once().await?;
            tabs.are_in(&ada).await?;
        }
        let refreshes = wire.seen(Request::is_refresh);
        assert!(
            refreshes.len() >= before + TIMES,
            "a page that starts refreshes, or hears of a refresh just made"
        );
        assert!(
            refreshes.iter().all(|exchange| passes(exchange.status)),
            "the lock let no tab run into a refusal"
        );
        assert_eq!(server.sessions(&ada).await?, session, "it is the session of the beginning");
        Ok(())
    })
    .await
}

/// Where a browser has no Web Locks, the shared idempotency key alone keeps two tabs apart.
#[tokio::test]
async fn both_stay_in_even_without_web_locks() -> Outcome {
    play(async |stage| {
        let (server, wire) = wired(stage).await?;
        let ada = server.owner("Ada Owner").await?;
        let no_locks = "Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})";
        let tabs = Tabs::open(stage, server.url(), &ada, no_locks).await?;
        assert_eq!(tabs.browser.run("return navigator.locks === undefined", vec![]).await?, true);
        let session = server.sessions(&ada).await?;

        for _ in 0..TIMES {
            // Both are under way before the server hears of either.
            let both = Arc::new(Barrier::new(2));
            let first_two = Mutex::new(0);
            wire.rule(move |request| {
                let mut met = first_two.lock().unwrap();
                if !request.is_refresh() || *met == 2 {
                    return Fate::Pass;
                }
                *met += 1;
                Fate::Meet(Arc::clone(&both))
            });
            tabs.reload_at_once().await?;
            tabs.are_in(&ada).await?;
        }
        assert_eq!(server.sessions(&ada).await?, session);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn one_refresh_serves_both_when_their_access_token_expires() -> Outcome {
    play(async |stage| {
        let (server, wire) = wired(stage).await?;
        let ada = server.owner("Ada Owner").await?;
        let tabs = Tabs::open(stage, server.url(), &ada, "").await?;
        let session = server.sessions(&ada).await?;
        let before = wire.seen(Request::is_refresh).len();

        // Five minutes later, as far as the page can tell: no token that was handed out so far is
        // good any more. The first tab's refresh is under way until the second tab needs one too.
        let expired: HashSet<_> =
            wire.seen(Request::is_me).iter().map(|exchange| bearer(&exchange.request)).collect();
        let (refused, met) = (AtomicUsize::new(0), AtomicBool::new(false));
        let both = Arc::new(Barrier::new(2));
        wire.rule(move |request| {
            if request.is_me() && expired.contains(&bearer(request)) {
                match refused.fetch_add(1, Ordering::Relaxed) {
                    1 => Fate::MeetThenProblem(Arc::clone(&both), 401, "access_token_expired"),
                    _ => Fate::Problem(401, "access_token_expired"),
                }
            } else if request.is_refresh() && !met.swap(true, Ordering::Relaxed) {
                Fate::Meet(Arc::clone(&both))
            } else {
                Fate::Pass
            }
        });
        for tab in &tabs.both {
            tabs.browser.turn_to(tab).await?;
            tabs.browser.click("#check").await?;
        }
        for tab in &tabs.both {
            tabs.browser.turn_to(tab).await?;
            tabs.browser.sees("#check-outcome", "Confirmed by the server").await?;
        }
        tabs.are_in(&ada).await?;

        let refreshes = wire.seen(Request::is_refresh);
        assert_eq!(refreshes.len(), before + 1, "the second tab used what the first was given");
        assert_eq!(server.sessions(&ada).await?, session);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn signing_out_in_one_signs_out_the_other_without_a_banner() -> Outcome {
    play(async |stage| {
        let (server, wire) = wired(stage).await?;
        let ada = server.owner("Ada Owner").await?;
        let tabs = Tabs::open(stage, server.url(), &ada, "").await?;
        let [first, second] = &tabs.both;
        let browser = &tabs.browser;

        browser.turn_to(first).await?;
        browser.click("#sign-out").await?;
        browser.is_at("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_no("#banner").await?;
        // Each sign-in form asks for the ways to sign in; that tells nobody who is signed in.
        let about_the_session = |request: &Request| {
            request.path.starts_with("/api/") && !request.path.ends_with("/oauth/providers")
        };
        let asked = wire.seen(about_the_session).len();

        browser.turn_to(second).await?;
        browser.is_at("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_no("#banner").await?;
        assert_eq!(wire.seen(about_the_session).len(), asked, "it was told by the first");
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new(), "and the server knows");

        // Signing in again in one tab brings the other along.
        browser.sign_in(&ada).await?;
        browser.turn_to(first).await?;
        browser.is_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_next_person_in_one_tab_is_the_next_person_in_the_other() -> Outcome {
    play(async |stage| {
        let server = stage.server(Settings::default()).await?;
        let (ada, ben) = (server.owner("Ada Owner").await?, server.owner("Ben Other").await?);
        let tabs = Tabs::open(stage, server.url(), &ada, "").await?;
        let [first, second] = &tabs.both;

        tabs.browser.turn_to(first).await?;
        tabs.browser.click("#sign-out").await?;
        tabs.browser.sign_in(&ben).await?;
        tabs.browser.turn_to(second).await?;
        tabs.browser.is_in(&ben).await?;
        let all = tabs.browser.run("return document.documentElement.outerHTML", vec![]).await?;
        assert!(!all.as_str().unwrap_or_default().contains("Ada"), "nothing of the first person is left");
        let me = tabs.browser.text("#you").await?;
        assert!(me.contains(&ben.email) && me.contains("Ben Other's"), "{me}");
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new());
        assert_eq!(server.sessions(&ben).await?.len(), 1);
        Ok(())
    })
    .await
}

fn bearer(request: &Request) -> String {
    request.header("authorization").to_owned()
}
