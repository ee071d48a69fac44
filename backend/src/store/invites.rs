//! Invitations into accounts.

use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, InviteId, UserId},
    invite::{DeliveryProblem, InviteDelivery, InviteSummary},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::{all, corrupt, execute, one, users::role};

/// An invitation that was neither accepted nor taken back.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// The account.
    pub account_id: AccountId,
    /// The account's name.
    pub account_name: String,
    /// Whom it was sent to.
    pub email: String,
    /// What the person will be.
    pub role: Role,
    /// The person who invited.
    pub inviter: UserId,
    /// The name of who invited, while that person is there.
    pub invited_by: Option<String>,
    /// How often it was sent; only the last link is good.
    pub sends: i32,
    /// When it was first sent.
    pub created_at: DateTime<Utc>,
    /// When it was last sent.
    pub sent_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// The state of its last message.
    pub delivery: InviteDelivery,
    /// Why that message was not delivered.
    pub delivery_problem: Option<DeliveryProblem>,
}

/// The content of an invitation's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteLink {
    /// The invitation.
    pub id: InviteId,
    /// The number of the message that the link is from.
    pub sends: i32,
    /// Whether an owner copied the link, which then does not verify the address.
    pub is_copied: bool,
}

impl From<Invite> for InviteSummary {
    fn from(invite: Invite) -> Self {
        Self {
            id: invite.id,
            email: invite.email,
            role: invite.role,
            invited_by: invite.invited_by,
            created_at: invite.created_at,
            sent_at: invite.sent_at,
            expires_at: invite.expires_at,
            delivery: invite.delivery,
            delivery_problem: invite.delivery_problem,
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    account_id: Uuid,
    account_name: String,
    email: String,
    role: String,
    invited_by: Uuid,
    invited_by_name: Option<String>,
    sends: i32,
    created_at: DateTime<Utc>,
    sent_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    is_in_outbox: bool,
    delivery_problem: Option<String>,
}

const OPEN: &str = "SELECT i.id, i.account_id, a.name AS account_name, i.email, i.role, i.invited_by, u.name AS invited_by_name, \
     i.sends, i.created_at, i.sent_at, i.expires_at, i.delivery_problem, \
     EXISTS (SELECT 1 FROM mails m WHERE m.invite_id = i.id) AS is_in_outbox FROM invites i JOIN accounts a ON a.id = i.account_id \
     LEFT JOIN users u ON u.id = i.invited_by WHERE i.accepted_at IS NULL AND i.revoked_at IS NULL";

fn invite(row: Row) -> Result<Invite, DbErr> {
    let delivery_problem = row.delivery_problem.as_deref().map(problem).transpose()?;
    Ok(Invite {
        id: InviteId(row.id),
        account_id: AccountId(row.account_id),
        account_name: row.account_name,
        email: row.email,
        role: role(&row.role)?,
        inviter: UserId(row.invited_by),
        invited_by: row.invited_by_name,
        sends: row.sends,
        created_at: row.created_at,
        sent_at: row.sent_at,
        expires_at: row.expires_at,
        delivery: match (row.is_in_outbox, delivery_problem) {
            (true, None) => InviteDelivery::Queued,
            (true, Some(_)) => InviteDelivery::Delayed,
            (false, None) => InviteDelivery::Sent,
            (false, Some(_)) => InviteDelivery::Failed,
        },
        delivery_problem,
    })
}

fn problem(word: &str) -> Result<DeliveryProblem, DbErr> {
    let mut all = DeliveryProblem::ALL.into_iter();
    all.find(|problem| problem.as_str() == word).ok_or_else(|| corrupt("invites.delivery_problem"))
}

/// An invitation to be.
#[derive(Debug)]
pub struct NewInvite<'a> {
    /// Its id.
    pub id: InviteId,
    /// The account.
    pub account_id: AccountId,
    /// Whom to send it to, in its normal form.
    pub email: &'a str,
    /// What the person will be.
    pub role: Role,
    /// Who invites.
    pub invited_by: UserId,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// Inserts an open invitation.
///
/// # Errors
///
/// When the account has an open one for the address (see [`super::is_taken`]), or the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    new: NewInvite<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO invites (id, account_id, email, role, invited_by, created_at, sent_at, sends, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $6, 1, $7)";
    let values = [
        new.id.0.into(),
        new.account_id.0.into(),
        new.email.into(),
        new.role.as_str().into(),
        new.invited_by.0.into(),
        now.into(),
        new.expires_at.into(),
    ];
    execute(connection, sql, values).await.map(drop)
}

/// A page of an account's open invitations, newest first, at most `limit` after the one at `cursor`.
///
/// # Errors
///
/// When the database is away.
pub async fn list(
    connection: &impl ConnectionTrait,
    account: AccountId,
    cursor: Option<InviteId>,
    limit: u32,
) -> Result<Vec<Invite>, DbErr> {
    let mut values: Vec<sea_orm::Value> = vec![account.0.into(), i64::from(limit).into()];
    let mut after = "";
    if let Some(cursor) = cursor {
        values.push(cursor.0.into());
        after = " AND i.id < $3";
    }
    let sql = format!("{OPEN} AND i.account_id = $1{after} ORDER BY i.id DESC LIMIT $2");
    all::<Row>(connection, &sql, values).await?.into_iter().map(invite).collect()
}

/// Finds an open invitation.
///
/// # Errors
///
/// When the database is away.
pub async fn find(connection: &impl ConnectionTrait, id: InviteId) -> Result<Option<Invite>, DbErr> {
    let row = one::<Row>(connection, &format!("{OPEN} AND i.id = $1"), [id.0.into()]).await?;
    row.map(invite).transpose()
}

/// Closes an open invitation that has not run out, as accepted. Of several at once, one does.
///
/// # Errors
///
/// When the database is away.
pub async fn accept(
    connection: &impl ConnectionTrait,
    id: InviteId,
    sends: i32,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE invites SET accepted_at = $2 WHERE id = $1 AND sends = $3 AND accepted_at IS NULL \
               AND revoked_at IS NULL AND expires_at > $2";
    Ok(execute(connection, sql, [id.0.into(), now.into(), sends.into()]).await? > 0)
}

/// Takes an account's open invitation back. Answers whether there was one.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke(
    connection: &impl ConnectionTrait,
    account: AccountId,
    id: InviteId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE invites SET revoked_at = $3 WHERE id = $1 AND account_id = $2 AND accepted_at IS NULL \
               AND revoked_at IS NULL";
    Ok(execute(connection, sql, [id.0.into(), account.0.into(), now.into()]).await? > 0)
}

