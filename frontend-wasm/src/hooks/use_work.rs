//! A call of the API on behalf of a component: under way, done, or failed.

use std::{any::Any, future::Future, marker::PhantomData, pin::Pin, rc::Rc};

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::api::Failure;

/// An answer, whatever its type, so that what keeps it is compiled once.
type Answer = Rc<dyn Any>;

enum State {
    Idle,
    Busy,
    Done(Answer),
    Failed(Failure),
}

/// What a call came to. One at a time.
pub struct Work<T>(UseStateHandle<State>, PhantomData<T>);

impl<T> Clone for Work<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<T> std::fmt::Debug for Work<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

impl<T: 'static> Work<T> {
    /// Begins a call, unless one is under way.
    pub fn run(&self, call: impl Future<Output = Result<T, Failure>> + 'static) {
        begin(&self.0, Box::pin(async move { call.await.map(|answer| Rc::new(answer) as Answer) }));
    }

    /// Forgets what came of it.
    pub fn reset(&self) {
        self.0.set(State::Idle);
    }

    /// Whether a call is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(*self.0, State::Busy)
    }

    /// What the last call answered.
    #[must_use]
    pub fn done(&self) -> Option<&T> {
        match &*self.0 {
            State::Done(answer) => answer.downcast_ref(),
            _ => None,
        }
    }

    /// Why the last call has no answer.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &*self.0 {
            State::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

fn begin(state: &UseStateHandle<State>, call: Pin<Box<dyn Future<Output = Result<Answer, Failure>>>>) {
    if matches!(**state, State::Busy) {
        return;
    }
    let state = state.setter();
    state.set(State::Busy);
    spawn_local(async move {
        state.set(match call.await {
            Ok(answer) => State::Done(answer),
            Err(failure) => State::Failed(failure),
        });
    });
}

/// Work for one kind of call.
#[hook]
pub fn use_work<T: 'static>() -> Work<T> {
    Work(use_state(|| State::Idle), PhantomData)
}
