//! A component's call of the API: idle, under way, done or failed.

use std::{fmt, future::Future, rc::Rc};

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::failure::Failure;

/// The state of a request.
enum RequestState<T> {
    Idle,
    Busy,
    Done(T),
    Failed(Failure),
}

enum RequestAction<T> {
    Start,
    Finish(Result<T, Failure>),
    Reset,
}

impl<T> Reducible for RequestState<T> {
    type Action = RequestAction<T>;

    fn reduce(self: Rc<Self>, action: RequestAction<T>) -> Rc<Self> {
        Rc::new(match action {
            RequestAction::Start => Self::Busy,
            RequestAction::Finish(Ok(data)) => Self::Done(data),
            RequestAction::Finish(Err(failure)) => Self::Failed(failure),
            RequestAction::Reset => Self::Idle,
        })
    }
}

/// One request at a time, and its result.
pub struct RequestHandle<T: 'static>(UseReducerHandle<RequestState<T>>);

impl<T> Clone for RequestHandle<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for RequestHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHandle").finish_non_exhaustive()
    }
}

impl<T> RequestHandle<T> {
    /// Starts `call`, unless one is under way.
    pub fn start(&self, call: impl Future<Output = Result<T, Failure>> + 'static) {
        if self.is_busy() {
            return;
        }
        let state = self.0.dispatcher();
        state.dispatch(RequestAction::Start);
        spawn_local(async move { state.dispatch(RequestAction::Finish(call.await)) });
    }

    /// A callback that starts `call` with a clone of `context`.
    pub fn callback<C: Clone + 'static, I: 'static, F: Future<Output = Result<T, Failure>> + 'static>(
        &self,
        context: &C,
        call: impl Fn(C, I) -> F + 'static,
    ) -> Callback<I> {
        let (request, context) = (self.clone(), context.clone());
        Callback::from(move |input| request.start(call(context.clone(), input)))
    }

    /// Forgets the result.
    pub fn reset(&self) {
        self.0.dispatch(RequestAction::Reset);
    }

    pub fn is_busy(&self) -> bool {
        matches!(*self.0, RequestState::Busy)
    }

    /// The result of the last request, if it succeeded.
    pub fn data(&self) -> Option<&T> {
        match &*self.0 {
            RequestState::Done(data) => Some(data),
            _ => None,
        }
    }

    /// Why the last request failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        match &*self.0 {
            RequestState::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// A request that has not been started.
#[hook]
pub fn use_request<T: 'static>() -> RequestHandle<T> {
    RequestHandle(use_reducer(|| RequestState::Idle))
}
