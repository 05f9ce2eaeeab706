// What the types promise of runs, clients and files, checked by the compiler; nothing here runs.

import {
  Client,
  type ClientOptions,
  type ClientStats,
  downloadAll,
  downloadEach,
  type HostStats,
  type Input,
  type Item,
  type Options,
  type Result,
  type Results,
  type Run,
  type SaveTo,
  type Stats,
} from 'manyfetch';

function is<T>(_value: T): void {}

async function* pages(): AsyncGenerator<Item<number>> {
  yield { url: 'https://localhost/', tag: 7 };
}

async function loops(): Promise<void> {
  const run = downloadEach(pages(), { maxBufferedBytes: 1 << 20, dedupe: true });
  is<Run<number>>(run);
  is<AsyncIterable<Result<number>>>(run);
  is<AsyncIterableIterator<Result<number>>>(run);
  for await (const result of run) {
    is<number | undefined>(result.tag);
    is<string | undefined>(result.file);
    is<true | undefined>(result.fromJournal);
    // @ts-expect-error: results are read, not written
    result.file = 'mine';
  }
  is<Stats>(run.stats);
  is<void>(run.stop());
  is<void>(await run[Symbol.asyncDispose]());
  const step = await run.next();
  if (step.done) is<undefined>(step.value);
  else is<Result<number>>(step.value);
  is<boolean | undefined>((await run.return()).done);
  is<boolean | undefined>((await run.throw(new Error('mine'))).done);
  // @ts-expect-error: numbers are read, not written
  run.stats = {};
  // @ts-expect-error: a run is no promise
  run.then(() => {});
  // @ts-expect-error: and no array
  run.map((result) => result);
  // @ts-expect-error: one loops over it with await
  for (const result of run) is<unknown>(result);
}

async function lists(): Promise<void> {
  is<Results<number>>(await downloadAll(pages()));
  is<Results<number>>(await new Client().downloadAll(pages()));
  is<Run<number>>(new Client().downloadEach(pages(), { concurrency: 5 }));
  is<Run>(downloadEach(['https://localhost/', new URL('https://localhost/')]));
  is<Run>(downloadEach(new Set(['https://localhost/'])));
  const mixed: Input<number>[] = ['https://localhost/', { url: '', tag: 1, file: 'a.txt' }];
  is<Run<number>>(downloadEach<number>(mixed));
  // @ts-expect-error: a list is needed
  downloadEach();
  // @ts-expect-error: numbers are no URLs
  downloadEach([5]);
  // @ts-expect-error: a tag of another type
  downloadEach<number>([{ url: '', tag: 'one' }]);
  // @ts-expect-error: connections belong to the client
  new Client().downloadEach([], { http2: true });
}

const saving: Options[] = [
  ...[{ saveTo: 'files' }, { journal: 'files/journal.ndjson' }, { maxBufferedBytes: 1 }],
  { saveTo: { dir: 'files', name: 'url', ifExists: 'skip', durable: true } },
  { saveTo: { dir: 'files', name: 'content-disposition', ifExists: 'replace' } },
  { saveTo: { dir: 'files', name: ({ url, index, tag }) => `${url}${index}${tag}` } },
  { onProgress: (stats) => is<Stats>(stats) },
  { onProgress: () => {} },
];

// @ts-expect-error: a folder is needed
is<SaveTo>({ name: 'url' });

// @ts-expect-error: no such way to call files
is<SaveTo>({ dir: 'files', name: 'hash' });

// @ts-expect-error: a name is there at once
is<SaveTo>({ dir: 'files', name: async () => 'a' });

// @ts-expect-error: no such mode
is<SaveTo>({ dir: 'files', ifExists: 'overwrite' });

// @ts-expect-error: a misspelt field
is<SaveTo>({ dir: 'files', ifexists: 'skip' });

// @ts-expect-error: the path is a string
is<Options>({ saveTo: new URL('file:///files') });

// @ts-expect-error: the same
is<Options>({ journal: true });

// @ts-expect-error: reports go to a function
is<Options>({ onProgress: true });

// @ts-expect-error: a file is an item's
is<Options>({ file: 'a.txt' });

// @ts-expect-error: a folder is the call's
is<Item>({ url: '', saveTo: 'files' });

// @ts-expect-error: what belongs to a run is no client's
is<ClientOptions>({ saveTo: 'files' });

// @ts-expect-error: the same
is<ClientOptions>({ journal: 'a' });

// @ts-expect-error: the same
is<ClientOptions>({ maxBufferedBytes: 1 });

// @ts-expect-error: the same
is<ClientOptions>({ onProgress: () => {} });

async function numbers(run: Run, client: Client): Promise<void> {
  const { hosts, advice, connections } = run.stats;
  is<Record<string, HostStats>>(hosts);
  is<string[]>(advice);
  is<number>(connections.opened + connections.reused);
  for (const host of Object.values(hosts)) {
    is<number>(host.requests + host.ok + host.failed + host.retries + host.bytes);
    is<number>(host.p50 + host.p99 + host.pausedMs);
  }
  const stats: ClientStats = client.stats();
  is<number>(stats.inFlight + stats.queued);
  is<number>(stats.connections.open + stats.connections.opened + stats.connections.reused);
  for (const host of Object.values(stats.hosts)) {
    is<number>(host.inFlight + host.queued);
    is<number | undefined>(host.pausedUntil);
    // @ts-expect-error: not every host asked for a pause
    is<number>(host.pausedUntil);
  }
  // @ts-expect-error: nothing is known of a client's bytes
  is<number>(stats.bytes);
}

async function closing(client: Client): Promise<void> {
  is<void>(await client.close());
  is<void>(await client.close({ force: true }));
  is<void>(await client[Symbol.asyncDispose]());
  // @ts-expect-error: whether is said with true and false
  await client.close({ force: 1 });
  // @ts-expect-error: a misspelt option
  await client.close({ forced: true });
}

async function disposing(): Promise<void> {
  await using client = new Client();
  await using run = client.downloadEach(pages());
  for await (const result of run) is<Result<number>>(result);
}

export { closing, disposing, lists, loops, numbers, saving };
