// ali-oss, a story per operation family, in V1 and V4, with the long-term key and with a token.
'use strict';

const assert = require('node:assert/strict');
const OSS = require('ali-oss');
const support = require('./support');

const { world } = support;
const PART = 128 * 1024;
const { isRefused } = support;

/** All stories as [name, async function]. Each client has a bucket of its own. */
async function* stories() {
  for (const version of ['V1', 'V4']) {
    for (const [kind, { id, secret, token }] of [['key', world.key], ['role', world.role]]) {
      const label = `ali-oss ${version} ${kind}`;
      const bucket = label.toLowerCase().replaceAll(' ', '-');
      const options = {
        region: `oss-${world.region}`,
        endpoint: `http://localhost:${new URL(world.oss_endpoint).port}`,
        sldEnable: true,
        authorizationV4: version === 'V4',
        accessKeyId: id,
        accessKeySecret: secret,
        stsToken: token ?? undefined,
        refreshSTSTokenInterval: 3600000,
      };
      const client = new OSS({ ...options, bucket });
      await client.putBucket(bucket);
      const told = [
        bucketsAndTheirLists, settings, appends, copies, partCopies, deletesMany, links, acls, tags, restores,
        versions, savesAPicture, conditions, postsForms,
      ];
      for (const tell of told) {
        const title = tell.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
        yield [`${label}: ${title}`, () => tell(client, bucket, options)];
      }
    }
  }
}

async function bucketsAndTheirLists(client, bucket) {
  const other = `${bucket}-made`;
  await client.putBucket(other, { StorageClass: 'IA', acl: 'public-read', dataRedundancyType: 'ZRS' });
  const { bucket: info } = await client.getBucketInfo(other);
  const told = [info.Name, info.StorageClass, info.DataRedundancyType, info.AccessControlList.Grant];
  assert.deepEqual(told, [other, 'IA', 'ZRS', 'public-read']);
  assert.equal((await client.getBucketLocation(other)).location, `oss-${world.region}`);
  assert.equal((await client.getBucketStat(other)).stat.ObjectCount, '0');
  await client.putBucketACL(other, 'private');
  assert.equal((await client.getBucketACL(other)).acl, 'private');
  const page = await client.listBuckets({ prefix: bucket, 'max-keys': 1 });
  assert.deepEqual([page.buckets.map((found) => found.name), page.isTruncated], [[bucket], true]);
  const next = await client.listBuckets({ prefix: bucket, marker: page.nextMarker });
  assert.deepEqual(next.buckets.map((found) => found.name), [other]);
  await client.deleteBucket(other);
  await isRefused([404, 'NoSuchBucket', '0015-00000101'], () => client.getBucketInfo(other));
}

async function settings(client, bucket) {
  const rule = { allowedOrigin: '*', allowedMethod: ['GET', 'PUT'], allowedHeader: '*', exposeHeader: 'ETag' };
  await client.putBucketCORS(bucket, [{ ...rule, maxAgeSeconds: '60' }]);
  assert.deepEqual((await client.getBucketCORS(bucket)).rules[0].allowedMethod, ['GET', 'PUT']);
  await client.deleteBucketCORS(bucket);
  await isRefused([404, 'NoSuchCORSConfiguration'], () => client.getBucketCORS(bucket));
  await client.putBucketReferer(bucket, true, ['http://a.example.com']);
  assert.deepEqual((await client.getBucketReferer(bucket)).referers, ['http://a.example.com']);
  await client.deleteBucketReferer(bucket);
  await client.putBucketLifecycle(bucket, [{ id: 'r', prefix: 'tmp/', status: 'Enabled', days: '3' }]);
  assert.equal((await client.getBucketLifecycle(bucket)).rules[0].prefix, 'tmp/');
  await client.deleteBucketLifecycle(bucket);
  await client.putBucketTags(bucket, { team: 'photos' });
  assert.deepEqual((await client.getBucketTags(bucket)).tag, { team: 'photos' });
  await client.deleteBucketTags(bucket);
  await client.putBucketEncryption(bucket, { SSEAlgorithm: 'AES256' });
  assert.equal((await client.getBucketEncryption(bucket)).encryption.SSEAlgorithm, 'AES256');
  await client.deleteBucketEncryption(bucket);
  await client.putBucketLogging(bucket, 'logs/');
  assert.equal((await client.getBucketLogging(bucket)).prefix, 'logs/');
  await client.deleteBucketLogging(bucket);
  await client.putBucketWebsite(bucket, { index: 'index.html', error: 'error.html' });
  assert.equal((await client.getBucketWebsite(bucket)).index, 'index.html');
  await client.deleteBucketWebsite(bucket);
  await client.putBucketRequestPayment(bucket, 'Requester');
  assert.equal((await client.getBucketRequestPayment(bucket)).payer, 'Requester');
  await client.putBucketRequestPayment(bucket, 'BucketOwner');
  const statement = {
    Effect: 'Allow', Action: ['oss:GetObject'], Principal: ['*'], Resource: [`acs:oss:*:*:${bucket}/open/*`],
  };
  await client.putBucketPolicy(bucket, { Version: '1', Statement: [statement] });
  assert.deepEqual((await client.getBucketPolicy(bucket)).policy.Statement, [statement]);
  await client.deleteBucketPolicy(bucket);
}

