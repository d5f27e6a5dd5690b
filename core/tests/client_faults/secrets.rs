//! The password is sent, and shown nowhere: not in errors, not in `Debug`, not in logs.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opencode_sessions::{Client, OpencodeError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use crate::fake::{PASSWORD, builder, message, prompt, server};
use crate::support::scripted::{Reply, Scripted};

/// Writes down all that is logged, of every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Writer(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Writer(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = self.0.lock().unwrap();
        writeln!(text, "{}", event.metadata().name()).unwrap();
        event.record(&mut Writer(&mut text));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Writer<'t>(&'t mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

fn all_of(error: &OpencodeError) -> String {
    format!("{error}\n{error:?}\n{error:#?}\n{}\n", error.hint())
}

#[tokio::test]
async fn the_password_is_shown_nowhere() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.clone());
    let mut shown = String::new();

    let faults: [fn() -> Reply; 9] = [
        || Reply::empty(401),
        || Reply::empty(403),
        Reply::hang_up,
        Reply::html,
        || Reply::text(500, "oops"),
        || Reply::with(307, &[("location", "/x")], ""),
        || Reply::with(429, &[("retry-after-ms", "1")], ""),
        || Reply::text(200, "no json"),
        || Reply::raw("no http"),
    ];
    for fault in faults {
        let server = Scripted::start(move |_| fault()).await;
        let with_password = server.url().replace("://", &format!("://me:{PASSWORD}@"));
        let clients = [
            builder(&server).build().unwrap(),
            Client::builder().base_url(with_password).build().unwrap(),
        ];
        for client in clients {
            writeln!(shown, "{client:?} {:#?} {}", client.sessions(), client.base_url()).unwrap();
            let errors = [
                message(&client).await.map(drop).unwrap_err(),
                client.messages().prompt(prompt()).await.map(drop).unwrap_err(),
                client.subscribe().await.map(drop).unwrap_err(),
                client.sessions().list().await.map(drop).unwrap_err(),
            ];
            for error in errors {
                shown += &all_of(&error);
            }
        }
        let sent = server.requests();
        assert!(sent.iter().all(|request| request.header("authorization").is_some()));
    }
    let server = server(|_| None).await;
    writeln!(shown, "{:?} {:#?}", builder(&server), builder(&server)).unwrap();
    let gone = builder(&server).build().unwrap();
    drop(server);
    shown += &all_of(&message(&gone).await.unwrap_err());

    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("asking again"), "the log was heard: {logged}");
    for secret in [
        PASSWORD.to_owned(),
        STANDARD.encode(format!("opencode:{PASSWORD}")),
        STANDARD.encode(format!("me:{PASSWORD}")),
    ] {
        assert!(!shown.contains(&secret), "{shown}");
        assert!(!logged.contains(&secret), "{logged}");
    }
}
