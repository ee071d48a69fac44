//! What has been done to the form since the policy was as it is. Pure.

use std::rc::Rc;

use curfew_shared::security::{PolicyView, PresetName};
use yew::Reducible;

use super::draft::Draft;

/// The form as somebody has it before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// The policy that it began with; of another policy it says nothing.
    of: PolicyView,
    pub draft: Draft,
    /// Whether its errors are shown: nobody is corrected while they are still typing for the first time.
    pub is_checked: bool,
    /// Whether it is what was sent: what the server said holds for that alone.
    pub is_as_sent: bool,
}

/// What somebody does to it.
#[derive(Debug)]
pub(super) enum Change {
    Choose(PresetName),
    TypeIdle(String),
    TypeAbsolute(String),
    Check,
    Send,
}

impl Edit {
    pub(super) fn new(policy: &PolicyView) -> Self {
        Self { of: policy.clone(), draft: Draft::of(policy), is_checked: false, is_as_sent: false }
    }

    /// The same where it is of `policy`, else a new one: a policy that has changed is never hidden by
    /// what was done to the one before.
    pub(super) fn under(&self, policy: &PolicyView) -> Self {
        if self.of == *policy { self.clone() } else { Self::new(policy) }
    }
}

impl Reducible for Edit {
    /// The change, and the policy that whoever made it had before them.
    type Action = (PolicyView, Change);

    fn reduce(self: Rc<Self>, (policy, change): Self::Action) -> Rc<Self> {
        let mut edit = self.under(&policy);
        edit.is_as_sent =
            matches!(change, Change::Send) || (edit.is_as_sent && matches!(change, Change::Check));
        match change {
            Change::Choose(choice) => {
                edit.draft.choice = choice;
                edit.is_checked = false;
            }
            Change::TypeIdle(text) => edit.draft.idle = text,
            Change::TypeAbsolute(text) => edit.draft.absolute = text,
            Change::Check | Change::Send => edit.is_checked = true,
        }
        edit.into()
    }
}

#[cfg(test)]
mod tests {
    use crate::test;
    use curfew_shared::policy::{Bounds, Policy, PolicyOverride};

    use super::*;

    fn policy(preset: PresetName) -> PolicyView {
        PolicyView {
            set: PolicyOverride::default(),
            effective: Policy::STRICT,
            default: Policy::STRICT,
            bounds: Bounds::WIDEST,
            presets: vec![],
            preset,
        }
    }

    fn after(policy: &PolicyView, changes: impl IntoIterator<Item = Change>) -> Rc<Edit> {
        let first = Rc::new(Edit::new(policy));
        changes.into_iter().fold(first, |edit, change| edit.reduce((policy.clone(), change)))
    }

    #[test]
    fn two_things_done_before_the_form_is_shown_again_both_count() {
        let changes = [
            Change::Choose(PresetName::Custom),
            Change::TypeIdle("60".into()),
            Change::TypeAbsolute("240".into()),
        ];
        let draft = after(&policy(PresetName::Strict), changes).draft.clone();
        assert_eq!(draft, Draft { choice: PresetName::Custom, idle: "60".into(), absolute: "240".into() });
    }

    #[test]
    fn what_was_done_holds_until_the_policy_changes_under_it() {
        let (before, now) = (policy(PresetName::Strict), policy(PresetName::Standard));
        let edit = after(&before, [Change::Choose(PresetName::Custom), Change::Check]);
        assert_eq!(edit.under(&before), *edit);
        assert_eq!(edit.under(&now), Edit::new(&now));
        let edit = edit.reduce((now, Change::TypeIdle("60".into())));
        assert_eq!((edit.draft.choice, edit.is_checked), (PresetName::Standard, false));
    }

    #[test]
    fn what_the_server_said_holds_for_what_was_sent() {
        let sent = [Change::Choose(PresetName::Custom), Change::Send];
        let edit = after(&policy(PresetName::Strict), sent);
        assert!(edit.is_as_sent);
        let left = Rc::clone(&edit).reduce((policy(PresetName::Strict), Change::Check));
        assert!(left.is_as_sent, "it was left, not changed");
        assert!(!edit.reduce((policy(PresetName::Strict), Change::TypeIdle("1".into()))).is_as_sent);
    }
}