async function appends(client) {
  const first = await client.append('log.txt', Buffer.from('one,'));
  assert.equal(first.nextAppendPosition, '4');
  await client.append('log.txt', Buffer.from('two'), { position: first.nextAppendPosition });
  assert.equal((await client.get('log.txt')).content.toString(), 'one,two');
  const late = () => client.append('log.txt', Buffer.from('late'));
  await isRefused([409, 'PositionNotEqualToLength', '0026-00000016'], late);
}

async function copies(client) {
  await client.put('source a+中.txt', Buffer.from('copied'), { meta: { who: 'alice' } });
  await client.copy('copy.txt', 'source a+中.txt');
  assert.deepEqual((await client.head('copy.txt')).meta, { who: 'alice' });
  await client.copy('copy.txt', 'source a+中.txt', { meta: { who: 'bob' } });
  assert.deepEqual((await client.head('copy.txt')).meta, { who: 'bob' });
  await client.putMeta('copy.txt', { who: 'carol' });
  assert.deepEqual((await client.head('copy.txt')).meta, { who: 'carol' });
  await isRefused([404, 'NoSuchKey'], () => client.copy('copy.txt', 'none'));
}

async function partCopies(client, bucket) {
  await client.put('big.bin', Buffer.alloc(2 * PART, 'ab'));
  const source = { sourceKey: 'big.bin', sourceBucketName: bucket };
  await client.multipartUploadCopy('joined.bin', source, { partSize: PART });
  const got = await client.get('joined.bin');
  assert.ok(got.content.equals(Buffer.alloc(2 * PART, 'ab')), 'same bytes');
  assert.equal(got.res.headers['x-oss-object-type'], 'Multipart');
}

async function deletesMany(client) {
  const names = ['many/a b', 'many/c&d<e>', 'many/中'];
  for (const name of names) await client.put(name, Buffer.from('x'));
  const { deleted } = await client.deleteMulti(names);
  assert.deepEqual(deleted.map((entry) => entry.Key ?? entry).sort(), names);
  await client.put(names[0], Buffer.from('x'));
  assert.deepEqual((await client.deleteMulti(names, { quiet: true })).deleted ?? [], []);
  assert.equal((await client.listV2({ prefix: 'many/' })).keyCount, 0);
}

async function links(client) {
  await client.put('target 中.txt', Buffer.from('target'));
  await client.putSymlink('link.txt', 'target 中.txt', { meta: { who: 'dan' } });
  assert.equal((await client.getSymlink('link.txt')).targetName, 'target 中.txt');
  assert.equal((await client.get('link.txt')).content.toString(), 'target');
}

async function acls(client) {
  await client.put('acl.txt', Buffer.from('body'));
  const url = `${client.options.endpoint.href}${client.options.bucket}/acl.txt`;
  await isRefused([403, 'AccessDenied', '0003-00000001'], () => fetch(url));
  await client.putACL('acl.txt', 'public-read');
  assert.equal((await client.getACL('acl.txt')).acl, 'public-read');
  assert.equal(await (await fetch(url)).text(), 'body');
}

async function tags(client) {
  await client.put('tags.txt', Buffer.from('body'));
  await client.putObjectTagging('tags.txt', { owner: 'e f', b: '2' });
  assert.deepEqual((await client.getObjectTagging('tags.txt')).tag, { owner: 'e f', b: '2' });
  await client.deleteObjectTagging('tags.txt');
  assert.deepEqual((await client.getObjectTagging('tags.txt')).tag, {});
}

async function restores(client) {
  await client.put('cold.txt', Buffer.from('cold'), { headers: { 'x-oss-storage-class': 'Archive' } });
  await isRefused([403, 'InvalidObjectState'], () => client.get('cold.txt'));
  assert.equal((await client.restore('cold.txt', { type: 'Archive', Days: 2 })).res.status, 202);
  await isRefused([409, 'RestoreAlreadyInProgress'], () => client.restore('cold.txt'));
  const back = await support.withClockMoved(10, () => client.get('cold.txt'));
  assert.equal(back.content.toString(), 'cold');
}

