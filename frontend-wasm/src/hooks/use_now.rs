//! The clock, for what is shown in words relative to now.

use chrono::{DateTime, Utc};
use gloo_timers::callback::Interval;
use yew::prelude::*;

use super::use_client;
use crate::browser::clock;

/// What the server's clock says, as far as it is known; renders the component again every `seconds`.
#[hook]
pub fn use_server_now(seconds: u32) -> DateTime<Utc> {
    let client = use_client();
    let device_now = use_now(seconds);
    client.store().read(|state| state.now(device_now))
}

/// What the device's clock says; renders the component again every `seconds`.
#[hook]
fn use_now(seconds: u32) -> DateTime<Utc> {
    let tick = use_force_update();
    use_effect_with(seconds, move |seconds| {
        let interval = Interval::new(seconds.saturating_mul(1_000), move || tick.force_update());
        move || drop(interval)
    });
    clock::now()
}
