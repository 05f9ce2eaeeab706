//! Runs a list through a client and reads the batches back, by the layout that JavaScript reads too.

use std::sync::Arc;

use manyfetch_engine::options::{
    Concurrency, ConnectionOptions, Limits, RequestOptions, Retry, RunOptions, Trust,
};
use manyfetch_engine::transport::Transport;
use manyfetch_engine::{Batch, Client, Code, Input, Phase, Run, Stats};
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// One item's outcome as it crosses the boundary.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) index: u32,
    pub(crate) status: u16,
    pub(crate) version: u8,
    pub(crate) reused: bool,
    pub(crate) decoded: bool,
    pub(crate) code: Option<Code>,
    pub(crate) phase: Option<Phase>,
    pub(crate) size: f64,
    pub(crate) wire_size: f64,
    pub(crate) attempts: u16,
    pub(crate) timings: [f32; 6],
    pub(crate) urls: Vec<String>,
    pub(crate) head: Vec<String>,
    pub(crate) remote: String,
    /// The index of the item that this is a copy of.
    pub(crate) copy_of: Option<u32>,
    pub(crate) message: String,
    pub(crate) body: Vec<u8>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// In the order of the list.
    pub(crate) rows: Vec<Row>,
    pub(crate) stats: Stats,
}

impl Fetched {
    pub(crate) fn codes(&self) -> Vec<Option<Code>> {
        self.rows.iter().map(|row| row.code).collect()
    }
}

/// A client that trusts `ca` alone, or nobody.
pub(crate) fn client(ca: &str) -> Client {
    let trust = if ca.is_empty() {
        Trust::Roots("".into())
    } else {
        Trust::Only(vec![ca.into()])
    };
    Client::new(&ConnectionOptions::trusting(trust)).expect("the certificate can be read")
}

pub(crate) fn plain(url: impl Into<String>) -> Input {
    Input {
        url: url.into(),
        options: None,
        file: None,
    }
}

/// Tried once.
pub(crate) fn once(url: impl Into<String>) -> Input {
    with(url, |_| {})
}

/// Tried once, with other options.
pub(crate) fn with(url: impl Into<String>, change: impl FnOnce(&mut RequestOptions)) -> Input {
    let mut options = RequestOptions {
        retry: Arc::new(Retry {
            limit: 0,
            ..Retry::default()
        }),
        ..RequestOptions::default()
    };
    change(&mut options);
    Input {
        url: url.into(),
        options: Some(Ok(Box::new(options))),
        file: None,
    }
}

/// So many requests in flight in all, and to one origin.
pub(crate) fn fixed(concurrency: usize, concurrency_per_host: usize) -> Limits {
    Limits {
        concurrency: Concurrency::Fixed(concurrency),
        concurrency_per_host: Concurrency::Fixed(concurrency_per_host),
        ..Limits::default()
    }
}

/// So many URLs of one host.
pub(crate) fn urls(host: &str, count: usize) -> impl Iterator<Item = Input> {
    (0..count).map(move |n| plain(format!("http://{host}/{n}")))
}

/// A run under `limits` whose items are tried again as `retry` says.
pub(crate) fn run_options(limits: Limits, retry: Retry) -> RunOptions {
    let request = RequestOptions {
        retry: Arc::new(retry),
        ..RequestOptions::default()
    };
    RunOptions {
        limits,
        request: Arc::new(request),
        ..RunOptions::default()
    }
}

/// Fetches `url` alone.
pub(crate) async fn fetch_one<T: Transport>(client: &Client<T>, input: Input) -> Row {
    let mut fetched = fetch(client, RunOptions::default(), vec![input]).await;
    fetched.rows.remove(0)
}

/// Fetches `inputs` and returns when all have their outcome.
pub(crate) async fn fetch<T: Transport>(
    client: &Client<T>,
    options: RunOptions,
    inputs: Vec<Input>,
) -> Fetched {
    let (mut run, rung) = start(client, options);
    let total = inputs.len();
    run.push(inputs);
    run.end();
    let mut rows = Vec::with_capacity(total);
    while rows.len() < total {
        match run.take_batch() {
            Some(batch) => rows.extend(read(&batch)),
            None => rung.notified().await,
        }
    }
    assert!(run.is_finished());
    rows.sort_by_key(|row| row.index);
    Fetched {
        rows,
        stats: run.stats(),
    }
}

