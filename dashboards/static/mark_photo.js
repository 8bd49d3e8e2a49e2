/* A photo from the camera: made smaller in the browser, with what the camera noted of place and time kept in it. */
const MOST_PIXELS = 2000;
const QUALITY = 0.82;
const HEAD_BYTES = 262144;

/* { blob, taken_at, lon, lat }: a JPEG of at most 2000 pixels a side; the file itself where it cannot be decoded. */
export async function prepare(file) {
  const head = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const found = exifSegment(head);
  const facts = found ? readFacts(found) : {};
  let blob = file;
  try {
    blob = await smaller(file);
    if (found && blob !== file) blob = new Blob([await withExif(blob, found)], { type: "image/jpeg" });
  } catch (error) {
    if (!file.type.startsWith("image/")) throw error;
  }
  return { blob, ...facts };
}

async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height));
  if (scale === 1 && file.type === "image/jpeg" && file.size < 1_500_000) {
    picture.close();
    return file;
  }
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((done, failed) =>
    canvas.toBlob((made) => (made ? done(made) : failed(new Error("no picture"))), "image/jpeg", QUALITY));
}

/* The APP1 segment of a JPEG with its Exif block, or null. */
function exifSegment(view) {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 4 <= view.byteLength) {
    const mark = view.getUint16(at);
    if ((mark & 0xff00) !== 0xff00 || mark === 0xffda) return null;
    const length = view.getUint16(at + 2);
    if (mark === 0xffe1 && length > 16 && at + 2 + length <= view.byteLength && view.getUint32(at + 4) === 0x45786966) {
      return new Uint8Array(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + 2 + length));
    }
    at += 2 + length;
  }
  return null;
}

/* The block as tags: { order, tags(at), value(entry) }; the TIFF header stands ten bytes into the segment. */
function tiff(segment) {
  const view = new DataView(segment.buffer, 10);
  const little = view.getUint16(0) === 0x4949;
  const entries = (at) => {
    const found = new Map();
    const count = view.getUint16(at, little);
    for (let k = 0; k < count; k += 1) {
      const place = at + 2 + 12 * k;
      found.set(view.getUint16(place, little), place);
    }
    return found;
  };
  const long = (place) => view.getUint32(place + 8, little);
  const text = (place) => {
    const count = view.getUint32(place + 4, little);
    const from = count > 4 ? long(place) : place + 8;
    let said = "";
    for (let k = 0; k < count; k += 1) said += String.fromCharCode(view.getUint8(from + k));
    return said.replace(/\0.*$/s, "").trim();
  };
  const ratios = (place) => {
    const count = view.getUint32(place + 4, little);
    const from = long(place);
    return Array.from({ length: count }, (_, k) =>
      view.getUint32(from + 8 * k, little) / view.getUint32(from + 8 * k + 4, little));
  };
  return { view, little, entries, long, text, ratios, first: view.getUint32(4, little) };
}

function readFacts(segment) {
  const facts = {};
  try {
    const block = tiff(segment);
    const main = block.entries(block.first);
    if (main.has(0x8769)) {
      const inner = block.entries(block.long(main.get(0x8769)));
      const said = inner.has(0x9003) ? block.text(inner.get(0x9003)) : "";
      if (/^\d{4}:\d\d:\d\d \d\d:\d\d/.test(said)) facts.taken_at = `${said.slice(0, 10).replaceAll(":", "-")} ${said.slice(11, 16)}`;
    }
    if (main.has(0x8825)) {
      const gps = block.entries(block.long(main.get(0x8825)));
      if (gps.has(2) && gps.has(4)) {
        const degrees = ([whole, minutes, seconds]) => whole + minutes / 60 + seconds / 3600;
        const lat = degrees(block.ratios(gps.get(2))) * (gps.has(1) && block.text(gps.get(1)) === "S" ? -1 : 1);
        const lon = degrees(block.ratios(gps.get(4))) * (gps.has(3) && block.text(gps.get(3)) === "W" ? -1 : 1);
        if (Number.isFinite(lon) && Number.isFinite(lat) && (lon !== 0 || lat !== 0)) Object.assign(facts, { lon, lat });
      }
    }
  } catch {
    /* A broken note is a missing one. */
  }
  return facts;
}

/* The small picture with the camera's block in front; it stands upright already, so its turn is set to none. */
async function withExif(blob, segment) {
  const kept = segment.slice();
  try {
    const block = tiff(kept);
    const turn = block.entries(block.first).get(0x0112);
    if (turn !== undefined) block.view.setUint16(turn + 8, 1, block.little);
  } catch {
    return blob.arrayBuffer();
  }
  const picture = new Uint8Array(await blob.arrayBuffer());
  const made = new Uint8Array(picture.length + kept.length);
  made.set(picture.subarray(0, 2), 0);
  made.set(kept, 2);
  made.set(picture.subarray(2), 2 + kept.length);
  return made;
}
