//! A name and a value.

use yew::prelude::*;

/// Props of [`Fact`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct FactProps {
    pub name: AttrValue,
    pub children: Html,
}

/// A name and a value in a `<dl>`.
#[component]
pub fn Fact(props: &FactProps) -> Html {
    html! {
        <div><dt>{ &props.name }</dt><dd>{ props.children.clone() }</dd></div>
    }
}
