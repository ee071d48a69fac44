//! Connects a call that needs a re-authentication with the dialog that asks for it.

use std::{cell::RefCell, fmt, rc::Rc};

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use yew::Callback;

/// Asks the person to re-authenticate, through the dialog that is registered.
#[derive(Clone, Default)]
pub struct ReauthPrompt(Rc<State>);

#[derive(Default)]
struct State {
    dialog: RefCell<Option<Callback<Responder>>>,
    /// The result of the question that is being asked.
    pending: RefCell<Option<Promise>>,
}

impl fmt::Debug for ReauthPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReauthPrompt").finish_non_exhaustive()
    }
}

/// Takes the result of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Responder(Function);

impl Responder {
    /// Says whether the person has re-authenticated.
    pub fn resolve(&self, is_confirmed: bool) {
        // A promise's own function; it does not throw.
        let _ = self.0.call1(&JsValue::UNDEFINED, &JsValue::from_bool(is_confirmed));
    }
}

impl ReauthPrompt {
    /// Registers the dialog, in place of the one before.
    pub fn register(&self, dialog: Callback<Responder>) {
        *self.0.dialog.borrow_mut() = Some(dialog);
    }

    /// Asks, and waits for the result. Calls that need it at the same time share one question. Without a dialog
    /// the result is `false`.
    pub async fn request(&self) -> bool {
        let pending = self.0.pending.borrow().clone();
        let Some(promise) = pending.or_else(|| self.ask()) else { return false };
        let result = JsFuture::from(promise).await;
        self.0.pending.take();
        result.is_ok_and(|is_confirmed| is_confirmed.is_truthy())
    }

    fn ask(&self) -> Option<Promise> {
        let dialog = self.0.dialog.borrow().clone()?;
        let promise = Promise::new(&mut |resolve, _| dialog.emit(Responder(resolve)));
        self.0.pending.replace(Some(promise.clone()));
        Some(promise)
    }
}
