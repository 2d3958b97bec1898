//! Signed acts that are sent over HTTP, and what they are drafted from. Each is read by itself, on a thread of its own; those that wait are entered together by
//! one thread, while which the next ones gather; and nobody is answered before that is done. What an act is, and what is answered, is the
//! business of whoever serves.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rollcall_core::limits::{ENTRY_BYTES_MAX, NOTE_BYTES_MAX, RECEIPT_BYTES_MAX};
use tokio::sync::{mpsc, oneshot};

use crate::fetch::agent;
use crate::http::{self, CONNECTIONS_MAX, whole};

/// Acts that are entered together, at most.
const GROUP_MAX: usize = CONNECTIONS_MAX;
/// Bytes of a request: an act, or one armoured in a mail.
const REQUEST_BYTES_MAX: u64 = 4 * ENTRY_BYTES_MAX;
/// Bytes of an answer: a receipt or a refusal, with what is said of it.
const ANSWER_BYTES_MAX: u64 = RECEIPT_BYTES_MAX + NOTE_BYTES_MAX;
/// How long an answer is waited for: an act that makes a large log half as long again waits for a replay.
const PATIENCE: Duration = Duration::from_mins(2);

/// What an act is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status of HTTP.
    pub status: u16,
    /// JSON.
    pub body: String,
}

impl Reply {
    /// That an act could not be dealt with; code and words have nothing in them that JSON would write otherwise.
    #[must_use]
    pub fn failed(status: u16, code: &str, what: &str) -> Self {
        let body = format!("{{\"outcome\":\"failed\",\"code\":\"{code}\",\"what\":\"{what}\",\"causes\":[]}}\n");
        Self { status, body }
    }

    /// That nobody knows what became of an act.
    #[must_use]
    pub fn unknown() -> Self {
        Self::failed(500, "append-unknown", "the act may or may not be in the log; send it again: it is entered once")
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response()
    }
}

/// An act that waits, and where its answer goes.
struct Sent<T> {
    act: T,
    answer: oneshot::Sender<Reply>,
}

