// A server that we did not write: nginx, where it is installed.

'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { stderr: built } = spawnSync('nginx', ['-V'], { encoding: 'utf8' });

/** The options of a test that needs it, with the parts of it that this test needs. */
function withNginx(...modules) {
  if (!built) return { skip: 'nginx is not installed' };
  const missing = modules.find((name) => !built.includes(`--with-${name}_module`));
  return { skip: missing !== undefined && `nginx is here without its module ${missing}` };
}

/**
 * Starts one, unless there is none. `configure(ports, folder)` gives what stands in its block `http`, for as many free ports as
 * `count`; `folder` is its own, and goes with it when it is stopped.
 */
async function startNginx(count, configure) {
  if (!built) return undefined;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manyfetch-'));
  const ports = await freePorts(count);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = `
    daemon off; master_process off; pid pid; error_log stderr notice;
    events { worker_connections 512; }
    http {
      ${temporary.map((name) => `${name}_temp_path ${name};`).join(' ')}
      access_log off; default_type text/plain;
      ${configure(ports, folder)}
    }`;
  fs.writeFileSync(path.join(folder, 'conf'), config);
  const args = ['-p', folder, '-c', path.join(folder, 'conf'), '-e', 'stderr'];
  const child = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  await listening(child);
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    fs.rmSync(folder, { recursive: true });
  };
  return { ports, folder, stop };
}

/** Its first word after it has bound its ports is how it will wait for events. */
function listening(child) {
  let said = '';
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`nginx ended: ${said}`)));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (/using the "\w+" event method/.test(said)) resolve();
    });
  });
}

/** It cannot choose by itself: these were free a moment ago. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

module.exports = { startNginx, withNginx };
