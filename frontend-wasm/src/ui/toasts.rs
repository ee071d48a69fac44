//! Toasts, short messages about what has just been done: one is shown at a time, the others wait. Pure.

use std::{collections::VecDeque, rc::Rc};

use yew::{AttrValue, Reducible};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// No two toasts have the same.
    pub id: u32,
    pub text: AttrValue,
}

/// The toasts, the first of which is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toasts {
    waiting: VecDeque<Toast>,
    last_id: u32,
}

/// A change of [`Toasts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToastAction {
    /// Adds a toast, unless one with the same text is shown or waits.
    Show(AttrValue),
    /// Shows a toast in place of every other.
    ShowNow(AttrValue),
    /// Removes a toast that was dismissed, or whose time is over.
    Dismiss(u32),
}

impl Toasts {
    /// The toast to show.
    pub fn current(&self) -> Option<&Toast> {
        self.waiting.front()
    }

    /// The toasts after `action`.
    #[must_use]
    pub fn next(mut self, action: ToastAction) -> Self {
        match action {
            ToastAction::Show(text) => {
                if self.waiting.iter().all(|toast| toast.text != text) {
                    self.last_id += 1;
                    self.waiting.push_back(Toast { id: self.last_id, text });
                }
            }
            ToastAction::ShowNow(text) => {
                self.waiting.clear();
                return self.next(ToastAction::Show(text));
            }
            ToastAction::Dismiss(id) => self.waiting.retain(|toast| toast.id != id),
        }
        self
    }
}

impl Reducible for Toasts {
    type Action = ToastAction;

    fn reduce(self: Rc<Self>, action: ToastAction) -> Rc<Self> {
        Rc::new(Self::clone(&self).next(action))
    }
}

#[cfg(test)]
mod tests {
    use crate::test;

    use super::*;

    fn said(texts: &[&'static str]) -> Toasts {
        texts.iter().fold(Toasts::default(), |toasts, text| toasts.next(ToastAction::Show((*text).into())))
    }

    fn current(toasts: &Toasts) -> Option<(u32, &str)> {
        toasts.current().map(|toast| (toast.id, toast.text.as_str()))
    }

    #[test]
    fn one_is_shown_at_a_time_in_the_order_in_which_they_came() {
        let toasts = said(&["first", "second"]);
        assert_eq!(current(&toasts), Some((1, "first")));
        let toasts = toasts.next(ToastAction::Dismiss(1));
        assert_eq!(current(&toasts), Some((2, "second")));
        assert_eq!(current(&toasts.next(ToastAction::Dismiss(2))), None);
    }

    #[test]
    fn nothing_is_said_twice_until_it_is_gone() {
        let toasts = said(&["saved", "saved"]).next(ToastAction::Dismiss(1));
        assert_eq!(current(&toasts), None);
        assert_eq!(current(&toasts.next(ToastAction::Show("saved".into()))), Some((2, "saved")));
    }

    #[test]
    fn what_cannot_wait_takes_the_place_of_all_else() {
        let toasts = said(&["first", "second"]);
        let same = toasts.clone().next(ToastAction::ShowNow("first".into()));
        assert_eq!(current(&same), Some((3, "first")), "a message of its own");
        let other = toasts.next(ToastAction::ShowNow("third".into()));
        assert_eq!(current(&other), Some((3, "third")));
        assert_eq!(current(&other.next(ToastAction::Dismiss(3))), None);
    }

    #[test]
    fn a_late_dismissal_takes_no_other_message_away() {
        let toasts = said(&["first"]).next(ToastAction::Dismiss(1)).next(ToastAction::Show("second".into()));
        assert_eq!(current(&toasts.clone().next(ToastAction::Dismiss(1))), Some((2, "second")));
    }
}
