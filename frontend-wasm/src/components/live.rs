//! What is said to everybody, who sees and who hears.

use yew::prelude::*;

use super::said::use_said;

/// Props of [`Live`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LiveProps {
    /// The id of the region.
    pub id: AttrValue,
    /// Whether something went wrong, rather than right.
    #[prop_or_default]
    pub is_alert: bool,
    /// What there is to say.
    pub words: Option<AttrValue>,
}

/// A live region, and what comes into it once it has been there empty (WCAG 4.1.3): an alert (red), or for
/// information (cyan).
#[component]
pub fn Live(props: &LiveProps) -> Html {
    let words = use_said(props.words.clone().map(|words| (0, words)));
    let (role, class) = if props.is_alert { ("alert", "alert") } else { ("status", "banner") };
    html! {
        <div id={props.id.clone()} {role} class="live">
            if let Some(words) = words {
                <p {class}>{ words }</p>
            }
        </div>
    }
}
