//! A message above the content, in a live region that is there before the message is.

use yew::prelude::*;

use super::said::use_said;

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
    let message = use_said(props.message.clone().map(|message| (0, message)));
    html! {
        <div id={props.id.clone()} role="status" class="live">
            if let Some(message) = message {
                <p class="banner">{ message }</p>
            }
        </div>
    }
}
