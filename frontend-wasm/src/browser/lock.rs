//! Web Locks: one holder at a time among all tabs of the origin and within each tab.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

/// Holds a lock until dropped.
#[derive(Debug)]
pub struct Guard {
    /// Whether it was taken when it was requested.
    pub waited: bool,
    release: Function,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The browser frees the lock with the page anyway.
        let _: Result<JsValue, _> = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// Waits for the lock called `name`. Returns `None` after `timeout_ms`, or if the browser has no locks.
pub async fn acquire(name: &str, timeout_ms: u32) -> Option<Guard> {
    // web-sys has locks only behind its flag for unstable interfaces, hence by reflection.
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    let at_once = Object::new();
    Reflect::set(&at_once, &"ifAvailable".into(), &JsValue::TRUE).ok()?;
    let in_turn = Object::new();
    Reflect::set(&in_turn, &"signal".into(), &AbortSignal::timeout_with_u32(timeout_ms)).ok()?;

    for (options, waited) in [(at_once, false), (in_turn, true)] {
        let (until_released, release) = deferred()?;
        let (answered, answer) = deferred()?;
        // The lock is held for as long as the returned promise is pending.
        let hold = Closure::once_into_js(move |lock: JsValue| {
            let _: Result<JsValue, _> = answer.call1(&JsValue::UNDEFINED, &lock);
            if lock.is_null() { JsValue::NULL } else { until_released.into() }
        });
        let requested: Promise =
            request.call3(&locks, &name.into(), &options, &hold).ok()?.dyn_into().ok()?;
        // `requested` settles before `answered` only if it is rejected.
        let first = Promise::race(&js_sys::Array::of2(&answered, &requested));
        if !JsFuture::from(first).await.ok()?.is_null() {
            return Some(Guard { waited, release });
        }
    }
    None
}

/// A promise and the function that resolves it.
fn deferred() -> Option<(Promise, Function)> {
    let mut resolve = None;
    let promise = Promise::new(&mut |resolver, _| resolve = Some(resolver));
    resolve.map(|resolve| (promise, resolve))
}
