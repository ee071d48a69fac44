//! Many refreshes with one token at the same time.

use std::collections::HashMap;

use crate::{ApiClient, Result};
use tokio::task::JoinSet;

const MANY: usize = 100;

/// The status and error code of a rejected token.
#[must_use]
pub fn unauthorized(word: &str) -> (u16, String) {
    (401, word.to_owned())
}

/// Refreshes one token many times at once, spread over the servers. Checks that one request succeeds, and
/// returns its refresh token.
pub async fn refresh_race_winner(servers: &[ApiClient], token: &str) -> Result<String> {
    let mut race = JoinSet::new();
    for api in servers.iter().cycle().take(MANY) {
        let (api, token) = (api.clone(), token.to_owned());
        race.spawn(async move { api.refresh(&token).await });
    }
    let mut outcomes: HashMap<(u16, String), usize> = HashMap::new();
    let mut successors = Vec::new();
    for answer in race.join_all().await {
        let answer = answer?;
        *outcomes.entry(answer.status_and_code()).or_default() += 1;
        if answer.status == 200 {
            successors.push(answer.field("refresh_token")?);
        }
    }
    assert_eq!(
        outcomes,
        HashMap::from([((200, String::new()), 1), (unauthorized("invalid_refresh_token"), MANY - 1)])
    );
    Ok(successors.remove(0))
}
