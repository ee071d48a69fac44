//! Keeps the session: restores it when the page starts, renews it while the person is active, notices its end, and
//! recovers after an outage. `next_step` decides what to do when.

pub mod next_step;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use chrono::{DateTime, TimeDelta, Utc};
use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, PageTransitionEvent};
use yew::prelude::*;

use crate::{
    api::failure::ConnectionProblem,
    browser::{clock, dom},
    session::{
        auth_state::{AuthAction, RefreshTrigger, SignOutReason},
        client::Client,
        use_session_keeper::next_step::{Circumstances, LONGEST_WAIT, Step, next_check, next_step},
    },
};

/// The events that count as activity. Dictation and switch access produce no more than a click or an input.
const INPUT_EVENTS: [&str; 7] =
    ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "click", "input"];

/// Activity is recorded at most this often.
const RECORD_INPUT_EVERY: TimeDelta = TimeDelta::seconds(1);

/// Keeps the session of `client` for as long as the component lives. Calls `on_check` whenever it checks the clock: at
/// least every 30 seconds, at the moment of the warning and at the deadline, and when the device wakes or the page
/// becomes visible. For one component at the root.
#[hook]
pub fn use_session_keeper(client: &Client, on_check: Callback<()>) {
    let keeper = {
        let client = client.clone();
        use_state(move || Rc::new(Keeper::new(client, on_check)))
    };
    {
        let keeper = Rc::clone(&keeper);
        use_effect_with((), move |()| {
            let listeners = keeper.listen();
            move || drop(listeners)
        });
    }
    // Runs after every change of the state.
    use_effect_with(client.clone(), move |_| keeper.check());
}

struct Keeper {
    client: Client,
    on_check: Callback<()>,
    last_input_at: Cell<Option<DateTime<Utc>>>,
    /// Whether a step is under way; when it is done, the next one is decided.
    is_busy: Cell<bool>,
    timer: RefCell<Option<Timeout>>,
}

impl Keeper {
    fn new(client: Client, on_check: Callback<()>) -> Self {
        Self {
            client,
            on_check,
            last_input_at: Cell::default(),
            is_busy: Cell::default(),
            timer: RefCell::default(),
        }
    }

    /// Takes the step that is due, or sets the timer for the next.
    fn check(self: &Rc<Self>) {
        self.on_check.emit(());
        let device_now = clock::now();
        // The warning does not wait for a step, however long that takes.
        self.check_after(self.client.store().read(|state| next_check(state, device_now)));
        if self.is_busy.get() {
            return;
        }
        let circumstances = Circumstances {
            device_now,
            last_input_at: self.last_input_at.get(),
            is_visible: dom::is_visible(),
        };
        match self.client.store().read(|state| next_step(state, circumstances)) {
            Step::Wait(time) => self.check_after(time),
            Step::Refresh(cause) => self.run(async move |client| client.refresh(cause).await),
            Step::ConfirmSignOut => self.run(async |client| client.confirm_sign_out().await),
            Step::Expire => self.client.clear_session(SignOutReason::Expired),
            Step::Idle => drop(self.timer.take()),
        }
    }

    /// Sets the only timer. It ends with the keeper.
    fn check_after(self: &Rc<Self>, time: TimeDelta) {
        let keeper = Rc::downgrade(self);
        let check = move || {
            if let Some(keeper) = keeper.upgrade() {
                keeper.check();
            }
        };
        let millis = u32::try_from(time.num_milliseconds().max(0)).unwrap_or(u32::MAX);
        // One more than needed, since a timer may fire a fraction early.
        self.timer.replace(Some(Timeout::new(millis + 1, check)));
    }

    fn run(self: &Rc<Self>, step: impl AsyncFnOnce(&Client) + 'static) {
        self.is_busy.set(true);
        let keeper = Rc::clone(self);
        spawn_local(async move {
            step(&keeper.client).await;
            keeper.is_busy.set(false);
            keeper.check();
        });
    }

    /// Listens to every event that may change the next step, until the listeners are dropped.
    fn listen(self: &Rc<Self>) -> Vec<EventListener> {
        let Some(window) = web_sys::window() else { return Vec::new() };
        let on = |event: &'static str, react: fn(&Rc<Self>, &Event)| {
            let keeper = Rc::clone(self);
            EventListener::new(&window, event, move |event| react(&keeper, event))
        };
        let mut listeners: Vec<_> = INPUT_EVENTS.into_iter().map(|event| on(event, Self::on_input)).collect();
        listeners.extend([
            // The first two bubble from the document.
            on("visibilitychange", |keeper, _| keeper.try_again()),
            on("resume", |keeper, _| keeper.try_again()),
            on("focus", |keeper, _| keeper.try_again()),
            on("online", |keeper, _| keeper.try_again()),
            on("offline", |keeper, _| keeper.on_offline()),
            on("pageshow", Self::on_pageshow),
        ]);
        listeners
    }

    fn on_input(self: &Rc<Self>, event: &Event) {
        let now = clock::now();
        let is_too_soon =
            self.last_input_at.get().is_some_and(|last| (now - last).abs() < RECORD_INPUT_EVERY);
        // An event that a script has made is no activity.
        if event.is_trusted() && !is_too_soon {
            self.last_input_at.set(Some(now));
            self.check();
        }
    }

    /// Tries again at once: the network is back, or the page is visible again.
    fn try_again(self: &Rc<Self>) {
        if dom::is_visible() && self.client.store().read(|state| state.outage.is_some()) {
            self.client.store().dispatch(AuthAction::RetryNow { at: clock::now() });
        }
        self.check();
    }

    fn on_offline(self: &Rc<Self>) {
        self.client.store().dispatch(AuthAction::ServerFailed {
            problem: ConnectionProblem::Offline,
            at: clock::now(),
            // As a rule `online` comes first.
            wait: LONGEST_WAIT,
        });
    }

    /// A page restored from the back/forward cache has missed the messages of the other tabs.
    fn on_pageshow(self: &Rc<Self>, event: &Event) {
        let is_from_cache =
            event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted);
        let is_signed_in = self.client.store().read(|state| state.session().is_some());
        if is_from_cache && is_signed_in && !self.is_busy.get() {
            self.run(async |client| client.refresh(RefreshTrigger::Background).await);
        } else {
            self.check();
        }
    }
}
