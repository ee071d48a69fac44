//! Components in a form that keeps the page small.

use std::{
    any::{Any, type_name},
    rc::Rc,
};

use yew::{
    functional::{FunctionProvider, Hook, HookContext},
    prelude::*,
};

type Run = fn(&mut HookContext, &dyn Any) -> HtmlResult;

#[derive(Clone, Properties)]
struct PartProps {
    run: Run,
    props: Rc<dyn Any>,
    is_same: fn(&dyn Any, &dyn Any) -> bool,
}

impl PartialEq for PartProps {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.run, other.run) && (self.is_same)(&*self.props, &*other.props)
    }
}

/// Whatever component `run` is of.
#[component]
fn Part(props: &PartProps) -> HtmlResult {
    use_run(props)
}

struct RunHook<'a>(&'a PartProps);

impl Hook for RunHook<'_> {
    type Output = HtmlResult;

    fn run(self, ctx: &mut HookContext) -> HtmlResult {
        (self.0.run)(ctx, &*self.0.props)
    }
}

fn use_run(props: &PartProps) -> RunHook<'_> {
    RunHook(props)
}

/// `<C key={key} />`. yew is generic over the component: what mounts, compares and runs one is compiled
/// anew for each, two kilobytes of it. This way all are one component to yew, and the type's name in
/// the key makes sure that none takes over what another has left.
pub(crate) fn part<C: FunctionProvider<Properties = ()> + 'static>(key: &str) -> Html {
    keyed::<C>(key, ())
}

/// `<C ..props />`, as a part. No two of a type stand side by side.
pub(crate) fn with<C: FunctionProvider + 'static>(props: C::Properties) -> Html
where
    C::Properties: 'static,
{
    keyed::<C>("", props)
}

/// `<C key={key} ..props />`, as a part.
pub(crate) fn keyed<C: FunctionProvider + 'static>(key: &str, props: C::Properties) -> Html
where
    C::Properties: 'static,
{
    let key = [type_name::<C>(), " ", key].concat();
    html! { <Part {key} run={run::<C> as Run} props={Rc::new(props) as Rc<dyn Any>} is_same={is_same::<C::Properties> as fn(&dyn Any, &dyn Any) -> bool} /> }
}

fn run<C: FunctionProvider>(ctx: &mut HookContext, props: &dyn Any) -> HtmlResult
where
    C::Properties: 'static,
{
    match props.downcast_ref() {
        Some(props) => C::run(ctx, props),
        None => unreachable!("a part is made with its own props"),
    }
}

fn is_same<P: PartialEq + 'static>(one: &dyn Any, other: &dyn Any) -> bool {
    one.downcast_ref::<P>() == other.downcast_ref::<P>()
}
