//! HTTP, for browsers and monitors on this machine or behind a proxy: a listener that no number of connections and
//! no slowness of theirs can make a burden on the daemon. What is answered is the router's business; this knows no
//! store and no page.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Connections at a time; more wait until one of these ends.
const MOST_CONNECTIONS: usize = 64;
/// How long a request may take to arrive.
const REQUEST: Duration = Duration::from_secs(10);
/// How long a connection may last, all its requests together.
const CONNECTION: Duration = Duration::from_secs(60);
/// After a connection could not be accepted, for lack of descriptors.
const RECOVERY: Duration = Duration::from_millis(500);

/// An address that is listened on.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    pub address: SocketAddr,
}

impl Listener {
    /// Begins to listen; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Listener> {
        let listener = TcpListener::bind(address).await?;
        Ok(Listener { address: listener.local_addr()?, listener })
    }

    /// The next connection, once there is a place for it.
    async fn next(&self, places: &Arc<Semaphore>) -> Option<(OwnedSemaphorePermit, std::io::Result<TcpStream>)> {
        let place = places.clone().acquire_owned().await.ok()?;
        Some((place, self.listener.accept().await.map(|(stream, _)| stream)))
    }

    /// Answers until it is told to stop.
    pub async fn serve(&self, router: Router, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            // Whoever holds all the places does not hold up the daemon's end.
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.next(&places) => accepted,
            };
            let Some((place, accepted)) = accepted else { return };
            let stream = match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(RECOVERY).await;
                    continue;
                }
            };
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(REQUEST)
                    .serve_connection(TokioIo::new(stream), service);
                // Whoever breaks off or dawdles has nobody to be told.
                if let Ok(Err(error)) = timeout(CONNECTION, connection).await {
                    tracing::debug!(%error, "a connection ended early");
                }
                drop(place);
            });
        }
    }
}
