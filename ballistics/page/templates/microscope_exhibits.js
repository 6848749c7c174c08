/** The two exhibits as the page carries them, unpacked: slopes of heights, or a picture. */

/** All that the script says, in the language of the page. */
const WORDS = JSON.parse(document.getElementById("words").textContent);

/** A text with its {name} fields filled. */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Undo what Python packed: base64, deflate, low and high bytes apart, differences along rows. */
async function unpackCodes(side) {
  const packed = Uint8Array.from(atob(side.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = side.columns * side.rows;
  const codes = new Uint16Array(count);
  for (let row = 0, i = 0; row < side.rows; row += 1) {
    let code = 0;
    for (let column = 0; column < side.columns; column += 1, i += 1) {
      code = (code + bytes[i] + 256 * bytes[count + i]) & 0xffff;
      codes[i] = code;
    }
  }
  return codes;
}

/**
 * Slopes along x and y of every point, from the neighbours on both sides or from one beside missing points.
 * Four numbers a point: both slopes, 1 where the height is known, 0 as filling.
 */
function slopesOf(codes, side) {
  const { columns, rows, step_um: step } = side;
  const [perX, perY] = side.spacing_um.map((spacing) => step / spacing);
  const slopes = new Float32Array(4 * columns * rows);
  const slope = (i, before, after, jump) => {
    let sum = 0;
    let known = 0;
    if (before && codes[i - jump]) {
      sum += codes[i] - codes[i - jump];
      known += 1;
    }
    if (after && codes[i + jump]) {
      sum += codes[i + jump] - codes[i];
      known += 1;
    }
    return known ? sum / known : 0;
  };
  for (let row = 0, i = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, i += 1) {
      if (codes[i]) {
        slopes[4 * i] = slope(i, column > 0, column < columns - 1, 1) * perX;
        slopes[4 * i + 1] = slope(i, row > 0, row < rows - 1, columns) * perY;
        slopes[4 * i + 2] = 1;
      }
    }
  }
  return slopes;
}

async function unpackPicture(side) {
  const picture = new Image();
  picture.src = side.uri;
  await picture.decode();
  return picture;
}

/** Read the data block of the page; each side gets `slopes` or `picture`. */
async function readExhibits() {
  const exhibits = JSON.parse(document.getElementById("exhibits").textContent);
  for (const side of exhibits.sides) {
    if (side.kind === "heights") {
      side.slopes = slopesOf(await unpackCodes(side), side);
    } else {
      side.picture = await unpackPicture(side);
    }
    delete side.data;
    delete side.uri;
  }
  return exhibits;
}
