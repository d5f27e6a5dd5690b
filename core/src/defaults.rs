//! The defaults, in one place: the documentation and every language show these numbers.

use std::time::Duration;

/// Between two auto-saves.
pub const AUTO_SAVE_INTERVAL: Duration = Duration::from_secs(60);

/// Up to so many sessions `index.json` is rewritten whenever a session is closed; beyond, on
/// request.
pub const PUBLISH_LIMIT: u64 = 10_000;

/// How long a shell hook may run before its process group is ended.
pub const HOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a shell hook that ran out of time may take to end after SIGTERM, before SIGKILL.
pub const HOOK_STOP_GRACE: Duration = Duration::from_secs(1);

/// How much of a shell hook's output is kept, in bytes, for stdout and stderr each.
pub const HOOK_OUTPUT_CAP: usize = 30_000;

/// How many of the newest sessions a clean-up leaves where they are, however old.
pub const KEEP_MINIMUM: u64 = 10;

/// How many sessions or messages a listing or a search gives.
pub const LIST_LIMIT: usize = 50;

/// What stands before and behind a match in a search's snippet.
pub const SNIPPET_MARKS: (&str, &str) = ("[", "]");

/// How many words of a message a search's snippet shows.
pub const SNIPPET_WORDS: u32 = 24;

/// How many of the newest messages that match are ranked; older ones are not found by a word that
/// more messages than this have.
pub const SEARCH_RANKED: usize = 5_000;

/// Where a server listens unless `OPENCODE_BASE_URL` or the caller says otherwise.
pub const BASE_URL: &str = "http://127.0.0.1:4096";

/// The user name a server expects unless it is told another.
pub const SERVER_USERNAME: &str = "opencode";

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer may pause; prompts, which answer when their turn ends, are not bounded.
pub const READ_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A request that only reads and has no answer for so long is asked once more; the first answer
/// counts.
pub const ASK_BESIDE: Duration = Duration::from_secs(5);

/// How often a request that may be repeated is, after its first failure.
pub const RETRIES: u32 = 3;

/// The wait before the first repetition; each next one is twice as long, with jitter.
pub const RETRY_FIRST: Duration = Duration::from_millis(250);

/// No wait between repetitions is longer.
pub const RETRY_CAP: Duration = Duration::from_secs(30);

/// An answer of the server may be so large, in bytes.
pub const ANSWER_CAP: usize = 256 * 1024 * 1024;

/// How long a handler of permissions or questions may take before the default answer is given.
pub const HANDLER_TIMEOUT: Duration = Duration::from_secs(60);

/// Ephemeral sessions older than this are taken for left behind by `cleanup_ephemeral`.
pub const EPHEMERAL_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// While a turn is waited for, its state is asked for at least so often, events or not.
pub const IDLE_POLL: Duration = Duration::from_secs(5);

/// A prompt of which the server shows no trace for so long is taken for refused.
pub const TURN_START_GRACE: Duration = Duration::from_secs(30);

/// The longest line of an event stream, and the most data of one frame, in bytes. What is longer
/// is skipped and reported.
pub const SSE_LINE: usize = 16 << 20;

/// How many events wait for a slow reader before the oldest are dropped.
pub const EVENT_BUFFER: usize = 256;

/// How many bytes of events wait for a slow reader before the oldest are dropped.
pub const EVENT_BUFFER_BYTES: usize = 64 << 20;

/// How long an event stream may be silent, heartbeats and comments included, before it is opened
/// anew. The server sends a heartbeat every 10 s.
pub const EVENT_WATCHDOG: Duration = Duration::from_secs(45);

/// The first and the longest pause before an event stream is opened anew; it doubles in between,
/// and is cut short by up to a half at random.
pub const EVENT_BACKOFF: (Duration, Duration) =
    (Duration::from_millis(250), Duration::from_secs(30));

/// The temperature of a conversation whose model takes one.
pub const TEMPERATURE: f64 = 0.7;

/// How many requests a turn may make.
pub const MAX_TURNS: u32 = 50;

/// How many tools of a turn run at once.
pub const PARALLEL_TOOLS: usize = 4;

/// How long a tool may run.
pub const TOOL_TIMEOUT: Duration = Duration::from_secs(120);

/// While a long text comes, what came so far is stored at least so often.
pub const STORE_STREAMED: Duration = Duration::from_secs(2);

/// How much of a message a listing shows, in characters.
pub const LAST_MESSAGE: usize = 200;

/// How much of a tool's result a model is given, in characters.
pub const TOOL_OUTPUT_CAP: usize = 30_000;

/// How much of a line of a file `read` and `grep` give, in characters.
pub const TOOL_LINE_CAP: usize = 2_000;

/// How many lines of a file, or entries of a directory, `read` gives.
pub const READ_LINES: u64 = 2_000;

/// The largest file `edit` changes, in bytes.
pub const EDIT_FILE_CAP: u64 = 16 << 20;

/// How many lines `grep`, and how many files `glob` gives.
pub const SEARCH_RESULTS: usize = 100;

/// How long a command of `bash` may take unless its call says otherwise.
pub const BASH_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest time a call of `bash` may ask for.
pub const BASH_TIMEOUT_CAP: Duration = Duration::from_secs(600);

/// How long a command of `bash` that is to end may take after SIGTERM, before SIGKILL.
pub const BASH_STOP_GRACE: Duration = Duration::from_secs(1);

/// What is sent is pruned once it fills this share of the context window, the answer's reserve
/// included.
pub const PRUNE_THRESHOLD: f64 = 0.9;

/// Pruning leaves this share of what may be sent before it prunes: few large steps keep the
/// provider's cache of the beginning.
pub const PRUNE_TO: f64 = 0.75;

/// Tokens of the window kept free for the answer, if nobody says how long it may be; never more
/// than a quarter of the window.
pub const ANSWER_RESERVE: u64 = 8_192;

/// How often one turn has its history summarised before it is cut instead.
pub const SUMMARIES_PER_TURN: u32 = 3;

/// The longest summary asked for, in tokens; never more than an eighth of what may be sent.
pub const SUMMARY_TOKENS: u64 = 4_096;

/// What an image or a file that is no text counts as, in tokens.
pub const MEDIA_TOKENS: u64 = 1_600;

/// What a provider adds around each message, in tokens.
pub const MESSAGE_OVERHEAD: u64 = 4;

/// The context window of a model that nothing is known of, in tokens.
pub const CONTEXT_WINDOW: u64 = 128_000;

/// How long a model may be silent, before its first word and between two: those that think do so
/// for minutes without a sign.
pub const MODEL_IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// How long what may still follow a model's finish, such as the count of its tokens, is waited for.
pub const MODEL_TAIL: Duration = Duration::from_secs(5);

/// A model's answer may be so large as it comes over the wire, in bytes.
pub const MODEL_ANSWER_CAP: usize = 64 << 20;

/// The longest answer asked for, in tokens, where a provider wants it said and the caller does not:
/// this, or what the model can, if that is less.
pub const MODEL_MAX_TOKENS: u64 = 32_000;

/// How long a turn that was aborted on a server may take to be over, before anything else is said.
pub const ABORTED_TURN: Duration = Duration::from_secs(10);
