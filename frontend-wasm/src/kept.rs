//! What a component keeps between renders: yew's hooks in a form that keeps the page small.

use std::{any::Any, marker::PhantomData, ops::Deref, rc::Rc};

use yew::prelude::*;

/// What yew keeps, whatever its type, so that yew's machinery is compiled once.
type Erased = Rc<dyn Any>;

/// The value at the time of the render, and the way to set it.
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
    use_boxed(Box::new(deed));
}

#[hook]
fn use_boxed(deed: Box<dyn FnOnce()>) {
    use_effect_with((), move |()| deed());
}
