// What must not work with ali-oss: requests, keys, tokens, clocks and URLs, each with its status, Code and EC.
'use strict';

const crypto = require('node:crypto');
const OSS = require('ali-oss');
const support = require('./support');

const { world } = support;
const PART = 128 * 1024;
const MISMATCH = [403, 'SignatureDoesNotMatch', '0002-00000040'];
const DENIED = [403, 'AccessDenied', '0003-00000301'];

/** As [what, [status, code, ec or nothing], attempt]. */
async function refusals(client) {
  const found = refusedRequests(client);
  if (client.kind === 'token') found.push(...refusedByPolicy(client), ...(await refusedCredentials(client)));
  const late = () => support.withClockMoved(1000, () => client.oss.get(`${client.prefix}skewed.txt`));
  found.push(['a skewed clock', [403, 'RequestTimeTooSkewed', '0002-00000504'], late]);
  if (client.place === 'localhost') found.push(...refusedUrls(client));
  return found;
}

function refusedRequests(client) {
  const { oss, prefix } = client;
  const name = `${prefix}refused.bin`;
  const nowhere = client.as(client.credentials, { bucket: 'no-such-bucket-here' });
  const part = [{ number: 1, etag: 'X' }];
  const headers = { 'Content-MD5': crypto.createHash('md5').update('other').digest('base64') };
  const found = [
    ['a missing key', [404, 'NoSuchKey', '0026-00000001'], () => oss.get(`${name}.none`)],
    ['a missing key by HEAD', [404, 'NoSuchKey'], () => oss.head(`${name}.none`)],
    ['a missing bucket', [404, 'NoSuchBucket', '0015-00000101'], () => nowhere.get(name)],
    ['a missing upload', [404, 'NoSuchUpload'], () => oss.completeMultipartUpload(name, '0'.repeat(32), part)],
    ['a wrong ETag of a part', [400, 'InvalidPart'], () => completeSizes(client, [PART], '0'.repeat(32))],
    ['a part that is too small', [400, 'EntityTooSmall', '0042-00000213'], () => completeSizes(client, [1024, 1024])],
    ['another body than Content-MD5 says', [400, 'InvalidDigest'], () => oss.put(name, Buffer.from('body'), { headers })],
    ['InitiateBucketWorm, which is not there', [501, 'NotImplemented'], () => oss.initiateBucketWorm(world.bucket, 1)],
  ];
  if (client.version === 'V4') {
    const wrong = [400, 'InvalidArgument', '0002-00000226'];
    // By a forged Host the other region would be met before its signature.
    const elsewhere = client.as(client.credentials, { region: 'oss-cn-beijing' });
    if (client.place === 'localhost') found.push(["another region's signature", wrong, () => elsewhere.get(name)]);
    else found.push(["another region's Host", [403, 'AccessDenied'], () => elsewhere.get(name)]);
  }
  return found;
}

async function completeSizes({ oss, prefix }, sizes, etag) {
  const name = `${prefix}refused.bin`;
  const { uploadId } = await oss.initMultipartUpload(name);
  const done = [];
  for (const size of sizes) {
    const number = done.length + 1;
    const part = await oss.uploadPart(name, uploadId, number, Buffer.alloc(size), 0, size);
    done.push({ number, etag: etag || part.etag });
  }
  return oss.completeMultipartUpload(name, uploadId, done);
}

function refusedByPolicy({ oss }) {
  const outside = 'users/other/file.txt';
  return [
    ['a read outside the prefix', DENIED, () => oss.get(outside)],
    ['a write outside the prefix', DENIED, () => oss.put(outside, Buffer.from('x'))],
    ['an upload outside the prefix', DENIED, () => oss.initMultipartUpload(outside)],
    ['a list of everything', DENIED, () => oss.list()],
    ['a list outside the prefix', DENIED, () => oss.listV2({ prefix: 'users/other/' })],
  ];
}

