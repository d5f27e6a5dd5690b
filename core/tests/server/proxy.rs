//! A way to the real server on which everything that is asked is kept.

use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::scripted::Request;

/// Passes bytes on until it is dropped.
pub(crate) struct Proxy {
    url: String,
    /// What each connection carried to the server.
    carried: Arc<Mutex<Vec<BytesMut>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let carried = Arc::<Mutex<Vec<BytesMut>>>::default();
        let keeping = Arc::clone(&carried);
        let accepting = tokio::spawn(async move {
            // Ends with this task, and all connections with it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                connections.spawn(pass_on(client, server, Arc::clone(&keeping)));
            }
        });
        Self { url, carried, accepting }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every request so far; those of one connection in their order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let carried = self.carried.lock().unwrap().clone();
        carried.into_iter().flat_map(Request::all_in).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass_on(client: TcpStream, server: TcpStream, carried: Arc<Mutex<Vec<BytesMut>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let place = {
        let mut carried = carried.lock().unwrap();
        carried.push(BytesMut::new());
        carried.len() - 1
    };
    let asking = async {
        let mut buffer = BytesMut::new();
        while from_client.read_buf(&mut buffer).await.is_ok_and(|count| count > 0) {
            carried.lock().unwrap()[place].extend_from_slice(&buffer);
            if to_server.write_all(&buffer).await.is_err() {
                return;
            }
            buffer.clear();
        }
    };
    tokio::select! {
        () = asking => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}
