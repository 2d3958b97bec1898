//! What every server here does alike: it takes so many connections, waits for nobody without an end, reads bodies up to a limit,
//! and ends when it is asked to, with what it was answering. It knows no route and gives no answer.

use std::future::poll_fn;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

/// Connections at once.
pub(crate) const CONNECTIONS_MAX: usize = 256;

/// How long a request's body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a body that is too long that are read nevertheless: who is still sending when the connection is closed hears no answer.
const DISCARDED_MAX: usize = 8 * 1024 * 1024;

/// How long a connection may take to say what it wants.
const HEADER_PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection may last: an answer that nobody reads keeps no place for ever.
const CONNECTION_PATIENCE: Duration = Duration::from_mins(3);

/// How long those that are being answered are waited for when the server ends.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// Answers requests until the process is asked to end (SIGINT, SIGTERM) or `broken` is over.
///
/// # Errors
/// The system's, when it gives no threads or no connections.
pub(crate) fn serve(
    routes: Router,
    listener: TcpListener,
    broken: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut end = signal(SignalKind::terminate())?;
        let connections = GracefulShutdown::new();
        tokio::select! {
            () = accept(listener, routes, &connections) => {}
            // Where no handler can be installed, the process ends as it would without one.
            _ = tokio::signal::ctrl_c() => {}
            _ = end.recv() => {}
            () = broken => {}
        }
        // What was answered is durable; a request that is cut off was not.
        let _ = tokio::time::timeout(END_PATIENCE, connections.shutdown()).await;
        Ok(())
    })
}

/// Takes connections, so many at once; one that does not say within a time what it wants is closed, so that nobody keeps the
/// places by saying nothing.
async fn accept(listener: tokio::net::TcpListener, routes: Router, connections: &GracefulShutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Without a place, or where the system gives no connection, the next one waits.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(HEADER_PATIENCE).await;
            continue;
        };
        let mut http = http1::Builder::new();
        // One request each: what is answered fits in what the system sends by itself, so that nobody has to be waited for who does not read.
        http.timer(TokioTimer::new()).header_read_timeout(HEADER_PATIENCE).keep_alive(false).half_close(true);
        let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes.clone()));
        let served = connections.watch(served);
        tokio::spawn(async move {
            // Whoever breaks off has no answer coming.
            let _ = tokio::time::timeout(CONNECTION_PATIENCE, served).await;
            drop(place);
        });
    }
}

/// A request's body, of at most so many bytes. Whoever sends byte by byte is not waited for.
///
/// # Errors
/// `413` where it is longer, `408` where it takes too long, `400` where it breaks off.
pub(crate) async fn whole(body: Body, limit: u64) -> Result<Vec<u8>, StatusCode> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let read = tokio::time::timeout(BODY_PATIENCE, read(body, limit)).await;
    read.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, StatusCode> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let data = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data().unwrap_or_default();
        length = length.saturating_add(data.len());
        if length <= limit {
            bytes.extend_from_slice(&data);
        } else if DISCARDED_MAX < length {
            break;
        }
    }
    if limit < length { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(bytes) }
}
