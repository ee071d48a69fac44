//! Several servers on one PostgreSQL, and a PostgreSQL that goes away. Nothing to see without one.

use std::time::Duration;

use e2e::{Answer, Line, Outcome, Postgres, Settings, Signal, play, until, uuid};

use crate::race::{only_winner, refused};

/// How long a server may take to notice: longer than it gives any request.
const NOTICE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn replicas_share_their_sessions() -> Outcome {
    let Some(postgres) = Postgres::of_the_environment() else { return Ok(()) };
    play(async |stage| {
        let url = postgres.database().await?;
        let settings = || {
            // One address and one secret, whichever replica answers.
            Settings::default()
                .on(&url)
                .with("CURFEW_PUBLIC_URL", "https://curfew.example")
                .with("CURFEW_SECRET", "no secret at all, and 32 bytes long")
        };
        let (one, two) = tokio::try_join!(stage.server(settings()), stage.server(settings()))?;
        let ada = one.owner("Ada Owner").await?;
        let (first, second) = (one.direct()?, two.direct()?);

        let signed_in = first.sign_in(&ada).await?;
        let (access, token) = (signed_in.member("access_token")?, signed_in.member("refresh_token")?);
        assert_eq!(second.me(&access).await?.status, 200);
        let token = second.refresh(&token).await?.member("refresh_token")?;
        let key = uuid();
        let lost = first.refresh_with(&token, &key).await?.json()["idle_expires_at"].clone();
        let repeated = second.refresh_with(&token, &key).await?;
        assert_eq!(repeated.json()["idle_expires_at"], lost, "what one answered, the other can repeat");

        let token = only_winner(&[first.clone(), second.clone()], &repeated.member("refresh_token")?).await?;
        assert_eq!(second.sign_out(&token).await?.status, 204);
        assert_eq!(first.me(&access).await?.refusal(), refused("session_revoked"));
        assert_eq!(first.refresh(&token).await?.refusal(), refused("invalid_refresh_token"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_database_that_is_away_ends_no_session() -> Outcome {
    let Some(postgres) = Postgres::of_the_environment() else { return Ok(()) };
    play(async |stage| {
        let (line, url) = Line::to_database(&postgres.database().await?).await?;
        let server = stage.server(Settings::default().on(&url)).await?;
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        let signed_in = api.sign_in(&ada).await?;
        let access = signed_in.member("access_token")?;
        let mut token = signed_in.member("refresh_token")?;

        for signal in [Signal::Cut, Signal::Silent] {
            line.set(signal);
            let answers = tokio::try_join!(
                api.refresh(&token),
                api.me(&access),
                api.sign_in(&ada),
                api.sign_out(&token),
                api.get("/health/ready"),
            )?;
            for answer in <[Answer; 5]>::from(answers) {
                assert_eq!(
                    answer.refusal(),
                    (503, "unavailable".to_owned()),
                    "{signal:?}: {}",
                    answer.text()
                );
                let seconds: u32 = answer.header("retry-after").parse().unwrap_or_default();
                assert!((1..=60).contains(&seconds), "{signal:?}: {:?}", answer.headers);
            }
            assert_eq!(api.get("/health/live").await?.status, 200, "a restart would not help");

            line.set(Signal::Clear);
            token = until("the server to be back", NOTICE, async || {
                let answer = api.refresh(&token).await?;
                assert!([200, 503].contains(&answer.status), "{} {}", answer.status, answer.text());
                (answer.status == 200).then(|| answer.member("refresh_token")).transpose()
            })
            .await?;
            until("the other connections to be back", NOTICE, async || {
                let answer = api.me(&access).await?;
                assert!([200, 503].contains(&answer.status), "{} {}", answer.status, answer.text());
                Ok((answer.status == 200).then_some(()))
            })
            .await?;
        }
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}
