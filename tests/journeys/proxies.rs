//! HAProxy and nginx in front of the servers, as docs/operations.md sets them up. Nothing to see without them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use e2e::{Api, Outcome, Person, Postgres, Result, Settings, play, send};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

/// How many people come through each proxy.
const PEOPLE: usize = 4;

/// Signs in and refreshes until it is told to stop; answers how often it did.
async fn come_and_go(api: Api, ada: Person, stop: Arc<AtomicBool>) -> Result<usize> {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let answer = api.sign_in(&ada).await?;
        let mut token = answer.member("refresh_token")?;
        for _ in 0..20 {
            token = api.refresh(&token).await?.member("refresh_token")?;
            count += 1;
        }
        assert_eq!(api.sign_out(&token).await?.status, 204);
    }
    Ok(count)
}

#[tokio::test]
async fn replicas_are_replaced_one_by_one_and_no_request_is_lost() -> Outcome {
    let Some(postgres) = Postgres::of_the_environment() else { return Ok(()) };
    Box::pin(play(async |stage| {
        let url = postgres.database().await?;
        let settings = || {
            Settings::default()
                .on(&url)
                .with("CURFEW_PUBLIC_URL", "https://curfew.example")
                .with("CURFEW_SECRET", "no secret at all, and 32 bytes long")
                .with("CURFEW_PROXIES", "1")
                // Until there is a second signal.
                .with("CURFEW_SHUTDOWN_DELAY_SECONDS", "300")
        };
        let (one, two) = tokio::try_join!(stage.server(settings()), stage.server(settings()))?;
        let ports = [one.port(), two.port()];
        let Some(haproxy) = stage.haproxy(ports).await? else { return Ok(()) };
        let Some(nginx) = stage.nginx(ports).await? else { return Ok(()) };
        let ada = one.owner("Ada Owner").await?;

        let stop = Arc::new(AtomicBool::new(false));
        let mut people = JoinSet::new();
        for proxy in [&haproxy, &nginx].into_iter().cycle().take(2 * PEOPLE) {
            people.spawn(come_and_go(Api::new(proxy.url())?, ada.clone(), Arc::clone(&stop)));
        }
        let mut servers = [one, two];
        for (server, name) in servers.iter_mut().zip(["curfew/a", "curfew/b"]) {
            server.terminate()?;
            haproxy.logs(&format!("Server {name} is DOWN"), 1).await?;
            // nginx learns of it only now, as the port is closed.
            server.stop().await?;
            server.start_again().await?;
            haproxy.logs(&format!("Server {name} is UP"), 1).await?;
        }
        stop.store(true, Ordering::Relaxed);
        for count in people.join_all().await {
            assert!(count? > 0);
        }
        Ok(())
    }))
    .await
}

#[tokio::test]
async fn proxies_pass_on_who_asks_for_what() -> Outcome {
    play(async |stage| {
        let settings = Settings::default()
            .with("CURFEW_PUBLIC_URL", "https://curfew.example")
            // The test is the first of them.
            .with("CURFEW_PROXIES", "2");
        let server = stage.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let ports = [server.port(); 2];
        let Some(haproxy) = stage.haproxy(ports).await? else { return Ok(()) };
        let Some(nginx) = stage.nginx(ports).await? else { return Ok(()) };
        for (proxy, address) in [(&haproxy, "203.0.113.7"), (&nginx, "203.0.113.8")] {
            let api = Api::new(proxy.url())?;
            let body = json!({"email": ada.email, "password": ada.password});
            let login = api.request(Method::POST, "/api/v1/auth/login/json").json(&body);
            let answer = send(login.header("x-forwarded-for", address)).await?;
            let access = answer.member("access_token")?;
            let trail = api.request(Method::GET, "/api/v1/accounts/me/audit-events").bearer_auth(&access);
            let trail = send(trail.header("accept", "text/csv")).await?;
            assert!(trail.text().contains(address), "{}", trail.text());

            let filled = api.request(Method::GET, "/health/ready").header("x-fill", "x".repeat(7 * 1024));
            assert_eq!(send(filled).await?.status, 200, "a large cookie, say");
            assert_eq!(api.get("/api/v1/invites/a%23b").await?.problem(), "invalid_link");
            assert_eq!(api.get("/invite/a%23b").await?.status, 200);
        }
        Ok(())
    })
    .await
}
