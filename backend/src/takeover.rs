//! Changes of people's parts in accounts: recorded for a while, and undone after a takeover.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    id::{AccountId, UserId},
};
use serde_json::json;

use crate::{
    audit::{AppendError, Deed},
    domain::{
        link::DISOWN_REACH,
        membership::{self, Change, Membership, Undo},
    },
    mail::{Mail, MembershipEnd},
    store::{
        StoreError, Transaction, accounts, address_changes, identities, invites,
        membership_changes::{self, Removed},
        sessions::{self, Reason},
        users::{self, Member, NewUser},
    },
};

/// Records that a person's part changed. None as `by` is the operator.
///
/// # Errors
///
/// When the database is away.
pub async fn record(
    transaction: &Transaction,
    member: &Member,
    by: Option<UserId>,
    new: Membership,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let change = Change { user: member.id, by, old: Some(part_of(member)), new: Some(new) };
    membership_changes::insert(transaction, member.account_id, change, None, now).await
}

/// Records that a person joined by an invitation of `by`.
///
/// # Errors
///
/// When the database is away.
pub async fn record_joining(
    transaction: &Transaction,
    account: AccountId,
    (user, role): (UserId, Role),
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let new = Membership { role, is_active: true };
    let change = Change { user, by: Some(by), old: None, new: Some(new) };
    membership_changes::insert(transaction, account, change, None, now).await
}

/// Records that a person is about to be removed, with what it takes to bring them back.
///
/// # Errors
///
/// When the database is away.
pub async fn record_removal(
    transaction: &Transaction,
    member: &Member,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let login = users::find_login_by_id(transaction, member.id).await?;
    let removed = Removed {
        name: member.name.clone(),
        email: member.email.clone(),
        email_verified: login.as_ref().is_some_and(|login| login.email_verified),
        credentials_version: login.map_or(0, |login| login.credentials_version),
        former: address_changes::list(transaction, member.id, now - DISOWN_REACH).await?,
    };
    let change = Change { user: member.id, by, old: Some(part_of(member)), new: None };
    membership_changes::insert(transaction, member.account_id, change, Some(removed), now).await
}

const fn part_of(member: &Member) -> Membership {
    Membership { role: member.role, is_active: member.is_active }
}

/// What went with a new password.
#[derive(Debug, Clone, Copy)]
pub struct Withdrawn {
    /// Identities that were unlinked.
    pub unlinked_count: u64,
    /// Invitations that were cancelled.
    pub revoked_invite_count: u64,
}

/// Takes away what somebody else may have added for a way back: the identities that were linked lately, but for
/// the one that the person joined with, and the pending invitations.
///
/// # Errors
///
/// When the database is away.
pub async fn withdraw(
    transaction: &Transaction,
    account: AccountId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Withdrawn, StoreError> {
    let since = now - DISOWN_REACH;
    Ok(Withdrawn {
        unlinked_count: identities::delete_added_since(transaction, user, since).await?,
        revoked_invite_count: invites::revoke_of_user(transaction, account, user, since, now).await?,
    })
}

/// The takeover to undo.
#[derive(Debug)]
pub struct Takeover<'a> {
    /// The account, held.
    pub account: AccountId,
    /// The person whose sign-in somebody else used.
    pub person: UserId,
    /// The address of the person.
    pub email: &'a str,
    /// The network address of the request.
    pub address: Option<&'a str>,
    /// When.
    pub now: DateTime<Utc>,
}

#[derive(Debug, Default)]
struct Undone {
    deactivated: Vec<String>,
    role_restored: Vec<String>,
    reactivated: Vec<String>,
}

