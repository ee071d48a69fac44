//! Sign-ins under way at a provider.

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::TokenDelivery,
    id::{InviteId, SessionId, UserId},
    oauth::OauthPurpose,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::{corrupt, execute, invites::InviteLink, one};

/// How long a person may take at the provider.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// A sign-in under way.
pub struct Flow {
    /// At which provider.
    pub provider: String,
    /// What for.
    pub purpose: OauthPurpose,
    /// Where the refresh token shall travel.
    pub delivery: TokenDelivery,
    /// What the ID token must carry.
    pub nonce: String,
    /// What the code can be redeemed with.
    pub verifier: String,
    /// Who asked, unless to sign in.
    pub caller: Option<(UserId, SessionId)>,
    /// The invitation to accept with it.
    pub invite: Option<InviteLink>,
    /// When it began.
    pub created_at: DateTime<Utc>,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Remembers a sign-in that goes on at a provider, by hashes of its state and of its browser's secret.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    (state_hash, cookie_hash): (&str, &str),
    flow: Flow,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO oauth_flows (state_hash, cookie_hash, provider, purpose, token_delivery, nonce, \
               verifier, user_id, session_id, invite_id, copied_invite_id, invite_sends, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let (user, session) = flow.caller.unzip();
    let invite = |is_copied| flow.invite.filter(|link| link.is_copied == is_copied).map(|link| link.id.0);
    let values = [
        state_hash.into(),
        cookie_hash.into(),
        flow.provider.into(),
        purpose_word(flow.purpose).into(),
        delivery_word(flow.delivery).into(),
        flow.nonce.into(),
        flow.verifier.into(),
        user.map(|user| user.0).into(),
        session.map(|session| session.0).into(),
        invite(false).into(),
        invite(true).into(),
        flow.invite.map(|link| link.sends).into(),
        flow.created_at.into(),
    ];
    execute(connection, sql, values).await.map(drop)
}

/// Takes a sign-in out, so that it is good for one answer, from its own browser.
///
/// # Errors
///
/// When the database is away.
pub async fn take(
    connection: &impl ConnectionTrait,
    state_hash: &str,
    cookie_hash: &str,
) -> Result<Option<Flow>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        provider: String,
        purpose: String,
        token_delivery: String,
        nonce: String,
        verifier: String,
        user_id: Option<Uuid>,
        session_id: Option<Uuid>,
        invite_id: Option<Uuid>,
        copied_invite_id: Option<Uuid>,
        invite_sends: Option<i32>,
        created_at: DateTime<Utc>,
    }
    let sql = "DELETE FROM oauth_flows WHERE state_hash = $1 AND cookie_hash = $2 \
               RETURNING provider, purpose, token_delivery, nonce, verifier, user_id, session_id, invite_id, \
               copied_invite_id, invite_sends, created_at";
    let row = one::<Row>(connection, sql, [state_hash.into(), cookie_hash.into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let purposes = [OauthPurpose::SignIn, OauthPurpose::Link, OauthPurpose::Reauthenticate];
    let deliveries = [TokenDelivery::Body, TokenDelivery::Cookie];
    Ok(Some(Flow {
        provider: row.provider,
        purpose: purposes
            .into_iter()
            .find(|purpose| purpose_word(*purpose) == row.purpose)
            .ok_or_else(|| corrupt("oauth_flows.purpose"))?,
        delivery: deliveries
            .into_iter()
            .find(|delivery| delivery_word(*delivery) == row.token_delivery)
            .ok_or_else(|| corrupt("oauth_flows.token_delivery"))?,
        nonce: row.nonce,
        verifier: row.verifier,
        caller: row.user_id.map(UserId).zip(row.session_id.map(SessionId)),
        // An invitation without the number of its message is from before there was one: no such is good.
        invite: row.invite_id.or(row.copied_invite_id).map(|id| InviteLink {
            id: InviteId(id),
            sends: row.invite_sends.unwrap_or_default(),
            is_copied: row.invite_id.is_none(),
        }),
        created_at: row.created_at,
    }))
}

/// Deletes at most `limit` sign-ins that began before `time` and never came back.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_stale(
    connection: &impl ConnectionTrait,
    time: DateTime<Utc>,
    limit: u32,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM oauth_flows WHERE state_hash IN \
               (SELECT state_hash FROM oauth_flows WHERE created_at < $1 LIMIT $2)";
    execute(connection, sql, [time.into(), i64::from(limit).into()]).await
}

const fn purpose_word(purpose: OauthPurpose) -> &'static str {
    match purpose {
        OauthPurpose::SignIn => "sign_in",
        OauthPurpose::Link => "link",
        OauthPurpose::Reauthenticate => "reauthenticate",
    }
}

const fn delivery_word(delivery: TokenDelivery) -> &'static str {
    match delivery {
        TokenDelivery::Body => "body",
        TokenDelivery::Cookie => "cookie",
    }
}