async function refusedCredentials(client) {
  const token = client.credentials;
  // The app server gives the same token to whoever asks again; STS gives another.
  const { credentials } = await sts().assumeRole(world.role_arn, null, 900, 'js');
  const other = { accessKeyId: credentials.AccessKeyId, accessKeySecret: credentials.AccessKeySecret };
  const key = { accessKeyId: world.key.id, accessKeySecret: world.key.secret };
  const bare = { accessKeyId: token.accessKeyId, accessKeySecret: token.accessKeySecret };
  const forged = `${token.stsToken.slice(0, -8)}AAAAAAA=`;
  const unmatched = [403, 'AccessKeyIdAndSecurityTokenNotMatch', '0002-00000004'];
  const cases = [
    ['a wrong secret', MISMATCH, { ...key, accessKeySecret: 'wrong' }],
    ["a token's wrong secret", MISMATCH, { ...token, accessKeySecret: 'wrong' }],
    ['an unknown key', [403, 'InvalidAccessKeyId', '0002-00000902'], { ...key, accessKeyId: 'LTAI5tUnknown' }],
    ['a forged token', [403, 'InvalidSecurityToken'], { ...token, stsToken: forged }],
    ['a token of another key', unmatched, { ...other, stsToken: token.stsToken }],
    ['a temporary key without its token', [403, 'InvalidAccessKeyId', '0002-00000003'], bare],
  ];
  const found = cases.map(([what, expected, credentials]) => [what, expected, () => client.as(credentials).get('any')]);
  found.push(['an expired token', [403, 'SecurityTokenExpired', '0002-00000007'], () => useExpired(client)]);
  return found;
}

/** Issued ten minutes in the past, used seven minutes ahead: expired, while the SDK's clock is good enough to sign. */
async function useExpired(client) {
  const { credentials } = await support.withClockMoved(-600, () => sts().assumeRole(world.role_arn, null, 900, 'js'));
  const expired = client.as({
    accessKeyId: credentials.AccessKeyId,
    accessKeySecret: credentials.AccessKeySecret,
    stsToken: credentials.SecurityToken,
  });
  return support.withClockMoved(420, () => expired.put(`${client.prefix}late.txt`, Buffer.from('x')));
}

function refusedUrls(client) {
  const ec = { V1: '0002-00000069', V4: '0002-00000236' }[client.version];
  const url = () => client.url('GET', 'url.png', { 'x-oss-process': 'image/resize,w_200' });
  const changed = async (before, after) => fetch(support.withChanged(await url(), before, after));
  return [
    ['an expired URL', [403, 'AccessDenied', ec], async () => {
      const soon = await url();
      return support.withClockMoved(120, () => fetch(soon));
    }],
    ['a tampered URL', MISMATCH, () => changed('w_200', 'w_201')],
    ['a URL made for another key', MISMATCH, () => changed('url.png', 'other.png')],
    ['a URL made for another method', MISMATCH, async () => fetch(await url(), { method: 'PUT', body: 'x' })],
  ];
}

function sts(accessKeySecret = world.key.secret, accessKeyId = world.key.id) {
  return new OSS.STS({ accessKeyId, accessKeySecret, endpoint: world.sts_endpoint });
}

/** What the SDK's STS client must be refused. */
function ofSts() {
  const role = world.role_arn;
  const policy = { Version: '1', Statement: [] };
  const unknown = [404, 'InvalidAccessKeyId.NotFound'];
  return [
    ['a wrong secret', [400, 'SignatureDoesNotMatch'], () => sts('wrong').assumeRole(role, null, 900, 'js')],
    ['an unknown key', unknown, () => sts('x', 'LTAI5tX').assumeRole(role, null, 900, 'js')],
    ['a bad duration', [400, 'InvalidParameter.DurationSeconds'], () => sts().assumeRole(role, null, 10, 'js')],
    ['a bad policy', [400, 'InvalidParameter.PolicyGrammar'], () => sts().assumeRole(role, policy, 900, 'js')],
    ['an unknown role', [404, 'EntityNotExist.Role'], () => sts().assumeRole(`${role}-none`, null, 900, 'js')],
    ['a bad session name', [400, 'InvalidParameter.RoleSessionName'], () => sts().assumeRole(role, null, 900, 'a b')],
  ];
}

module.exports = Object.assign(refusals, { ofSts });
