// ali-oss, the JavaScript SDK: V1 and V4, with the long-term key and with a token; path style, and by a forged Host.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs/promises');
const os = require('node:os');
const path = require('node:path');
const OSS = require('ali-oss');
const support = require('./support');
const refusals = require('./ali_oss_refusals');

const { world } = support;
const PART = 128 * 1024;

/** One way to sign, with one kind of credentials, one way to address the bucket, and a folder of its own. */
class Client {
  constructor(version, kind, place, credentials) {
    Object.assign(this, { version, kind, place, credentials });
    this.label = `ali-oss ${version} ${kind} ${place}`;
    this.prefix = `${world.prefix}${this.label.replaceAll(' ', '-')}/`;
    this.oss = this.as(credentials);
  }

  /** The SDK's client. `localhost` needs path style; with an address the bucket is in the Host header alone. */
  as(credentials, more = {}) {
    const port = new URL(world.oss_endpoint).port;
    return new OSS({
      region: `oss-${world.region}`,
      bucket: world.bucket,
      endpoint: `http://${this.place}:${port}`,
      sldEnable: this.place === 'localhost',
      authorizationV4: this.version === 'V4',
      refreshSTSTokenInterval: 300000,
      ...credentials,
      ...more,
    });
  }

  /** A URL for a key of this folder; `queries` are signed. */
  url(method, key, queries = {}, headers = {}) {
    if (this.version === 'V4') return this.oss.signatureUrlV4(method, 60, { headers, queries }, this.prefix + key);
    const { 'x-oss-process': process, 'response-content-disposition': disposition } = queries;
    const response = disposition && { 'content-disposition': disposition };
    return this.oss.asyncSignatureUrl(this.prefix + key, { method, expires: 60, process, response, ...headers });
  }
}

/** All stories as [name, async function]. */
async function* stories() {
  const key = { accessKeyId: world.key.id, accessKeySecret: world.key.secret };
  for (const place of ['localhost', '127.0.0.1']) {
    for (const version of ['V1', 'V4']) {
      for (const [kind, credentials] of [['key', key], ['token', await support.fetchToken()]]) {
        const client = new Client(version, kind, place, credentials);
        const told = [
          putsGetsAndHeads, keepsAwkwardNames, listsV1AndV2WithDelimiterAndPages, uploadsInPartsByHand,
          resumesAnInterruptedUpload, abortsAnUpload, resizesAndTellsAboutPictures, writesChineseOnPictures,
          deletesWhereThatIsGranted,
        ];
        // The SDK makes no URL that names the bucket when the endpoint is an address.
        if (place === 'localhost') told.push(presignsGetPutAndProcess);
        if (kind === 'token') told.push(refreshesItsToken);
        for (const tell of told) {
          const title = tell.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
          yield [`${client.label}: ${title}`, () => tell(client)];
        }
        for (const [what, expected, attempt] of await refusals(client)) {
          yield [`${client.label}: refuses ${what}`, () => support.isRefused(expected, attempt)];
        }
      }
    }
  }
  yield ['ali-oss STS: assumes a role with a session policy', assumesARole];
  for (const [what, expected, attempt] of refusals.ofSts()) {
    yield [`ali-oss STS: refuses ${what}`, () => support.isRefused(expected, attempt)];
  }
}

async function putsGetsAndHeads({ oss, prefix }) {
  const [name, body] = [`${prefix}plain.txt`, Buffer.from('0123456789')];
  const headers = { 'Cache-Control': 'no-cache' };
  const put = await oss.put(name, body, { mime: 'text/plain', meta: { who: 'alice' }, headers });
  const etag = `"${crypto.createHash('md5').update(body).digest('hex').toUpperCase()}"`;
  assert.equal(put.res.headers.etag, etag);
  const got = await oss.get(name);
  assert.deepEqual([got.content.toString(), got.res.headers['content-type']], ['0123456789', 'text/plain']);
  const range = await oss.get(name, undefined, { headers: { Range: 'bytes=2-5' } });
  assert.deepEqual([range.res.status, range.content.toString()], [206, '2345']);
  const head = await oss.head(name);
  assert.deepEqual([head.meta, head.res.headers['content-length']], [{ who: 'alice' }, '10']);
  assert.deepEqual([head.res.headers.etag, head.res.headers['cache-control']], [etag, 'no-cache']);
  const { stream } = await oss.getStream(name);
  assert.equal(Buffer.concat(await stream.toArray()).toString(), '0123456789');
}

