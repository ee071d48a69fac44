//! What a component keeps between renders: yew's hooks in a form that keeps the page small.

use std::{any::Any, marker::PhantomData, ops::Deref, rc::Rc};

use yew::prelude::*;

/// What yew keeps, whatever its type, so that yew's machinery is compiled once.
type Erased = Rc<dyn Any>;

/// The value as it is now, also for whoever has kept this since an earlier render, and the way to set it.
pub struct Kept<T>(UseStateHandle<Erased>, PhantomData<T>);

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<T> std::fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<T: 'static> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self.0.downcast_ref() {
            Some(value) => value,
            None => unreachable!("only a `T` is ever put into it"),
        }
    }
}

impl<T: 'static> Kept<T> {
    /// Sets the value; the component renders again.
    pub fn set(&self, value: T) {
        self.0.set(Rc::new(value));
    }

    /// The way to set it, for whoever does not read it.
    #[must_use]
    pub fn setter(&self) -> KeptSetter<T> {
        KeptSetter(self.0.setter(), PhantomData)
    }
}

/// The way to set a [`Kept`].
pub struct KeptSetter<T>(UseStateSetter<Erased>, PhantomData<T>);

impl<T> Clone for KeptSetter<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<T> std::fmt::Debug for KeptSetter<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptSetter").finish_non_exhaustive()
    }
}

impl<T: 'static> KeptSetter<T> {
    /// Sets the value; the component renders again.
    pub fn set(&self, value: T) {
        self.0.set(Rc::new(value));
    }
}

/// Keeps a value, which `initial` makes for the first render.
#[hook]
pub fn use_kept<T: 'static>(initial: impl FnOnce() -> T + 'static) -> Kept<T> {
    Kept(use_erased(Box::new(|| Rc::new(initial()))), PhantomData)
}

#[hook]
fn use_erased(initial: Box<dyn FnOnce() -> Erased>) -> UseStateHandle<Erased> {
    use_state(initial)
}

/// Does something once, after the first render.
#[hook]
pub fn use_once(deed: impl FnOnce() + 'static) {
    use_change((), move |()| deed());
}

/// Does something after the first render and after each that has other `deps`.
#[hook]
pub fn use_change<D: PartialEq + 'static>(deps: D, deed: impl FnOnce(&D) + 'static) {
    use_while(deps, move |deps| {
        deed(deps);
        || ()
    });
}

/// As [`use_change`]; what `deed` answers takes it back before it is done anew, and at the end.
#[hook]
pub fn use_while<D: PartialEq + 'static, U: FnOnce() + 'static>(
    deps: D,
    deed: impl FnOnce(&D) -> U + 'static,
) {
    let deps = Rc::new(deps);
    let same: Erased = deps.clone();
    use_boxed(same, is_same::<D>, Box::new(move || Box::new(deed(&deps))));
}

type Undo = Box<dyn FnOnce()>;

fn is_same<D: PartialEq + 'static>(one: &dyn Any, other: &dyn Any) -> bool {
    one.downcast_ref::<D>() == other.downcast_ref::<D>()
}

#[hook]
fn use_boxed(deps: Erased, is_same: fn(&dyn Any, &dyn Any) -> bool, deed: Box<dyn FnOnce() -> Undo>) {
    let last = use_mut_ref(|| (0_u32, None::<Erased>));
    let version = {
        let mut last = last.borrow_mut();
        if !last.1.as_ref().is_some_and(|last| is_same(&**last, &*deps)) {
            *last = (last.0 + 1, Some(deps));
        }
        last.0
    };
    use_effect_with(version, move |_| deed());
}
