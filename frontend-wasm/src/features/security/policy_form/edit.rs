//! The state of the form since the policy last changed. Pure.

use std::rc::Rc;

use curfew_shared::security::{PolicyView, PresetName};
use yew::Reducible;

use crate::features::security::policy_form::draft::Draft;

/// The state of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// The policy that it began with. It is void for any other.
    of: PolicyView,
    pub draft: Draft,
    /// Whether errors are shown: not while the person is typing for the first time.
    pub is_checked: bool,
    /// Whether the person has tried to save it as it is.
    pub is_tried: bool,
    sent: Option<Draft>,
}

#[derive(Debug)]
pub(super) enum Change {
    Choose(PresetName),
    TypeIdle(String),
    TypeAbsolute(String),
    /// An input is left.
    Check,
    /// The form is submitted.
    Try {
        /// Whether it was valid, and therefore sent.
        is_sent: bool,
    },
}

impl Edit {
    pub(super) fn new(policy: &PolicyView) -> Self {
        Self::with(policy, Draft::of(policy))
    }

    pub(super) fn with(policy: &PolicyView, draft: Draft) -> Self {
        Self { of: policy.clone(), draft, is_checked: false, is_tried: false, sent: None }
    }

    /// Whether it is unchanged since it was sent: the server's errors are about that alone.
    pub(super) fn is_as_sent(&self) -> bool {
        self.sent.as_ref() == Some(&self.draft)
    }

    /// The state for `policy`: the same, or a new one if the policy has changed, so that a change is never hidden. If it
    /// changed to what was sent, later edits stay.
    pub(super) fn under(&self, policy: &PolicyView) -> Self {
        let is_of_the_sent = || self.sent.as_ref().is_some_and(|sent| sent.check(&self.of) == Ok(policy.set));
        if self.of == *policy {
            self.clone()
        } else if is_of_the_sent() && !self.is_as_sent() {
            Self { is_checked: self.is_checked, ..Self::with(policy, self.draft.clone()) }
        } else {
            Self::new(policy)
        }
    }
}

impl Reducible for Edit {
    /// The change, and the policy that was shown when it was made.
    type Action = (PolicyView, Change);

    fn reduce(self: Rc<Self>, (policy, change): Self::Action) -> Rc<Self> {
        let mut edit = self.under(&policy);
        edit.is_tried &= matches!(change, Change::Check);
        match change {
            Change::Choose(choice) => {
                edit.draft.choice = choice;
                edit.is_checked = false;
            }
            Change::TypeIdle(text) => edit.draft.idle = text,
            Change::TypeAbsolute(text) => edit.draft.absolute = text,
            Change::Check => edit.is_checked = true,
            Change::Try { is_sent } => {
                edit.is_checked = true;
                edit.is_tried = true;
                edit.sent = is_sent.then(|| edit.draft.clone());
            }
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
        let strict = policy(PresetName::Strict);
        let sent = [Change::Choose(PresetName::Custom), Change::Try { is_sent: true }];
        let edit = after(&strict, sent);
        assert!(edit.is_as_sent() && edit.is_tried);
        let left = Rc::clone(&edit).reduce((strict.clone(), Change::Check));
        assert!(left.is_as_sent() && left.is_tried, "it was left, not changed");
        let typed = edit.reduce((strict, Change::TypeIdle("1".into())));
        assert!(!typed.is_as_sent() && !typed.is_tried);
    }

    #[test]
    fn who_leaves_an_input_has_not_tried_to_save() {
        let edit = after(&policy(PresetName::Strict), [Change::TypeIdle("1".into()), Change::Check]);
        assert!(edit.is_checked && !edit.is_tried);
    }

    #[test]
    fn what_is_done_while_it_is_being_saved_stays() {
        let before = policy(PresetName::Strict);
        let saved = PolicyOverride { idle_minutes: Some(60), absolute_minutes: Some(240) };
        let after_save = PolicyView { set: saved, ..policy(PresetName::Custom) };
        let sent = || {
            [
                Change::Choose(PresetName::Custom),
                Change::TypeIdle("60".into()),
                Change::TypeAbsolute("240".into()),
                Change::Try { is_sent: true },
            ]
        };
        let typed = sent().into_iter().chain([Change::TypeIdle("90".into())]);
        assert_eq!(after(&before, typed).under(&after_save).draft.idle, "90");
        assert_eq!(after(&before, sent()).under(&after_save), Edit::new(&after_save));
    }
}
