//! A message above the content, in a live region that is there before the message is.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::kept::use_kept;

/// How long the region stands empty before it is filled, in milliseconds: browsers tell screen readers
/// of changes in batches, and a region that comes with its text is no change.
const EMPTY_MS: u32 = 100;

/// Props of [`Banner`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct BannerProps {
    /// The id of the region.
    pub id: AttrValue,
    /// What to say; nothing while there is nothing to say.
    pub message: Option<AttrValue>,
}

/// Says something for information (cyan). A screen reader announces it politely, also when it is
/// there from the start: the region is shown empty first and filled then (WCAG 4.1.3).
#[component]
pub fn Banner(props: &BannerProps) -> Html {
    let shown = use_kept(|| None);
    {
        let shown = shown.setter();
        use_effect_with(props.message.clone(), move |message| {
            let message = message.clone();
            let timer = Timeout::new(EMPTY_MS, move || shown.set(message));
            move || drop(timer)
        });
    }
    html! {
        <div id={props.id.clone()} role="status" class="live">
            if let Some(message) = &*shown {
                <p class="banner">{ message }</p>
            }
        </div>
    }
}
