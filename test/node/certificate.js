// Certificates made on the spot: Node can read X.509 and not write it. Just enough DER for a server and its issuers.

'use strict';

const { generateKeyPairSync, sign } = require('node:crypto');

const DAY = 86_400_000;
/** By kind of key: how it is made, and how what it signs is marked. */
const KINDS = {
  ec: [{ namedCurve: 'P-256' }, der(0x30, oid('2a8648ce3d040302'))],
  rsa: [{ modulusLength: 2_048 }, der(0x30, oid('2a864886f70d01010b'), der(0x05))],
};
const COMMON_NAME = oid('550403');
const ALTERNATIVE_NAMES = oid('551d11');
const BASIC_CONSTRAINTS = oid('551d13');

/**
 * A certificate for the loopback and its key, in PEM. `issuer` is another one, or nobody: then it signs itself. `days` are the
 * first and the last of its validity, from today. `padding` is a number of bytes that it carries for nothing.
 */
function makeCertificate({
  name,
  hosts = ['localhost'],
  ips = ['127.0.0.1'],
  days = [-1, 365],
  isCa = false,
  kind = 'ec',
  padding = 0,
  issuer,
}) {
  const { privateKey, publicKey } = generateKeyPairSync(kind, KINDS[kind][0]);
  const subject = nameOf(name);
  const signer = issuer?.own ?? { subject, privateKey };
  const [, algorithm] = KINDS[signer.privateKey.asymmetricKeyType];
  const body = der(
    0x30,
    der(0xa0, der(0x02, [2])),
    der(0x02, [1]),
    algorithm,
    signer.subject,
    der(0x30, ...days.map((day) => time(Date.now() + day * DAY))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, isCa ? constraints() : alternativeNames(hosts, ips), ballast(padding))),
  );
  const signature = sign('sha256', body, signer.privateKey);
  const cert = pem(der(0x30, body, algorithm, der(0x03, [0], signature)));
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { cert, key, own: { subject, privateKey } };
}

/** The identity of a server that sends `certificates`, its own first. */
function identity(...certificates) {
  return { key: certificates[0].key, cert: certificates.map(({ cert }) => cert).join('') };
}

function nameOf(text) {
  return der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, Buffer.from(text)))));
}

function time(milliseconds) {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(text.slice(2)));
}

function constraints() {
  return der(0x30, BASIC_CONSTRAINTS, der(0x01, [0xff]), der(0x04, der(0x30, der(0x01, [0xff]))));
}

function alternativeNames(hosts, ips) {
  const names = hosts.map((host) => der(0x82, Buffer.from(host)));
  const addresses = ips.map((ip) => der(0x87, ip.split('.').map(Number)));
  return der(0x30, ALTERNATIVE_NAMES, der(0x04, der(0x30, ...names, ...addresses)));
}

/** An extension that nobody knows, of this size. */
function ballast(size) {
  return size === 0 ? [] : der(0x30, oid('2a0304'), der(0x04, Buffer.alloc(size)));
}

function oid(hex) {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function der(tag, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag, ...sizeOf(content.length)]), content]);
}

function sizeOf(length) {
  if (length < 0x80) return [length];
  const bytes = [length >> 16, (length >> 8) & 0xff, length & 0xff];
  const significant = bytes.slice(bytes.findIndex((byte) => byte !== 0));
  return [0x80 | significant.length, ...significant];
}

function pem(bytes) {
  const lines = bytes
    .toString('base64')
    .match(/.{1,64}/g)
    .join('\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

module.exports = { identity, makeCertificate };
