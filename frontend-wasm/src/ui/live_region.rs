//! A live region: a message for everyone, whether they see it or hear it.

use yew::prelude::*;

use super::use_live_announcement::use_live_announcement;

/// Props of [`LiveRegion`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LiveRegionProps {
    pub id: AttrValue,
    /// Whether something went wrong: the region is an alert (red) then, else a status (cyan).
    #[prop_or_default]
    pub is_alert: bool,
    #[prop_or_default]
    pub text: Option<AttrValue>,
}

/// The region, which gets its text once it has been painted empty (WCAG 4.1.3).
#[component]
pub fn LiveRegion(props: &LiveRegionProps) -> Html {
    let text = use_live_announcement(props.text.clone().map(|text| (0, text)));
    let (role, class) = if props.is_alert { ("alert", "alert") } else { ("status", "banner") };
    html! {
        <div id={&props.id} {role} class="live">
            if let Some(text) = text {
                <p {class}>{ text }</p>
            }
        </div>
    }
}
