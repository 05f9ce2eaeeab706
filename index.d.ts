// The public API and its documentation. Every duration is in milliseconds, every size in bytes.

/**
 * Fetches every URL of a list and resolves with all the results, in the order of the list.
 *
 * An item that fails is data: its result has an `error`, and the others go on. A 404 is no error: its result has `ok: false`
 * and no `error`. Redirects are followed as the fetch standard says (`redirect`). What fails in a way that passes is tried
 * again, as `retry` says. At most 10 requests are in flight to one origin unless `concurrencyPerHost` says otherwise.
 *
 * The promise rejects for misuse of the call, before any connection is opened: a `TypeError` or a `RangeError` with the code
 * `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_CHAR` or `ERR_INVALID_HTTP_TOKEN`; with
 * `signal.reason` itself when the signal aborts; with whatever the iterator of `urls`, `onProgress` or `saveTo.name` throws; with the code
 * of the system, `EBUSY` or `ERR_JOURNAL_MISMATCH` where the folder of `saveTo` or the `journal` cannot be used; with `ERR_CLIENT_CLOSED`
 * by a client that is closed; and, where `stopOnError` asks for it, with the error of an item.
 *
 * Calls without a `Client` share one, in the whole process: its connections, and the pauses that hosts asked for, but no limits.
 * Proxies of the environment are read when that is made, by the first call.
 *
 * Bodies are kept in memory: all those of one call take at most `maxBufferedBytes`, and further items fail with
 * `ERR_BUFFER_LIMIT`. For more, there are `downloadEach`, `saveTo`, and `responseType: 'none'`.
 *
 * An iterable is read at once, in the call; what an async one gives is sent as it comes.
 *
 * @example
 * const results = await downloadAll(['https://example.com/', 'https://example.org/']);
 * for (const result of results) console.log(result.status, result.url, result.size);
 */
export function downloadAll<T = unknown>(
  urls: Iterable<Input<T>> | AsyncIterable<Input<T>>,
  options?: Options,
): Promise<Results<T>>;

/**
 * Fetches every URL of a list and gives the results one by one, as they come, however long the list is.
 *
 * It begins when it is asked for the first result. The list is then pulled as far ahead as it helps: at most `concurrency` + 1,000
 * items are pulled and not delivered (1,000 where `concurrency` is `'auto'`, 101,000 where it is more than 100,000). No more than
 * `maxBufferedBytes` of whole bodies are held, and as much of unfinished ones: a slow loop slows the connections down, and no limit of time but
 * `deadline` passes for what is in flight meanwhile.
 *
 * To leave the loop cancels what is under way and closes the list (its iterator's `return`), and so does to forget the iterator. An
 * iterator that nobody waits for does not keep the process alive.
 *
 * Throws for misuse, with the errors with which `downloadAll` rejects. What is found out later (the folder of `saveTo`, the
 * `journal`, an abort, what the list's iterator throws, `stopOnError`) rejects the next `next()`; results that were not delivered
 * are then dropped. With `dedupe`, items are joined with those under way alone.
 *
 * @example
 * for await (const result of downloadEach(readLines('urls.txt'))) {
 *   await database.insert(result.url, result.status, result.text());
 * }
 */
export function downloadEach<T = unknown>(
  urls: Iterable<Input<T>> | AsyncIterable<Input<T>>,
  options?: Options,
): Run<T>;

