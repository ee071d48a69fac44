//! The server's clock, for times that are shown relative to now.

use chrono::{DateTime, Utc};
use gloo_timers::callback::Interval;
use yew::prelude::*;

use super::use_client::use_client;
use crate::browser::clock;

/// The server's clock, as far as it is known. Renders the component again every `seconds`.
#[hook]
pub fn use_server_now(seconds: u32) -> DateTime<Utc> {
    let client = use_client();
    let tick = use_force_update();
    use_effect_with(seconds, move |seconds| {
        let interval = Interval::new(seconds.saturating_mul(1_000), move || tick.force_update());
        move || drop(interval)
    });
    client.store().read(|state| state.now(clock::now()))
}
