//! Keeps the session: restores it when the page starts, renews it for a person who is there, notices
//! its end, and comes back after an outage. What to do when is decided in `next_step`.

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

use self::next_step::{Circumstances, LONGEST_WAIT, Step, next_look, next_step};
use crate::{
    api::Client,
    browser::{clock, page},
    store::auth::{AuthAction, Cause, SignOut, TroubleKind},
};

/// What counts as a person touching the page. Who dictates, or has something press for them, makes no
/// more of it than a click or an input.
const INPUT: [&str; 7] = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "click", "input"];

/// Input is looked at this often at most.
const INPUT_EVERY: TimeDelta = TimeDelta::seconds(1);

/// Keeps the session of `client` for as long as the component lives, and calls `on_look` whenever it
/// looks at the clock: at least every 30 seconds, at the moment of the warning and at the deadline, and
/// when the device wakes or the page is looked at. For the one component at the root of the page.
#[hook]
pub fn use_session_keeper(client: &Client, on_look: Callback<()>) {
    let keeper = {
        let client = client.clone();
        use_state(move || Rc::new(Keeper::new(client, on_look)))
    };
    {
        let keeper = Rc::clone(&keeper);
        use_effect_with((), move |()| {
            let listeners = keeper.listen();
            move || drop(listeners)
        });
    }
    // After every change of the state.
    use_effect_with(client.clone(), move |_| keeper.look());
}

struct Keeper {
    client: Client,
    on_look: Callback<()>,
    last_input_at: Cell<Option<DateTime<Utc>>>,
    /// Whether a step is being taken; the next is decided on when it is done.
    is_busy: Cell<bool>,
    timer: RefCell<Option<Timeout>>,
}

impl Keeper {
    fn new(client: Client, on_look: Callback<()>) -> Self {
        Self {
            client,
            on_look,
            last_input_at: Cell::default(),
            is_busy: Cell::default(),
            timer: RefCell::default(),
        }
    }

    /// Does what is due, or sets the timer for when it will be.
    fn look(self: &Rc<Self>) {
        self.on_look.emit(());
        let device_now = clock::now();
        // However long a step takes, the warning does not wait for it.
        self.look_after(self.client.store().read(|state| next_look(state, device_now)));
        if self.is_busy.get() {
            return;
        }
        let circumstances = Circumstances {
            device_now,
            last_input_at: self.last_input_at.get(),
            is_visible: page::is_visible(),
        };
        match self.client.store().read(|state| next_step(state, circumstances)) {
            Step::Wait(time) => self.look_after(time),
            Step::Refresh(cause) => self.work(async move |client| client.refresh(cause).await),
            Step::ConfirmSignOut => self.work(async |client| client.confirm_sign_out().await),
            Step::Expire => self.client.end(SignOut::Expired),
            Step::Rest => drop(self.timer.take()),
        }
    }

    /// Sets the one timer. It ends with the keeper.
    fn look_after(self: &Rc<Self>, time: TimeDelta) {
        let keeper = Rc::downgrade(self);
        let look = move || {
            if let Some(keeper) = keeper.upgrade() {
                keeper.look();
            }
        };
        let millis = u32::try_from(time.num_milliseconds().max(0)).unwrap_or(u32::MAX);
        // One more than asked for: a timer may fire a fraction early.
        self.timer.replace(Some(Timeout::new(millis + 1, look)));
    }

    fn work(self: &Rc<Self>, work: impl AsyncFnOnce(&Client) + 'static) {
        self.is_busy.set(true);
        let keeper = Rc::clone(self);
        spawn_local(async move {
            work(&keeper.client).await;
            keeper.is_busy.set(false);
            keeper.look();
        });
    }

    /// Listens to whatever may change what is due, until the answer is dropped.
    fn listen(self: &Rc<Self>) -> Vec<EventListener> {
        let Some(window) = web_sys::window() else { return Vec::new() };
        let on = |event: &'static str, react: fn(&Rc<Self>, &Event)| {
            let keeper = Rc::clone(self);
            EventListener::new(&window, event, move |event| react(&keeper, event))
        };
        let mut listeners: Vec<_> = INPUT.into_iter().map(|event| on(event, Self::on_input)).collect();
        listeners.extend([
            // The first two bubble from the document.
            on("visibilitychange", |keeper, _| keeper.try_again()),
            on("resume", |keeper, _| keeper.try_again()),
            on("focus", |keeper, _| keeper.try_again()),
            on("online", |keeper, _| keeper.try_again()),
            on("offline", |keeper, _| keeper.on_offline()),
            on("pageshow", Self::on_page_shown),
        ]);
        listeners
    }

    fn on_input(self: &Rc<Self>, event: &Event) {
        let now = clock::now();
        let is_too_soon = self.last_input_at.get().is_some_and(|last| (now - last).abs() < INPUT_EVERY);
        // What a script makes up is not a person.
        if event.is_trusted() && !is_too_soon {
            self.last_input_at.set(Some(now));
            self.look();
        }
    }

    /// There is reason to hope: the network is back, or somebody looks.
    fn try_again(self: &Rc<Self>) {
        if page::is_visible() && self.client.store().read(|state| state.trouble.is_some()) {
            self.client.store().dispatch(AuthAction::RetryNow { at: clock::now() });
        }
        self.look();
    }

    fn on_offline(self: &Rc<Self>) {
        self.client.store().dispatch(AuthAction::Troubled {
            kind: TroubleKind::Offline,
            at: clock::now(),
            // `online` comes first, as a rule.
            wait: LONGEST_WAIT,
        });
    }

    /// A page that comes back from the browser's back-forward cache has heard nothing of the others.
    fn on_page_shown(self: &Rc<Self>, event: &Event) {
        let is_from_cache =
            event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted);
        let is_signed_in = self.client.store().read(|state| state.session().is_some());
        if is_from_cache && is_signed_in && !self.is_busy.get() {
            self.work(async |client| client.refresh(Cause::Timer).await);
        } else {
            self.look();
        }
    }
}
