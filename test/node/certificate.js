// Certificates made on the spot: Node can read X.509 and not write it. Just enough DER for a server and its issuers.

'use strict';

const { generateKeyPairSync, sign } = require('node:crypto');

const DAY = 86_400_000;
const ECDSA_WITH_SHA256 = der(0x30, oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const ALTERNATIVE_NAMES = oid('551d11');
const BASIC_CONSTRAINTS = oid('551d13');

/**
 * A certificate for the loopback and its key, in PEM. `issuer` is another one, or nobody: then it signs itself. `days` are the
 * first and the last of its validity, from today.
 */
function makeCertificate({
  name,
  hosts = ['localhost'],
  ips = ['127.0.0.1'],
  days = [-1, 365],
  isCa = false,
  issuer,
}) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = nameOf(name);
  const signer = issuer?.own ?? { subject, privateKey };
  const body = der(
    0x30,
    der(0xa0, der(0x02, [2])),
    der(0x02, [1]),
    ECDSA_WITH_SHA256,
    signer.subject,
    der(0x30, ...days.map((day) => time(Date.now() + day * DAY))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, isCa ? constraints() : alternativeNames(hosts, ips))),
  );
  const signature = sign('sha256', body, signer.privateKey);
  const cert = pem(der(0x30, body, ECDSA_WITH_SHA256, der(0x03, [0], signature)));
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { cert, key, own: { subject, privateKey } };
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

function oid(hex) {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function der(tag, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function pem(bytes) {
  const lines = bytes
    .toString('base64')
    .match(/.{1,64}/g)
    .join('\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

module.exports = { makeCertificate };