async function keepsAwkwardNames({ oss, prefix }) {
  const names = support.AWKWARD_NAMES.map((name) => `${prefix}names/${name}`);
  for (const name of names) {
    await oss.put(name, Buffer.from(name));
    assert.equal((await oss.get(name)).content.toString(), name);
  }
  const listed = await oss.listV2({ prefix: `${prefix}names/` });
  assert.deepEqual(listed.objects.map((object) => object.name).sort(), names.sort());
}

async function listsV1AndV2WithDelimiterAndPages({ oss, prefix: folder }) {
  const prefix = `${folder}list/`;
  const names = ['a/1', 'a/2', 'b', 'c', 'd e/1'].map((name) => prefix + name);
  for (const name of names) await oss.put(name, Buffer.from('x'));
  const named = (page) => page.objects.map((object) => object.name);
  const first = await oss.list({ prefix, 'max-keys': 3 });
  const second = await oss.list({ prefix, 'max-keys': 3, marker: first.nextMarker });
  assert.deepEqual([named(first), named(second)], [names.slice(0, 3), names.slice(3)], 'V1 pages');
  const one = await oss.listV2({ prefix, 'max-keys': 3 });
  const two = await oss.listV2({ prefix, 'max-keys': 3, 'continuation-token': one.nextContinuationToken });
  assert.deepEqual([named(one), named(two), two.isTruncated], [names.slice(0, 3), names.slice(3), false], 'V2 pages');
  for (const page of [await oss.list({ prefix, delimiter: '/' }), await oss.listV2({ prefix, delimiter: '/' })]) {
    assert.deepEqual([named(page), page.prefixes], [names.slice(2, 4), [`${prefix}a/`, `${prefix}d e/`]], 'one level');
  }
}

async function uploadsInPartsByHand({ oss, prefix, kind }) {
  const [name, body] = [`${prefix}parts.bin`, crypto.randomBytes(2 * PART + 7)];
  const { uploadId } = await oss.initMultipartUpload(name, { meta: { who: 'bob' } });
  const done = [];
  for (let number = 1; number <= 3; number += 1) {
    const end = Math.min(number * PART, body.length);
    const part = await oss.uploadPart(name, uploadId, number, body, (number - 1) * PART, end);
    done.push({ number, etag: part.etag });
  }
  const listed = await oss.listParts(name, uploadId, { 'max-parts': 2 });
  assert.deepEqual([listed.parts.map((part) => part.Size), listed.nextPartNumberMarker], [[`${PART}`, `${PART}`], '2']);
  if (kind === 'key') {
    const { uploads } = await oss.listUploads({ prefix });
    assert.deepEqual(uploads.map((upload) => upload.uploadId), [uploadId]);
  }
  await oss.completeMultipartUpload(name, uploadId, done);
  const got = await oss.get(name);
  assert.ok(got.content.equals(body), 'same bytes');
  assert.equal(got.res.headers['x-oss-object-type'], 'Multipart');
}

async function resumesAnInterruptedUpload({ oss, prefix }) {
  const [name, body] = [`${prefix}resumed.bin`, crypto.randomBytes(4 * PART + 5)];
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'sdk-stories-'));
  try {
    const file = path.join(folder, 'source');
    await fs.writeFile(file, body);
    let checkpoint;
    const breakOff = async (_, reached) => {
      checkpoint = reached && JSON.parse(JSON.stringify(reached));
      if (checkpoint?.doneParts.length === 2) throw new Error('interrupted');
    };
    const options = { partSize: PART, parallel: 1 };
    await assert.rejects(oss.multipartUpload(name, file, { ...options, progress: breakOff }), /interrupted/);
    const progress = [];
    await oss.multipartUpload(name, file, { ...options, checkpoint, progress: (share) => progress.push(share) });
    // A share is of five parts and the completion: two parts are not sent again.
    assert.deepEqual(progress.map((share) => Math.round(share * 6)), [3, 4, 5, 6]);
    assert.ok((await oss.get(name)).content.equals(body), 'same bytes');
  } finally {
    await fs.rm(folder, { recursive: true });
  }
}

async function abortsAnUpload({ oss, prefix }) {
  const name = `${prefix}aborted.bin`;
  const { uploadId } = await oss.initMultipartUpload(name);
  await oss.uploadPart(name, uploadId, 1, Buffer.alloc(PART), 0, PART);
  assert.equal((await oss.abortMultipartUpload(name, uploadId)).res.status, 204);
  await support.isRefused([404, 'NoSuchUpload'], () => oss.listParts(name, uploadId));
}

