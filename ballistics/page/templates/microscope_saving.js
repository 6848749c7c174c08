/** Saves what is seen as a PNG file: the view, a footer with its provenance, and the same as text in the file. */

const KEYWORD = "forensic-ballistics view";
const FOOTER_SIZE = 12;
const FOOTER_LINE = 17;
const ROLES = ["reference", "questioned"];
const LAID = {
  by_hand: "moved by hand", found: "as found by the comparison", no_pose: "no pose: middle on middle",
};

const rounded = (value, digits) => Number(value.toFixed(digits));

/** All that is needed to know what a saved view shows, for programs: in English whatever the page speaks. */
function recordOf(view, exhibits, opened, drawnWith) {
  const lit = exhibits.sides.some((side) => side.slopes);
  return {
    program: exhibits.program,
    opened,
    drawn_with: drawnWith,
    sides: exhibits.sides.map(({ title, sha256, provenance }, index) => ({
      role: ROLES[index], title, sha256, provenance,
    })),
    notes: exhibits.notes,
    unit: exhibits.sides[REFERENCE].unit_um ? "µm" : "pixel of the reference",
    mode: view.mode,
    split: view.mode === "split"
      ? { at: rounded(view.line, 4), way: view.level ? "above and below" : "left and right" }
      : null,
    opacity: view.mode === "overlay" ? rounded(view.opacity, 3) : null,
    shown: view.mode === "flicker" ? ROLES[view.shown] : null,
    um_per_pixel: ROLES.map((_, index) => {
      const pixels = view.pixelsPerUm(index);
      return pixels ? rounded(1 / pixels, 5) : null;
    }),
    turned_deg: rounded(view.turn, 3),
    centre: [rounded(view.centre.x, 4), rounded(view.centre.y, 4)],
    questioned: {
      laid: LAID[view.laid],
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

/** The record in a few lines for the foot of the picture, in the language of the page. */
function footerLines(record, laid) {
  const { footer } = WORDS;
  const files = record.sides.map(({ title, sha256 }, index) =>
    `${filled(WORDS.sides[index], { title })}, SHA-256 ${sha256 ? sha256.slice(0, 12) : WORDS.none}`);
  const { questioned, lamp } = record;
  const scales = record.um_per_pixel.map((um) => (um ? `${um.toPrecision(3)} µm` : WORDS.no_scale));
  const [first, second] = scales;
  const view = [
    WORDS.modes[record.mode],
    ...(record.opacity === null ? [] : [filled(footer.opacity, record)]),
    first === second ? filled(footer.scale, { scale: first }) : filled(footer.scales, { first, second }),
    filled(footer.turned, record),
    filled(footer.questioned, questioned),
    ...(questioned.mirrored ? [footer.mirrored] : []),
    WORDS.laid[laid],
  ];
  const light = lamp
    ? [filled(footer.lamp, lamp), ...(lamp.turns_with_the_case ? [footer.turning] : []), filled(footer.relief, lamp)]
    : [];
  const page = `${filled(footer.opened, record)}, ${record.program}`;
  return [...files, view.join(", "), light.length ? `${light.join(", ")}; ${page}` : page,
    ...record.notes.map((note) => filled(footer.warning, { note }))];
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

async function viewAsPng(canvases, ratio, record, laid, background) {
  const sheet = sheetOf(canvases, ratio, footerLines(record, laid), background);
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
