// Tells the stories of the JavaScript SDK, a line for each. Status 1 when one failed, 3 when there was none to tell.
'use strict';

const stories = require('./ali_oss');
const families = require('./ali_oss_families');

/** All of them, one family after the other. */
async function* all() {
  yield* stories();
  yield* families();
}

async function main(only) {
  let [told, failed] = [0, 0];
  for await (const [name, story] of all()) {
    if (only.length > 0 && !only.some((text) => name.includes(text))) continue;
    const started = process.hrtime.bigint();
    let why = '';
    try {
      await story();
    } catch (error) {
      why = `${error.stack || error}\n`.replace(/^/gm, '     ').trimEnd() + '\n';
      failed += 1;
    }
    told += 1;
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    process.stdout.write(`${why ? 'FAIL' : 'PASS'} ${name} (${seconds.toFixed(2)} s)\n${why}`);
  }
  if (failed > 0) return 1;
  return told > 0 || only.length > 0 ? 0 : 3;
}

// Idle keep-alive sockets of the SDK would keep the process for a while.
main(process.argv.slice(2)).then((status) => process.exit(status));
