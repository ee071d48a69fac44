//! Components without props, in a form that keeps the page small.

use std::any::type_name;

use yew::{
    functional::{FunctionProvider, Hook, HookContext},
    prelude::*,
};

type Run = fn(&mut HookContext, &()) -> HtmlResult;

#[derive(Clone, Properties)]
struct PartProps {
    run: Run,
}

impl PartialEq for PartProps {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.run, other.run)
    }
}

/// Whatever component `run` is of.
#[component]
fn Part(props: &PartProps) -> HtmlResult {
    use_run(props.run)
}

struct RunHook(Run);

impl Hook for RunHook {
    type Output = HtmlResult;

    fn run(self, ctx: &mut HookContext) -> HtmlResult {
        (self.0)(ctx, &())
    }
}

fn use_run(run: Run) -> RunHook {
    RunHook(run)
}

/// `<C key={key} />`. yew is generic over the component: what mounts, compares and runs one is compiled
/// anew for each, two kilobytes of it. This way all are one component to yew, and the type's name in
/// the key makes sure that none takes over what another has left.
pub(crate) fn part<C: FunctionProvider<Properties = ()> + 'static>(key: &str) -> Html {
    html! { <Part key={[type_name::<C>(), " ", key].concat()} run={C::run as Run} /> }
}
