// Redirects, as the fetch standard follows them.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { serve, serveRaw } = require('./server.js');

/** Redirects `/STATUS?LOCATION` there, and answers everything else with its method and path. */
function redirector(t) {
  return serve(t, (request, response) => {
    const [, status, location] = request.url.match(/^\/(3\d\d)\?to=(.*)$/) ?? [];
    if (status === undefined) return response.end(`${request.method} ${request.url}`);
    response.writeHead(Number(status), { location: decodeURIComponent(location) }).end('redirect');
  });
}

function from(url, location, status = 302) {
  return `${url}/${status}?to=${encodeURIComponent(location)}`;
}

test('a Location is resolved as a URL is', async (t) => {
  const { url, port } = await redirector(t);
  const locations = {
    '/absolute': '/absolute',
    relative: '/relative',
    '?query': '/302?query',
    [`//127.0.0.1:${port}/host`]: '/host',
    [`${url}/whole`]: '/whole',
    '../../../up': '/up',
    '/a b': '/a%20b',
    '/a#fragment': '/a',
  };
  const results = await downloadAll(Object.keys(locations).map((location) => from(url, location)));
  for (const [i, [location, path]] of Object.entries(locations).entries()) {
    const { requestUrl, redirects, redirected, error } = results[i];
    assert.equal(error, undefined, location);
    assert.equal(results[i].text(), `GET ${path}`);
    assert.deepEqual([requestUrl, redirected], [from(url, location), true]);
    assert.deepEqual(redirects, [url + path]);
    assert.equal(results[i].url, url + path);
  }
});

test('the five statuses are followed, and no others', async (t) => {
  const { url } = await redirector(t);
  const followed = [301, 302, 303, 307, 308];
  const statuses = [...followed, 300, 304, 305, 306];
  for (const [i, result] of (
    await downloadAll(statuses.map((status) => from(url, '/to', status)))
  ).entries()) {
    const isFollowed = followed.includes(statuses[i]);
    assert.equal(result.status, isFollowed ? 200 : statuses[i]);
    assert.deepEqual(
      [result.redirected, result.ok, result.error],
      [isFollowed, isFollowed, undefined],
    );
  }
});

test('a redirect without a Location is an answer', async (t) => {
  const { url } = await serve(t, (_request, response) => response.writeHead(302).end('where?'));
  const [result] = await downloadAll([url]);
  assert.deepEqual(
    [result.status, result.redirected, result.error, result.text()],
    [302, false, undefined, 'where?'],
  );
});

test('methods change as browsers change them', async (t) => {
  const { url } = await redirector(t);
  const cases = [
    ['POST', 301, 'GET'],
    ['POST', 302, 'GET'],
    ['POST', 303, 'GET'],
    ['POST', 307, 'POST'],
    ['POST', 308, 'POST'],
    ['PUT', 302, 'PUT'],
    ['PUT', 303, 'GET'],
    ['DELETE', 301, 'DELETE'],
  ];
  const results = await downloadAll(
    cases.map(([method, status]) => ({ url: from(url, '/to', status), method })),
  );
  for (const [i, [method, status, expected]] of cases.entries()) {
    assert.equal(results[i].text(), `${expected} /to`, `${method} ${status}`);
  }
});

test('chains are followed up to twenty hops', async (t) => {
  const { url } = await serve(t, (request, response) => {
    const left = Number(request.url.slice(1));
    if (left === 0) return response.end('arrived');
    response.writeHead(302, { location: `/${left - 1}` }).end();
  });
  const [twenty, more] = await downloadAll([`${url}/20`, `${url}/21`]);
  assert.deepEqual(
    [twenty.text(), twenty.redirects.length, twenty.url],
    ['arrived', 20, `${url}/0`],
  );
  assert.equal(more.error.code, 'ERR_TOO_MANY_REDIRECTS');
  assert.deepEqual([more.body.length, more.ok, more.redirects.length], [0, false, 20]);
});

test('a loop ends', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.writeHead(302, { location: request.url === '/a' ? '/b' : '/a' }).end();
  });
  for (const { error } of await downloadAll([`${url}/a`, `${url}/b`], { concurrency: 1 })) {
    assert.equal(error.code, 'ERR_TOO_MANY_REDIRECTS');
  }
});

test('a Location that cannot be followed is an error', async (t) => {
  const { url } = await redirector(t);
  const cases = [
    ...['http://[::1', 'http://a b/', 'http://'].map((location) => [
      location,
      'ERR_INVALID_REDIRECT',
    ]),
    ...['file:///etc/passwd', 'data:,x', 'ftp://localhost/', 'javascript:1'].map((to) => [
      to,
      'ERR_UNSUPPORTED_PROTOCOL',
    ]),
  ];
  for (const [i, result] of (
    await downloadAll(cases.map(([location]) => from(url, location)))
  ).entries()) {
    assert.equal(result.error?.code, cases[i][1], cases[i][0]);
    assert.deepEqual([result.body.length, result.ok], [0, false]);
  }
});

test('two different Locations are an error', async (t) => {
  const { url } = await serveRaw(t, (socket) => {
    socket.write('HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n');
  });
  const [{ error }] = await downloadAll([url]);
  assert.equal(error.code, 'ERR_INVALID_REDIRECT');
});

test('credentials stay with their origin, and do not come back on the way home', async (t) => {
  const seen = [];
  const look = (request) => {
    const {
      authorization,
      cookie,
      'proxy-authorization': proxy,
      'x-mine': mine,
      host,
    } = request.headers;
    seen.push([request.url, authorization, cookie, proxy, mine, host]);
  };
  const other = await serve(t, (request, response) => {
    look(request);
    response.writeHead(302, { location: `${home.url}/home` }).end();
  });
  const home = await serve(t, (request, response) => {
    look(request);
    if (request.url === '/home') return response.end();
    response
      .writeHead(302, { location: request.url === '/start' ? '/same' : `${other.url}/other` })
      .end();
  });
  const headers = { authorization: 'a', cookie: 'c', 'proxy-authorization': 'p', 'x-mine': 'm' };
  await downloadAll([`${home.url}/start`], { headers });
  const [atHome, away] = [home, other].map(({ port }) => `127.0.0.1:${port}`);
  assert.deepEqual(seen, [
    ['/start', 'a', 'c', 'p', 'm', atHome],
    ['/same', 'a', 'c', 'p', 'm', atHome],
    ['/other', undefined, undefined, undefined, 'm', away],
    ['/home', undefined, undefined, undefined, 'm', atHome],
  ]);
});

test("a URL's credentials are not sent to where it leads, nor are a Location's", async (t) => {
  const seen = [];
  const other = await serve(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.end('there');
  });
  const home = await serve(t, (_request, response) => {
    response.writeHead(302, { location: other.url.replace('://', '://their:s3cr3t@') }).end();
  });
  const [result] = await downloadAll([home.url.replace('://', '://my:s3cr3t@')]);
  assert.equal(result.text(), 'there');
  assert.deepEqual(seen, [undefined]);
  assert.ok(![result.url, result.requestUrl, ...result.redirects].join().includes('s3cr3t'));
});

test('the body of a redirect is not in the way, however long or broken', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/to') return response.end('there');
    response.writeHead(302, { location: '/to', 'content-encoding': 'gzip' });
    const more = () => {
      while (response.write(Buffer.alloc(1 << 16)));
    };
    response.on('drain', more);
    more();
  });
  const [result] = await downloadAll([url], { maxBodySize: 100 });
  assert.deepEqual([result.error, result.text()], [undefined, 'there']);
});
