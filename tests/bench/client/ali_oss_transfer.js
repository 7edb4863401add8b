// Uploads or downloads one file with ali-oss: ali_oss_transfer.js up|down FILE KEY. Its downloads are one stream, for it has no ranges side by side.

const OSS = require('ali-oss');

async function main([direction, file, key]) {
  const env = process.env;
  const client = new OSS({
    accessKeyId: env.OSS_ACCESS_KEY_ID,
    accessKeySecret: env.OSS_ACCESS_KEY_SECRET,
    bucket: env.OSS_BUCKET,
    endpoint: env.OSS_ENDPOINT.replace('127.0.0.1', 'localhost'),
    region: env.OSS_REGION,
    sldEnable: true,
    authorizationV4: true,
    timeout: 600000,
  });
  if (direction === 'up') {
    await client.multipartUpload(key, file, { partSize: 1 << 20, parallel: 5 });
  } else {
    await client.get(key, file);
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
