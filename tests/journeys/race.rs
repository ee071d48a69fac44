//! Many with one token at once.

use std::collections::HashMap;

use e2e::{Api, Result};
use tokio::task::JoinSet;

/// How many take part.
const MANY: usize = 100;

/// A refusal for want of a good token.
pub fn refused(word: &str) -> (u16, String) {
    (401, word.to_owned())
}

/// Refreshes one token many times at once, spread over servers; answers the one successor.
pub async fn only_winner(servers: &[Api], token: &str) -> Result<String> {
    let mut race = JoinSet::new();
    for api in servers.iter().cycle().take(MANY) {
        let (api, token) = (api.clone(), token.to_owned());
        race.spawn(async move { api.refresh(&token).await });
    }
    let mut outcomes: HashMap<(u16, String), usize> = HashMap::new();
    let mut successors = Vec::new();
    for answer in race.join_all().await {
        let answer = answer?;
        *outcomes.entry(answer.refusal()).or_default() += 1;
        if answer.status == 200 {
            successors.push(answer.member("refresh_token")?);
        }
    }
    assert_eq!(
        outcomes,
        HashMap::from([((200, String::new()), 1), (refused("invalid_refresh_token"), MANY - 1)])
    );
    Ok(successors.remove(0))
}
