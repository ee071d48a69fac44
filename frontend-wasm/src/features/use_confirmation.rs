//! A question that has to be confirmed, and the request that follows.

use std::{fmt, future::Future, rc::Rc};

use yew::prelude::*;

use crate::api::{
    failure::Failure,
    use_request::{RequestHandle, use_request},
};

#[derive(Debug, Clone, PartialEq)]
struct State<T> {
    /// The subject of the last question. It stays while the dialog closes.
    subject: Option<T>,
    is_open: bool,
}

enum Action<T> {
    Ask(T),
    Close,
}

impl<T: Clone> State<T> {
    fn next(&self, action: Action<T>) -> Self {
        match action {
            Action::Ask(subject) => Self { subject: Some(subject), is_open: true },
            Action::Close => Self { subject: self.subject.clone(), is_open: false },
        }
    }
}

impl<T: Clone> Reducible for State<T> {
    type Action = Action<T>;

    fn reduce(self: Rc<Self>, action: Action<T>) -> Rc<Self> {
        Rc::new(self.next(action))
    }
}

/// A question about a subject, and the request that follows once it is confirmed.
pub struct Confirmation<T: Clone + 'static> {
    state: UseReducerHandle<State<T>>,
    request: RequestHandle<()>,
}

impl<T: Clone> Clone for Confirmation<T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), request: self.request.clone() }
    }
}

impl<T: Clone> fmt::Debug for Confirmation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation").finish_non_exhaustive()
    }
}

impl<T: Clone> Confirmation<T> {
    pub fn is_open(&self) -> bool {
        self.state.is_open
    }

    /// The subject of the question, also while the dialog closes.
    pub fn subject(&self) -> Option<&T> {
        self.state.subject.as_ref()
    }

    pub fn is_busy(&self) -> bool {
        self.request.is_busy()
    }

    pub fn failure(&self) -> Option<&Failure> {
        self.request.failure()
    }

    pub fn ask(&self, subject: T) {
        self.request.reset();
        self.state.dispatch(Action::Ask(subject));
    }

    pub fn close(&self) {
        self.state.dispatch(Action::Close);
    }

    pub fn on_ask(&self) -> Callback<T> {
        let confirmation = self.clone();
        Callback::from(move |subject| confirmation.ask(subject))
    }

    pub fn on_cancel(&self) -> Callback<()> {
        let confirmation = self.clone();
        Callback::from(move |()| confirmation.close())
    }

    /// A callback that starts `action` with the subject and a clone of `context`. The dialog stays open until `action`
    /// closes it, so that it can show a failure.
    pub fn on_confirm<C: Clone + 'static, F: Future<Output = Result<(), Failure>> + 'static>(
        &self,
        context: &C,
        action: impl Fn(C, T) -> F + 'static,
    ) -> Callback<()> {
        let (confirmation, context) = (self.clone(), context.clone());
        Callback::from(move |()| {
            let State { subject, is_open } = &*confirmation.state;
            if let Some(subject) = subject.clone().filter(|_| *is_open) {
                confirmation.request.start(action(context.clone(), subject));
            }
        })
    }
}

/// A question that has not been asked.
#[hook]
pub fn use_confirmation<T: Clone + 'static>() -> Confirmation<T> {
    Confirmation { state: use_reducer(|| State { subject: None, is_open: false }), request: use_request() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    #[test]
    fn the_subject_stays_while_the_dialog_closes() {
        let asked = State { subject: None, is_open: false }.next(Action::Ask(1)).next(Action::Ask(2));
        assert_eq!(asked, State { subject: Some(2), is_open: true });
        assert_eq!(asked.next(Action::Close), State { subject: Some(2), is_open: false });
    }
}
