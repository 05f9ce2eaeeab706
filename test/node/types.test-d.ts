// What the types promise, checked by the compiler; nothing here runs.

import { DownloadError, downloadAll, type Options, type Results } from 'manyfetch';

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
      is<'connect' | 'response' | 'idle' | 'request' | undefined>(result.error.phase);
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
  // @ts-expect-error: an item has no signal
  await downloadAll([{ url: 'https://localhost/', signal: AbortSignal.timeout(1) }]);
}

const options: Options = {
  concurrency: 20,
  concurrencyPerHost: Number.POSITIVE_INFINITY,
  headers: { accept: 'text/html', cookie: ['a=1', 'b=2'] },
  maxBodySize: 1 << 20,
  signal: AbortSignal.timeout(1_000),
  timeout: 30_000,
  tls: { ca: [Buffer.from(''), ''], rejectUnauthorized: true },
};

// @ts-expect-error: a misspelt option
is<Options>({ concurency: 20 });

// @ts-expect-error: errors come from the library
new DownloadError('made by hand');

export { inputs, options, results, tags };
