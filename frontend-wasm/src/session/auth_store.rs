//! The handle of the auth state: reads the current state from any closure or future.

use yew::prelude::*;

use super::auth_state::{AuthAction, AuthState};

/// The auth store. Two are equal if they were made for the same state, so that a context with one renders its
/// consumers again when the state changes.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthStore(UseReducerHandle<AuthState>);

impl AuthStore {
    pub fn new(handle: UseReducerHandle<AuthState>) -> Self {
        Self(handle)
    }

    /// Reads the current state, not the one of the render that made this handle.
    pub fn read<R>(&self, read: impl FnOnce(&AuthState) -> R) -> R {
        // Yew's handle keeps every state that was ever read through it. A clone starts empty and is dropped at
        // once, so that no ended session stays in memory.
        read(&self.0.clone())
    }

    pub fn dispatch(&self, action: AuthAction) {
        self.0.dispatch(action);
    }
}
