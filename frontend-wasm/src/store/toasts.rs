//! Short messages about what has just been done: one is shown at a time, the others wait. Pure.

use std::{collections::VecDeque, rc::Rc};

use yew::{AttrValue, Reducible};

/// A short message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Its number; no two have the same.
    pub id: u32,
    /// What it says.
    pub text: AttrValue,
}

/// The messages that are to be seen, the first now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toasts {
    waiting: VecDeque<Toast>,
    last_id: u32,
}

/// A change of [`Toasts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToastAction {
    /// Something is to be said. What is being said or waits already is not said twice.
    Say(AttrValue),
    /// Something is to be said at once, in place of all else.
    SayAtOnce(AttrValue),
    /// The message has been seen, or its time is over.
    Dismiss(u32),
}

impl Toasts {
    /// The message to show.
    #[must_use]
    pub fn current(&self) -> Option<&Toast> {
        self.waiting.front()
    }

    /// The messages after `action`.
    #[must_use]
    pub fn after(mut self, action: ToastAction) -> Self {
        match action {
            ToastAction::Say(text) => {
                if self.waiting.iter().all(|toast| toast.text != text) {
                    self.last_id += 1;
                    self.waiting.push_back(Toast { id: self.last_id, text });
                }
            }
            ToastAction::SayAtOnce(text) => {
                self.waiting.clear();
                return self.after(ToastAction::Say(text));
            }
            ToastAction::Dismiss(id) => self.waiting.retain(|toast| toast.id != id),
        }
        self
    }
}

impl Reducible for Toasts {
    type Action = ToastAction;

    fn reduce(self: Rc<Self>, action: ToastAction) -> Rc<Self> {
        Rc::new(Self::clone(&self).after(action))
    }
}

#[cfg(test)]
mod tests {
    use crate::test;

    use super::*;

    fn said(texts: &[&'static str]) -> Toasts {
        texts.iter().fold(Toasts::default(), |toasts, text| toasts.after(ToastAction::Say((*text).into())))
    }

    fn current(toasts: &Toasts) -> Option<(u32, &str)> {
        toasts.current().map(|toast| (toast.id, toast.text.as_str()))
    }

    #[test]
    fn one_is_shown_at_a_time_in_the_order_in_which_they_came() {
        let toasts = said(&["first", "second"]);
        assert_eq!(current(&toasts), Some((1, "first")));
        let toasts = toasts.after(ToastAction::Dismiss(1));
        assert_eq!(current(&toasts), Some((2, "second")));
        assert_eq!(current(&toasts.after(ToastAction::Dismiss(2))), None);
    }

    #[test]
    fn nothing_is_said_twice_until_it_is_gone() {
        let toasts = said(&["saved", "saved"]).after(ToastAction::Dismiss(1));
        assert_eq!(current(&toasts), None);
        assert_eq!(current(&toasts.after(ToastAction::Say("saved".into()))), Some((2, "saved")));
    }

    #[test]
    fn what_cannot_wait_takes_the_place_of_all_else() {
        let toasts = said(&["first", "second"]);
        let same = toasts.clone().after(ToastAction::SayAtOnce("first".into()));
        assert_eq!(current(&same), Some((3, "first")), "a message of its own");
        let other = toasts.after(ToastAction::SayAtOnce("third".into()));
        assert_eq!(current(&other), Some((3, "third")));
        assert_eq!(current(&other.after(ToastAction::Dismiss(3))), None);
    }

    #[test]
    fn a_late_dismissal_takes_no_other_message_away() {
        let toasts = said(&["first"]).after(ToastAction::Dismiss(1)).after(ToastAction::Say("second".into()));
        assert_eq!(current(&toasts.clone().after(ToastAction::Dismiss(1))), Some((2, "second")));
    }
}
