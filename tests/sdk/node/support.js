// What every story needs: where the world is, tokens, the emulator's clock, pictures, expectations.
'use strict';

const assert = require('node:assert/strict');
const zlib = require('node:zlib');

const AWKWARD_NAMES = ['dir/a b+中?.txt', '笑😀/100%&=#\'"<>~.txt', 'double//slash/.hidden'];

/** The running services, as the runner hands them over. */
const world = JSON.parse(process.env.SDK_WORLD);

/** A token for the prefix, as an app fetches it from the app server: {accessKeyId, accessKeySecret, stsToken}. */
async function fetchToken() {
  const answer = await fetch(world.token_url);
  const body = await answer.json();
  assert.equal(body.StatusCode, 200, `StatusCode of ${JSON.stringify(body)}`);
  return { accessKeyId: body.AccessKeyId, accessKeySecret: body.AccessKeySecret, stsToken: body.SecurityToken };
}

/** Runs `action` while the emulator's clock is moved by so many seconds. */
async function withClockMoved(seconds, action) {
  await advance(seconds);
  try {
    return await action();
  } finally {
    await advance(-seconds);
  }
}

async function advance(seconds) {
  const answer = await fetch(`${world.control_endpoint}/clock`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ advance_seconds: seconds }),
  });
  assert.equal(answer.status, 200, 'status of the control port');
}

/** The refusal in an answer that no SDK has read: {status, code, ec}. */
async function refusalOf(answer) {
  const body = await answer.text();
  const element = (name) => body.match(new RegExp(`<${name}>(.*?)</${name}>`))?.[1];
  return { status: answer.status, code: element('Code'), ec: element('EC') };
}

/** `attempt` must throw the SDK's error, or return a fetch answer, with these codes; an absent `ec` means any. */
async function isRefused([status, code, ec], attempt) {
  let found;
  try {
    const answer = await attempt();
    assert.ok(answer instanceof Response && answer.status >= 300, `expected ${code}, got an answer`);
    found = await refusalOf(answer);
  } catch (error) {
    if (error.status === undefined) throw error;
    found = { status: error.status, code: error.code, ec: error.ecCode };
  }
  assert.deepEqual([found.status, found.code, ec && found.ec], [status, code, ec], 'refusal');
}

/** The URL with one piece replaced; its signature stays. */
function withChanged(url, before, after) {
  assert.ok(url.includes(before), `${before} is not in ${url}`);
  return url.replace(before, after);
}

/** A dark PNG with a gradient. */
function picture(width, height) {
  const rows = Buffer.alloc((1 + 3 * width) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows.set([(x * 60) / width, (y * 60) / height, 40], y * (1 + 3 * width) + 1 + 3 * x);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const chunks = [chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The size of a PNG and its inflated rows, which must be as many as that size needs. */
function decoded(png) {
  assert.equal(png.subarray(1, 4).toString('latin1'), 'PNG', 'format');
  const [width, height, colour] = [png.readUInt32BE(16), png.readUInt32BE(20), png[25]];
  const data = [];
  for (let at = 8; at < png.length; ) {
    const end = at + 8 + png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, end));
    at = end + 4;
  }
  const rows = zlib.inflateSync(Buffer.concat(data));
  assert.equal(rows.length, (1 + (colour === 6 ? 4 : 3) * width) * height, 'bytes of the picture');
  return { size: [width, height], rows };
}

module.exports = { AWKWARD_NAMES, world, fetchToken, withClockMoved, isRefused, withChanged, picture, decoded };
