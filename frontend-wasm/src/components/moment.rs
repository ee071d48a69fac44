//! A moment in words relative to now, or by its date, with the exact local time at hand.

mod words;

use chrono::{DateTime, SecondsFormat, Utc};
use yew::prelude::*;

use self::words::relative;
use crate::browser::clock;

/// “in 2 days 3 hours” and the local time below it; to the second on hover.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Html {
    let words = html! {
        <>
            <span class="relative">{ relative(now, at) }</span>
            <span class="local">{ clock::local_time(at) }</span>
        </>
    };
    time("moment", at, words)
}

/// “in 2 days 3 hours”; to the second, by the local clock, on hover.
pub fn short_moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Html {
    time("moment short", at, html! { <span class="relative">{ relative(now, at) }</span> })
}

/// “2 hours ago”, as [`short_moment`]. The page's now lags behind the server's by the time that an answer was
/// on its way: what has only just happened is not yet to come.
pub fn past_moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Html {
    short_moment(at, now.max(at))
}

/// The local date and time alone; to the second on hover. For whoever is not signed in: their clock may be
/// wrong, and the server's is not known.
pub fn date(at: DateTime<Utc>) -> Html {
    time("moment short", at, clock::local_time(at).into())
}

fn time(class: &'static str, at: DateTime<Utc>, words: Html) -> Html {
    let datetime = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! {
        <time {class} {datetime} title={clock::exact_local_time(at)}>
            { words }
        </time>
    }
}
