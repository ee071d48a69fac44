//! A link to another page.

use yew::prelude::*;
use yew_router::prelude::Link;

use crate::route::Route;

/// Props of [`NavLink`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct NavLinkProps {
    pub to: Route,
    #[prop_or_default]
    pub class: AttrValue,
    pub children: Html,
}

/// A link to another page. It does not load the document again.
#[component]
pub fn NavLink(props: &NavLinkProps) -> Html {
    html! { <Link<Route> to={props.to} classes={classes!(&props.class)}>{ props.children.clone() }</Link<Route>> }
}
