//! Where every way to sign in ends: a session begins, or its person has proven once more who they are.

use chrono::{DateTime, Utc};
use curfew_shared::{audit::AuditKind, auth::TokenDelivery, error::ErrorCode, id::SessionId};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::App,
    audit::Deed,
    domain::session::Snapshot,
    entropy,
    error::{Error, Result},
    http::extract::Client,
    keys::Grant,
    mail::Mail,
    store::{
        Transaction, devices,
        sessions::{self, Reason, Renewal},
        users,
    },
};

/// What a person proved by who they are.
#[derive(Debug, Clone, Copy)]
pub(in crate::http::routes) enum Proof<'a> {
    /// The password that is behind the hash in hand.
    Password,
    /// An identity at the provider of this name.
    Provider(&'a str),
    /// The link of an invitation.
    Invitation,
}

impl<'a> Proof<'a> {
    const fn word(self) -> &'a str {
        match self {
            Self::Password => "password",
            Self::Provider(name) => name,
            Self::Invitation => "invitation",
        }
    }
}

/// Begins the session of a person who has proven who they are. Every way to sign in ends here.
pub(in crate::http::routes) async fn open_session(
    transaction: &Transaction,
    app: &App,
    client: &Client,
    login: &users::Login,
    (proof, delivery): (Proof<'_>, TokenDelivery),
) -> Result<Grant> {
    let now = app.clock.now();
    let session_id = SessionId(entropy::id(now)?);
    let snapshot = Snapshot::at_sign_in(now, app.config.policy.in_force(login.policy));
    // Deactivated, or given another password, since the person proved who they are.
    let hash = login.password_hash.as_deref().filter(|_| matches!(proof, Proof::Password));
    if !users::touch_login(transaction, login.user_id, hash, now).await? {
        return Err(ErrorCode::InvalidCredentials.into());
    }
    // The browser holds one cookie: the session that it named before would be a ghost.
    if let (TokenDelivery::Cookie, Some(former)) = (delivery, client.former_session) {
        replace(transaction, client, former, now).await?;
    }
    sessions::insert(transaction, session_id, (login.account_id, login.user_id), &snapshot, &client.origin)
        .await?;
    let is_known = devices::remember(transaction, login.user_id, &client.device(delivery), now).await?;
    if !is_known && login.last_login_at.is_some() {
        let mail = Mail::NewDevice {
            user_id: login.user_id,
            at: now,
            address: client.origin.address.clone(),
            user_agent: client.origin.user_agent.clone(),
        };
        mail.enqueue(transaction, &login.email, now).await?;
    }
    Deed::new(AuditKind::SignedIn, login.account_id, now)
        .by(login.user_id)
        .in_session(session_id)
        .from(client.origin.address.as_deref())
        .with(json!({"method": proof.word()}))
        .append(transaction)
        .await?;
    Ok(Grant {
        user_id: login.user_id,
        account_id: login.account_id,
        role: login.role,
        session_id,
        generation: 0,
        snapshot,
        deadlines: snapshot.deadlines(now),
    })
}

/// Ends the session that a sign-in in the same browser takes the place of.
async fn replace(
    transaction: &Transaction,
    client: &Client,
    former: SessionId,
    now: DateTime<Utc>,
) -> Result<()> {
    let session = sessions::find_for_update(transaction, former).await?;
    let Some(session) = session.filter(|session| session.is_live(now)) else { return Ok(()) };
    sessions::revoke(transaction, former, Reason::Replaced, now).await?;
    let deed = Deed::new(AuditKind::SignedOut, session.account_id, now)
        .by(session.user_id)
        .in_session(former)
        .from(client.origin.address.as_deref())
        .with(json!({"reason": "replaced"}));
    Ok(deed.append(transaction).await?)
}

/// Starts both windows of a session anew, under the policy of today: its person has proven once more
/// who they are (NIST SP 800-63B-4 §5.2), by `method`. `key` names the request.
pub(in crate::http::routes) async fn renew_session(
    app: &App,
    client: &Client,
    session_id: SessionId,
    login: &users::Login,
    method: &str,
    key: Option<Uuid>,
) -> Result<Grant> {
    let now = app.clock.now();
    let snapshot = Snapshot::at_sign_in(now, app.config.policy.in_force(login.policy));
    let transaction = app.database.begin().await?;
    let leeway = app.config.replay_leeway;
    let renewal = Renewal { session_id, user_id: login.user_id, key, leeway, now };
    let generation = sessions::renew(&transaction, renewal, &snapshot).await?;
    let generation = generation.ok_or_else(|| Error::token(ErrorCode::SessionRevoked))?;
    Deed::new(AuditKind::Reauthenticated, login.account_id, now)
        .by(login.user_id)
        .in_session(session_id)
        .from(client.origin.address.as_deref())
        .with(json!({"method": method}))
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(Grant {
        user_id: login.user_id,
        account_id: login.account_id,
        role: login.role,
        session_id,
        generation,
        snapshot,
        deadlines: snapshot.deadlines(now),
    })
}
