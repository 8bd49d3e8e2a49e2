/* Reads vector tiles and paints them, beside the page: however many things a tile has, the map keeps moving. */
importScripts("../vendor/pbf/pbf.js");

/* Few enough things in one path to be filled fast. */
const AT_ONCE = 32;
/* So many things on a tile are so small that their outlines would hide their colours. */
const CROWD = 5000;
const POINT = 1, LINE = 2, AREA = 3;
const MOVE = 1, CLOSE = 7;

/* The layers of a tile as the specification of vector tiles 2.1 has them, their geometry still packed. */
function readTile(buffer) {
  return new Pbf(buffer).readFields((tag, layers, pbf) => {
    if (tag === 3) layers.push(pbf.readFields(readLayer, { extent: 4096, keys: [], values: [], features: [] }, pbf.readVarint() + pbf.pos));
  }, []);
}

function readLayer(tag, layer, pbf) {
  if (tag === 1) layer.name = pbf.readString();
  else if (tag === 2) layer.features.push(pbf.readFields(readFeature, { tags: [], type: 0, at: 0, pbf }, pbf.readVarint() + pbf.pos));
  else if (tag === 3) layer.keys.push(pbf.readString());
  else if (tag === 4) layer.values.push(pbf.readFields(readValue, { value: null }, pbf.readVarint() + pbf.pos).value);
  else if (tag === 5) layer.extent = pbf.readVarint();
}

function readFeature(tag, feature, pbf) {
  if (tag === 2) feature.tags = pbf.readPackedVarint([]);
  else if (tag === 3) feature.type = pbf.readVarint();
  else if (tag === 4) feature.at = pbf.pos;
}

function readValue(tag, found, pbf) {
  if (tag === 1) found.value = pbf.readString();
  else if (tag === 2) found.value = pbf.readFloat();
  else if (tag === 3) found.value = pbf.readDouble();
  else if (tag === 4) found.value = pbf.readVarint(true);
  else if (tag === 5) found.value = pbf.readVarint();
  else if (tag === 6) found.value = pbf.readSVarint();
  else if (tag === 7) found.value = pbf.readBoolean();
}

/* Every ring, line or point of a feature, one after the other, as [x, y, x, y, …] in the tile's own units. */
function eachPart(feature, told) {
  const pbf = feature.pbf;
  pbf.pos = feature.at;
  const end = pbf.readVarint() + pbf.pos;
  let x = 0, y = 0, left = 0, command = MOVE, part = [];
  while (pbf.pos < end) {
    if (!left) {
      const next = pbf.readVarint();
      command = next & 7;
      left = next >> 3;
    }
    left -= 1;
    if (command === CLOSE) continue;
    x += pbf.readSVarint();
    y += pbf.readSVarint();
    if (command === MOVE && part.length) { told(part); part = []; }
    part.push(x, y);
  }
  if (part.length) told(part);
}

/* Twice the area of a ring as the tile has it: above zero for an outer one, below for a hole. */
function turned(ring) {
  let sum = 0;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) sum += ring[j] * ring[i + 1] - ring[i] * ring[j + 1];
  return sum;
}

/* The paths of one colour and kind, some things in each; a hole goes with what it is in, so that it stays open. */
function gathered(layer, look, scale) {
  const groups = new Map();
  let things = 0;
  layer.features.forEach((feature) => {
    let value = null;
    for (let i = 0; i < feature.tags.length; i += 2) {
      if (layer.keys[feature.tags[i]] === look.field) value = layer.values[feature.tags[i + 1]];
    }
    const colour = look.colours[value] || look.other, name = colour + feature.type;
    if (!groups.has(name)) groups.set(name, { colour, type: feature.type, paths: [], things: 0 });
    const group = groups.get(name);
    eachPart(feature, (part) => {
      if (feature.type !== AREA || turned(part) > 0 || !group.paths.length) {
        if (group.things % AT_ONCE === 0) group.paths.push(new Path2D());
        group.things += 1;
        things += 1;
      }
      trace(group.paths[group.paths.length - 1], part, feature.type, scale, look.radius);
    });
  });
  return { groups: [...groups.values()], things };
}

function trace(path, part, type, scale, radius) {
  if (type === POINT) {
    path.moveTo(part[0] * scale + radius, part[1] * scale);
    path.arc(part[0] * scale, part[1] * scale, radius, 0, 2 * Math.PI);
    return;
  }
  path.moveTo(part[0] * scale, part[1] * scale);
  for (let i = 2; i < part.length; i += 2) path.lineTo(part[i] * scale, part[i + 1] * scale);
  if (type === AREA) path.closePath();
}

/* A tile painted: {bitmap, things}. look: {field, colours, other, radius, fillOpacity, color, opacity, weight}. */
function painted(buffer, size, look) {
  const canvas = new OffscreenCanvas(size, size), context = canvas.getContext("2d");
  let things = 0;
  readTile(buffer).forEach((layer) => {
    const found = gathered(layer, look, size / layer.extent);
    things += found.things;
    found.groups.forEach((group) => group.paths.forEach((path) => {
      if (group.type !== LINE) {
        context.globalAlpha = look.fillOpacity;
        context.fillStyle = group.colour;
        context.fill(path);
      }
      if (found.things > CROWD && group.type === AREA) return;
      context.globalAlpha = look.opacity;
      context.strokeStyle = group.type === LINE ? group.colour : look.color;
      context.lineWidth = look.weight;
      context.stroke(path);
    }));
  });
  return { bitmap: canvas.transferToImageBitmap(), things };
}

/* Asked {name, url, size, look}, it answers {name, bitmap, things} or {name, error}; {drop: name} takes a tile back. */
const dropped = new Set();
self.onmessage = async ({ data }) => {
  if (data.drop) { dropped.add(data.drop); return; }
  dropped.delete(data.name);
  try {
    const answer = await fetch(data.url);
    const buffer = answer.ok ? await answer.arrayBuffer() : new ArrayBuffer(0);
    if (dropped.delete(data.name)) { self.postMessage({ name: data.name, error: "dropped" }); return; }
    const made = painted(buffer, data.size, data.look);
    self.postMessage({ name: data.name, ...made }, [made.bitmap]);
  } catch (error) {
    self.postMessage({ name: data.name, error: String(error) });
  }
};
