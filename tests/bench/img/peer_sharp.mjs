// sharp at work: `node peer_sharp.mjs FOLDER CASE COUNT`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const sharp = createRequire(process.env.SHARP_FROM + '/')('sharp');
sharp.cache(false);
sharp.concurrency(1);

const [folder, name, count] = process.argv.slice(2);
const source = readFileSync(`${folder}/${{ PNG: 'alpha.png', GIF: 'frames.gif' }[name] ?? 'photo.jpg'}`);
const mark = readFileSync(`${folder}/mark.png`);
const marks = [
  { input: { text: { text: '<span foreground="white">仅供示例</span>', font: 'WenQuanYi Micro Hei 36', fontfile: process.env.FONT, rgba: true } }, gravity: 'southeast' },
  { input: mark, left: 10, top: 10 },
];
const work = {
  T1: () => sharp(source).resize(200).jpeg({ quality: 80 }),
  T2: () => sharp(source).resize(1080).jpeg({ quality: 80 }),
  T3: () => sharp(source).resize(1080).composite(marks).jpeg({ quality: 80 }),
  PNG: () => sharp(source).resize(800).png(),
  GIF: () => sharp(source, { animated: true }).resize(240).gif(),
}[name];
for (let i = 0; i < Number(count); i++) await work().toBuffer();
