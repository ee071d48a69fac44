//! A TCP line that can be cut: between a server and its database, say.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::{Result, postgres};

/// What a line does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Carries them.
    Clear,
    /// Drops connections, old and new.
    Cut,
    /// Accepts connections and carries nothing: nobody ever answers.
    Silent,
}

/// A line to one address.
#[derive(Debug)]
pub struct Line {
    signal: Arc<watch::Sender<Signal>>,
    task: JoinHandle<()>,
}

impl Line {
    /// Lays a line to the database at `url`, and answers the database's address at this end of it.
    ///
    /// # Errors
    ///
    /// When there is no free port, or the address names no host.
    pub async fn to_database(url: &str) -> Result<(Self, String)> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let port = listener.local_addr()?.port();
        let (there, here) = postgres::moved(url, port)?;
        let signal = Arc::new(watch::Sender::new(Signal::Clear));
        let task = tokio::spawn(accept(listener, there, Arc::clone(&signal)));
        Ok((Self { signal, task }, here))
    }

    /// Changes what it does. Connections that are open now are dropped, except to fall silent.
    pub fn set(&self, signal: Signal) {
        self.signal.send_replace(signal);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, there: String, signal: Arc<watch::Sender<Signal>>) {
    while let Ok((near, _)) = listener.accept().await {
        tokio::spawn(carry(near, there.clone(), signal.subscribe()));
    }
}

async fn carry(mut near: TcpStream, there: String, mut signal: watch::Receiver<Signal>) {
    let now = *signal.borrow_and_update();
    if now == Signal::Clear
        && let Ok(mut far) = TcpStream::connect(&there).await
    {
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => return,
            _ = signal.changed() => {}
        }
    }
    let now = *signal.borrow_and_update();
    if now == Signal::Silent {
        // Open, and dead, until something else is signalled.
        let _ = signal.changed().await;
    }
}
