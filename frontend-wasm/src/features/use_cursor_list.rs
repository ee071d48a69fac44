//! A list that the server sends in pages, each with a cursor for the next.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::{failure::Failure, request::Call},
    browser::dom,
    session::{client::Client, use_client::use_client},
};

/// How long a dialog that is being closed may take to return the focus, in milliseconds.
const FOCUS_RETURN_MS: u32 = 500;

/// A page of a list, as the server sends it.
pub trait CursorPage: 'static {
    type Item;
    type Cursor;

    fn items(&self) -> &[Self::Item];

    /// Where the next page begins; `None` on the last.
    fn next_cursor(&self) -> Option<Self::Cursor>;
}

/// What is being loaded.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Load {
    /// The first pages again, as many as there were.
    Reload,
    /// The page after the last.
    More,
}

#[derive(Debug, Clone, PartialEq)]
enum Status {
    Busy,
    Done,
    Failed(Load, Failure),
}

#[derive(Debug)]
struct State<P> {
    pages: Vec<Rc<P>>,
    status: Status,
    /// The number of the latest request.
    request: u32,
    /// How many responses there were, so that an effect can run after each.
    responses: u32,
}

#[derive(Debug)]
enum Action<P> {
    Start,
    Finish { request: u32, load: Load, result: Result<Vec<Rc<P>>, Failure> },
}

impl<P> State<P> {
    fn next(&self, action: Action<P>) -> Self {
        let Self { request, responses, .. } = *self;
        let pages = self.pages.clone();
        match action {
            Action::Start => Self { pages, status: Status::Busy, request: request + 1, responses },
            // Only the response to the latest request counts.
            Action::Finish { request: other, .. } if other != request => {
                Self { pages, status: self.status.clone(), request, responses }
            }
            Action::Finish { result: Ok(pages), .. } => {
                Self { pages, status: Status::Done, request, responses: responses + 1 }
            }
            Action::Finish { load, result: Err(failure), .. } => {
                Self { pages, status: Status::Failed(load, failure), request, responses: responses + 1 }
            }
        }
    }
}

impl<P> Reducible for State<P> {
    type Action = Action<P>;

    fn reduce(self: Rc<Self>, action: Action<P>) -> Rc<Self> {
        Rc::new(self.next(action))
    }
}

/// Where the focus was just before the list changed: in the row with this index, if in any.
type FocusBefore = (Load, Option<u32>);

/// The part of a list that is loaded.
pub struct CursorList<P: CursorPage> {
    /// The id of the list's element; its wait has the same with `-loading` after it.
    id: &'static str,
    /// The element that gets the focus if the list that had it is gone.
    heading: &'static str,
    fetch: fn(Option<P::Cursor>) -> Call<P>,
    client: Client,
    state: UseReducerHandle<State<P>>,
    focus_before: Rc<std::cell::RefCell<Option<FocusBefore>>>,
}

impl<P: CursorPage> Clone for CursorList<P> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            state: self.state.clone(),
            focus_before: Rc::clone(&self.focus_before),
            ..*self
        }
    }
}

impl<P: CursorPage> std::fmt::Debug for CursorList<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CursorList").finish_non_exhaustive()
    }
}

impl<P: CursorPage> CursorList<P> {
    /// Loads the list again, as far as it was loaded. The old list stays until the new one is there.
    pub fn reload(&self) {
        self.start(Load::Reload);
    }

    /// Loads the next page, or retries what has failed; does nothing while something is being loaded.
    pub fn load_more(&self) {
        match self.state.status {
            Status::Busy => {}
            Status::Done => self.start(Load::More),
            Status::Failed(load, _) => self.start(load),
        }
    }

    /// The first page, which describes the whole list; `None` until it is loaded.
    pub fn first(&self) -> Option<&P> {
        self.state.pages.first().map(|page| &**page)
    }

    /// Every item that is loaded.
    pub fn items(&self) -> impl Iterator<Item = &P::Item> {
        self.state.pages.iter().flat_map(|page| page.items())
    }

    /// Whether there is more to load. A failure has to be retried first.
    pub fn has_more(&self) -> bool {
        let has_next = self.state.pages.last().is_some_and(|page| page.next_cursor().is_some());
        has_next && self.failure().is_none()
    }

    pub fn is_busy(&self) -> bool {
        self.state.status == Status::Busy
    }

    pub fn failure(&self) -> Option<&Failure> {
        match &self.state.status {
            Status::Failed(_, failure) => Some(failure),
            Status::Busy | Status::Done => None,
        }
    }