impl Takeover<'_> {
    /// Undoes what was done to the people of the account with the person's sign-in, and by those whom it let in.
    /// Answers how many invitations were cancelled.
    ///
    /// # Errors
    ///
    /// When the database is away, or an address of somebody who was removed has been taken since.
    pub async fn undo(&self, transaction: &Transaction) -> Result<u64, AppendError> {
        let since = self.now - DISOWN_REACH;
        let mut revoked_invite_count =
            invites::revoke_of_user(transaction, self.account, self.person, since, self.now).await?;
        let mut let_in = BTreeSet::new();
        // The invitations of each go first: nobody joins by them while this looks.
        let mut plan = loop {
            let changes = membership_changes::list(transaction, self.account, since).await?;
            let plan = membership::undo(self.person, &changes);
            if plan.let_in == let_in {
                break plan;
            }
            for user in plan.let_in.difference(&let_in) {
                let epoch = DateTime::UNIX_EPOCH;
                revoked_invite_count +=
                    invites::revoke_of_user(transaction, self.account, *user, epoch, self.now).await?;
            }
            let_in = plan.let_in;
        };
        if !self.leaves_an_owner(transaction, &plan).await? {
            tracing::warn!(account = %self.account, "people stay: without them the account would have no owner");
            plan.lower.clear();
        }
        let mut undone = Undone::default();
        for (user, old) in &plan.lower {
            self.lower(transaction, *user, *old, &mut undone).await?;
        }
        for (user, old) in &plan.restore {
            self.restore(transaction, *user, *old, &mut undone).await?;
        }
        let suspects = let_in.into_iter().chain([self.person]);
        membership_changes::delete_by(transaction, self.account, suspects).await?;
        self.announce(transaction, undone).await?;
        Ok(revoked_invite_count)
    }

    async fn leaves_an_owner(&self, transaction: &Transaction, plan: &Undo) -> Result<bool, StoreError> {
        let is_owner = |part: &Membership| part.is_active && part.role == Role::Owner;
        let owners = users::list_owners(transaction, self.account).await?;
        let stays = |(user, _): &(UserId, String)| match plan.lower.get(user) {
            Some(old) => old.as_ref().is_some_and(is_owner),
            None => true,
        };
        Ok(owners.iter().any(stays) || plan.restore.values().any(is_owner))
    }

    fn deed(&self, kind: AuditKind) -> Deed<'_> {
        Deed::new(kind, self.account, self.now).by(self.person).from(self.address)
    }

    async fn lower(
        &self,
        transaction: &Transaction,
        user: UserId,
        old: Option<Membership>,
        undone: &mut Undone,
    ) -> Result<(), AppendError> {
        users::hold(transaction, user).await?;
        let Some(member) = users::find_member(transaction, self.account, user).await? else { return Ok(()) };
        let old = old.unwrap_or(Membership { role: member.role, is_active: false });
        self.give_role(transaction, &member, old.role, undone).await?;
        if member.is_active && !old.is_active {
            users::set_active(transaction, user, false).await?;
            let revoked_count =
                sessions::revoke_of_user(transaction, user, Reason::Deactivated, self.now).await?;
            let payload = json!({"user_id": user, "revoked_count": revoked_count});
            self.deed(AuditKind::MemberDeactivated).with(payload).append(transaction).await?;
            let account_name = accounts::find(transaction, self.account).await?.name;
            let (user_id, end) = (Some(user), MembershipEnd::Undone);
            let mail = Mail::MembershipEnded { user_id, account_name, end, at: self.now };
            mail.enqueue(transaction, &member.email, self.now).await?;
            undone.deactivated.push(member.email);
        }
        Ok(())
    }

    async fn restore(
        &self,
        transaction: &Transaction,
        user: UserId,
        old: Membership,
        undone: &mut Undone,
    ) -> Result<(), AppendError> {
        users::hold(transaction, user).await?;
        let member = match users::find_member(transaction, self.account, user).await? {
            Some(member) => member,
            None => match self.bring_back(transaction, user, old).await? {
                Some(member) => member,
                None => return Ok(()),
            },
        };
        self.give_role(transaction, &member, old.role, undone).await?;
        if old.is_active && !member.is_active {
            users::set_active(transaction, user, true).await?;
            let payload = json!({"user_id": user});
            self.deed(AuditKind::MemberReactivated).with(payload).append(transaction).await?;
            if user != self.person {
                let account_name = accounts::find(transaction, self.account).await?.name;
                let mail = Mail::MembershipRestored { user_id: Some(user), account_name, at: self.now };
                mail.enqueue(transaction, &member.email, self.now).await?;
            }
            undone.reactivated.push(member.email);
        }
        Ok(())
    }

    /// Makes a person anew who was removed, inactive and without a password. None where the address belongs to
    /// somebody else by now.
    async fn bring_back(
        &self,
        transaction: &Transaction,
        user: UserId,
        old: Membership,
    ) -> Result<Option<Member>, AppendError> {
        let since = self.now - DISOWN_REACH;
        let removed = membership_changes::find_removed(transaction, user, since).await?;
        let Some((_, removed)) = removed else { return Ok(None) };
        let email = if user == self.person { self.email } else { &removed.email };
        if user != self.person && users::find_by_email(transaction, email).await?.is_some() {
            return Ok(None);
        }
        let new = NewUser {
            id: user,
            account_id: self.account,
            email,
            // The link that the person has followed proves theirs.
            email_verified_at: (user == self.person || removed.email_verified).then_some(self.now),
            name: &removed.name,
            role: old.role,
            password_hash: None,
        };
        users::insert(transaction, new, self.now).await?;
        users::set_active(transaction, user, false).await?;
        users::set_credentials_version(transaction, user, removed.credentials_version).await?;
        Ok(users::find_member(transaction, self.account, user).await?)
    }

    async fn give_role(
        &self,
        transaction: &Transaction,
        member: &Member,
        role: Role,
        undone: &mut Undone,
    ) -> Result<(), AppendError> {
        if member.role == role {
            return Ok(());
        }
        users::set_role(transaction, member.id, role).await?;
        let payload = json!({"user_id": member.id, "old": member.role, "new": role});
        self.deed(AuditKind::MemberRoleChanged).with(payload).append(transaction).await?;
        undone.role_restored.push(member.email.clone());
        Ok(())
    }

    async fn announce(&self, transaction: &Transaction, undone: Undone) -> Result<(), AppendError> {
        let Undone { deactivated, role_restored, reactivated } = undone;
        if deactivated.is_empty() && role_restored.is_empty() && reactivated.is_empty() {
            return Ok(());
        }
        let mail = Mail::MembershipUndone {
            account_name: accounts::find(transaction, self.account).await?.name,
            person: self.email.to_owned(),
            deactivated,
            role_restored,
            reactivated,
            at: self.now,
        };
        // An address that a thief gave the person is about to go.
        let recipient =
            |(user, email): (UserId, String)| if user == self.person { self.email.to_owned() } else { email };
        let owners = users::list_owners(transaction, self.account).await?;
        for recipient in owners.into_iter().map(recipient).collect::<BTreeSet<_>>() {
            mail.enqueue(transaction, &recipient, self.now).await?;
        }
        Ok(())
    }
}
