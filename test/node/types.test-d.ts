// What the types promise, checked by the compiler; nothing here runs.

import {
  type Auth,
  Client,
  type ClientOptions,
  DownloadError,
  downloadAll,
  type ErrorCode,
  type HostOptions,
  type Item,
  type Options,
  type Phase,
  type RequestOptions,
  type Result,
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

const requests: RequestOptions[] = [
  { method: 'POST', body: 'text' },
  { method: 'POST', body: new Uint8Array(1) },
  { method: 'POST', body: new ArrayBuffer(1) },
  { method: 'POST', body: new DataView(new ArrayBuffer(1)) },
  { method: 'POST', body: new URLSearchParams('a=b') },
  { method: 'POST', body: new FormData() },
  { method: 'POST', body: new Blob([]) },
  { method: 'POST', json: { anything: [1, null] } },
  { method: 'POST', json: null },
  { auth: { username: 'me', password: '' } },
  { auth: { bearer: 'token' } },
  { redirect: 'manual', maxRedirects: 0 },
  { redirect: 'error', responseType: 'none', decompress: false },
  { responseType: 'head', checksum: 'sha256-' },
];

// @ts-expect-error: a stream is no body
is<RequestOptions>({ body: new ReadableStream() });

// @ts-expect-error: nor is an object, which is what json is for
is<RequestOptions>({ body: { a: 1 } });

// @ts-expect-error: nor is nothing
is<RequestOptions>({ body: null });

// @ts-expect-error: a password goes with its user
is<Auth>({ username: 'me' });

// @ts-expect-error: a user goes with a password
is<Auth>({ password: 'mine' });

// @ts-expect-error: who asks is no string
is<RequestOptions>({ auth: 'me:mine' });

// @ts-expect-error: no third way
is<Auth>({ token: 'mine' });

// @ts-expect-error: no such mode
is<RequestOptions>({ redirect: 'none' });

// @ts-expect-error: no such type of response
is<RequestOptions>({ responseType: 'json' });

// @ts-expect-error: a coding is no answer to whether
is<RequestOptions>({ decompress: 'gzip' });

// @ts-expect-error: a checksum is a string
is<RequestOptions>({ checksum: Buffer.from('') });

const connections: ClientOptions[] = [
  { http2: false, keepAlive: 0, cookies: true, denyPrivateNetworks: true },
  { http2: 'prior-knowledge', unixSocket: '/run/a.sock', sensitiveHeaders: ['x-api-key'] },
  { proxy: 'socks5h://me:mine@localhost:1080' },
  { proxy: false, localAddress: '127.0.0.1' },
  { dns: { ttl: 0, overrides: { 'a.test': '127.0.0.1', 'b.test': ['127.0.0.1', '::1'] } } },
  { tls: { ca: [''], cert: '', key: Buffer.from(''), minVersion: '1.3' } },
];

// @ts-expect-error: no such version
is<ClientOptions>({ tls: { minVersion: '1.1' } });

// @ts-expect-error: HTTP/2 is no number
is<ClientOptions>({ http2: 2 });

// @ts-expect-error: no proxy is false
is<ClientOptions>({ proxy: true });

// @ts-expect-error: a list of names
is<ClientOptions>({ sensitiveHeaders: 'x-api-key' });

// @ts-expect-error: a misspelt option of names
is<ClientOptions>({ dns: { tll: 5 } });

const rules: Record<string, HostOptions> = {
  'api.example.com': { auth: { bearer: 'token' }, headers: new Headers() },
  'localhost:8080': { headers: { 'x-a': ['1', '2'] }, rate: 5 },
  '*': { concurrency: Number.POSITIVE_INFINITY },
};
is<Options>({ hosts: rules, dedupe: true });

// @ts-expect-error: the names of limits are others there
is<HostOptions>({ concurrencyPerHost: 5 });

// @ts-expect-error: whether is said with true and false
is<Options>({ dedupe: 'yes' });

async function connected(client: Client): Promise<void> {
  await client.downloadAll([], { dedupe: true, deadline: 5, hosts: rules });
}

async function refused(client: Client): Promise<void> {
  // @ts-expect-error: connections belong to the client
  await client.downloadAll([], { http2: false });
  // @ts-expect-error: the same
  await client.downloadAll([], { proxy: false });
  // @ts-expect-error: the same
  await client.downloadAll([], { dns: { ttl: 0 } });
  // @ts-expect-error: the same
  await client.downloadAll([], { localAddress: '127.0.0.1' });
  // @ts-expect-error: the same
  await client.downloadAll([], { unixSocket: '/run/a.sock' });
  // @ts-expect-error: the same
  await client.downloadAll([], { keepAlive: 0 });
  // @ts-expect-error: the same
  await client.downloadAll([], { cookies: true });
  // @ts-expect-error: the same
  await client.downloadAll([], { sensitiveHeaders: [] });
  // @ts-expect-error: the same
  await client.downloadAll([], { denyPrivateNetworks: true });
  // @ts-expect-error: an item makes no connections of its own
  is<Item>({ url: '', proxy: false });
  // @ts-expect-error: nor is it one with others
  is<Item>({ url: '', dedupe: true });
  // @ts-expect-error: dedupe is the call's
  is<ClientOptions>({ dedupe: true });
}

async function forms(result: Result<{ id: number }>): Promise<void> {
  is<Response>(result.toResponse());
  is<unknown>(await result.toResponse().json());
  is<ArrayBuffer>(result.arrayBuffer());
  is<Uint8Array>(result.bytes());
  is<string>(result.text());
  is<{ whatever: number }>(result.json());
  is<string | undefined>(result.remoteAddress);
  is<boolean>(result.decoded);
  is<boolean>(result.redirected);
  is<string[]>(result.redirects);
  is<number>(result.wireSize + result.size + result.attempts);
  is<boolean>(result.timings.reused);
  is<string[]>(result.headers.getSetCookie());
  is<number | undefined>(result.tag?.id);
  // @ts-expect-error: what is in memory is no promise
  result.text().then(() => {});
  // @ts-expect-error: there may be no error
  is<string>(result.error.code);
  // @ts-expect-error: it is what was given, and nothing else
  is<string | undefined>(result.tag);
}

async function mixed(): Promise<void> {
  const items: Item<number>[] = [{ url: new URL('https://localhost/'), tag: 1, json: 1 }];
  is<Results<number>>(await downloadAll(items, { dedupe: true }));
  is<Results<number>>(await downloadAll<number>(['https://localhost/', ...items]));
  is<number | undefined>((await new Client().downloadAll(items))[0]?.tag);
  // @ts-expect-error: a tag of another type
  await downloadAll<number>([{ url: 'https://localhost/', tag: 'one' }]);
  // @ts-expect-error: a Request is no item
  await downloadAll([new Request('https://localhost/')]);
}

// @ts-expect-error: errors come from the library
new DownloadError('made by hand');

export {
  clients,
  connected,
  connections,
  forms,
  inputs,
  mixed,
  options,
  refused,
  requests,
  results,
  tags,
};
