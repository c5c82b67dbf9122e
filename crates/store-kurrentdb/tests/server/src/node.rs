//! The nodes: listeners that answer from the shared database.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::transport::server::Connected;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::database::{Database, Expected, Proposed, Recorded, Refused, View};
use crate::wire::event_store::client::gossip::gossip_server::{Gossip, GossipServer};
use crate::wire::event_store::client::gossip::{ClusterInfo, EndPoint, MemberInfo};
use crate::wire::event_store::client::server_features::server_features_server::{
    ServerFeatures, ServerFeaturesServer,
};
use crate::wire::event_store::client::server_features::{SupportedMethod, SupportedMethods};
use crate::wire::event_store::client::streams::streams_server::{Streams, StreamsServer};
use crate::wire::event_store::client::streams::*;
use crate::wire::event_store::client::{AllStreamPosition, Empty, StreamIdentifier, Uuid, uuid};
use crate::{ReadFault, WriteFault};

/// Certificate chain and private key, PEM.
#[derive(Clone)]
pub struct Tls {
    /// The chain.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// How a cluster is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Nodes; the first one leads.
    pub nodes: usize,
    /// Port of the first node, the others follow; 0 for free ones.
    pub port: u16,
    /// Bytes of an append: data, metadata and type of all events.
    pub max_append_bytes: usize,
    /// Bytes of an event.
    pub max_event_bytes: usize,
    /// User and password, if anybody else is to be refused.
    pub user: Option<(String, String)>,
    /// Whether connections are encrypted.
    pub tls: Option<Tls>,
    /// The version that the server says it is.
    pub version: String,
    /// Whether the kernel may delay its acknowledgements of segments, as it does on most machines.
    pub slow_acknowledgements: bool,
}

impl Default for Options {
    /// One open node with the limits of today's servers.
    fn default() -> Self {
        Self {
            nodes: 1,
            port: 0,
            max_append_bytes: 256 << 20,
            max_event_bytes: 16 << 20,
            user: None,
            tls: None,
            version: "25.1.0".into(),
            slow_acknowledgements: false,
        }
    }
}

/// Nodes that share a database. They stop when this goes.
#[derive(Debug)]
pub struct Cluster {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    options: Options,
    leader: AtomicUsize,
    addresses: Vec<SocketAddr>,
    /// Counts how often each node's connections were cut; `u64::MAX`: the node is down.
    cuts: Vec<watch::Sender<u64>>,
}

impl Cluster {
    /// Starts the nodes on the loopback interface.
    ///
    /// # Errors
    /// If a port cannot be had.
    pub async fn start(options: Options) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for node in 0..options.nodes {
            let port = match options.port {
                0 => 0,
                port => port + u16::try_from(node).unwrap(),
            };
            listeners.push(TcpListener::bind(("127.0.0.1", port)).await?);
        }
        let addresses = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
        let cuts = listeners.iter().map(|_| watch::Sender::new(0)).collect();
        let shared = Arc::new(Shared {
            database: Database::default(),
            options,
            leader: AtomicUsize::new(0),
            addresses,
            cuts,
        });
        let tasks = listeners
            .into_iter()
            .enumerate()
            .map(|(index, listener)| tokio::spawn(serve(Arc::clone(&shared), index, listener)))
            .collect();
        Ok(Self { shared, tasks })
    }

    /// The connection string, without user and further settings.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self
            .shared
            .addresses
            .iter()
            .map(|a| format!("localhost:{}", a.port()))
            .collect();
        let tls = self.shared.options.tls.is_some();
        format!("kurrentdb://{}?tls={tls}&discoveryInterval=10", hosts.join(","))
    }

    /// What the nodes hold, and the faults to come.
    pub fn database(&self) -> &Database {
        &self.shared.database
    }

    /// Which node leads.
    pub fn leader(&self) -> usize {
        self.shared.leader.load(Ordering::SeqCst)
    }

    /// Lets another node lead.
    pub fn elect(&self, node: usize) {
        self.shared.leader.store(node, Ordering::SeqCst);
    }

    /// Cuts every connection of a node, and those to come until [`Cluster::revive`].
    pub fn kill(&self, node: usize) {
        self.shared.cuts[node].send_replace(u64::MAX);
    }

    /// Takes connections again.
    pub fn revive(&self, node: usize) {
        self.shared.cuts[node].send_replace(0);
    }

    /// Cuts every connection of a node that there is now.
    pub fn cut(&self, node: usize) {
        self.shared.cut(node);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Shared {
    fn cut(&self, node: usize) {
        self.cuts[node].send_modify(|cuts| *cuts = cuts.saturating_add(1));
    }

    fn next_leader(&self) {
        let next = (self.leader.load(Ordering::SeqCst) + 1) % self.addresses.len();
        self.leader.store(next, Ordering::SeqCst);
    }
}

async fn serve(shared: Arc<Shared>, index: usize, listener: TcpListener) {
    let (connections, incoming) = mpsc::channel(16);
    let cuts = shared.cuts[index].clone();
    let slow_acknowledgements = shared.options.slow_acknowledgements;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if *cuts.borrow() == u64::MAX {
                continue;
            }
            let _ = stream.set_nodelay(true);
            let mut cut = cuts.subscribe();
            cut.mark_unchanged();
            let connection = Connection {
                stream,
                slow_acknowledgements,
                cut: Box::pin(async move {
                    let _ = cut.changed().await;
                }),
            };
            if connections.send(Ok::<_, io::Error>(connection)).await.is_err() {
                break;
            }
        }
    });
    let node = Node { shared, index };
    let mut server = tonic::transport::Server::builder();
    if let Some(tls) = &node.shared.options.tls {
        // Other crates of a program may bring a second one; an error says that one is chosen already.
        let _chosen = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let identity = tonic::transport::Identity::from_pem(&tls.certificate, &tls.key);
        let config = tonic::transport::ServerTlsConfig::new().identity(identity);
        server = server.tls_config(config).unwrap();
    }
    let streams = StreamsServer::new(node.clone()).max_decoding_message_size(512 << 20);
    let _ = server
        .add_service(streams)
        .add_service(GossipServer::new(node.clone()))
        .add_service(ServerFeaturesServer::new(node))
        .serve_with_incoming(ReceiverStream::new(incoming))
        .await;
}

