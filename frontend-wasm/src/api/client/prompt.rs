//! The way from a call that needs the person to confirm who they are to what asks them.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use yew::Callback;

/// Asks by whatever has offered to.
#[derive(Clone, Default)]
pub struct Prompt(Rc<State>);

#[derive(Default)]
struct State {
    offer: RefCell<Option<Callback<Answer>>>,
    /// What comes of the question that is being asked.
    pending: RefCell<Option<Promise>>,
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompt").finish_non_exhaustive()
    }
}

/// Takes the answer, once.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer(Function);

impl Answer {
    /// Says whether the person has confirmed who they are.
    pub fn give(&self, confirmed: bool) {
        // A promise's own function; it does not throw.
        let _ = self.0.call1(&JsValue::UNDEFINED, &JsValue::from_bool(confirmed));
    }
}

impl Prompt {
    /// Offers to ask, in place of whoever offered before.
    pub fn offer(&self, ask: Callback<Answer>) {
        *self.0.offer.borrow_mut() = Some(ask);
    }

    /// Asks, and waits for the answer. Where nobody offers to, the answer is no. Who asks while the
    /// question is being asked already shares the answer.
    pub async fn ask(&self) -> bool {
        let pending = self.0.pending.borrow().clone();
        let Some(promise) = pending.or_else(|| self.begin()) else { return false };
        let answer = JsFuture::from(promise).await;
        self.0.pending.take();
        answer.is_ok_and(|answer| answer.is_truthy())
    }

    fn begin(&self) -> Option<Promise> {
        let ask = self.0.offer.borrow().clone()?;
        let promise = Promise::new(&mut |resolve, _| ask.emit(Answer(resolve)));
        self.0.pending.replace(Some(promise.clone()));
        Some(promise)
    }
}
