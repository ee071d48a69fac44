//! Undoing what somebody did to an account's members with another person's sign-in.

use std::collections::BTreeSet;

use chrono::DateTime;
use curfew_shared::{
    audit::AuditKind,
    auth::Role,
    id::{AccountId, UserId},
};
use serde_json::json;

use crate::{
    audit::AppendError,
    context::Context,
    domain::{
        link::DISOWN_REACH,
        membership::{self, Membership, Undo},
    },
    mail::{Mail, MembershipEnd},
    store::{
        StoreError, accounts, invites, membership_changes,
        sessions::{self, Reason},
        users::{self, Member, NewUser},
    },
};

/// A takeover to undo.
#[derive(Debug)]
pub struct Takeover<'a> {
    /// The context, with the person as the actor.
    pub ctx: Context<'a>,
    /// The account, which is locked.
    pub account: AccountId,
    /// The person whose sign-in somebody else used.
    pub person: UserId,
    /// The person's e-mail address.
    pub email: &'a str,
}

#[derive(Debug, Default)]
struct Undone {
    deactivated: Vec<String>,
    role_restored: Vec<String>,
    reactivated: Vec<String>,
}

impl Takeover<'_> {
    /// Undoes what was done to the people of the account with the person's sign-in, and by those whom it let in.
    /// Returns how many invitations were revoked.
    ///
    /// # Errors
    ///
    /// When the database is away, or an address of somebody who was removed has been taken since.
    pub async fn undo(&self) -> Result<u64, AppendError> {
        let since = self.ctx.now - DISOWN_REACH;
        let mut revoked_invite_count =
            invites::revoke_of_user(self.ctx.transaction, self.account, self.person, since, self.ctx.now)
                .await?;
        let mut let_in = BTreeSet::new();
        // The invitations of each go first: nobody joins by them while this looks.
        let mut plan = loop {
            let changes = membership_changes::list(self.ctx.transaction, self.account, since).await?;
            let plan = membership::undo(self.person, &changes);
            if plan.let_in == let_in {
                break plan;
            }
            for user in plan.let_in.difference(&let_in) {
                let epoch = DateTime::UNIX_EPOCH;
                revoked_invite_count +=
                    invites::revoke_of_user(self.ctx.transaction, self.account, *user, epoch, self.ctx.now)
                        .await?;
            }
            let_in = plan.let_in;
        };
        if !self.leaves_an_owner(&plan).await? {
            tracing::warn!(account = %self.account, "people stay: without them the account would have no owner");
            plan.lower.clear();
        }
        let mut undone = Undone::default();
        for (user, old) in &plan.lower {
            self.lower(*user, *old, &mut undone).await?;
        }
        for (user, old) in &plan.restore {
            self.restore(*user, *old, &mut undone).await?;
        }
        let suspects = let_in.into_iter().chain([self.person]);
        membership_changes::delete_by(self.ctx.transaction, self.account, suspects).await?;
        self.announce(undone).await?;
        Ok(revoked_invite_count)
    }

    async fn leaves_an_owner(&self, plan: &Undo) -> Result<bool, StoreError> {
        let is_owner = |part: &Membership| part.is_active && part.role == Role::Owner;
        let owners = users::list_owners(self.ctx.transaction, self.account).await?;
        let stays = |(user, _): &(UserId, String)| match plan.lower.get(user) {
            Some(old) => old.as_ref().is_some_and(is_owner),
            None => true,
        };
        Ok(owners.iter().any(stays) || plan.restore.values().any(is_owner))
    }

    async fn lower(
        &self,
        user: UserId,
        old: Option<Membership>,
        undone: &mut Undone,
    ) -> Result<(), AppendError> {
        users::hold(self.ctx.transaction, user).await?;
        let Some(member) = users::find_member(self.ctx.transaction, self.account, user).await? else {
            return Ok(());
        };
        let old = old.unwrap_or(Membership { role: member.role, is_active: false });
        self.give_role(&member, old.role, undone).await?;
        if member.is_active && !old.is_active {
            users::set_active(self.ctx.transaction, user, false).await?;
            let revoked_count =
                sessions::revoke_of_user(self.ctx.transaction, user, Reason::Deactivated, self.ctx.now)
                    .await?;
            let payload = json!({"user_id": user, "revoked_count": revoked_count});
            self.ctx.record(self.account, AuditKind::MemberDeactivated, payload).await?;
            let account_name = accounts::find(self.ctx.transaction, self.account).await?.name;
            let (user_id, end) = (Some(user), MembershipEnd::Undone);
            let mail = Mail::MembershipEnded { user_id, account_name, end, at: self.ctx.now };
            mail.enqueue(self.ctx.transaction, &member.email, self.ctx.now).await?;
            undone.deactivated.push(member.email);
        }
        Ok(())
    }

    async fn restore(&self, user: UserId, old: Membership, undone: &mut Undone) -> Result<(), AppendError> {
        users::hold(self.ctx.transaction, user).await?;
        let member = match users::find_member(self.ctx.transaction, self.account, user).await? {
            Some(member) => member,
            None => match self.bring_back(user, old).await? {
                Some(member) => member,
                None => return Ok(()),
            },
        };
        self.give_role(&member, old.role, undone).await?;
        if old.is_active && !member.is_active {
            users::set_active(self.ctx.transaction, user, true).await?;
            let payload = json!({"user_id": user});
            self.ctx.record(self.account, AuditKind::MemberReactivated, payload).await?;
            if user != self.person {
                let account_name = accounts::find(self.ctx.transaction, self.account).await?.name;
                let mail = Mail::MembershipRestored { user_id: Some(user), account_name, at: self.ctx.now };
                mail.enqueue(self.ctx.transaction, &member.email, self.ctx.now).await?;
            }
            undone.reactivated.push(member.email);
        }
        Ok(())
    }

    /// Makes a person anew who was removed, inactive and without a password. None where the address belongs to
    /// somebody else by now.
    async fn bring_back(&self, user: UserId, old: Membership) -> Result<Option<Member>, AppendError> {
        let since = self.ctx.now - DISOWN_REACH;
        let removed = membership_changes::find_removed(self.ctx.transaction, user, since).await?;
        let Some((_, removed)) = removed else { return Ok(None) };
        let email = if user == self.person { self.email } else { &removed.email };
        if user != self.person && users::find_by_email(self.ctx.transaction, email).await?.is_some() {
            return Ok(None);
        }
        let new = NewUser {
            id: user,
            account_id: self.account,
            email,
            // The link that the person has followed verifies theirs.
            email_verified_at: (user == self.person || removed.email_verified).then_some(self.ctx.now),
            name: &removed.name,
            role: old.role,
            password_hash: None,
        };
        users::insert(self.ctx.transaction, new, self.ctx.now).await?;
        users::set_active(self.ctx.transaction, user, false).await?;
        users::set_credentials_version(self.ctx.transaction, user, removed.credentials_version).await?;
        Ok(users::find_member(self.ctx.transaction, self.account, user).await?)
    }

    async fn give_role(&self, member: &Member, role: Role, undone: &mut Undone) -> Result<(), AppendError> {
        if member.role == role {
            return Ok(());
        }
        users::set_role(self.ctx.transaction, member.id, role).await?;
        let payload = json!({"user_id": member.id, "old": member.role, "new": role});
        self.ctx.record(self.account, AuditKind::MemberRoleChanged, payload).await?;
        undone.role_restored.push(member.email.clone());
        Ok(())
    }

    async fn announce(&self, undone: Undone) -> Result<(), AppendError> {
        let Undone { deactivated, role_restored, reactivated } = undone;
        if deactivated.is_empty() && role_restored.is_empty() && reactivated.is_empty() {
            return Ok(());
        }
        let mail = Mail::MembershipUndone {
            account_name: accounts::find(self.ctx.transaction, self.account).await?.name,
            person: self.email.to_owned(),
            deactivated,
            role_restored,
            reactivated,
            at: self.ctx.now,
        };
        // An address that a thief gave the person is about to go.
        let recipient =
            |(user, email): (UserId, String)| if user == self.person { self.email.to_owned() } else { email };
        let owners = users::list_owners(self.ctx.transaction, self.account).await?;
        for recipient in owners.into_iter().map(recipient).collect::<BTreeSet<_>>() {
            mail.enqueue(self.ctx.transaction, &recipient, self.ctx.now).await?;
        }
        Ok(())
    }
}
