//! Requests to the servers: one at a time with a deadline, what their failures mean, and when to try again.
//!
//! *Why requests run in tasks of their own.* The client unwraps parts of answers that a broken server may leave out; the
//! task dies, and its caller is told that the outcome is unknown. A write also goes on when its caller has gone.
//!
//! *Why clients are replaced.* A client stops for good when it once finds no server, and keeps to a node that no longer
//! answers, even if another one leads by now. A new client looks for the leader again.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kurrentdb::{
    AppendToStreamOptions, Client, CurrentRevision, Error, EventData, ReadStreamOptions, RecordedEvent,
    StreamPosition, StreamState, SubscribeToStreamOptions,
};
use tokio::time::Instant;

use crate::options::{KurrentDbError, KurrentDbOptions};
use crate::tls;

/// The connection to the servers.
pub(crate) struct Server {
    pub(crate) options: KurrentDbOptions,
    client: Mutex<(u64, Client)>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Why a request failed.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// The stream ends elsewhere than expected: at this revision, or there is none. Nothing was done.
    WrongRevision(Option<u64>),
    /// There is no such stream, or nothing of it can be read.
    NotFound,
    /// The stream was deleted for good.
    Deleted,
    /// The user may not. Nothing was done.
    Denied,
    /// More than the server takes. Nothing was done.
    TooLarge,
    /// The server cannot do this. Nothing was done.
    Unsupported,
    /// The server asks to come again. Nothing was done.
    Busy,
    /// The request did not reach a server that could do it. Nothing was done.
    NotSent(String),
    /// It is unknown whether the request was carried out.
    Unknown(String),
}

impl Trouble {
    fn of(error: Error) -> Self {
        match error {
            Error::WrongExpectedVersion { current, .. } => Self::WrongRevision(match current {
                CurrentRevision::Current(revision) => Some(revision),
                CurrentRevision::NoStream => None,
            }),
            Error::ResourceNotFound => Self::NotFound,
            Error::ResourceDeleted => Self::Deleted,
            Error::AccessDenied => Self::Denied,
            Error::UnsupportedFeature => Self::Unsupported,
            Error::NotLeaderException(_) => Self::NotSent("another node leads".into()),
            Error::ConnectionClosed => Self::NotSent("the connection is closed".into()),
            Error::GrpcConnectionError(error) => Self::NotSent(error.to_string()),
            Error::Grpc { message, .. } if message.contains("Maximum Append") => Self::TooLarge,
            Error::ServerError(text) if text.contains("Server Is Too Busy") => Self::Busy,
            Error::ServerError(text) if text.contains("Server Is Not Ready") => Self::Busy,
            Error::ServerError(text) if text.contains("No leader info") => Self::NotSent(text),
            Error::DeadlineExceeded => Self::Unknown("the deadline has passed".into()),
            other => Self::Unknown(other.to_string()),
        }
    }

    /// Whether asking once more can help.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Busy | Self::NotSent(_) | Self::Unknown(_))
    }

    /// For the operator.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::WrongRevision(_) => "the stream ends elsewhere".into(),
            Self::NotFound => "there is no such stream".into(),
            Self::Deleted => "the stream was deleted".into(),
            Self::Denied => "KurrentDB denies access; check user, password and access lists".into(),
            Self::TooLarge => "more than KurrentDB takes at once; see its setting MaxAppendSize".into(),
            Self::Unsupported => "this version of KurrentDB cannot do it; use a newer one".into(),
            Self::Busy => "KurrentDB is too busy".into(),
            Self::NotSent(reason) | Self::Unknown(reason) => format!("KurrentDB: {reason}"),
        }
    }
}

/// Pauses that grow, with jitter, until patience ends.
pub(crate) struct Patience {
    until: Instant,
    next: Duration,
}

impl Patience {
    pub(crate) fn new(most: Duration) -> Self {
        Self {
            until: Instant::now() + most,
            next: Duration::from_millis(10),
        }
    }

    /// What is left.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits between half of a growing pause and all of it. False if there is no time left.
    pub(crate) async fn pause(&mut self) -> bool {
        if self.left() <= self.next {
            return false;
        }
        let share: u32 = rand::random_range(500..=1000);
        tokio::time::sleep(self.next * share / 1000).await;
        self.next = (self.next * 2).min(Duration::from_secs(1));
        true
    }
}