/// Waits until `run`, whose list has ended, is finished. Returns its rows in the order of the list.
pub(crate) async fn finish(run: &Run, rung: &Notify) -> Vec<Row> {
    let mut rows = Vec::new();
    while !run.is_finished() {
        rung.notified().await;
    }
    while let Some(batch) = run.take_batch() {
        rows.extend(read(&batch));
    }
    rows.sort_by_key(|row| row.index);
    rows
}

/// Starts a run, and tells of its bell.
pub(crate) fn start<T: Transport>(client: &Client<T>, options: RunOptions) -> (Run, Arc<Notify>) {
    let rung = Arc::<Notify>::default();
    let bell = Arc::clone(&rung);
    let wake = Box::new(move || bell.notify_one());
    (client.start_on(&Handle::current(), options, wake), rung)
}

fn read(batch: &Batch) -> Vec<Row> {
    let mut columns = Columns {
        block: &batch.columns,
        rows: batch.len,
    };
    let [sizes, wire_sizes] = columns.take(f64::from_ne_bytes);
    let timings: [Vec<f32>; 6] = columns.take(f32::from_ne_bytes);
    let [indexes, urls, heads, errors, slabs, starts, lengths] = columns.take(u32::from_ne_bytes);
    let [statuses, attempts] = columns.take(u16::from_ne_bytes);
    let [versions, flags, codes, phases] = columns.take(u8::from_ne_bytes);
    assert!(columns.block.is_empty());
    let mut text_start = 0;
    (0..batch.len)
        .map(|i| {
            let mut text = |end: &[u32]| {
                let part = &batch.text[text_start..end[i] as usize];
                text_start = end[i] as usize;
                part.iter()
                    .map(|byte| char::from(*byte))
                    .collect::<String>()
            };
            let lines = |part: String| part.split('\n').map(str::to_owned).collect();
            let is_copy = flags[i] & 4 != 0;
            let slab = batch.slabs.get(slabs[i] as usize);
            let body = slab.filter(|_| !is_copy);
            let urls = lines(text(&urls));
            // The line after the reason phrase is no field.
            let mut head: Vec<_> = lines(text(&heads));
            let remote = (head.len() > 1).then(|| head.remove(1));
            let place = starts[i] as usize..(starts[i] + lengths[i]) as usize;
            Row {
                index: indexes[i],
                status: statuses[i],
                version: versions[i],
                reused: flags[i] & 1 != 0,
                decoded: flags[i] & 2 != 0,
                code: numbered(Code::ALL, codes[i]),
                phase: numbered(Phase::ALL, phases[i]),
                size: sizes[i],
                wire_size: wire_sizes[i],
                attempts: attempts[i],
                timings: std::array::from_fn(|timing| timings[timing][i]),
                urls,
                head,
                remote: remote.unwrap_or_default(),
                copy_of: is_copy.then_some(slabs[i]),
                message: text(&errors),
                body: body.map_or_else(Vec::new, |slab| slab[place].to_vec()),
            }
        })
        .collect()
}

fn numbered<T: Copy>(all: &[T], number: u8) -> Option<T> {
    all.get(usize::from(number).checked_sub(1)?).copied()
}

struct Columns<'a> {
    block: &'a [u8],
    rows: usize,
}

impl Columns<'_> {
    fn take<T, const COLUMNS: usize, const WIDTH: usize>(
        &mut self,
        read: fn([u8; WIDTH]) -> T,
    ) -> [Vec<T>; COLUMNS] {
        std::array::from_fn(|_| {
            let (column, rest) = self.block.split_at(self.rows * WIDTH);
            self.block = rest;
            let (values, _) = column.as_chunks::<WIDTH>();
            values.iter().copied().map(read).collect()
        })
    }
}
