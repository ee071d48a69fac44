//! The handle of the auth store: reads what is true now, from any closure or future.

use yew::prelude::*;

use super::auth::{AuthAction, AuthState};

/// The auth store. Two are equal if they were handed out for the same state, so that a context with
/// one in it renders whoever uses it again when the state changes.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthStore(UseReducerHandle<AuthState>);

impl AuthStore {
    /// Wraps the reducer that holds the state.
    #[must_use]
    pub fn new(handle: UseReducerHandle<AuthState>) -> Self {
        Self(handle)
    }

    /// Looks at the state as it is now, not as it was when this handle was made.
    pub fn read<R>(&self, look: impl FnOnce(&AuthState) -> R) -> R {
        // yew's handle keeps every state that was ever read through it; a clone starts empty and is
        // dropped at once, so that no ended session stays in memory.
        look(&self.0.clone())
    }

    /// Changes the state.
    pub fn dispatch(&self, action: AuthAction) {
        self.0.dispatch(action);
    }
}
