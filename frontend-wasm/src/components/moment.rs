//! A moment in words relative to now, with the exact local time at hand.

mod words;

use chrono::{DateTime, SecondsFormat, Utc};
use yew::prelude::*;

use self::words::relative;
use crate::browser::clock;

/// “in 2 days 3 hours” and the local time below it; to the second on hover.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Html {
    time("moment", at, now, html! { <span class="local">{ clock::local_time(at) }</span> })
}

/// “in 2 days 3 hours”; to the second, by the local clock, on hover.
pub fn short_moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Html {
    time("moment short", at, now, Html::default())
}

fn time(class: &'static str, at: DateTime<Utc>, now: DateTime<Utc>, local: Html) -> Html {
    let datetime = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! {
        <time {class} {datetime} title={clock::exact_local_time(at)}>
            <span class="relative">{ relative(now, at) }</span>
            { local }
        </time>
    }
}