/// A connection that can be cut.
struct Connection {
    stream: TcpStream,
    slow_acknowledgements: bool,
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Connection {
    fn alive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => {
                // Polled again it is ready again.
                self.cut = Box::pin(std::future::ready(()));
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.alive(cx)?;
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        // The client sends a request in two segments and does not switch off Nagle's algorithm: with a delayed
        // acknowledgement every lone request would take 40 ms.
        #[cfg(target_os = "linux")]
        if !self.slow_acknowledgements {
            let _ = socket2::SockRef::from(&self.stream).set_tcp_quickack(true);
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.alive(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[derive(Debug, Clone)]
struct Node {
    shared: Arc<Shared>,
    index: usize,
}

impl Node {
    fn database(&self) -> &Database {
        &self.shared.database
    }

    /// Whether the caller may, and whether this node may answer.
    fn admit(&self, metadata: &MetadataMap) -> Result<(), Status> {
        if let Some((user, password)) = &self.shared.options.user {
            let expected = format!("Basic {}", base64(format!("{user}:{password}").as_bytes()));
            match metadata.get("authorization").and_then(|v| v.to_str().ok()) {
                None => {
                    return Err(exception(
                        Code::PermissionDenied,
                        "Access Denied",
                        "access-denied",
                        &[],
                    ));
                }
                Some(given) if given != expected => {
                    return Err(Status::unauthenticated("Unauthenticated"));
                }
                Some(_) => {}
            }
        }
        let wants_leader = metadata.get("requires-leader").is_some_and(|v| v == "true");
        if wants_leader && self.index != self.shared.leader.load(Ordering::SeqCst) {
            return Err(self.not_leader());
        }
        Ok(())
    }

    fn not_leader(&self) -> Status {
        let leader = self.shared.addresses[self.shared.leader.load(Ordering::SeqCst)];
        let port = leader.port().to_string();
        let pairs = [
            ("leader-endpoint-host", "localhost"),
            ("leader-endpoint-port", &*port),
        ];
        exception(Code::NotFound, "Leader info available", "not-leader", &pairs)
    }

    fn write_fault(&self, stream: &[u8]) -> Option<WriteFault> {
        // Streams of the store's own bookkeeping are spared, so that a fault meets the write that a test means.
        let ledger = stream.starts_with(b"sijill-") && stream.len() == 7 + 64;
        ledger
            .then(|| self.database().writes.lock().unwrap().pop_front())
            .flatten()
    }

    fn check_sizes(&self, event: &Proposed, total: &mut usize) -> Result<(), Status> {
        let kind = event.metadata.get("type").map_or(0, String::len);
        let size = event.data.len() + event.custom_metadata.len() + 2 * kind;
        let options = &self.shared.options;
        if size > options.max_event_bytes {
            let text = format!(
                "Event with Id: {:02x?}, Size: {size}, exceeds Maximum Append Event Size of {}.",
                event.id, options.max_event_bytes
            );
            return Err(exception(
                Code::InvalidArgument,
                &text,
                "maximum-append-event-size-exceeded",
                &[("maximum-append-event-size", &options.max_event_bytes.to_string())],
            ));
        }
        *total += size;
        if *total > options.max_append_bytes {
            let text = format!("Maximum Append Size of {} Exceeded.", options.max_append_bytes);
            return Err(exception(
                Code::InvalidArgument,
                &text,
                "maximum-append-size-exceeded",
                &[("maximum-append-size", &options.max_append_bytes.to_string())],
            ));
        }
        Ok(())
    }

    /// Makes a write, with the fault that is due.
    async fn write(
        &self,
        name: Bytes,
        expected: Expected,
        events: Vec<Proposed>,
    ) -> Result<Result<(Option<u64>, u64), Refused>, Status> {
        if self.database().is_stalled(&name) {
            return std::future::pending().await;
        }
        let lost = || Status::internal("injected");
        let make = || self.database().append(&name, expected, &events);
        match self.write_fault(&name) {
            None => Ok(make()),
            Some(WriteFault::FailBefore) => Err(lost()),
            Some(WriteFault::FailAfter) => {
                let _made = make();
                Err(lost())
            }
            Some(WriteFault::CutBefore) => {
                self.shared.cut(self.index);
                Err(lost())
            }
            Some(WriteFault::CutAfter) => {
                let _made = make();
                self.shared.cut(self.index);
                Err(lost())
            }
            Some(WriteFault::Late(time)) => {
                // A task of its own, which goes on when the client hangs up.
                let node = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    node.database().append(&name, expected, &events)
                })
                .await
                .map_err(|e| Status::internal(e.to_string()))
            }
            Some(WriteFault::Slow(time)) => {
                let made = make();
                tokio::time::sleep(time).await;
                Ok(made)
            }
            Some(WriteFault::Twice) => {
                let _first = make();
                Ok(make())
            }
            Some(WriteFault::Busy) => Err(Status::unavailable("Server Is Too Busy")),
            Some(WriteFault::LeaderMoves) => {
                self.shared.next_leader();
                Err(self.not_leader())
            }
            Some(WriteFault::LeaderMovesAfter) => {
                let _made = make();
                self.shared.next_leader();
                self.shared.cut(self.index);
                Err(lost())
            }
        }
    }
}

fn exception(code: Code, message: &str, name: &'static str, pairs: &[(&'static str, &str)]) -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert("exception", MetadataValue::from_static(name));
    for (key, value) in pairs {
        metadata.insert(*key, value.parse::<MetadataValue<Ascii>>().unwrap());
    }
    Status::with_metadata(code, message, metadata)
}

