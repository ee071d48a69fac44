//! A moment in words relative to now, with the exact local time at hand.

mod words;

use chrono::{DateTime, SecondsFormat, Utc};
use yew::prelude::*;

use self::words::relative;
use crate::browser::clock;

/// Props of [`Moment`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MomentProps {
    /// The moment.
    pub at: DateTime<Utc>,
    /// Now, by the same clock.
    pub now: DateTime<Utc>,
    /// Whether only the words relative to now are shown.
    #[prop_or_default]
    pub is_short: bool,
}

/// “in 2 days 3 hours” and the local time below it; to the second on hover.
#[component]
pub fn Moment(props: &MomentProps) -> Html {
    let datetime = props.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! {
        <time class={classes!("moment", props.is_short.then_some("short"))} {datetime} title={clock::exact_local_time(props.at)}>
            <span class="relative">{ relative(props.now, props.at) }</span>
            if !props.is_short {
                <span class="local">{ clock::local_time(props.at) }</span>
            }
        </time>
    }
}