/// Takes back what a person invited from a moment on, as far as it is open. Answers how many
/// invitations that were.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke_of_user(
    connection: &impl ConnectionTrait,
    account: AccountId,
    user: UserId,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let sql = "UPDATE invites SET revoked_at = $4 WHERE account_id = $1 AND invited_by = $2 AND sent_at >= $3 \
               AND accepted_at IS NULL AND revoked_at IS NULL";
    execute(connection, sql, [account.0.into(), user.0.into(), since.into(), now.into()]).await
}

/// Deletes all of an account's invitations, open or not. Answers how many were open.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_of_account(connection: &impl ConnectionTrait, account: AccountId) -> Result<u64, DbErr> {
    let open = "DELETE FROM invites WHERE account_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL";
    let count = execute(connection, open, [account.0.into()]).await?;
    execute(connection, "DELETE FROM invites WHERE account_id = $1", [account.0.into()]).await?;
    Ok(count)
}

/// How many invitations of a person are open.
///
/// # Errors
///
/// When the database is away.
pub async fn count_of_user(
    connection: &impl ConnectionTrait,
    account: AccountId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    #[derive(FromQueryResult)]
    struct Count {
        invites: i64,
    }
    let sql = "SELECT count(*) AS invites FROM invites WHERE account_id = $1 AND invited_by = $2 \
               AND expires_at > $3 AND accepted_at IS NULL AND revoked_at IS NULL";
    let count = one::<Count>(connection, sql, [account.0.into(), user.0.into(), now.into()]).await?;
    Ok(count.map_or(0, |count| u64::try_from(count.invites).unwrap_or_default()))
}

/// Extends an account's open invitation. Earlier links stop working, and a message that is still in the outbox is
/// deleted. Returns whether there was such an invitation.
///
/// # Errors
///
/// When the database is away.
pub async fn renew(
    connection: &impl ConnectionTrait,
    account: AccountId,
    id: InviteId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE invites SET sent_at = $3, expires_at = $4, sends = sends + 1, delivery_problem = NULL \
               WHERE id = $1 AND account_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL";
    let values = [id.0.into(), account.0.into(), now.into(), expires_at.into()];
    let is_open = execute(connection, sql, values).await? > 0;
    if is_open {
        execute(connection, "DELETE FROM mails WHERE invite_id = $1", [id.0.into()]).await?;
    }
    Ok(is_open)
}

/// Stores the outcome of an attempt to send an invitation's message `mail`, unless that was replaced meanwhile.
///
/// # Errors
///
/// When the database is away.
pub async fn set_delivery_problem(
    connection: &impl ConnectionTrait,
    mail: Uuid,
    problem: Option<DeliveryProblem>,
) -> Result<(), DbErr> {
    let sql =
        "UPDATE invites SET delivery_problem = $2 WHERE id = (SELECT invite_id FROM mails WHERE id = $1)";
    execute(connection, sql, [mail.into(), problem.map(DeliveryProblem::as_str).into()]).await.map(drop)
}

/// Deletes at most `limit` invitations, open or not, that ran out before `before`. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_stale(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM invites WHERE id IN (SELECT id FROM invites WHERE expires_at < $1 LIMIT $2)";
    execute(connection, sql, [before.into(), i64::from(limit).into()]).await
}
