import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idealMs } from '../ideal.js';

const network = { slots: 1, roundTripMs: 20, keepsConnections: true };
const list = (text) =>
  text.split(' ').map((item) => ({ host: item[0], serverMs: Number(item.slice(1)) }));

test('nothing to do takes no time', () => {
  assert.equal(idealMs([], network), 0);
});

test('one slot pays one handshake a host and then a round trip a request', () => {
  assert.equal(idealMs(list('a10 b10 a10 b10'), network), 70 + 70 + 30 + 30);
});

test('without kept connections every request pays its handshake', () => {
  assert.equal(idealMs(list('a10 a10'), { ...network, keepsConnections: false }), 140);
});

test('a slot that gets free takes the next request and any idle connection to its host', () => {
  // a until 70, b until 80; at 70 an a over the idle one until 100; at 80 an a must open: until 150.
  assert.equal(idealMs(list('a10 b20 a10 a10'), { ...network, slots: 2 }), 150);
});

test('a connection is never in two hands', () => {
  // Both slots are free at 70 with one idle connection each, a and b: the second a opens its own.
  assert.equal(idealMs(list('a10 b10 a10 a10'), { ...network, slots: 2 }), 140);
});

test('more slots than requests end with the slowest request', () => {
  assert.equal(idealMs(list('a10 a500 a10'), { ...network, slots: 10 }), 560);
});
