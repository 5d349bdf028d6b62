//! HTTP, for browsers and monitors on this machine or behind a proxy: a listener that no number of connections and
//! no slowness of theirs can make a burden on the daemon. What is answered is the router's business; this knows no
//! store and no page.

use axum::Router;
use hyper::{
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// Connections at a time. For one more, the oldest that asked nothing yet is sent away; where all of them asked, it
/// waits.
const MOST_CONNECTIONS: usize = 64;
/// How long whoever comes may be silent before another gets the place, and how often that is looked for.
const SILENT: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(10);
/// How long a request may take to arrive.
const REQUEST: Duration = Duration::from_secs(10);
/// How long a connection may last.
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

    /// Answers until it is told to stop; whoever comes is answered by the router that is the newest then.
    pub async fn serve(&self, router: watch::Receiver<Router>, stop: CancellationToken) {
        // Whoever holds all the places does not hold up the daemon's end.
        let _ = stop.run_until_cancelled(self.answer(router)).await;
    }

    async fn answer(&self, newest: watch::Receiver<Router>) {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut guests = Guests::default();
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(RECOVERY).await;
                    continue;
                }
            };
            let place = loop {
                if let Ok(place) = places.clone().try_acquire_owned() {
                    break place;
                }
                guests.send_one_away();
                if let Ok(Ok(place)) = timeout(LOOK, places.clone().acquire_owned()).await {
                    break place;
                }
            };
            let guest = guests.welcome();
            let router = newest.borrow().clone();
            tokio::spawn(async move {
                let mut served = pin!(timeout(CONNECTION, serve(stream, router, &guest)));
                let done = tokio::select! {
                    done = &mut served => Some(done),
                    // Who asked in the last moment is answered all the same.
                    () = guest.leave.cancelled() => {
                        if guest.asked.load(Ordering::Relaxed) { Some(served.await) } else { None }
                    }
                };
                // Whoever breaks off or dawdles has nobody to be told.
                if let Some(Ok(Err(error))) = done {
                    tracing::debug!(%error, "a connection ended early");
                }
                drop(place);
            });
        }
    }
}

/// Answers one request, as a connection is there for one.
async fn serve(stream: TcpStream, router: Router, guest: &Arc<Guest>) -> hyper::Result<()> {
    let (router, guest) = (TowerToHyperService::new(router), guest.clone());
    let noted = service_fn(move |request| {
        guest.asked.store(true, Ordering::Relaxed);
        router.call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), noted)
        .await
}

/// A connection: since when, whether anything was asked over it, and how it is told to end.
struct Guest {
    since: Instant,
    asked: AtomicBool,
    leave: CancellationToken,
}

/// The connections there are, the oldest first.
#[derive(Default)]
struct Guests(VecDeque<Weak<Guest>>);

impl Guests {
    fn welcome(&mut self) -> Arc<Guest> {
        self.0.retain(|guest| guest.strong_count() > 0);
        let guest = Guest { since: Instant::now(), asked: AtomicBool::new(false), leave: CancellationToken::new() };
        let guest = Arc::new(guest);
        self.0.push_back(Arc::downgrade(&guest));
        guest
    }

    /// Makes room, if anybody is silent for long enough.
    fn send_one_away(&self) {
        let silent = |guest: &Arc<Guest>| {
            !guest.asked.load(Ordering::Relaxed) && !guest.leave.is_cancelled() && guest.since.elapsed() >= SILENT
        };
        if let Some(guest) = self.0.iter().filter_map(Weak::upgrade).find(silent) {
            guest.leave.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn answering(word: &'static str, gate: CancellationToken) -> Router {
        let slow = get(move || async move { gate.cancelled_owned().await });
        Router::new().route("/", get(move || async move { word })).route("/slow", slow)
    }

    async fn ask(address: SocketAddr, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        stream
    }

    #[tokio::test]
    async fn who_waits_while_the_router_changes_is_answered_by_the_new_one() {
        let (gate, stop) = (CancellationToken::new(), CancellationToken::new());
        let (newest, shown) = watch::channel(answering("old", gate.clone()));
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.address;
        let served = tokio::spawn({
            let stop = stop.clone();
            async move { listener.serve(shown, stop).await }
        });
        let mut slow = Vec::new();
        for _ in 0..MOST_CONNECTIONS {
            slow.push(ask(address, "/slow").await);
        }
        let mut waits = ask(address, "/").await;
        tokio::time::sleep(4 * SILENT).await;
        newest.send(answering("new", gate.clone())).unwrap();
        tokio::time::sleep(SILENT).await;
        gate.cancel();
        let mut answer = String::new();
        waits.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("new"), "{answer}");
        for mut stream in slow {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        stop.cancel();
        served.await.unwrap();
    }
}
