//! The layout of a page with one thing to do.

use yew::prelude::*;

/// Props of [`NarrowLayout`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct NarrowLayoutProps {
    pub title: AttrValue,
    /// A sentence below the title.
    #[prop_or_default]
    pub lead: AttrValue,
    pub children: Html,
}

/// A title, a lead and a card with the content.
#[component]
pub fn NarrowLayout(props: &NarrowLayoutProps) -> Html {
    html! {
        <div class="sign-in">
            <h1 tabindex="-1">{ &props.title }</h1>
            if !props.lead.is_empty() {
                <p class="lead">{ &props.lead }</p>
            }
            <div class="card">{ props.children.clone() }</div>
        </div>
    }
}