/** The results of `downloadEach`, in the order of their completion: `result.index` tells the item. */
export interface Run<T = unknown> extends AsyncIterableIterator<Result<T>> {
  /** The run in numbers: so far, or as it ended. */
  readonly stats: Stats;
  /**
   * Starts nothing more, and closes the list. What is in flight is delivered, with no further retry, and then the loop ends. Items that were not begun,
   * or wait for another try, have no result.
   */
  stop(): void;
  /** The next result. Several may be asked for at once. */
  next(): Promise<IteratorResult<Result<T>, undefined>>;
  /** Cancels what is under way, and settles as the list's iterator does when it is closed. */
  return(value?: undefined): Promise<IteratorResult<Result<T>, undefined>>;
  /** The same, and rejects with `error`. */
  throw(error?: unknown): Promise<IteratorResult<Result<T>, undefined>>;
  [Symbol.asyncIterator](): Run<T>;
  /** The same as `return()`. Before Node 20.4, which gave the symbol its name, it is `Symbol.for('nodejs.asyncDispose')`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * What several calls have in common: connections, names that were looked up, limits, and options.
 *
 * Limits that it is given are ceilings: all its calls together keep to them, at the same time too. A call may ask for less. One
 * that asks for more rejects with `ERR_OUT_OF_RANGE`, and so does `Infinity` under a number; a rule of `hosts` is held to the
 * client's rule of the same key, and without one to its `'*'`, `concurrencyPerHost` and `ratePerHost`. `'auto'` is fine under any ceiling, and
 * any number under `'auto'`. Where the client gives a limit and the call does not, the client's holds alone; where neither
 * does, each call has the default.
 *
 * Its other options are what its calls start from: those of a call win over them, those of an item over both. `headers` win name
 * by name; `timeout`, `retry` and `retry.backoff` field by field.
 *
 * Making one opens no connection and starts no thread. One that is idle keeps no process alive, and one that nobody holds any
 * more is collected.
 *
 * @example
 * const client = new Client({ ratePerHost: '5/s', headers: { 'user-agent': 'link-checker (+https://example.com/bot)' } });
 * const pages = await client.downloadAll(['https://example.com/a', 'https://example.com/b']);
 * const links = await client.downloadAll(pages.map((page) => page.json().next), { retry: 5 });
 */
export class Client {
  /** Throws for misuse, with the same errors with which `downloadAll` rejects. */
  constructor(options?: ClientOptions);
  /**
   * Fetches every URL of a list, as the free function does, over the client's connections and within its limits. What makes
   * the connections (`ConnectionOptions`) belongs to the client and is refused here with `ERR_INVALID_ARG_VALUE`. Called detached from its
   * client, it rejects with a `TypeError` with the code `ERR_INVALID_THIS`.
   */
  downloadAll<T = unknown>(
    urls: Iterable<Input<T>> | AsyncIterable<Input<T>>,
    options?: Omit<Options, keyof ConnectionOptions>,
  ): Promise<Results<T>>;
  /** The same for the free `downloadEach`. Called detached from its client, it throws. */
  downloadEach<T = unknown>(
    urls: Iterable<Input<T>> | AsyncIterable<Input<T>>,
    options?: Omit<Options, keyof ConnectionOptions>,
  ): Run<T>;
  /** What the client is doing at this moment, and what it has done. */
  stats(): ClientStats;
  /**
   * Refuses further calls (an `Error` with the code `ERR_CLIENT_CLOSED`), lets those under way come to their end, and closes all
   * connections; resolves then. With `force` the calls under way reject at once, with the same code. An iterator of `downloadEach`
   * that was not asked for its first result is not under way.
   */
  close(options?: { force?: boolean }): Promise<void>;
  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A client in numbers. */
export interface ClientStats {
  /** Requests in flight. */
  inFlight: number;
  /** Items that wait for their turn. */
  queued: number;
  /**
   * Connections that are open, that were established, and requests that went over one that was there. On Linux the system tells how
   * many are open; elsewhere those are counted that were used within `keepAlive`. Over a `unixSocket` none is.
   */
  connections: { open: number; opened: number; reused: number };
  /** The hosts with something to do, or that asked for a pause, by `name:port` without the scheme's own port. */
  hosts: Record<
    string,
    {
      inFlight: number;
      queued: number;
      /** Until when it is left alone, in milliseconds since the epoch, as it asked. */
      pausedUntil?: number;
    }
  >;
}

/** A URL, or an object with one and with options of its own. */
export type Input<T = unknown> = string | URL | Item<T>;

/**
 * One item of the list. Its options win over those of the call: its headers name by name, `timeout`, `retry` and
 * `retry.backoff` field by field. What is wrong with one is the error of this item.
 */
export interface Item<T = unknown> extends RequestOptions {
  /**
   * Where the request goes: http or https, and a little less than 64 KiB once it is encoded. Credentials in it become the item's
   * `auth`, unless it has one of its own, and are shown nowhere. An invalid one is this item's `ERR_INVALID_URL` or `ERR_UNSUPPORTED_PROTOCOL`.
   */
  url: string | URL;
  /** Anything, to be found again as `result.tag`. */
  tag?: T;
  /**
   * The file that the body is saved to if the status is 200 to 299. With `saveTo` a path inside its `dir`, with `/` between folders, which
   * are made; without it a path from the working directory at the call. One that leaves `dir` is `ERR_INVALID_ARG_VALUE`; the same for two
   * items is the second one's `EEXIST`. It is not numbered, and wins over `saveTo.name`.
   */
  file?: string;
}

/** How one request is sent and received. */
export interface RequestOptions {
  /**
   * The method. `get`, `head`, `post`, `put`, `delete` and `options` may be written in lower case, as in fetch. What is no
   * token of RFC 9110 is `ERR_INVALID_HTTP_TOKEN`, and `CONNECT` is `ERR_INVALID_ARG_VALUE`.
   * @default 'GET'
   */
  method?: string;
  /**
   * Header fields in any of fetch's three forms. A name replaces the default of the same name (`User-Agent`, `Accept`,
   * `Accept-Encoding`). Fields that frame the message (`Content-Length`, `Transfer-Encoding`, `Connection` and their like) are
   * refused with `ERR_INVALID_ARG_VALUE`, and so are more than 10,000 fields; characters that HTTP forbids with
   * `ERR_INVALID_CHAR`, names that are no tokens with `ERR_INVALID_HTTP_TOKEN`. `Authorization`, `Cookie`, `Cookie2`,
   * `Proxy-Authorization` and `Host` do not follow a redirect to another origin, nor do those that `sensitiveHeaders` names, and
   * they do not come back on the way home. With a `Range` of yours nothing is decoded, and nothing encoded is asked for.
   */
  headers?: Record<string, string | string[]> | Headers | Iterable<[string, string]>;
  /**
   * The body. It is copied when it is given, and sent again with a retry and with a redirect that keeps the method. Without a
   * `Content-Type` in `headers` the type is fetch's: `text/plain;charset=UTF-8` for a string, unless the call or the client gives
   * another; `application/x-www-form-urlencoded;charset=UTF-8` for a `URLSearchParams`; `multipart/form-data` for a `FormData`, which must
   * be Node's own and may hold files; that of a `Blob`; none for bytes.
   *
   * A stream is `ERR_INVALID_ARG_TYPE`. With the method GET, HEAD or TRACE, and beside `json`, it is `ERR_INVALID_ARG_VALUE`. A `Blob`
   * that cannot be read any more is its item's error.
   */
  body?:
    | string
    | Uint8Array
    | ArrayBuffer
    | NodeJS.ArrayBufferView
    | URLSearchParams
    | FormData
    | Blob;
  /**
   * A body in JSON, with the type `application/json`: anything that `JSON.stringify` can write; `null` is sent as `null`. All
   * else is as for `body`.
   */
  json?: unknown;
  /**
   * Who asks: HTTP Basic authentication in UTF-8 (RFC 7617), or a bearer token (RFC 6750). It takes the place of an
   * `Authorization` in `headers`, and does not follow a redirect to another origin. A `username` with a colon, and a token with
   * anything but visible ASCII characters, are `ERR_INVALID_ARG_VALUE`.
   */
  auth?: Auth;
  /** The limits of time; a number is the one for `request`. Above 0; `Infinity` is none. */
  timeout?: number | Timeouts;
  /**
   * Bytes of a body in a second, at least, as a mean over 60 seconds in which the server is the slow side: a finite number from 0,
   * which is none. A slower body is `ERR_TOO_SLOW`. `Infinity` is refused: this is a least, which nobody could meet.
   * @default 100
   */
  minSpeed?: number;
  /**
   * What is tried again. A number is the `limit`, a whole one from 0 or `Infinity`; `false` is a `limit` of 0. Each further try
   * waits for its turn as every request does, and keeps to the limits.
   */
  retry?: number | false | Retry;
  /**
   * What becomes of a redirect (301, 302, 303, 307 and 308 with a `Location`), by the fetch standard. `'follow'` follows it: 303
   * always, and 301 and 302 after a POST, become a GET without a body; `Authorization` and its like stay with their origin.
   * `'manual'` delivers it as the response. `'error'` is `ERR_REDIRECT`, also without a `Location`.
   * @default 'follow'
   */
  redirect?: 'follow' | 'manual' | 'error';
  /**
   * Redirects followed, at most: a whole number from 0, or `Infinity`. One more is `ERR_TOO_MANY_REDIRECTS`.
   * @default 20
   */
  maxRedirects?: number;
  /**
   * What becomes of the body of the response. `'buffer'`: it is kept in memory. `'none'`: it is read to its end, decoded, measured,
   * checked, and dropped. `'head'`: the head is enough, as for checking links; at most 64 KiB and a second of the body are read,
   * for the sake of the connection, and nothing about it is an error. The last two have an empty `body`.
   * @default 'buffer'
   */
  responseType?: 'buffer' | 'none' | 'head';
  /**
   * The decoded bytes of one body, at most: a whole number from 1, or `Infinity`, which leaves the 4 GiB that a Buffer can hold.
   * A larger body is `ERR_BODY_TOO_LARGE`. Bodies that are dropped (`responseType: 'none'`) or saved to a file have no limit but the one that
   * is given.
   * @default 268435456
   */
  maxBodySize?: number;
  /**
   * Whether content codings are undone: gzip, br, zstd and deflate. With `false` none is asked for, and a body is as it came.
   * @default true
   */
  decompress?: boolean;
  /**
   * What the body must hash to, decoded, if the status is 200 to 299: `'sha256-…'`, `'sha384-…'` or `'sha512-…'`, with the hash in
   * hexadecimal or in base64. Another body is `ERR_CHECKSUM_MISMATCH`. What is no checksum, and any with `responseType: 'head'`,
   * is `ERR_INVALID_ARG_VALUE`. A response without a body, as to HEAD, is held to the hash of nothing.
   */
  checksum?: string;
}

/** Who asks. */
export type Auth = { username: string; password: string } | { bearer: string };

/**
 * The limits of time of one item, in milliseconds above 0, or `Infinity` for none. The one that passes is named by
 * `error.phase`, with the code `ETIMEDOUT`. They are measured off the JavaScript thread, so that a busy one causes no false
 * timeout, and none but `total` runs while an item waits for its turn.
 */
export interface Timeouts {
  /**
   * Looking up the name, TCP and TLS.
   * @default 10000
   */
  connect?: number;
  /**
   * From the request's last byte, as it is handed to the system, to the whole head of the response.
   * @default 30000
   */
  response?: number;
  /**
   * Between two pieces of a body, sent or received.
   * @default 30000
   */
  idle?: number;
  /**
   * One attempt, with its redirects.
   * @default Infinity
   */
  request?: number;
  /**
   * The whole item, with all its attempts and all its waiting: for its turn, between two attempts, for a host that asked for a
   * pause. While the body of an item waits for a loop of `downloadEach` it stands still, but not while an item that was not begun does.
   * @default Infinity
   */
  total?: number;
}

/**
 * What is tried again, how often, and after how long. An item that fails in the end has the error or the status of its last
 * attempt, and `attempts` says how many there were.
 *
 * A `Retry-After` of a 429 or a 503 (RFC 9110, section 10.2.3), in seconds or as a date, pauses the whole host, for all items and
 * for all calls that share its client; where there is none, `RateLimit` fields that say that nothing is left (IETF draft
 * ratelimit-headers). A wait that the server asked for counts neither in `limit` nor in `budget`; there are at most ten an item,
 * and none with a `limit` of 0, though the host is paused all the same.
 *
 * Not counted either, and not shown in `attempts`: a request that is sent once more because its kept connection turned out dead
 * or was going away, for the same `methods`, or, whatever its method, because an HTTP/2 server refused to look at it; and tries that this machine had no
 * descriptor or port for (`EMFILE`, `EADDRNOTAVAIL` and their like), at most ten an item, while the call slows down.
 */
export interface Retry {
  /**
   * Attempts after the first one, at most: a whole number from 0, or `Infinity`.
   * @default 2
   */
  limit?: number;
  /**
   * The methods that may be sent again: by default those that may be repeated without harm (RFC 9110, section 9.2.2). They are
   * read as `method` is, and refused as it is.
   * @default ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']
   */
  methods?: readonly string[];
  /**
   * The statuses that are worth another attempt: whole numbers from 100 to 999.
   * @default [408, 429, 500, 502, 503, 504, 521, 522, 524]
   */
  statusCodes?: readonly number[];
  /**
   * The errors that are worth another attempt. A code that there is not is `ERR_INVALID_ARG_VALUE`, and the nearest one is named.
   * @default ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ETIMEDOUT', 'ERR_BODY_TRUNCATED']
   */
  errorCodes?: readonly ErrorCode[];
  /** How long to wait before another attempt. */
  backoff?: Backoff;
  /**
   * Whether to wait for a random part of the back-off ("full jitter"), so that many clients do not come back at once.
   * @default true
   */
  jitter?: boolean;
  /**
   * The longest wait that a server may ask for, in milliseconds from 0; `Infinity` is any. A response that asks for a longer one is
   * delivered as it is, and its host is closed until then, at most for a day: what waits for it fails unsent, with
   * `ERR_HOST_UNAVAILABLE`.
   * @default 60000
   */
  maxRetryAfter?: number;
  /**
   * How many retries one call may make in all: ten, and this part of the requests so far. A number from 0; `Infinity` is any
   * number. It keeps a failing host from being asked several times as often as a healthy one.
   * @default 0.2
   */
  budget?: number;
}

/** Waits that grow: `base` before the second attempt, `factor` times as long before each further one, and at most `max`. */
export interface Backoff {
  /**
   * Milliseconds from 0, and finite: `Infinity` is `ERR_OUT_OF_RANGE`.
   * @default 500
   */
  base?: number;
  /**
   * A finite number from 1.
   * @default 2
   */
  factor?: number;
  /**
   * Milliseconds above 0; `Infinity` is no limit.
   * @default 30000
   */
  max?: number;
}

/**
 * How connections are made, and what is remembered of them. They belong to a `Client`; a call without one that gives any of these
 * has its own connections, closed at its end. What cannot be read (a certificate, an address, the URL of a proxy), and what
 * would have no effect beside something else, is `ERR_INVALID_ARG_VALUE`.
 */
export interface ConnectionOptions {
  /**
   * HTTP/2: `true` speaks it over TLS with servers that choose it (ALPN), `false` never, and `'prior-knowledge'` always, also
   * without TLS. Requests to one origin share one connection of HTTP/2.
   * @default true
   */
  http2?: boolean | 'prior-knowledge';
  /**
   * Whom to trust, and who one is. By default everybody is trusted whom Node trusts, `NODE_EXTRA_CA_CERTS` and `--use-system-ca`
   * included. `NODE_TLS_REJECT_UNAUTHORIZED` is ignored, and revocation is not checked.
   */
  tls?: {
    /**
     * Certificates in PEM that are trusted instead of Node's list: as issuers, and as the server's own. What is not PEM is
     * `ERR_INVALID_ARG_VALUE`.
     */
    ca?: string | Uint8Array | (string | Uint8Array)[];
    /** A certificate in PEM to show to servers that ask for one, and those between it and its root. Goes with `key`. */
    cert?: string | Uint8Array | (string | Uint8Array)[];
    /** Its private key in PEM, not encrypted. Goes with `cert`. */
    key?: string | Uint8Array | (string | Uint8Array)[];
    /**
     * `false` accepts any certificate, and with it anybody in between.
     * @default true
     */
    rejectUnauthorized?: boolean;
    /**
     * The oldest version of TLS that is spoken.
     * @default '1.2'
     */
    minVersion?: '1.2' | '1.3';
  };
  /**
   * The URL of a proxy, with its credentials if it wants some: `http:` and `https:` (CONNECT for https), `socks5:` and `socks4:`
   * (names are looked up here), `socks5h:` and `socks4a:` (there). `false` is none. By default those of the environment, by
   * curl's rules: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in small letters or capitals; `HTTP_PROXY` is ignored where
   * `REQUEST_METHOD` is set. A proxy that cannot be reached, or does not let a request through, is `ERR_PROXY`.
   */
  proxy?: string | false;
  /** Names and their addresses. */
  dns?: {
    /**
     * How long an answer is believed, in milliseconds from 0; `Infinity` is for ever. Failures are not remembered.
     * @default 10000
     */
    ttl?: number;
    /** Addresses of names that are not looked up: `{ 'api.example.com': ['192.0.2.1', '192.0.2.2'] }`. */
    overrides?: Record<string, string | string[]>;
  };
  /** The IP address that connections come from: one of this machine. */
  localAddress?: string;
  /**
   * The path of a socket that all connections go to, whatever the URL's host is (which is still the `Host` sent, and the name that
   * TLS checks). Not on Windows. Cannot be combined with `proxy`, `localAddress`, `dns.overrides` or `denyPrivateNetworks`; proxies of the
   * environment are not used.
   */
  unixSocket?: string;
  /**
   * How long an idle connection is kept, in milliseconds from 0; `Infinity` is for ever. With 0 every request has its own.
   * @default 4000
   */
  keepAlive?: number;
  /**
   * Whether cookies are kept and sent back (RFC 6265bis), in a jar of the client's own: with the public suffix rule, 180 for a
   * site and 3,000 in all. A request with a `Cookie` of yours gets none from the jar.
   * @default false
   */
  cookies?: boolean;
  /** Names of headers that do not follow a redirect to another origin, besides the standard ones: `['x-api-key']`. */
  sensitiveHeaders?: string[];
  /**
   * Whether to refuse all addresses that are not public, with `ERR_ADDRESS_DENIED`: loopback, private, link-local, carrier-grade,
   * documentation, multicast and reserved ones, and forms of IPv6 that have one of IPv4 in them. Checked are the very addresses
   * that are connected to, at each redirect; a name with one that is not public is refused whole. Cannot be combined with a proxy.
   * @default false
   */
  denyPrivateNetworks?: boolean;
}

/** How much is done at once, and how fast. Given to a `Client`, they hold for all its calls together. */
export interface Limits {
  /**
   * Requests in flight in all: a whole number from 1, `Infinity`, or `'auto'`, which starts low, grows while throughput grows, and
   * halves on a 429, a 503 and a timeout. There are never so many that the process would come near its limit of open files.
   * @default 100
   */
  concurrency?: number | 'auto';
  /**
   * Requests in flight to one origin (scheme, host and port): a whole number from 1, `Infinity` or `'auto'`. Hosts take turns, and
   * one that is at its limit holds nobody up.
   * @default 10
   */
  concurrencyPerHost?: number | 'auto';
  /**
   * Requests started in a second in all, redirects and retries included: a number above 0, or a string such as `'50/s'`, `'600/m'`,
   * `'1000/h'`, `'5/15s'` (five in fifteen seconds) or `'10/500ms'`; `Infinity` is no limit. At most a tenth of a second's worth, but at least one, starts
   * at once. Another string is `ERR_INVALID_ARG_VALUE`.
   * @default Infinity
   */
  rate?: number | string;
  /**
   * The same to one origin.
   * @default Infinity
   */
  ratePerHost?: number | string;
  /**
   * Limits for some hosts, instead of `concurrencyPerHost` and `ratePerHost`, and headers for them. A key is a host (`'api.example.com'`), a host and its
   * port (`'localhost:8080'`), all hosts below a name (`'*.example.com'`) or all hosts (`'*'`); another one is
   * `ERR_INVALID_ARG_VALUE`. Of several keys that match, the most specific one that gives a limit holds. Each origin that a key
   * matches has its limit to itself.
   */
  hosts?: Record<string, HostOptions>;
}

/** What holds for the origins of one key of `hosts`. What is not given here is as for all other hosts. */
export interface HostOptions {
  /** Requests in flight to one origin: a whole number from 1, `Infinity` or `'auto'`. */
  concurrency?: number | 'auto';
  /** Requests started in a second to one origin, written as `rate` is. */
  rate?: number | string;
  /**
   * Header fields for these hosts alone, at every hop of a redirect. They win over those of the call, and those of an item over
   * them, name by name; of several keys that match, the most specific one's.
   */
  headers?: Record<string, string | string[]> | Headers | Iterable<[string, string]>;
  /** Who asks at these hosts, and at no other. */
  auth?: Auth;
}

/** The options of a `Client`. An unknown name is refused, as in those of a call. */
export interface ClientOptions extends RequestOptions, ConnectionOptions, Limits {}

/** The options of a call. An unknown name is refused with `ERR_INVALID_ARG_VALUE`, and the nearest known one is named. */
export interface Options extends ClientOptions {
  /** Stops everything: the promise rejects with `signal.reason`, and all connections in use are closed. */
  signal?: AbortSignal;
  /**
   * The whole call, in milliseconds above 0; `Infinity` is none. What is not done then fails with `ETIMEDOUT` in the phase
   * `'deadline'`, wherever it had come to, and the promise resolves, unless `stopOnError` is set. A list that is still being pulled
   * is closed then, unless it has a length or a size.
   * @default Infinity
   */
  deadline?: number;
  /**
   * Whether the first item that fails, after its retries, ends the call: the promise rejects with its `DownloadError`, and what is
   * under way is cancelled. A response is no failure, whatever its status.
   * @default false
   */
  stopOnError?: boolean;
  /**
   * Whether equal requests are sent once: same URL but for the fragment, and same options in all. Each item has a result all the
   * same, with its own `index` and `tag`, and the rest in common. `stats` counts the items, and the bytes of what was sent.
   * @default false
   */
  dedupe?: boolean;
  /** Where bodies go instead of into memory, if their status is 200 to 299: the path of a folder, or more. Others stay in memory. */
  saveTo?: string | SaveTo;
  /**
   * The path of a file in which it is written down what is finished, a line of JSON for each item, so that the same call again does only
   * what is missing. Unfinished is an item with an `error`, one whose status is among its `retry.statusCodes`, and one whose file is gone.
   * An item is told by its index, method, URL and body; the list may grow at its end, and any other difference rejects with
   * `ERR_JOURNAL_MISMATCH`, as does a file that is no journal. It is locked while it is in use (`EBUSY`). A kill loses at most the
   * last 64 items, or the last 100 ms. It has URLs (without credentials) and the headers of responses, and can be read by its owner alone.
   */
  journal?: string;
  /**
   * Bytes of bodies that are held and were not delivered, at most: a whole number from 1, or `Infinity`. `downloadAll` delivers at its end,
   * and fails further items with `ERR_BUFFER_LIMIT`; `downloadEach`, where it is 67108864, starts nothing new and lets bodies wait, and a
   * larger body comes by itself. Half of the memory that the system allows the process is a limit too.
   * @default 1073741824
   */
  maxBufferedBytes?: number;
  /** Is told how far the call has come: at most four times a second, and once at its end. What it throws ends the call, and is what it rejects with. */
  onProgress?: (stats: Stats) => void;
}

/** Where bodies are saved. A file under its final name is complete: until then it is `.name.part`, in the same folder, or has no name. */
export interface SaveTo {
  /** The folder; it is made if it is missing. One that cannot be made or written to rejects the call, with the system's code. */
  dir: string;
  /**
   * How files are called of items without a `file`. `'url'`: by the last part of the URL's path, made safe; `'content-disposition'`: as
   * the response says, made safe, or by its URL. Files of one name are told apart by a number: `a.txt`, `a-1.txt`, in the order
   * of the list, or, for names from responses, of their completion. A function gives a path inside `dir`, which is not numbered; what it throws rejects the call.
   * @default 'url'
   */
  name?:
    | 'url'
    | 'content-disposition'
    | ((item: { url: string; index: number; tag: unknown }) => string);
  /**
   * What becomes of a file that is there. `'error'`: its item fails with `EEXIST`. `'skip'`: it stays, and nothing is sent. `'replace'`: it
   * gives way when the new one is complete, which takes over its mode. `'resume'`: a complete one stays, and nothing is sent; one that was begun is continued,
   * if the server has a strong validator for it and the parts fit exactly (RFC 9110, section 14), and is begun anew otherwise.
   * `'update'`: it is asked for with what the `journal` knows (`If-None-Match`, `If-Modified-Since`), and stays with a 304.
   *
   * Files that the same run has saved before, as its journal says, are its own. Only regular files are ever replaced. `'skip'` and `'resume'`
   * with names from responses, and `'update'` without a journal, are `ERR_INVALID_ARG_VALUE`.
   * @default 'error'
   */
  ifExists?: 'error' | 'skip' | 'replace' | 'resume' | 'update';
  /**
   * Whether a file outlives a loss of power as soon as it has its name (fsync of the file, rename, fsync of the folder). Without it, it
   * outlives the end of the process.
   * @default false
   */
  durable?: boolean;
}

/** One item's outcome. Bodies, headers and errors are made when they are read. */
export interface Result<T = unknown> {
  /** The item's place in the list. */
  readonly index: number;
  /** The URL that answered, after redirects, without credentials and fragment. */
  readonly url: string;
  /** The URL that was asked for, without credentials and fragment. */
  readonly requestUrl: string;
  /** The URLs redirected to, in order; the last one is `url`. */
  readonly redirects: string[];
  /** Whether there was a redirect. */
  readonly redirected: boolean;
  /** The item's tag. */
  readonly tag?: T;
  /** Status 200 to 299, or its `file` is there; and no error. */
  readonly ok: boolean;
  /** The status code, or 0 when no response came, as for a file that was skipped. With an error it may be there: a body can fail after its head. */
  readonly status: number;
  /** The reason phrase; empty over HTTP/2, which has none, and where it is not ASCII. */
  readonly statusText: string;
  /** The response's header fields, as fetch gives them: `getSetCookie()` has each `Set-Cookie`. Values are read as Latin-1. */
  readonly headers: Headers;
  /** The version of HTTP that was spoken; none when no response came. */
  readonly httpVersion?: '1.0' | '1.1' | '2';
  /** The IP address at the other end of the connection: the server's, or the proxy's. None without a response, nor over a socket. */
  readonly remoteAddress?: string;
  /**
   * The body, decoded; empty unless all of it came. Small bodies lie next to each other in one block of memory, so that a kept
   * one keeps its neighbours: `Buffer.from(result.body)` copies it out. Of a result with a `file`, and of one from a journal, it throws a
   * `DownloadError` with the code `ERR_NOT_STORED`, and so does all that reads the body.
   */
  readonly body: Buffer;
  /**
   * The body is whole, and every `Content-Encoding` was undone (gzip, br, zstd and deflate are known, up to five layers), or
   * there was none. An encoded body with a coding that is not known here, with a `Range` of yours or without `decompress` is as
   * it came: `false`. So is every item with an `error`, or with `responseType: 'head'`.
   */
  readonly decoded: boolean;
  /** Bytes of the body, decoded. */
  readonly size: number;
  /** Bytes of the body as they came, without the framing of HTTP. */
  readonly wireSize: number;
  /** The absolute path of the file that has the body. */
  readonly file?: string;
  /** An earlier run has finished the item: status, headers and sizes are those of then. */
  readonly fromJournal?: true;
  /** How often the request was tried, the first time included; 0 for an item that was not sent. */
  readonly attempts: number;
  /** Where the time went. */
  readonly timings: Timings;
  /** Why the item failed, if it did. */
  readonly error?: DownloadError;
  /** The body as a `Uint8Array` over the same memory. */
  bytes(): Uint8Array;
  /**
   * The body as text, by its byte order mark, else by the `charset` of its `Content-Type`, else by HTML's `<meta>`, else as UTF-8
   * (WHATWG Encoding standard). What cannot be read becomes U+FFFD. Throws only for a string longer than V8 can hold.
   */
  text(): string;
  /** The body as JSON. Throws the item's `error` if there is one, and a `SyntaxError` with the URL for a body that is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: what is in it, the caller knows
  json(): any;
  /** The body's bytes in a buffer of their own. */
  arrayBuffer(): ArrayBuffer;
  /**
   * The result as a fetch `Response`, with `url` and `redirected`; 204, 205 and 304 have no body. Throws a `RangeError` for a status
   * outside 200 to 599, which a `Response` cannot have, and the item's `error` if there is one.
   */
  toResponse(): Response;
}

/** Where the time of one item went, in milliseconds. Those of its redirects and of its attempts add up. */
export interface Timings {
  /** Waiting for its turn, for a rate or for a host that asked for a pause. */
  queue: number;
  /** Looking up the name. */
  dns: number;
  /** TCP and TLS. */
  connect: number;
  /** From the connection to the head of the response. */
  firstByte: number;
  /** From the head to the end of the body. */
  download: number;
  /** From the call to the end of the item: all of the above, and what is lost between. */
  total: number;
  /** Whether the last request went over a connection that was there already. */
  reused: boolean;
}

/** All results in the order of the list: an ordinary array, with the numbers of the run beside it. */
export type Results<T = unknown> = Result<T>[] & { readonly stats: Stats };

/** A run in numbers. */
export interface Stats {
  /** Items. */
  total: number;
  /** Items with an outcome: `ok` and `failed` together. */
  done: number;
  /** Results with `ok`. */
  ok: number;
  /** Results without. */
  failed: number;
  /** Requests in flight. */
  inFlight: number;
  /** Requests that were sent again. */
  retries: number;
  /** Bytes of bodies, decoded. */
  bytes: number;
  /** Bytes of bodies as they came. */
  wireBytes: number;
  /** From the call to the last outcome. */
  seconds: number;
  /** Items with an outcome in a second. */
  requestsPerSecond: number;
  /** Connections established, and requests that went over one that was there. */
  connections: { opened: number; reused: number };
  /** Percentiles over the items that were sent, in milliseconds without the time in the queue, to within one percent. */
  latency: { p50: number; p90: number; p99: number; max: number };
  /** Responses by status code. */
  statuses: Record<string, number>;
  /** Errors by code. */
  errors: Record<string, number>;
  /** By host (`name:port` without the scheme's own port), what ended there: made when it is read. */
  hosts: Record<string, HostStats>;
  /** What held the run back, in at most four plain sentences with their figures. None where nothing stands out, or for a run of less than 200 ms or 20 items. */
  advice: string[];
}

/** One host in numbers. */
export interface HostStats {
  /** Requests that went there: first ones, retries, and hops of redirects. */
  requests: number;
  /** Items that ended there with `ok`. */
  ok: number;
  /** Items that ended there without. */
  failed: number;
  /** Requests that were sent there again. */
  retries: number;
  /** Bytes of bodies, decoded. */
  bytes: number;
  /** Half of the items that ended there took at most this long, in milliseconds without the time in the queue. */
  p50: number;
  /** Ninety-nine of a hundred. */
  p99: number;
  /** For how long it asked to be left alone, in all, in milliseconds. */
  pausedMs: number;
}

/** Why one item failed. Match on `code`; the message is for people and may change. */
export class DownloadError extends Error {
  private constructor();
  readonly name: 'DownloadError';
  /** One of the codes listed in the README: Node's own where Node has one. */
  readonly code: ErrorCode;
  /** The limit of time that passed, with the code `ETIMEDOUT`. */
  readonly phase?: Phase;
  /** The URL, without credentials; after redirects the last one. */
  readonly url: string;
  /** The item's place in the list. */
  readonly index: number;
  /** How often it was tried. */
  readonly attempts: number;
}

/** The limits of time: those of `timeout`, and `deadline`. */
export type Phase = 'connect' | 'response' | 'idle' | 'request' | 'total' | 'deadline';

/** Everything that can be the `code` of a `DownloadError`. */
export type ErrorCode =
  | 'ETIMEDOUT'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'ECONNABORTED'
  | 'EPIPE'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'ENETDOWN'
  | 'EADDRNOTAVAIL'
  | 'EADDRINUSE'
  | 'EMFILE'
  | 'ENFILE'
  | 'ENOBUFS'
  | 'ENOMEM'
  | 'EACCES'
  | 'EPERM'
  | 'EAFNOSUPPORT'
  | 'ENOENT'
  | 'EEXIST'
  | 'EBUSY'
  | 'ENOTDIR'
  | 'EISDIR'
  | 'ENAMETOOLONG'
  | 'ELOOP'
  | 'ENOSPC'
  | 'EDQUOT'
  | 'EFBIG'
  | 'EROFS'
  | 'EXDEV'
  | 'EIO'
  | 'ENOTFOUND'
  | 'EAI_AGAIN'
  | 'CERT_HAS_EXPIRED'
  | 'CERT_NOT_YET_VALID'
  | 'DEPTH_ZERO_SELF_SIGNED_CERT'
  | 'SELF_SIGNED_CERT_IN_CHAIN'
  | 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
  | 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  | 'ERR_TLS_CERT_ALTNAME_INVALID'
  | 'ERR_TLS'
  | 'ERR_INVALID_URL'
  | 'ERR_UNSUPPORTED_PROTOCOL'
  | 'ERR_INVALID_CHAR'
  | 'ERR_INVALID_HTTP_TOKEN'
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_INVALID_ARG_VALUE'
  | 'ERR_OUT_OF_RANGE'
  | 'ERR_TOO_MANY_REDIRECTS'
  | 'ERR_REDIRECT'
  | 'ERR_INVALID_REDIRECT'
  | 'ERR_TOO_SLOW'
  | 'ERR_BODY_TOO_LARGE'
  | 'ERR_BODY_TRUNCATED'
  | 'ERR_DECODE'
  | 'ERR_HTTP_PARSE'
  | 'ERR_HEADERS_TOO_LARGE'
  | 'ERR_HTTP2'
  | 'ERR_PROXY'
  | 'ERR_CHECKSUM_MISMATCH'
  | 'ERR_ADDRESS_DENIED'
  | 'ERR_BUFFER_LIMIT'
  | 'ERR_HOST_UNAVAILABLE'
  | 'ERR_NOT_STORED'
  | 'ERR_JOURNAL_MISMATCH'
  | 'ERR_CLIENT_CLOSED'
  | 'ERR_INTERNAL';
