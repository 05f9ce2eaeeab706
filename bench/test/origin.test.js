import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentFor } from '../origin.js';

const given = { PATH: '/bin', HTTPS_PROXY: 'a', all_proxy: 'b', NODE_EXTRA_CA_CERTS: '/own.pem' };

test('over https a contender trusts the origin, and over http nobody needs to', () => {
  assert.deepEqual(environmentFor({ ca: 'PEM' }, '/ca.pem', given), {
    PATH: '/bin',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
  });
  assert.deepEqual(environmentFor({}, '/ca.pem', given), { PATH: '/bin' });
});
