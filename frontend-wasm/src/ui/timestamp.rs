//! A time relative to now, or by its date, with the exact local time on hover.

mod relative_time;

use chrono::{DateTime, SecondsFormat, Utc};
use yew::prelude::*;

use self::relative_time::relative_time;
use crate::browser::clock;

/// “in 2 days 3 hours”, and the local time below it.
pub fn timestamp(at: DateTime<Utc>, now: DateTime<Utc>) -> Html {
    let content = html! {
        <>
            <span class="relative">{ relative_time(now, at) }</span>
            <span class="local">{ clock::local_time(at) }</span>
        </>
    };
    time("moment", at, content)
}

/// “in 2 days 3 hours” alone.
pub fn relative_timestamp(at: DateTime<Utc>, now: DateTime<Utc>) -> Html {
    time("moment short", at, html! { <span class="relative">{ relative_time(now, at) }</span> })
}

/// “2 hours ago”. The page's now lags behind the server's by the latency of a response, so a time that has just passed
/// is never shown as one to come.
pub fn past_timestamp(at: DateTime<Utc>, now: DateTime<Utc>) -> Html {
    relative_timestamp(at, now.max(at))
}

/// The local date and time alone, for people who are not signed in: their clock may be wrong, and the server's is not
/// known.
pub fn local_timestamp(at: DateTime<Utc>) -> Html {
    time("moment short", at, clock::local_time(at).into())
}

fn time(class: &'static str, at: DateTime<Utc>, content: Html) -> Html {
    let datetime = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! {
        <time {class} {datetime} title={clock::exact_local_time(at)}>
            { content }
        </time>
    }
}