/// Takes acts (`POST /acts`) until the process is asked to end. `read` makes of a request's body an act that can be entered, or says why it is
/// none; `enter` enters a group of them, in the order in which they came, and returns an answer for each; `status` says what an act is drafted
/// from (`GET /status`).
///
/// # Errors
/// The system's, when it gives no threads or no connections.
///
/// # Panics
/// As `enter` does, if it does; then nobody whose act was in that group is told that it was entered.
pub fn serve<T: Send + 'static>(
    listener: TcpListener,
    read: impl Fn(&[u8]) -> Result<T, Reply> + Send + Sync + 'static,
    enter: impl FnMut(Vec<T>) -> Vec<Reply> + Send + 'static,
    status: impl Fn() -> Reply + Send + Sync + 'static,
) -> io::Result<()> {
    let (sent, queue) = mpsc::channel(CONNECTIONS_MAX);
    let (enters, broken) = oneshot::channel::<()>();
    let entering = thread::spawn(move || {
        // Gone when it ends, however it does.
        let _enters = enters;
        enter_all(queue, enter);
    });
    let read = Arc::new(read);
    let take = move |body: Body| take(Arc::clone(&read), sent.clone(), body);
    let status = Arc::new(status);
    let tell = move || {
        let status = Arc::clone(&status);
        async move { tokio::task::spawn_blocking(move || status()).await.unwrap_or_else(|_| broken_off()) }
    };
    let otherwise = || async { Reply::failed(405, "bad-method", "POST /acts takes signed acts, GET /status tells") };
    let elsewhere = || async {
        let what = "there is nothing here: POST /acts takes signed acts, GET /status shows what to draft them from";
        Reply::failed(404, "not-found", what)
    };
    let routes = Router::new()
        .route("/acts", post(take).fallback(otherwise))
        .route("/status", get(tell).fallback(otherwise))
        .fallback(elsewhere);
    let served = http::serve(routes, listener, async {
        let _ = broken.await;
    });
    // Everybody who could send is gone, so it ends once what was sent is entered.
    match entering.join() {
        Ok(()) => served,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Enters what is sent, in groups: one at least, and with it all that came while the group before was entered.
fn enter_all<T>(mut queue: mpsc::Receiver<Sent<T>>, mut enter: impl FnMut(Vec<T>) -> Vec<Reply>) {
    while let Some(first) = queue.blocking_recv() {
        let others = std::iter::from_fn(|| queue.try_recv().ok()).take(GROUP_MAX.saturating_sub(1));
        let group = std::iter::once(first).chain(others).map(|Sent { act, answer }| (act, answer));
        let (acts, answers): (Vec<_>, Vec<_>) = group.unzip();
        for (answer, reply) in answers.into_iter().zip(enter(acts)) {
            // Whoever no longer waits sends the act again, or finds it in the log.
            let _ = answer.send(reply);
        }
    }
}

fn broken_off() -> Reply {
    Reply::failed(500, "bug", "the service broke off")
}

async fn take<T: Send + 'static>(
    read: Arc<impl Fn(&[u8]) -> Result<T, Reply> + Send + Sync + 'static>,
    sent: mpsc::Sender<Sent<T>>,
    body: Body,
) -> Reply {
    let bytes = match whole(body, REQUEST_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(status) => {
            let (code, what) = match status {
                StatusCode::PAYLOAD_TOO_LARGE => ("too-long", "the request is too long"),
                StatusCode::REQUEST_TIMEOUT => ("timeout", "the request did not come"),
                _ => ("bad-input", "the request broke off"),
            };
            return Reply::failed(status.as_u16(), code, what);
        }
    };
    let act = match tokio::task::spawn_blocking(move || read(&bytes)).await {
        Ok(Ok(act)) => act,
        Ok(Err(reply)) => return reply,
        Err(_) => return broken_off(),
    };
    let (answer, told) = oneshot::channel();
    if sent.send(Sent { act, answer }).await.is_err() {
        return Reply::failed(503, "ended", "the service is ending; the act was not entered");
    }
    told.await.unwrap_or_else(|_| Reply::unknown())
}

/// Sends an act to the service at an address; its answer is not verified here.
///
/// # Errors
/// In words, why there is no answer. The act may have been entered nevertheless; sent again, it is entered once.
pub fn send(url: &str, event: &[u8]) -> Result<Reply, String> {
    let address = format!("{}/acts", url.trim_end_matches('/'));
    let words = |error: ureq::Error| error.to_string();
    let mut response = agent(PATIENCE).post(&address).content_type("application/cbor").send(event).map_err(words)?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().map_err(words)?;
    Ok(Reply { status, body })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    fn waits(act: u32) -> (Sent<u32>, oneshot::Receiver<Reply>) {
        let (answer, told) = oneshot::channel();
        (Sent { act, answer }, told)
    }

    #[test]
    fn what_comes_while_a_group_is_entered_is_the_next_one_and_nobody_is_answered_before() {
        let (sent, queue) = mpsc::channel(8);
        let (first, mut told) = waits(0);
        sent.blocking_send(first).unwrap();
        let mut later = Vec::new();
        let mut groups = Vec::new();
        let sent = std::cell::RefCell::new(Some(sent));
        enter_all(queue, |group| {
            groups.push(group.clone());
            if let Some(sent) = sent.take() {
                assert!(told.try_recv().is_err(), "answered while it is entered");
                for act in 1..4 {
                    let (act, told) = waits(act);
                    sent.blocking_send(act).unwrap();
                    later.push(told);
                }
            }
            group.iter().map(|act| Reply { status: 200, body: act.to_string() }).collect()
        });
        assert_eq!(groups, [vec![0], vec![1, 2, 3]]);
        let told = std::iter::once(told).chain(later).map(|mut told| told.try_recv().unwrap().body);
        assert_eq!(told.collect::<Vec<_>>(), ["0", "1", "2", "3"]);
    }

    #[test]
    fn whoever_gets_no_answer_is_told_that_nobody_knows() {
        let (sent, queue) = mpsc::channel(1);
        let (only, told) = waits(0);
        sent.blocking_send(only).unwrap();
        drop(sent);
        enter_all(queue, |_| Vec::new());
        assert!(told.blocking_recv().is_err());
        assert!(Reply::unknown().body.contains("append-unknown"));
    }
}