async function resizesAndTellsAboutPictures({ oss, prefix }) {
  const name = `${prefix}picture.png`;
  await oss.put(name, support.picture(400, 300));
  const resized = await oss.get(name, undefined, { process: 'image/resize,w_200' });
  assert.deepEqual(support.decoded(resized.content).size, [200, 150]);
  const info = JSON.parse((await oss.get(name, undefined, { process: 'image/info' })).content);
  assert.deepEqual([info.ImageWidth.value, info.ImageHeight.value, info.Format.value], ['400', '300', 'png']);
}

async function writesChineseOnPictures({ oss, prefix }) {
  const name = `${prefix}marked.png`;
  await oss.put(name, support.picture(400, 300));
  const marked = [];
  for (const text of ['照片', '水印']) {
    const encoded = Buffer.from(text).toString('base64url');
    const process = `image/watermark,type_d3F5LXplbmhlaQ,text_${encoded},size_60,color_FFFFFF,g_center`;
    marked.push(support.decoded((await oss.get(name, undefined, { process })).content));
  }
  assert.deepEqual(marked[0].size, [400, 300]);
  // Two boxes in place of letters would be alike.
  const different = marked[0].rows.filter((byte, at) => byte !== marked[1].rows[at]).length;
  assert.ok(different > 300, `two different texts, ${different} bytes apart`);
}

async function presignsGetPutAndProcess(client) {
  const [key, body] = ['presigned a+b中.png', support.picture(400, 300)];
  const headers = { 'Content-Type': 'image/png' };
  const put = await client.url('PUT', key, {}, headers);
  assert.equal((await fetch(put, { method: 'PUT', body, headers })).status, 200);
  await support.isRefused([403, 'SignatureDoesNotMatch'], () => fetch(put, { method: 'PUT', body }));
  const disposition = 'attachment; filename="a b.png"';
  const got = await fetch(await client.url('GET', key, { 'response-content-disposition': disposition }));
  assert.deepEqual([got.status, got.headers.get('content-disposition')], [200, disposition]);
  assert.ok(Buffer.from(await got.arrayBuffer()).equals(body), 'same bytes');
  const resized = await fetch(await client.url('GET', key, { 'x-oss-process': 'image/resize,w_200' }));
  assert.deepEqual(support.decoded(Buffer.from(await resized.arrayBuffer())).size, [200, 150]);
}

async function deletesWhereThatIsGranted({ oss, prefix, kind }) {
  const name = `${prefix}deleted.txt`;
  await oss.put(name, Buffer.from('x'));
  if (kind === 'key') {
    assert.deepEqual([(await oss.delete(name)).res.status, (await oss.delete(name)).res.status], [204, 204]);
    await support.isRefused([404, 'NoSuchKey'], () => oss.get(name));
  } else {
    await support.isRefused([403, 'AccessDenied', '0003-00000301'], () => oss.delete(name));
    assert.equal((await oss.get(name)).content.toString(), 'x');
  }
}

async function refreshesItsToken(client) {
  let fetched = 0;
  const refreshSTSToken = () => {
    fetched += 1;
    return support.fetchToken();
  };
  const expired = { accessKeyId: 'STS.gone', accessKeySecret: 'gone', stsToken: 'gone' };
  // A negative interval has always passed.
  const oss = client.as(expired, { refreshSTSToken, refreshSTSTokenInterval: -1 });
  await oss.put(`${client.prefix}refreshed.txt`, Buffer.from('x'));
  assert.equal(fetched, 1, 'tokens fetched');
}

async function assumesARole() {
  const key = { accessKeyId: world.key.id, accessKeySecret: world.key.secret };
  const sts = new OSS.STS({ ...key, endpoint: world.sts_endpoint });
  const statement = { Effect: 'Allow', Action: 'oss:PutObject', Resource: `acs:oss:*:*:${world.bucket}/sts-js/*` };
  const { credentials } = await sts.assumeRole(world.role_arn, { Version: '1', Statement: [statement] }, 900, 'js');
  const client = new Client('V4', 'token', 'localhost', {
    accessKeyId: credentials.AccessKeyId,
    accessKeySecret: credentials.AccessKeySecret,
    stsToken: credentials.SecurityToken,
  });
  await client.oss.put('sts-js/granted.txt', Buffer.from('x'));
  await support.isRefused([403, 'AccessDenied', '0003-00000301'], () => client.oss.get('sts-js/granted.txt'));
}

module.exports = stories;
