//! A list that the server cuts into pages: what is loaded of it, the way to more, and loading it anew.

use std::{any::Any, cell::Cell, marker::PhantomData, pin::Pin, rc::Rc};

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_client;
use crate::{
    api::{Call, Failure},
    browser::page,
};

/// A page of a list, as the server answers it.
pub trait Page: 'static {
    /// What the list is of.
    type Item;
    /// Where a page ends.
    type Cursor;

    /// What is on it.
    fn items(&self) -> &[Self::Item];

    /// Where the next one begins; none on the last.
    fn next(&self) -> Option<Self::Cursor>;
}

/// A page, whatever it is of, so that what loads it is compiled once.
#[derive(Clone)]
struct Part {
    page: Rc<dyn Any>,
    len: usize,
    has_next: bool,
}

/// Gets the page after one; the first after none.
type Get = Rc<dyn Fn(Option<&Part>) -> Pin<Box<dyn Future<Output = Result<Part, Failure>>>>>;

#[derive(Clone, Copy, PartialEq)]
enum Wish {
    /// As much as stands there, from the first page on.
    Anew,
    /// The page after the last.
    More,
}

enum Load {
    Busy,
    Done,
    Failed(Wish, Failure),
}

struct State {
    parts: Vec<Part>,
    load: Load,
    /// How many answers there were, so that something can be done after each.
    answers: u32,
}

/// Where the focus was just before the list changed for this: in the row of that number, if in any.
type Place = (Wish, Option<u32>);

#[derive(Clone)]
struct Loader {
    /// The id of the list; what tells of the wait has the same with `-loading` after it.
    list: &'static str,
    /// What has the focus when the list is gone that had it.
    heading: &'static str,
    get: Get,
    state: UseStateHandle<State>,
    /// Of two answers only the one to the latest question counts.
    question: Rc<Cell<u32>>,
    place: Rc<Cell<Option<Place>>>,
}

/// What is loaded of a list.
pub struct Pages<P>(Loader, PhantomData<P>);

impl<P> Clone for Pages<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<P> std::fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl<P: Page> Pages<P> {
    /// Loads the list anew, as far as it was loaded. It stands until the new one is there.
    pub fn reload(&self) {
        self.0.run(Wish::Anew);
    }

    /// Loads the next page, or tries again what has failed; nothing while something is being loaded.
    pub fn go_on(&self) {
        match self.0.state.load {
            Load::Busy => {}
            Load::Done => self.0.run(Wish::More),
            Load::Failed(wish, _) => self.0.run(wish),
        }
    }

    /// The first page, which tells of the whole list; none until it was loaded.
    #[must_use]
    pub fn first(&self) -> Option<&P> {
        self.0.state.parts.first()?.page.downcast_ref()
    }

    /// All that is loaded.
    pub fn items(&self) -> impl Iterator<Item = &P::Item> {
        self.0.state.parts.iter().filter_map(|part| part.page.downcast_ref::<P>()).flat_map(P::items)
    }

    /// Whether there is more to load. While what has failed can be tried again, that comes first.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let has_next = self.0.state.parts.last().is_some_and(|part| part.has_next);
        has_next && self.failure().is_none()
    }

    /// Whether something is being loaded.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.0.state.load, Load::Busy)
    }

    /// Why something could not be loaded.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.0.state.load {
            Load::Failed(_, failure) => Some(failure),
            Load::Busy | Load::Done => None,
        }
    }

    /// Whether what stands there is from before, as it could not be loaded anew.
    #[must_use]
    pub fn is_old(&self) -> bool {
        matches!(self.0.state.load, Load::Failed(Wish::Anew, _)) && !self.0.state.parts.is_empty()
    }
}

impl Loader {
    fn run(&self, wish: Wish) {
        let standing = self.state.parts.clone();
        let number = self.question.get() + 1;
        self.question.set(number);
        let answers = self.state.answers;
        self.state.set(State { parts: standing.clone(), load: Load::Busy, answers });
        let loader = self.clone();
        spawn_local(async move {
            let outcome = loader.load(wish, &standing).await;
            if loader.question.get() != number {
                return;
            }
            let place = page::child_with_focus(&["#", loader.list].concat());
            loader.place.set((!standing.is_empty()).then_some((wish, place)));
            let answers = answers + 1;
            loader.state.set(match outcome {
                Ok(parts) => State { parts, load: Load::Done, answers },
                Err(failure) => State { parts: standing, load: Load::Failed(wish, failure), answers },
            });
        });
    }

    async fn load(&self, wish: Wish, standing: &[Part]) -> Result<Vec<Part>, Failure> {
        let so_far: usize = standing.iter().map(|part| part.len).sum();
        let (mut parts, wanted) = match wish {
            Wish::Anew => (Vec::new(), so_far),
            Wish::More => (standing.to_vec(), 0),
        };
        let mut found = 0;
        loop {
            let part = (self.get)(parts.last()).await?;
            found += part.len;
            // A server that answers nothing and promises more would be asked for ever.
            let is_last = !part.has_next || part.len == 0;
            parts.push(part);
            if is_last || found >= wanted {
                return Ok(parts);
            }
        }
    }

    /// Gives the focus back that went with a row, or with the button for more.
    fn keep_focus(&self) {
        let id = ["#", self.list].concat();
        let element = match self.place.take() {
            None => return,
            Some((Wish::More, _)) => page::find(&[&id, "-loading"].concat()),
            Some((Wish::Anew, row)) => {
                row.and_then(|row| page::child(&id, row)).or_else(|| page::find(self.heading))
            }
        };
        page::give_lost_focus_to(element.as_ref());
    }
}

/// The list whose pages `ask` asks for. `list` is the id of its element, whose rows can have the focus, and
/// `heading` finds what has it when nothing else is left.
#[hook]
pub fn use_pages<P: Page>(
    list: &'static str,
    heading: &'static str,
    ask: fn(Option<P::Cursor>) -> Call<P>,
) -> Pages<P> {
    let client = use_client();
    let get: Get = Rc::new(move |last| {
        let last = last.and_then(|last| last.page.downcast_ref::<P>());
        let (client, call) = (client.clone(), ask(last.and_then(P::next)));
        Box::pin(async move {
            let page = client.ask(call).await?;
            let (len, has_next) = (page.items().len(), page.next().is_some());
            Ok(Part { page: Rc::new(page), len, has_next })
        })
    });
    Pages(use_loader(list, heading, get), PhantomData)
}

#[hook]
fn use_loader(list: &'static str, heading: &'static str, get: Get) -> Loader {
    let question = use_state(|| Rc::new(Cell::new(0)));
    let place = use_state(|| Rc::new(Cell::new(None)));
    let loader = Loader {
        list,
        heading,
        get,
        state: use_state(|| State { parts: Vec::new(), load: Load::Busy, answers: 0 }),
        question: Rc::clone(&question),
        place: Rc::clone(&place),
    };
    {
        let loader = loader.clone();
        use_effect_with((), move |()| loader.run(Wish::Anew));
    }
    {
        let loader = loader.clone();
        use_effect_with(loader.state.answers, move |_| loader.keep_focus());
    }
    loader
}
