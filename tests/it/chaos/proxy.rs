//! A proxy of bytes between a client and its server, with moods.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// How it treats connections, those that are open included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Everything passes.
    Fine,
    /// All connections are reset, and new ones at once.
    Down,
    /// Connections stay open and new ones are accepted, but nothing passes in either direction any more: a dead peer, a
    /// cable that was cut, a firewall that forgot.
    Silent,
    /// What is asked passes; nothing of what is answered does.
    Unheard,
    /// So many bytes of an answer pass, and then the connection is reset.
    ResetAfter(usize),
    /// So many bytes of an answer pass, and then it is closed in good order.
    EndsAfter(usize),
    /// Each piece takes so many milliseconds longer, in both directions.
    Late(u64),
    /// Answers come in drops of so many bytes, a millisecond apart.
    Drips(usize),
}

/// A running proxy; its connections end with the test's runtime.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: Server,
    /// What is replaced in answers: the server's name for itself by the proxy's, of the same length.
    names: Option<(String, String)>,
    mood: watch::Sender<Mood>,
    harmed: AtomicU64,
}

/// Who is behind it.
#[derive(Clone)]
pub(crate) enum Server {
    Tcp(String),
    Unix(String),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Proxy {
    /// Before a server.
    pub(crate) async fn before(server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let names = match &server {
            Server::Tcp(name) => Some((name.clone(), address.to_string())),
            Server::Unix(_) => None,
        };
        assert!(names.iter().all(|(theirs, ours)| theirs.len() == ours.len()), "{names:?} differ in length");
        let shared = Shared { server, names, mood: watch::Sender::new(Mood::Fine), harmed: AtomicU64::new(0) };
        let shared = Arc::new(shared);
        tokio::spawn(accept(listener, shared.clone()));
        Self { address, shared }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.shared.mood.send_replace(mood);
    }

    /// How often it did some harm.
    pub(crate) fn harmed(&self) -> u64 {
        self.shared.harmed.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn harm(&self) {
        self.harmed.fetch_add(1, Ordering::SeqCst);
    }

    fn mood(&self) -> Mood {
        *self.mood.borrow()
    }

    async fn connect(&self) -> Option<Box<dyn Stream>> {
        match &self.server {
            Server::Tcp(address) => Some(Box::new(TcpStream::connect(address).await.ok()?)),
            Server::Unix(path) => Some(Box::new(UnixStream::connect(path).await.ok()?)),
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        // Closed in this way, it is reset.
        client.set_zero_linger().unwrap();
        tokio::spawn(connection(client, shared.clone()));
    }
}

async fn connection(client: TcpStream, shared: Arc<Shared>) {
    if shared.mood() == Mood::Down {
        shared.harm();
        return;
    }
    let Some(server) = shared.connect().await else { return };
    let (mut asks, mut hears) = client.into_split();
    let (mut answers, mut listens) = tokio::io::split(server);
    let mut moods = shared.mood.subscribe();
    let ended_well = tokio::select! {
        _ = moods.wait_for(|mood| *mood == Mood::Down) => {
            shared.harm();
            false
        }
        () = ask(&mut asks, &mut listens, &shared) => true,
        well = answer(&mut answers, &mut hears, &shared) => well,
    };
    if ended_well {
        let client = asks.reunite(hears).unwrap();
        // As a server does that ends in good order.
        #[expect(deprecated, reason = "nothing blocks, because lingering is switched off again")]
        client.set_linger(None).unwrap();
        drop(client);
    }
}

/// From the client to the server.
async fn ask(client: &mut (impl AsyncRead + Unpin), server: &mut (impl AsyncWrite + Unpin), shared: &Shared) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = client.read(&mut piece).await {
        match shared.mood() {
            Mood::Silent => {
                shared.harm();
                continue;
            }
            Mood::Late(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            _ => {}
        }
        if server.write_all(&piece[..n]).await.is_err() {
            return;
        }
    }
}

/// From the server to the client. False if the connection is to be reset.
async fn answer(
    server: &mut (impl AsyncRead + Unpin),
    client: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
) -> bool {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = server.read(&mut piece).await {
        let mut piece = piece[..n].to_vec();
        if let Some((theirs, ours)) = &shared.names {
            replace(&mut piece, theirs.as_bytes(), ours.as_bytes());
        }
        let mood = shared.mood();
        if mood != Mood::Fine {
            shared.harm();
        }
        let (passes, drop_size) = match mood {
            Mood::Silent | Mood::Unheard => continue,
            Mood::ResetAfter(bytes) | Mood::EndsAfter(bytes) => (bytes.min(piece.len()), piece.len()),
            Mood::Drips(bytes) => (piece.len(), bytes),
            Mood::Late(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                (piece.len(), piece.len())
            }
            Mood::Fine | Mood::Down => (piece.len(), piece.len()),
        };
        for small in piece[..passes].chunks(drop_size) {
            if client.write_all(small).await.is_err() || client.flush().await.is_err() {
                return true;
            }
            if small.len() < passes {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        match mood {
            Mood::ResetAfter(_) => {
                // What passed must arrive before the reset, which would take it back.
                tokio::time::sleep(Duration::from_millis(5)).await;
                return false;
            }
            Mood::EndsAfter(_) => return true,
            _ => {}
        }
    }
    true
}

/// Replaces a text by another one of its length.
fn replace(piece: &mut [u8], old: &[u8], new: &[u8]) {
    let mut at = 0;
    while at + old.len() <= piece.len() {
        if piece[at..].starts_with(old) {
            piece[at..at + old.len()].copy_from_slice(new);
        }
        at += 1;
    }
}
