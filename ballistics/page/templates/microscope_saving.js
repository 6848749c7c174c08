/** Saves what is seen as a PNG file: the view, a footer with its provenance, and the same as text in the file. */

const KEYWORD = "forensic-ballistics view";
const FOOTER_SIZE = 12;
const FOOTER_LINE = 17;
const MODE_TEXTS = { beside: "side by side", split: "split", overlay: "overlay", flicker: "flicker" };

const rounded = (value, digits) => Number(value.toFixed(digits));

/** All that is needed to know what a saved view shows. */
function recordOf(view, exhibits, opened, drawnWith) {
  const lit = exhibits.sides.some((side) => side.slopes);
  return {
    program: exhibits.program,
    opened,
    drawn_with: drawnWith,
    sides: exhibits.sides.map(({ title, sha256, provenance }, index) => ({
      role: ROLES[index].toLowerCase(), title, sha256, provenance,
    })),
    notes: exhibits.notes,
    unit: exhibits.sides[REFERENCE].unit_um ? "µm" : "pixel of the reference",
    mode: view.mode,
    split: view.mode === "split"
      ? { at: rounded(view.line, 4), way: view.level ? "above and below" : "left and right" }
      : null,
    opacity: view.mode === "overlay" ? rounded(view.opacity, 3) : null,
    shown: view.mode === "flicker" ? ROLES[view.shown].toLowerCase() : null,
    um_per_pixel: ROLES.map((_, index) => {
      const pixels = view.pixelsPerUm(index);
      return pixels ? rounded(1 / pixels, 5) : null;
    }),
    turned_deg: rounded(view.turn, 3),
    centre: [rounded(view.centre.x, 4), rounded(view.centre.y, 4)],
    questioned: {
      laid: view.placementText,
      turned_deg: rounded(view.placedAngle, 3),
      shifted: [rounded(view.x, 4), rounded(view.y, 4)],
      enlarged: rounded(view.placedSize, 5),
      mirrored: view.mirrored,
    },
    lamp: lit ? {
      azimuth_deg: view.azimuth,
      elevation_deg: view.elevation,
      turns_with_the_case: view.lampTurns,
      relief: rounded(view.exaggeration, 3),
    } : null,
    drawn: { match_points: view.points, cells: view.cells },
  };
}

/** The record in a few lines for the foot of the picture. */
function footerLines(record) {
  const files = record.sides.map(({ title, sha256, role }) =>
    `${role[0].toUpperCase()}${role.slice(1)}: ${title}, SHA-256 ${sha256 ? sha256.slice(0, 12) : "none"}`);
  const { questioned, lamp } = record;
  const scales = record.um_per_pixel.map((um) => (um ? `${um.toPrecision(3)} µm` : "no scale"));
  const scale = scales[0] === scales[1] ? scales[0] : `${scales[0]} and ${scales[1]}`;
  const view = [
    MODE_TEXTS[record.mode] + (record.opacity === null ? "" : `, opacity ${record.opacity}`),
    `a pixel of the view ${scale}`,
    `both turned ${record.turned_deg}°`,
    `questioned turned ${questioned.turned_deg}°${questioned.mirrored ? ", mirrored" : ""}, ${questioned.laid}`,
  ];
  const light = lamp
    ? `lamp ${lamp.azimuth_deg}° clockwise from the top, ${lamp.elevation_deg}° high` +
      `${lamp.turns_with_the_case ? ", turning with the case" : ""}, heights × ${lamp.relief}; `
    : "";
  return [...files, view.join(", "), `${light}page opened ${record.opened}, ${record.program}`,
    ...record.notes.map((note) => `Warning: ${note}`)];
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  }
  return rest;
});

function crc32(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest = CRC_TABLE[(rest ^ byte) & 0xff] ^ (rest >>> 8);
  }
  return (rest ^ 0xffffffff) >>> 0;
}

/** A PNG file with an international text (iTXt, PNG 11.3.3.4) put after its header. */
function withText(png, keyword, text) {
  const encoder = new TextEncoder();
  const body = [...encoder.encode("iTXt" + keyword), 0, 0, 0, 0, 0, ...encoder.encode(text)];
  const chunk = new Uint8Array(body.length + 8);
  const numbers = new DataView(chunk.buffer);
  numbers.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  numbers.setUint32(body.length + 4, crc32(body));
  const header = 33;
  return new Blob([png.subarray(0, header), chunk, png.subarray(header)], { type: "image/png" });
}

/** Put the canvases on one sheet with the footer below; texts are as large as on the stage. */
function sheetOf(canvases, ratio, lines, background) {
  const [{ width, height }] = canvases;
  const sheet = document.createElement("canvas");
  const pen = sheet.getContext("2d");
  const font = `${FOOTER_SIZE * ratio}px ${FONT}`;
  pen.font = font;
  const room = width - 20 * ratio;
  const wrappedLines = lines.flatMap((line) => wrappedText(pen, line, room));
  const line = FOOTER_LINE * ratio;
  Object.assign(sheet, { width, height: height + Math.ceil((wrappedLines.length + 0.8) * line) });
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.fillStyle = background;
  pen.fillRect(0, 0, width, height);
  canvases.forEach((canvas) => pen.drawImage(canvas, 0, 0));
  pen.font = font;
  pen.fillStyle = "#000";
  pen.textBaseline = "middle";
  wrappedLines.forEach((words, i) => pen.fillText(words, 10 * ratio, height + (i + 0.9) * line));
  return sheet;
}

function wrappedText(pen, words, room) {
  const lines = [""];
  for (const word of words.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (pen.measureText(longer).width <= room || !lines.at(-1)) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(word);
    }
  }
  return lines.map((line) => shortened(pen, line, room));
}

async function viewAsPng(canvases, ratio, record, background) {
  const sheet = sheetOf(canvases, ratio, footerLines(record), background);
  const blob = await new Promise((resolve) => { sheet.toBlob(resolve, "image/png"); });
  return withText(new Uint8Array(await blob.arrayBuffer()), KEYWORD, JSON.stringify(record));
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function fileName(exhibits) {
  const names = exhibits.sides.map(({ title }) => title.replace(/\.\w+$/, "").replace(/[^\w-]+/g, "-").slice(0, 40));
  return `view_${names.join("_")}.png`;
}
