//! What open conversations take of memory.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use opencode_sessions::conversation::{ConversationOptions, ProviderChoice, SessionPool};
use opencode_sessions::provider::{Reply, Scripted};
use opencode_sessions::{Durability, SessionStorage, StorageOptions};

use crate::measure::{Bench, Figure, memory};

/// What this process has of memory at the moment.
const NOW: &str = "VmRSS:";

/// Two messages each.
const TURNS: usize = 10;

/// A message, as long as they are.
const SAID: &str = "What the tests say of the parser is right: it takes the last line for a comment \
    when no line end follows. I would look for the place where the scanner asks for one more \
    character than there is, and handle the end of the input there, then run them again.";

pub(crate) fn run(bench: &Bench) {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.arg("--pool").args(bench.quick.then_some("--quick"));
    let output = command.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let told: Vec<f64> = told.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    let [count, taken, said] = told[..] else { panic!("three numbers: {output:?}") };
    bench.report(&Figure {
        group: "conversation",
        what: format!("memory of a pool of {count} open conversations of {} messages", 2 * TURNS),
        value: taken,
        unit: "MB",
        beside: Some(("what is said in them", said)),
        goal: "",
        met: |_, _| true,
    });
}

/// Prints how many conversations there were, what they took, and what was said in them, in MB.
pub(crate) fn measure(bench: &Bench) {
    let count = bench.size(1_000, 100);
    let storage = storage(&bench.dir("pool"));
    let model = Arc::new(Scripted::new((0..count * TURNS).map(|_| Reply::text(SAID))));
    let options = ConversationOptions {
        model: Some("m".to_owned()),
        provider: Some(ProviderChoice::Own(model)),
        storage: Some(storage),
        ..ConversationOptions::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        // Everything said first: the script's own copies and what the work leaves behind are not
        // what open conversations take.
        let talk = pool(count, options.clone());
        for user in 0..count {
            let conversation = talk.acquire(&user.to_string()).await.expect("a conversation");
            for _ in 0..TURNS {
                conversation.message(SAID).result().await.expect("an answer");
            }
        }
        talk.close().await.expect("it closes");
        let before = memory(NOW);
        let open = pool(count, options);
        for user in 0..count {
            drop(open.acquire(&user.to_string()).await.expect("a conversation"));
        }
        assert_eq!(open.len(), count);
        let said = (count * TURNS * 2 * SAID.len()) as f64 / 1e6;
        println!("{count} {} {said}", memory(NOW) - before);
        open.close().await.expect("it closes");
    });
}

fn pool(capacity: usize, options: ConversationOptions) -> SessionPool {
    SessionPool::new(capacity, Duration::from_secs(3600), options).expect("a pool")
}

fn storage(dir: &Path) -> SessionStorage {
    SessionStorage::open(StorageOptions {
        path: Some(dir.to_owned()),
        durability: Durability::Os,
        ..StorageOptions::default()
    })
    .expect("a store")
}
