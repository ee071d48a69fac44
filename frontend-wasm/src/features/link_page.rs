//! Pages that a link in an email opens.

use yew::prelude::*;

use super::nav_link::NavLink;
use crate::{
    route::Route,
    ui::{
        narrow_layout::NarrowLayout,
        use_document_title::{Focus, use_document_title},
        use_link_token::LinkToken,
    },
};

/// Props of a page that a link in an email opens.
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LinkPageProps {
    /// The secret of the link.
    pub token: AttrValue,
}

/// Mounts `Page` anew for each link. Without a token the page could do nothing, so a hint and a link to `fallback`
/// are shown instead.
pub fn with_link_token<Page: BaseComponent<Properties = LinkPageProps>>(
    link: &LinkToken,
    fallback: (Route, &'static str),
) -> Html {
    if link.token.is_empty() {
        return html! { <IncompleteLink {fallback} /> };
    }
    html! { <Page key={link.number.to_string()} token={link.token.clone()} /> }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct IncompleteLinkProps {
    fallback: (Route, &'static str),
}

#[component]
fn IncompleteLink(props: &IncompleteLinkProps) -> Html {
    use_document_title("This link is incomplete", Focus::Untouched);
    let (route, label) = props.fallback;
    html! {
        <NarrowLayout title="This link is incomplete">
            <p id="link-incomplete">
                { "A part of it is missing, or the page was reloaded. Open it again from the email." }
            </p>
            <NavLink to={route} class="button primary">{ label }</NavLink>
        </NarrowLayout>
    }
}