    /// Whether the list is out of date, because it could not be loaded again.
    pub fn is_stale(&self) -> bool {
        matches!(self.state.status, Status::Failed(Load::Reload, _)) && !self.state.pages.is_empty()
    }

    fn start(&self, load: Load) {
        let loaded = self.state.pages.clone();
        self.state.dispatch(Action::Start);
        let request = self.state.request;
        let list = self.clone();
        spawn_local(async move {
            let result = list.fetch_pages(load, &loaded).await;
            if dom::is_focus_in_dialog() {
                // If it is being closed, it returns the focus to the row where it was opened.
                dom::next_paint_within(FOCUS_RETURN_MS).await;
            }
            if list.state.request == request {
                let row = dom::focused_child(&["#", list.id].concat());
                list.focus_before.replace((!loaded.is_empty()).then_some((load, row)));
            }
            list.state.dispatch(Action::Finish { request, load, result });
        });
    }

    async fn fetch_pages(&self, load: Load, loaded: &[Rc<P>]) -> Result<Vec<Rc<P>>, Failure> {
        let (mut pages, wanted) = match load {
            Load::Reload => (Vec::new(), loaded.iter().map(|page| page.items().len()).sum()),
            Load::More => (loaded.to_vec(), 0),
        };
        let mut found = 0;
        loop {
            let cursor = pages.last().and_then(|page| page.next_cursor());
            let page = self.client.send((self.fetch)(cursor)).await?;
            found += page.items().len();
            // A server that sends empty pages and promises more would be asked for ever.
            let is_last = page.next_cursor().is_none() || page.items().is_empty();
            pages.push(Rc::new(page));
            if is_last || found >= wanted {
                return Ok(pages);
            }
        }
    }

    /// Returns the focus that was lost with a row, or with the button for more.
    fn restore_focus(&self) {
        let id = ["#", self.id].concat();
        let element = match self.focus_before.take() {
            None => return,
            Some((Load::More, _)) => dom::find(&[&id, "-loading"].concat()),
            Some((Load::Reload, row)) => {
                row.and_then(|row| dom::child(&id, row)).or_else(|| dom::find(self.heading))
            }
        };
        dom::restore_focus(element.as_ref());
    }
}

/// The list whose pages `fetch` asks for. `id` is the id of its element, whose rows can have the focus; the first
/// element that matches `heading` gets it if nothing else is left.
#[hook]
pub fn use_cursor_list<P: CursorPage>(
    id: &'static str,
    heading: &'static str,
    fetch: fn(Option<P::Cursor>) -> Call<P>,
) -> CursorList<P> {
    let list = CursorList {
        id,
        heading,
        fetch,
        client: use_client(),
        state: use_reducer(|| State { pages: Vec::new(), status: Status::Busy, request: 0, responses: 0 }),
        focus_before: use_mut_ref(|| None),
    };
    {
        let list = list.clone();
        use_effect_with((), move |()| list.reload());
    }
    {
        let list = list.clone();
        use_effect_with(list.state.responses, move |_| list.restore_focus());
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    fn finish(request: u32, load: Load, result: Result<&[u32], Failure>) -> Action<u32> {
        let result = result.map(|pages| pages.iter().copied().map(Rc::new).collect());
        Action::Finish { request, load, result }
    }

    fn pages(state: &State<u32>) -> Vec<u32> {
        state.pages.iter().map(|page| **page).collect()
    }

    #[test]
    fn only_the_response_to_the_latest_request_counts() {
        let start = State { pages: vec![], status: Status::Busy, request: 0, responses: 0 };
        let state = start.next(Action::Start).next(Action::Start);
        let late = state.next(finish(1, Load::Reload, Ok(&[1])));
        assert_eq!((pages(&late), late.status.clone(), late.responses), (vec![], Status::Busy, 0));
        let done = late.next(finish(2, Load::Reload, Ok(&[2])));
        assert_eq!((pages(&done), done.status.clone(), done.responses), (vec![2], Status::Done, 1));
    }

    #[test]
    fn a_failure_keeps_the_pages_and_what_to_retry() {
        let start = State { pages: vec![Rc::new(7)], status: Status::Done, request: 4, responses: 2 };
        let failed = start.next(Action::Start).next(finish(5, Load::More, Err(Failure::Offline)));
        assert_eq!(pages(&failed), [7]);
        assert_eq!((failed.status, failed.responses), (Status::Failed(Load::More, Failure::Offline), 3));
    }
}