async function versions(client, bucket, options) {
  const other = `${bucket}-versions`;
  await client.putBucket(other);
  await client.putBucketVersioning(other, 'Enabled');
  assert.equal((await client.getBucketVersioning(other)).versionStatus, 'Enabled');
  const kept = new OSS({ ...options, bucket: other });
  const ids = [];
  for (const body of ['first', 'second']) {
    ids.push((await kept.put('v.txt', Buffer.from(body))).res.headers['x-oss-version-id']);
  }
  const marker = (await kept.delete('v.txt')).res.headers['x-oss-version-id'];
  await isRefused([404, 'NoSuchKey'], () => kept.get('v.txt'));
  assert.equal((await kept.get('v.txt', undefined, { versionId: ids[0] })).content.toString(), 'first');
  const listed = await kept.getBucketVersions({ prefix: 'v' });
  assert.deepEqual(listed.objects.map((entry) => entry.versionId), [ids[1], ids[0]]);
  assert.deepEqual(listed.deleteMarker.map((entry) => entry.versionId), [marker]);
  await kept.deleteMulti([...ids, marker].map((versionId) => ({ key: 'v.txt', versionId })));
  await client.deleteBucket(other);
}

async function savesAPicture(client) {
  await client.put('picture.png', support.picture(400, 300));
  await client.processObjectSave('picture.png', 'saved.png', 'image/resize,w_100');
  assert.deepEqual(support.decoded((await client.get('saved.png')).content).size, [100, 75]);
}

async function conditions(client) {
  const { res } = await client.put('compared.txt', Buffer.from('body'));
  const get = (headers) => client.get('compared.txt', undefined, { headers });
  assert.equal((await get({ 'If-Match': res.headers.etag })).content.toString(), 'body');
  await isRefused([412, 'PreconditionFailed'], () => get({ 'If-Match': '"0"' }));
  const forbid = { headers: { 'x-oss-forbid-overwrite': 'true' } };
  const again = () => client.put('compared.txt', Buffer.from('new'), forbid);
  await isRefused([409, 'FileAlreadyExists', '0026-00000002'], again);
}

/** As a browser would, with what the SDK signs for it. */
async function postsForms(client, bucket) {
  const soon = new Date(Date.now() + 60000).toISOString();
  const common = [{ bucket }, ['starts-with', '$key', 'posted/'], ['content-length-range', 1, 100]];
  const token = client.options.stsToken;
  const post = (fields, body) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([body]), 'a b.txt');
    return fetch(`${client.options.endpoint.href}${bucket}`, { method: 'POST', body: form });
  };
  let signed;
  if (client.options.authorizationV4) {
    const now = new Date();
    const date = now.toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = `${date.slice(0, 8)}/${world.region}/oss/aliyun_v4_request`;
    const fields = {
      'x-oss-signature-version': 'OSS4-HMAC-SHA256',
      'x-oss-credential': `${client.options.accessKeyId}/${scope}`,
      'x-oss-date': date,
      ...(token ? { 'x-oss-security-token': token } : {}),
    };
    const own = Object.entries(fields).map(([name, value]) => ({ [name]: value }));
    const policy = { expiration: soon, conditions: [...common, ...own] };
    const signature = client.signPostObjectPolicyV4(policy, now);
    const encoded = Buffer.from(JSON.stringify(policy)).toString('base64');
    signed = { ...fields, policy: encoded, 'x-oss-signature': signature };
  } else {
    const policy = { expiration: soon, conditions: common };
    const { OSSAccessKeyId, Signature, policy: encoded } = client.calculatePostSignature(policy);
    signed = { OSSAccessKeyId, Signature, policy: encoded, ...(token ? { 'x-oss-security-token': token } : {}) };
  }
  const done = await post({ key: 'posted/${filename}', success_action_status: '201', ...signed }, 'body');
  assert.deepEqual([done.status, /<Key>(.*)<\/Key>/.exec(await done.text())?.[1]], [201, 'posted/a b.txt']);
  assert.equal((await client.get('posted/a b.txt')).content.toString(), 'body');
  assert.equal((await post({ key: 'posted/plain', ...signed }, 'body')).status, 204, 'without a wish');
  await isRefused([403, 'AccessDenied'], () => post({ key: 'elsewhere', ...signed }, 'body'));
  await isRefused([400, 'EntityTooLarge'], () => post({ key: 'posted/large', ...signed }, 'x'.repeat(101)));
  const wider = Buffer.from('{"expiration":"2038-01-01T00:00:00.000Z","conditions":[]}').toString('base64');
  const tampered = { ...signed, policy: wider };
  await isRefused([403, 'SignatureDoesNotMatch'], () => post({ key: 'posted/tampered', ...tampered }, 'body'));
}

module.exports = stories;
