//! Which changes of membership to undo after somebody else used a person's sign-in.

use std::collections::{BTreeMap, BTreeSet};

use curfew_shared::{auth::Role, id::UserId};

/// A person's part in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The role.
    pub role: Role,
    /// Whether the person may sign in.
    pub is_active: bool,
}

impl Membership {
    const fn is_owner(self) -> bool {
        self.is_active && matches!(self.role, Role::Owner)
    }
}

/// A change of somebody's part in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The person it was done to.
    pub user: UserId,
    /// The person who did it; of a person who joined, the person who invited them. None for the operator.
    pub by: Option<UserId>,
    /// The part before. None before the person joined.
    pub old: Option<Membership>,
    /// The part after. None after the person was removed.
    pub new: Option<Membership>,
}

impl Change {
    /// Whether it let the person in, or made them an owner.
    fn is_gain(&self) -> bool {
        let (old, new) = (self.old.filter(|it| it.is_active), self.new.filter(|it| it.is_active));
        let is_owner = |it: Option<Membership>| it.is_some_and(Membership::is_owner);
        new.is_some() && (old.is_none() || is_owner(new) && !is_owner(old))
    }
}

/// What to undo.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Undo {
    /// The people who were let in or made owners: their invitations are cancelled too.
    pub let_in: BTreeSet<UserId>,
    /// The part that each of these people had before. None for who was not a member.
    pub lower: BTreeMap<UserId, Option<Membership>>,
    /// The part that each of these people had before they lost it.
    pub restore: BTreeMap<UserId, Membership>,
}

/// What to undo of `changes`, oldest first, if somebody else may have acted as `person` in that time.
///
/// People who were let in or promoted by `person`, or by somebody so let in, get back the part that they had.
/// What these people took away is given back, unless somebody else has decided about the same person since.
/// What `person` took from others stays: they can give it back themselves, and a person whom they dismissed
/// must not return by this.
#[must_use]
pub fn undo(person: UserId, changes: &[Change]) -> Undo {
    let mut undo = Undo::default();
    for change in changes {
        let by_person = change.by == Some(person);
        let is_suspect = by_person || change.by.is_some_and(|by| undo.let_in.contains(&by));
        match change.old {
            _ if is_suspect && change.is_gain() => {
                if change.user != person {
                    undo.let_in.insert(change.user);
                    undo.lower.entry(change.user).or_insert(change.old);
                }
            }
            Some(old) if is_suspect && (!by_person || change.user == person) => {
                if !undo.lower.contains_key(&change.user) {
                    undo.restore.entry(change.user).or_insert(old);
                }
            }
            _ => {
                undo.restore.remove(&change.user);
            }
        }
    }
    if undo.let_in.is_empty() {
        // The person left, or stepped down, and others can let them in again.
        undo.restore.clear();
    }
    undo.lower.retain(|user, _| !undo.restore.contains_key(user));
    undo
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const DAVE: UserId = UserId(Uuid::from_u128(2));
    const EVE: UserId = UserId(Uuid::from_u128(3));
    const MAX: UserId = UserId(Uuid::from_u128(4));

    const OWNER: Membership = Membership { role: Role::Owner, is_active: true };
    const VIEWER: Membership = Membership { role: Role::Viewer, is_active: true };
    const INACTIVE: Membership = Membership { role: Role::Owner, is_active: false };

    const fn change(by: UserId, user: UserId, old: Option<Membership>, new: Option<Membership>) -> Change {
        Change { user, by: Some(by), old, new }
    }

    #[test]
    fn an_accomplice_and_those_they_let_in_are_lowered_and_their_victims_restored() {
        let found = undo(
            ADA,
            &[
                change(ADA, EVE, None, Some(OWNER)),
                change(EVE, MAX, None, Some(VIEWER)),
                change(EVE, DAVE, Some(OWNER), Some(VIEWER)),
                change(EVE, DAVE, Some(VIEWER), None),
                change(EVE, ADA, Some(OWNER), Some(INACTIVE)),
            ],
        );
        assert_eq!(found.let_in, BTreeSet::from([EVE, MAX]));
        assert_eq!(found.lower, BTreeMap::from([(EVE, None), (MAX, None)]));
        assert_eq!(found.restore, BTreeMap::from([(ADA, OWNER), (DAVE, OWNER)]));
    }

    #[test]
    fn a_colleague_who_was_promoted_gets_the_old_role_back() {
        let promoted = change(ADA, EVE, Some(VIEWER), Some(OWNER));
        let found = undo(ADA, &[promoted, change(EVE, ADA, Some(OWNER), None)]);
        assert_eq!(found.lower, BTreeMap::from([(EVE, Some(VIEWER))]));
        assert_eq!(found.restore, BTreeMap::from([(ADA, OWNER)]));
    }

    #[test]
    fn what_others_decided_stays() {
        // Dismissed by an owner of old.
        let found = undo(ADA, &[change(DAVE, ADA, Some(OWNER), Some(INACTIVE))]);
        assert_eq!(found, Undo::default());
        // Dismissed by the person.
        let found = undo(ADA, &[change(ADA, DAVE, Some(OWNER), Some(INACTIVE))]);
        assert_eq!(found, Undo::default());
        // By the accomplice first, and then by an owner of old, or by the operator.
        for last in [Some(DAVE), None] {
            let found = undo(
                ADA,
                &[
                    change(ADA, EVE, None, Some(OWNER)),
                    change(EVE, ADA, Some(OWNER), Some(INACTIVE)),
                    change(DAVE, ADA, Some(INACTIVE), Some(OWNER)),
                    Change { by: last, ..change(DAVE, ADA, Some(OWNER), Some(INACTIVE)) },
                ],
            );
            assert_eq!(found.restore, BTreeMap::new());
            assert_eq!(found.lower, BTreeMap::from([(EVE, None)]));
        }
        // What the accomplice did before they were let in is none of this.
        let found = undo(
            ADA,
            &[change(EVE, DAVE, Some(OWNER), Some(INACTIVE)), change(ADA, EVE, Some(VIEWER), Some(OWNER))],
        );
        assert_eq!(found.restore, BTreeMap::new());
    }

    #[test]
    fn who_was_let_in_again_is_out_again() {
        let found = undo(ADA, &[change(ADA, EVE, Some(INACTIVE), Some(OWNER))]);
        assert_eq!(found.lower, BTreeMap::from([(EVE, Some(INACTIVE))]));
        // Whoever leaves does not come back by themselves.
        assert_eq!(undo(ADA, &[change(ADA, ADA, Some(OWNER), None)]), Undo::default());
        // The thief steps down for her.
        let found =
            undo(ADA, &[change(ADA, EVE, None, Some(OWNER)), change(ADA, ADA, Some(OWNER), Some(VIEWER))]);
        assert_eq!(found.restore, BTreeMap::from([(ADA, OWNER)]));
    }
}
