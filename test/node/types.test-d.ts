// What the types promise, checked by the compiler; nothing here runs.

import {
  Client,
  type ClientOptions,
  DownloadError,
  downloadAll,
  type ErrorCode,
  type Options,
  type Phase,
  type Results,
} from 'manyfetch';

function is<T>(_value: T): void {}

async function results(): Promise<void> {
  const results = await downloadAll(['https://localhost/', new URL('https://localhost/')]);
  is<number>(results.length);
  is<number>(results.stats.latency.p99);
  for (const result of results) {
    is<string>(result.url);
    is<Headers>(result.headers);
    is<Buffer>(result.body);
    is<'1.0' | '1.1' | '2' | undefined>(result.httpVersion);
    if (result.error?.code === 'ETIMEDOUT') {
      is<Phase | undefined>(result.error.phase);
      is<boolean>(result.error.phase === 'total' || result.error.phase === 'deadline');
    }
    // @ts-expect-error: a code that there is not
    is<boolean>(result.error?.code === 'ENONSENSE');
    // @ts-expect-error: results are read, not written
    result.status = 200;
  }
}

async function tags(): Promise<void> {
  const results = await downloadAll([{ url: 'https://localhost/', tag: { id: 7 } }]);
  is<Results<{ id: number }>>(results);
  is<number | undefined>(results[0]?.tag?.id);
}

async function inputs(): Promise<void> {
  await downloadAll(new Set(['https://localhost/']));
  await downloadAll([{ url: 'https://localhost/', headers: [['a', 'b']], timeout: { idle: 5 } }]);
  await downloadAll([{ url: 'https://localhost/', headers: new Headers(), method: 'HEAD' }]);
  // @ts-expect-error: an item has a url
  await downloadAll([{ method: 'GET' }]);
  await downloadAll([
    { url: 'https://localhost/', retry: false, minSpeed: 0, timeout: { total: 5 } },
  ]);
  // @ts-expect-error: the limits are the call's
  await downloadAll([{ url: 'https://localhost/', rate: 5 }]);
  // @ts-expect-error: an item has no signal
  await downloadAll([{ url: 'https://localhost/', signal: AbortSignal.timeout(1) }]);
}

const options: Options = {
  concurrency: 20,
  concurrencyPerHost: Number.POSITIVE_INFINITY,
  headers: { accept: 'text/html', cookie: ['a=1', 'b=2'] },
  maxBodySize: 1 << 20,
  rate: '600/m',
  ratePerHost: 0.5,
  hosts: { 'api.example.com': { concurrency: 'auto', rate: '5/15s' }, '*.example.org': {} },
  minSpeed: 1_000,
  retry: {
    limit: Number.POSITIVE_INFINITY,
    methods: ['GET', 'POST'],
    statusCodes: [429],
    errorCodes: ['ECONNRESET', 'ERR_TOO_SLOW', 'ERR_HOST_UNAVAILABLE'],
    backoff: { base: 0, factor: 1.5, max: 1_000 },
    jitter: false,
    maxRetryAfter: 0,
    budget: 0.5,
  },
  signal: AbortSignal.timeout(1_000),
  deadline: 60_000,
  stopOnError: true,
  timeout: 30_000,
  tls: { ca: [Buffer.from(''), ''], rejectUnauthorized: true },
};

// @ts-expect-error: a misspelt option
is<Options>({ concurency: 20 });

// @ts-expect-error: no word but 'auto'
is<Options>({ concurrency: 'fast' });

// @ts-expect-error: a misspelt option of retries
is<Options>({ retry: { limt: 1 } });

// @ts-expect-error: a code that there is not
is<Options>({ retry: { errorCodes: ['ENONSENSE'] } });

// @ts-expect-error: retries are a number, an object, or not wanted
is<Options>({ retry: true });

const codes = ['ECONNRESET', 'EPIPE'] as const satisfies readonly ErrorCode[];
is<Options>({ retry: { errorCodes: codes } });

async function clients(): Promise<void> {
  const shared: ClientOptions = { concurrency: 20, rate: '5/s', tls: { ca: '' }, retry: 3 };
  const client = new Client(shared);
  const results = await client.downloadAll([{ url: 'https://localhost/', tag: 7 }], {
    concurrency: 5,
    signal: AbortSignal.timeout(1),
    stopOnError: true,
  });
  is<Results<number>>(results);
  is<Client>(new Client());
  // @ts-expect-error: connections belong to the client
  await client.downloadAll([], { tls: {} });
  // @ts-expect-error: a client runs nothing by itself
  is<ClientOptions>({ signal: AbortSignal.timeout(1) });
  // @ts-expect-error: nor has it an end
  is<ClientOptions>({ deadline: 5 });
}

// @ts-expect-error: errors come from the library
new DownloadError('made by hand');

export { clients, inputs, options, results, tags };