fn deleted(name: &Bytes) -> Status {
    let text = format!("Event stream '{}' is deleted.", String::from_utf8_lossy(name));
    let name = String::from_utf8_lossy(name).into_owned();
    exception(
        Code::FailedPrecondition,
        &text,
        "stream-deleted",
        &[("stream-name", &*name)],
    )
}

fn bad(what: &'static str) -> Status {
    Status::invalid_argument(what)
}

fn name_of(identifier: Option<StreamIdentifier>) -> Result<Bytes, Status> {
    let name = identifier.ok_or_else(|| bad("no stream"))?.stream_name;
    if name.is_empty() {
        return Err(bad("empty stream name"));
    }
    Ok(name)
}

fn id_of(id: Option<Uuid>) -> Result<[u8; 16], Status> {
    match id.and_then(|id| id.value).ok_or_else(|| bad("no event id"))? {
        uuid::Value::Structured(bits) => {
            let high = bits.most_significant_bits.cast_unsigned();
            let low = bits.least_significant_bits.cast_unsigned();
            Ok(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
        }
        uuid::Value::String(text) => {
            let digits: String = text.chars().filter(|c| *c != '-').collect();
            let id = u128::from_str_radix(&digits, 16).map_err(|_| bad("an event id is a UUID"))?;
            Ok(id.to_be_bytes())
        }
    }
}

fn id_text(id: [u8; 16]) -> Option<Uuid> {
    let hex = format!("{:032x}", u128::from_be_bytes(id));
    let text = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    Some(Uuid {
        value: Some(uuid::Value::String(text)),
    })
}

fn check_metadata(metadata: &std::collections::HashMap<String, String>) -> Result<(), Status> {
    for required in ["type", "content-type"] {
        if !metadata.contains_key(required) {
            let text = format!("Required Metadata Property '{required}' is missing");
            return Err(Status::invalid_argument(text));
        }
    }
    Ok(())
}

fn read_event(recorded: Recorded) -> ReadResp {
    let Recorded {
        revision,
        position,
        event,
    } = recorded;
    let mut metadata = event.metadata;
    // Ticks of 100 ns since 1970.
    metadata
        .entry("created".into())
        .or_insert_with(|| "17000000000000000".into());
    let recorded = read_resp::RecordedEvent {
        id: id_text(event.id),
        stream_identifier: None,
        stream_revision: revision,
        prepare_position: position,
        commit_position: position,
        metadata,
        custom_metadata: event.custom_metadata,
        data: event.data,
    };
    let event = read_resp::ReadEvent {
        event: Some(recorded),
        link: None,
        position: Some(read_resp::read_event::Position::CommitPosition(position)),
    };
    ReadResp {
        content: Some(read_resp::Content::Event(event)),
    }
}

fn named(mut response: ReadResp, name: &Bytes) -> ReadResp {
    if let Some(read_resp::Content::Event(event)) = &mut response.content
        && let Some(event) = &mut event.event
    {
        event.stream_identifier = Some(StreamIdentifier {
            stream_name: name.clone(),
        });
    }
    response
}

type ReadSender = mpsc::Sender<Result<ReadResp, Status>>;

/// What a reader asked for.
struct Query {
    name: Bytes,
    /// None: the start when going forwards, the end when going backwards.
    from: Option<u64>,
    end: bool,
    back: bool,
    /// None subscribes.
    count: Option<u64>,
}

impl Query {
    fn parse(options: read_req::Options) -> Result<Self, Status> {
        use read_req::options::{CountOption, StreamOption};
        use read_req::stream_options::RevisionOption;
        let stream = match options.stream_option {
            Some(StreamOption::Stream(stream)) => stream,
            Some(StreamOption::All(_)) => return Err(Status::unimplemented("$all is not served here")),
            None => return Err(bad("no stream")),
        };
        let (from, end) = match stream.revision_option {
            Some(RevisionOption::Revision(revision)) => (Some(revision), false),
            Some(RevisionOption::Start(_)) => (None, false),
            Some(RevisionOption::End(_)) => (None, true),
            None => return Err(bad("no revision")),
        };
        let count = match options.count_option {
            Some(CountOption::Count(count)) => Some(count),
            Some(CountOption::Subscription(_)) => None,
            None => return Err(bad("no count")),
        };
        Ok(Self {
            name: name_of(stream.stream_identifier)?,
            from,
            end,
            back: options.read_direction == 1,
            count,
        })
    }
}

impl Node {
    async fn send(&self, sender: &ReadSender, response: ReadResp, left: &mut Option<usize>) -> bool {
        if left.is_some_and(|left| left == 0) {
            self.shared.cut(self.index);
            return false;
        }
        if let Some(left) = left {
            *left -= 1;
        }
        sender.send(Ok(response)).await.is_ok()
    }

    async fn page(&self, query: Query, sender: ReadSender, mut left: Option<usize>) {
        let (first, last) = match self.database().view(&query.name) {
            View::Range(first, last) => (first, last),
            View::Deleted => {
                let _ = sender.send(Err(deleted(&query.name))).await;
                return;
            }
            View::NotFound => {
                let missing = read_resp::StreamNotFound {
                    stream_identifier: Some(StreamIdentifier {
                        stream_name: query.name,
                    }),
                };
                let content = Some(read_resp::Content::StreamNotFound(missing));
                let _ = sender.send(Ok(ReadResp { content })).await;
                return;
            }
        };
        let mut wanted = query.count.unwrap_or(0);
        let mut from = if query.back {
            first
        } else {
            query.from.unwrap_or(first).max(first)
        };
        let mut to = if query.back {
            query.from.unwrap_or(last).min(last)
        } else {
            last
        };
        if query.end && !query.back {
            return;
        }
        while wanted > 0 {
            let most = usize::try_from(wanted.min(512)).unwrap();
            let events = self.database().events(&query.name, from, to, most, query.back);
            let Some(edge) = events.last().map(|e| e.revision) else {
                break;
            };
            wanted -= events.len() as u64;
            for event in events {
                if !self
                    .send(&sender, named(read_event(event), &query.name), &mut left)
                    .await
                {
                    return;
                }
            }
            match query.back {
                true if edge == 0 => break,
                true => to = edge - 1,
                false => from = edge + 1,
            }
        }
        if left == Some(0) {
            self.shared.cut(self.index);
        }
    }

    async fn follow(&self, query: Query, sender: ReadSender, mut left: Option<usize>) {
        let mut grown = self.database().grown.subscribe();
        let confirmation = read_resp::SubscriptionConfirmation {
            subscription_id: "00000000-0000-0000-0000-000000000001".into(),
        };
        let content = Some(read_resp::Content::Confirmation(confirmation));
        if sender.send(Ok(ReadResp { content })).await.is_err() {
            return;
        }
        let mut next = match self.database().view(&query.name) {
            View::Range(_, last) if query.end => last + 1,
            // The given revision was seen already.
            _ => query.from.map_or(0, |from| from + 1),
        };
        let mut caught_up = false;
        loop {
            grown.borrow_and_update();
            match self.database().view(&query.name) {
                View::Deleted => {
                    let _ = sender.send(Err(deleted(&query.name))).await;
                    return;
                }
                View::Range(first, last) => {
                    next = next.max(first);
                    let events = self.database().events(&query.name, next, last, 256, false);
                    if let Some(edge) = events.last().map(|e| e.revision) {
                        for event in events {
                            if !self
                                .send(&sender, named(read_event(event), &query.name), &mut left)
                                .await
                            {
                                return;
                            }
                        }
                        next = edge + 1;
                        continue;
                    }
                }
                View::NotFound => {}
            }
            if !caught_up {
                caught_up = true;
                let content = Some(read_resp::Content::CaughtUp(read_resp::CaughtUp {
                    timestamp: None,
                    stream_revision: i64::try_from(next).ok().map(|n| n - 1),
                }));
                if sender.send(Ok(ReadResp { content })).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                changed = grown.changed() => if changed.is_err() { return },
                () = sender.closed() => return,
            }
        }
    }
}

fn write_answer(
    expected: Expected,
    made: Result<(Option<u64>, u64), Refused>,
    name: &Bytes,
) -> Result<AppendResp, Status> {
    use append_resp::wrong_expected_version::{
        CurrentRevisionOption as Current, CurrentRevisionOption2060 as OldCurrent,
        ExpectedRevisionOption as Wanted, ExpectedRevisionOption2060 as OldWanted,
    };
    use append_resp::{Result as Answer, Success, WrongExpectedVersion, success};
    let answer = match made {
        Ok((last, position)) => Answer::Success(Success {
            current_revision_option: Some(match last {
                Some(last) => success::CurrentRevisionOption::CurrentRevision(last),
                None => success::CurrentRevisionOption::NoStream(Empty {}),
            }),
            position_option: Some(success::PositionOption::Position(append_resp::Position {
                commit_position: position,
                prepare_position: position,
            })),
        }),
        Err(Refused::Deleted) => return Err(deleted(name)),
        Err(Refused::WrongExpected(current)) => {
            let (wanted, old) = match expected {
                Expected::Any => (Wanted::ExpectedAny(Empty {}), OldWanted::Any2060(Empty {})),
                Expected::Exists => (
                    Wanted::ExpectedStreamExists(Empty {}),
                    OldWanted::StreamExists2060(Empty {}),
                ),
                Expected::NoStream => (
                    Wanted::ExpectedNoStream(Empty {}),
                    OldWanted::ExpectedRevision2060(u64::MAX),
                ),
                Expected::Revision(r) => (Wanted::ExpectedRevision(r), OldWanted::ExpectedRevision2060(r)),
            };
            let (current, old_current) = match current {
                Some(r) => (Current::CurrentRevision(r), OldCurrent::CurrentRevision2060(r)),
                None => (
                    Current::CurrentNoStream(Empty {}),
                    OldCurrent::NoStream2060(Empty {}),
                ),
            };
            Answer::WrongExpectedVersion(WrongExpectedVersion {
                current_revision_option_20_6_0: Some(old_current),
                expected_revision_option_20_6_0: Some(old),
                current_revision_option: Some(current),
                expected_revision_option: Some(wanted),
            })
        }
    };
    Ok(AppendResp { result: Some(answer) })
}

#[tonic::async_trait]
impl Streams for Node {
    type ReadStream = ReceiverStream<Result<ReadResp, Status>>;
    type BatchAppendStream = ReceiverStream<Result<BatchAppendResp, Status>>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Self::ReadStream>, Status> {
        self.admit(request.metadata())?;
        let options = request.into_inner().options.ok_or_else(|| bad("no options"))?;
        let query = Query::parse(options)?;
        let ledger = query.name.starts_with(b"sijill-") && query.name.len() == 7 + 64;
        let fault = ledger
            .then(|| self.database().reads.lock().unwrap().pop_front())
            .flatten();
        let left = match fault {
            None => None,
            Some(ReadFault::Unavailable) => return Err(Status::unavailable("injected")),
            Some(ReadFault::CutAfter(events)) => Some(events),
            Some(ReadFault::Slow(time)) => {
                tokio::time::sleep(time).await;
                None
            }
        };
        let (sender, receiver) = mpsc::channel(16);
        let node = self.clone();
        tokio::spawn(async move {
            if query.count.is_some() {
                node.page(query, sender, left).await;
            } else {
                node.follow(query, sender, left).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn append(&self, request: Request<Streaming<AppendReq>>) -> Result<Response<AppendResp>, Status> {
        use append_req::options::ExpectedStreamRevision as Wire;
        self.admit(request.metadata())?;
        let mut requests = request.into_inner();
        let Some(append_req::Content::Options(options)) = requests.message().await?.and_then(|r| r.content)
        else {
            return Err(bad("an append begins with its options"));
        };
        let name = name_of(options.stream_identifier)?;
        let expected = match options.expected_stream_revision {
            Some(Wire::Revision(revision)) => Expected::Revision(revision),
            Some(Wire::NoStream(_)) => Expected::NoStream,
            Some(Wire::Any(_)) => Expected::Any,
            Some(Wire::StreamExists(_)) => Expected::Exists,
            None => return Err(bad("no expected revision")),
        };
        let mut events = Vec::new();
        let mut size = 0;
        while let Some(request) = requests.message().await? {
            let Some(append_req::Content::ProposedMessage(message)) = request.content else {
                return Err(bad("events follow the options"));
            };
            check_metadata(&message.metadata)?;
            let event = Proposed {
                id: id_of(message.id)?,
                metadata: message.metadata,
                custom_metadata: message.custom_metadata,
                data: message.data,
            };
            self.check_sizes(&event, &mut size)?;
            events.push(event);
        }
        let made = self.write(name.clone(), expected, events).await?;
        write_answer(expected, made, &name).map(Response::new)
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        use delete_req::options::ExpectedStreamRevision as Wire;
        self.admit(request.metadata())?;
        let options = request.into_inner().options.ok_or_else(|| bad("no options"))?;
        let name = name_of(options.stream_identifier)?;
        let expected = match options.expected_stream_revision {
            Some(Wire::Revision(revision)) => Expected::Revision(revision),
            Some(Wire::NoStream(_)) => Expected::NoStream,
            Some(Wire::Any(_)) => Expected::Any,
            Some(Wire::StreamExists(_)) => Expected::Exists,
            None => return Err(bad("no expected revision")),
        };
        delete_answer(self.database().delete(&name, expected, false), &name)?;
        Ok(Response::new(DeleteResp {
            position_option: Some(delete_resp::PositionOption::NoPosition(Empty {})),
        }))
    }

    async fn tombstone(&self, request: Request<TombstoneReq>) -> Result<Response<TombstoneResp>, Status> {
        use tombstone_req::options::ExpectedStreamRevision as Wire;
        self.admit(request.metadata())?;
        let options = request.into_inner().options.ok_or_else(|| bad("no options"))?;
        let name = name_of(options.stream_identifier)?;
        let expected = match options.expected_stream_revision {
            Some(Wire::Revision(revision)) => Expected::Revision(revision),
            Some(Wire::NoStream(_)) => Expected::NoStream,
            Some(Wire::Any(_)) => Expected::Any,
            Some(Wire::StreamExists(_)) => Expected::Exists,
            None => return Err(bad("no expected revision")),
        };
        delete_answer(self.database().delete(&name, expected, true), &name)?;
        Ok(Response::new(TombstoneResp {
            position_option: Some(tombstone_resp::PositionOption::NoPosition(Empty {})),
        }))
    }

    async fn batch_append(
        &self,
        request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        self.admit(request.metadata())?;
        let mut requests = request.into_inner();
        let (sender, receiver) = mpsc::channel(16);
        let node = self.clone();
        tokio::spawn(async move {
            // Parts of a write share a correlation id, and only the first part has options.
            let mut open: std::collections::HashMap<[u8; 16], Pending> = std::collections::HashMap::new();
            while let Ok(Some(part)) = requests.message().await {
                let answer = node.batch_part(&mut open, part).await;
                match answer {
                    Ok(None) => {}
                    Ok(Some(answer)) => {
                        if sender.send(Ok(answer)).await.is_err() {
                            return;
                        }
                    }
                    Err(status) => {
                        let _ = sender.send(Err(status)).await;
                        return;
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// A write of a batch session whose parts are still arriving.
struct Pending {
    correlation: Option<Uuid>,
    name: Bytes,
    expected: Expected,
    events: Vec<Proposed>,
    size: usize,
}

impl Node {
    async fn batch_part(
        &self,
        open: &mut std::collections::HashMap<[u8; 16], Pending>,
        part: BatchAppendReq,
    ) -> Result<Option<BatchAppendResp>, Status> {
        use batch_append_req::options::ExpectedStreamPosition as Wire;
        use batch_append_resp::{ExpectedStreamPosition as Echo, Result as Answer, Success, success};
        let correlation = id_of(part.correlation_id.clone())?;
        if let Some(options) = part.options {
            let expected = match options.expected_stream_position {
                Some(Wire::StreamPosition(revision)) => Expected::Revision(revision),
                Some(Wire::NoStream(())) => Expected::NoStream,
                Some(Wire::Any(())) => Expected::Any,
                Some(Wire::StreamExists(())) => Expected::Exists,
                None => return Err(bad("no expected position")),
            };
            let pending = Pending {
                correlation: part.correlation_id,
                name: name_of(options.stream_identifier)?,
                expected,
                events: Vec::new(),
                size: 0,
            };
            open.insert(correlation, pending);
        }
        let pending = open
            .get_mut(&correlation)
            .ok_or_else(|| bad("a write begins with its options"))?;
        let mut refused = None;
        for message in part.proposed_messages {
            let event = Proposed {
                id: id_of(message.id)?,
                metadata: message.metadata,
                custom_metadata: message.custom_metadata,
                data: message.data,
            };
            refused = refused.or(self.check_sizes(&event, &mut pending.size).err());
            pending.events.push(event);
        }
        if !part.is_final && refused.is_none() {
            return Ok(None);
        }
        let Some(Pending {
            correlation: id,
            name,
            expected,
            events,
            ..
        }) = open.remove(&correlation)
        else {
            return Ok(None);
        };
        let made = match refused {
            Some(status) => Err(status),
            None => self.write(name.clone(), expected, events).await,
        };
        let error = |code: Code, message: &str, detail: Option<prost_types::Any>| {
            Answer::Error(crate::wire::google::rpc::Status {
                code: code as i32,
                message: message.to_owned(),
                details: detail,
            })
        };
        let result = match made {
            Ok(Ok((last, position))) => Answer::Success(Success {
                current_revision_option: Some(match last {
                    Some(last) => success::CurrentRevisionOption::CurrentRevision(last),
                    None => success::CurrentRevisionOption::NoStream(()),
                }),
                position_option: Some(success::PositionOption::Position(AllStreamPosition {
                    commit_position: position,
                    prepare_position: position,
                })),
            }),
            Ok(Err(Refused::WrongExpected(current))) => error(
                Code::FailedPrecondition,
                "WrongExpectedVersion",
                Some(wrong_expected(expected, current)),
            ),
            Ok(Err(Refused::Deleted)) => {
                let detail = crate::wire::event_store::client::StreamDeleted {
                    stream_identifier: Some(StreamIdentifier {
                        stream_name: name.clone(),
                    }),
                };
                error(
                    Code::FailedPrecondition,
                    "StreamDeleted",
                    Some(any("StreamDeleted", &detail)),
                )
            }
            Err(status) if status.code() == Code::InvalidArgument => {
                let detail = crate::wire::event_store::client::MaximumAppendSizeExceeded {
                    max_append_size: u32::try_from(self.shared.options.max_append_bytes).unwrap_or(u32::MAX),
                };
                error(
                    Code::InvalidArgument,
                    status.message(),
                    Some(any("MaximumAppendSizeExceeded", &detail)),
                )
            }
            Err(status) => return Err(status),
        };
        Ok(Some(BatchAppendResp {
            correlation_id: id,
            result: Some(result),
            stream_identifier: Some(StreamIdentifier { stream_name: name }),
            expected_stream_position: Some(match expected {
                Expected::Revision(revision) => Echo::StreamPosition(revision),
                Expected::NoStream => Echo::NoStream(()),
                Expected::Any => Echo::Any(()),
                Expected::Exists => Echo::StreamExists(()),
            }),
        }))
    }
}

fn any(name: &str, message: &impl prost::Message) -> prost_types::Any {
    prost_types::Any {
        type_url: format!("type.googleapis.com/event_store.client.{name}"),
        value: message.encode_to_vec(),
    }
}

fn wrong_expected(expected: Expected, current: Option<u64>) -> prost_types::Any {
    use crate::wire::event_store::client::WrongExpectedVersion;
    use crate::wire::event_store::client::wrong_expected_version::{
        CurrentStreamRevisionOption as Current, ExpectedStreamPositionOption as Wanted,
    };
    let detail = WrongExpectedVersion {
        current_stream_revision_option: Some(match current {
            Some(revision) => Current::CurrentStreamRevision(revision),
            None => Current::CurrentNoStream(Empty {}),
        }),
        expected_stream_position_option: Some(match expected {
            Expected::Revision(revision) => Wanted::ExpectedStreamPosition(revision),
            Expected::NoStream => Wanted::ExpectedNoStream(Empty {}),
            Expected::Any => Wanted::ExpectedAny(Empty {}),
            Expected::Exists => Wanted::ExpectedStreamExists(Empty {}),
        }),
    };
    any("WrongExpectedVersion", &detail)
}

fn delete_answer(made: Result<(), Refused>, name: &Bytes) -> Result<(), Status> {
    match made {
        Ok(()) => Ok(()),
        Err(Refused::Deleted) => Err(deleted(name)),
        Err(Refused::WrongExpected(current)) => {
            let actual = current
                .map_or(-1, |c| i64::try_from(c).unwrap_or(i64::MAX))
                .to_string();
            let stream = String::from_utf8_lossy(name).into_owned();
            let pairs = [("stream-name", &*stream), ("actual-version", &*actual)];
            Err(exception(
                Code::FailedPrecondition,
                "Delete failed due to WrongExpectedVersion.",
                "wrong-expected-version",
                &pairs,
            ))
        }
    }
}

#[tonic::async_trait]
impl Gossip for Node {
    async fn read(&self, _: Request<Empty>) -> Result<Response<ClusterInfo>, Status> {
        let leader = self.shared.leader.load(Ordering::SeqCst);
        let members = self
            .shared
            .addresses
            .iter()
            .enumerate()
            .map(|(index, address)| MemberInfo {
                instance_id: id_text([u8::try_from(index + 1).unwrap(); 16]),
                time_stamp: 0,
                state: if index == leader { 8 } else { 6 },
                is_alive: *self.shared.cuts[index].borrow() != u64::MAX,
                http_end_point: Some(EndPoint {
                    address: "localhost".into(),
                    port: address.port().into(),
                }),
            });
        Ok(Response::new(ClusterInfo {
            members: members.collect(),
        }))
    }
}

#[tonic::async_trait]
impl ServerFeatures for Node {
    async fn get_supported_methods(&self, _: Request<Empty>) -> Result<Response<SupportedMethods>, Status> {
        let methods = ["read", "append", "delete", "tombstone", "batchappend"];
        let methods = methods.map(|method| SupportedMethod {
            method_name: method.into(),
            service_name: "event_store.client.streams.streams".into(),
            features: Vec::new(),
        });
        Ok(Response::new(SupportedMethods {
            methods: methods.into(),
            event_store_server_version: self.shared.options.version.clone(),
        }))
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut word = [0; 3];
        word[..group.len()].copy_from_slice(group);
        let word = u32::from(word[0]) << 16 | u32::from(word[1]) << 8 | u32::from(word[2]);
        for digit in 0..4 {
            if digit <= group.len() {
                text.push(char::from(DIGITS[(word >> (18 - 6 * digit)) as usize & 63]));
            } else {
                text.push('=');
            }
        }
    }
    text
}
