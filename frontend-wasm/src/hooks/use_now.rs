//! The clock, for what is shown in words relative to now.

use chrono::{DateTime, Utc};
use gloo_timers::callback::Interval;
use yew::prelude::*;

use crate::browser::clock;

/// What the device's clock says; renders the component again every `seconds`.
#[hook]
pub fn use_now(seconds: u32) -> DateTime<Utc> {
    let tick = use_force_update();
    use_effect_with(seconds, move |seconds| {
        let interval = Interval::new(seconds.saturating_mul(1_000), move || tick.force_update());
        move || drop(interval)
    });
    clock::now()
}