impl Server {
    /// Connects, and checks that the server is one that this program can work with.
    pub(crate) async fn connect(options: KurrentDbOptions) -> Result<Self, KurrentDbError> {
        let mut patience = Patience::new(options.request);
        let (client, info) = loop {
            let looked = match Client::new(options.settings.clone()) {
                Ok(client) => match tokio::time::timeout(options.request, client.server_info()).await {
                    Ok(Ok(info)) => break (client, info),
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => "no answer in time".into(),
                },
                Err(error) => error.to_string(),
            };
            if !patience.pause().await {
                return Err(unreachable(&options, looked).await);
            }
        };
        let version = info.version();
        if version < (22, 10) {
            return Err(KurrentDbError::Version {
                hosts: options.hosts,
                found: version.to_string(),
            });
        }
        Ok(Self {
            options,
            client: Mutex::new((0, client)),
        })
    }

    fn client(&self) -> (u64, Client) {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the client of this generation. Needs a runtime.
    fn renew(&self, generation: u64) {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if client.0 != generation {
            return;
        }
        match Client::new(self.options.settings.clone()) {
            Ok(new) => *client = (generation + 1, new),
            Err(error) => tracing::warn!(%error, "no new client of KurrentDB could be made"),
        }
    }

    /// One request with its deadline.
    async fn ask<T, F>(&self, deadline: Duration, request: impl FnOnce(Client) -> F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (generation, client) = self.client();
        let task = AbortOnDrop(tokio::spawn(request(client)));
        let (trouble, renew) = match tokio::time::timeout(deadline, task).await {
            Ok(Ok(Ok(answer))) => return Ok(answer),
            Ok(Ok(Err(error))) => {
                let stopped = matches!(error, Error::ConnectionClosed | Error::GrpcConnectionError(_));
                let trouble = Trouble::of(error);
                let lost = matches!(trouble, Trouble::Unknown(_)) && self.options.is_cluster();
                (trouble, stopped || lost)
            }
            Ok(Err(_)) => (Trouble::Unknown("the answer makes no sense".into()), false),
            Err(_) => (Trouble::Unknown("no answer in time".into()), true),
        };
        if renew {
            self.renew(generation);
        }
        Err(trouble)
    }

    /// Appends once. Answers the revision of the last event.
    pub(crate) async fn append(
        &self,
        stream: &str,
        state: StreamState,
        events: Vec<EventData>,
        deadline: Duration,
    ) -> Result<u64, Trouble> {
        let mut options = AppendToStreamOptions::default()
            .stream_state(state)
            .requires_leader(true)
            .deadline(deadline);
        if let Some(credentials) = &self.options.credentials {
            options = options.authenticated(credentials.clone());
        }
        let stream = stream.to_owned();
        // The server gives up by itself at the deadline; this side waits a little longer for it to say so.
        self.ask(deadline + deadline / 4, move |client| async move {
            let result = client.append_to_stream(stream, &options, events).await?;
            Ok(result.next_expected_version)
        })
        .await
    }

    /// Appends one event after a revision, or as the first one. A missing answer is looked up: our id at our place is
    /// certain, and so is another one there. Until then the event is sent again, as long as patience lasts. Answers its
    /// revision; any trouble but `Unknown` means that it never stands there.
    pub(crate) async fn put_one(
        &self,
        stream: &str,
        after: Option<u64>,
        event: EventData,
        patience: Duration,
    ) -> Result<u64, Trouble> {
        let state = after.map_or(StreamState::NoStream, StreamState::StreamRevision);
        let at = after.map_or(0, |after| after.saturating_add(1));
        let id = uuid::Uuid::new_v4();
        let event = event.id(id);
        let mut patience = Patience::new(patience);
        let mut doubt = false;
        loop {
            let deadline = self.options.request.min(patience.left());
            let trouble = match self.append(stream, state, vec![event.clone()], deadline).await {
                // Behind what was deleted it is larger than `at`.
                Ok(revision) => return Ok(revision),
                Err(trouble) => trouble,
            };
            doubt |= matches!(trouble, Trouble::Unknown(_));
            if doubt {
                if let Ok(events) = self.read(stream, at, 1, usize::MAX, self.options.request).await
                    && let Some(event) = events.first()
                {
                    return match event.id == id {
                        true => Ok(event.revision),
                        false => Err(Trouble::WrongRevision(Some(event.revision))),
                    };
                }
            } else if !trouble.may_pass() {
                return Err(trouble);
            }
            if !patience.pause().await {
                return Err(match (doubt, trouble) {
                    (true, trouble) => Trouble::Unknown(trouble.reason()),
                    (false, trouble) => trouble,
                });
            }
        }
    }

    fn read_options(&self) -> ReadStreamOptions {
        let options = ReadStreamOptions::default().requires_leader(true);
        match &self.options.credentials {
            Some(credentials) => options.authenticated(credentials.clone()),
            None => options,
        }
    }

    /// Reads up to `count` events from a revision on, in order, as long as `take` wants more; once.
    pub(crate) async fn read(
        &self,
        stream: &str,
        from: u64,
        count: usize,
        bytes: usize,
        deadline: Duration,
    ) -> Result<Vec<RecordedEvent>, Trouble> {
        let options = self
            .read_options()
            .forwards()
            .position(StreamPosition::Position(from))
            .max_count(count);
        let stream = stream.to_owned();
        self.ask(deadline, move |client| async move {
            let mut events = Vec::new();
            let mut read = client.read_stream(stream, &options).await?;
            let mut sum = 0_usize;
            while let Some(event) = read.next().await? {
                let Some(event) = event.event.filter(|_| event.link.is_none()) else {
                    return Err(Error::InternalClientError);
                };
                sum = sum.saturating_add(event.data.len());
                if !events.is_empty() && sum > bytes {
                    break;
                }
                events.push(event);
                if events.len() >= count {
                    break;
                }
            }
            Ok(events)
        })
        .await
    }

    /// Reads the last event, once.
    pub(crate) async fn last(&self, stream: &str, deadline: Duration) -> Result<RecordedEvent, Trouble> {
        let options = self
            .read_options()
            .backwards()
            .position(StreamPosition::End)
            .max_count(1);
        let stream = stream.to_owned();
        let last = self
            .ask(deadline, move |client| async move {
                let mut read = client.read_stream(stream, &options).await?;
                Ok(read.next().await?.and_then(|event| event.event))
            })
            .await?;
        last.ok_or(Trouble::NotFound)
    }

    /// Whether the stream has metadata, which ours never have: somebody has deleted or truncated it.
    pub(crate) async fn has_metadata(&self, stream: &str, deadline: Duration) -> Result<bool, Trouble> {
        let options = self
            .read_options()
            .backwards()
            .position(StreamPosition::End)
            .max_count(1);
        let stream = stream.to_owned();
        self.ask(deadline, move |client| async move {
            let mut read = client.read_stream(format!("$${stream}"), &options).await?;
            Ok(read.next().await?.is_some())
        })
        .await
        .or_else(|trouble| match trouble {
            Trouble::NotFound => Ok(false),
            other => Err(other),
        })
    }

    /// After a read found nothing: tells a stream that never was (`NotFound`) from one whose events were deleted or
    /// truncated (`Deleted`).
    pub(crate) async fn missing(&self, stream: &str) -> Trouble {
        let looked = self.patiently(|deadline| self.has_metadata(stream, deadline));
        match looked.await {
            Ok(true) => Trouble::Deleted,
            Ok(false) => Trouble::NotFound,
            Err(trouble) => trouble,
        }
    }

    /// Follows a stream from a revision on.
    pub(crate) fn follow(
        &self,
        stream: &str,
        from: u64,
    ) -> impl Future<Output = kurrentdb::Subscription> + Send + use<> {
        let position = from
            .checked_sub(1)
            .map_or(StreamPosition::Start, StreamPosition::Position);
        let mut options = SubscribeToStreamOptions::default()
            .start_from(position)
            .requires_leader(true);
        if let Some(credentials) = &self.options.credentials {
            options = options.authenticated(credentials.clone());
        }
        let stream = stream.to_owned();
        let (_, client) = self.client();
        async move { client.subscribe_to_stream(stream, &options).await }
    }

    /// After a subscription ended: the next one begins with a new client where that can help.
    pub(crate) fn lost(&self, error: &Error) {
        let stopped = matches!(error, Error::ConnectionClosed | Error::GrpcConnectionError(_));
        if stopped || self.options.is_cluster() {
            let (generation, _) = self.client();
            self.renew(generation);
        }
    }

    /// Repeats a read until it succeeds, is refused, or patience ends.
    pub(crate) async fn patiently<T, F>(&self, mut read: impl FnMut(Duration) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut patience = Patience::new(self.options.patience);
        loop {
            match read(self.options.request.min(patience.left())).await {
                Err(trouble) if trouble.may_pass() => {
                    if !patience.pause().await {
                        return Err(trouble);
                    }
                }
                done => return done,
            }
        }
    }
}

/// What an error of a subscription means.
pub(crate) fn trouble_of(error: Error) -> Trouble {
    Trouble::of(error)
}

/// Why no server answers.
async fn unreachable(options: &KurrentDbOptions, reason: String) -> KurrentDbError {
    let hosts = options.hosts.clone();
    let (settings, wait) = (options.settings.clone(), options.request);
    match tokio::task::spawn_blocking(move || tls::problem(&settings, wait)).await {
        Ok(Some(reason)) => KurrentDbError::Certificate { hosts, reason },
        _ => KurrentDbError::Unreachable { hosts, reason },
    }
}

/// A task that ends with whoever waits for it.
#[derive(Debug)]
pub(crate) struct AbortOnDrop<T>(pub(crate) tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(cx)
    }
}
