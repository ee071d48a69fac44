//! A TCP proxy whose connections can be cut or stalled, for example between a server and its database.

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

/// How the proxy treats connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Forwards bytes.
    Open,
    /// Closes connections, old and new.
    Cut,
    /// Accepts connections and forwards nothing.
    Stalled,
}

#[derive(Debug)]
pub struct TcpProxy {
    link: Arc<watch::Sender<Link>>,
    task: JoinHandle<()>,
}

impl TcpProxy {
    /// Starts a proxy for the database at `url` and returns the database's URL through it.
    pub async fn to_database(url: &str) -> Result<(Self, String)> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let port = listener.local_addr()?.port();
        let (target, proxied_url) = postgres::through_port(url, port)?;
        let link = Arc::new(watch::Sender::new(Link::Open));
        let task = tokio::spawn(accept(listener, target, Arc::clone(&link)));
        Ok((Self { link, task }, proxied_url))
    }

    /// Changes how connections are treated. Open connections are closed, unless the link stalls.
    pub fn set_link(&self, link: Link) {
        self.link.send_replace(link);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: String, link: Arc<watch::Sender<Link>>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(client, target.clone(), link.subscribe()));
    }
}

async fn carry(mut client: TcpStream, target: String, mut link: watch::Receiver<Link>) {
    let now = *link.borrow_and_update();
    if now == Link::Open
        && let Ok(mut server) = TcpStream::connect(&target).await
    {
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = link.changed() => {}
        }
    }
    let now = *link.borrow_and_update();
    if now == Link::Stalled {
        // Stays open without traffic until the link changes.
        let _ = link.changed().await;
    }
}
