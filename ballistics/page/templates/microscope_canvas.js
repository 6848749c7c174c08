/** Draws the panes without WebGL: each side is lit into a picture of its own, anew only when its light changes. */

const SMALLEST_LEVEL = 64;

/** The slopes of a side at a half, a quarter, ... of its points, averaged over those that are known. */
function levelsOf(side) {
  const levels = side.slopes ? [side] : [];
  while (levels.length && Math.min(levels.at(-1).columns, levels.at(-1).rows) > SMALLEST_LEVEL) {
    levels.push(halved(levels.at(-1)));
  }
  return levels;
}

function halved({ slopes, columns, rows }) {
  const small = { columns: columns >> 1, rows: rows >> 1 };
  small.slopes = new Float32Array(4 * small.columns * small.rows);
  for (let row = 0, k = 0; row < small.rows; row += 1) {
    for (let column = 0; column < small.columns; column += 1, k += 4) {
      const first = 4 * (2 * row * columns + 2 * column);
      const four = [first, first + 4, first + 4 * columns, first + 4 * columns + 4].filter((i) => slopes[i + 2]);
      for (const i of four) {
        small.slopes[k] += slopes[i] / four.length;
        small.slopes[k + 1] += slopes[i + 1] / four.length;
      }
      small.slopes[k + 2] = four.length > 1 ? 1 : 0;
    }
  }
  return small;
}

class CanvasPanes {
  static name = "canvas";

  constructor(canvas, sides) {
    this.pen = canvas.getContext("2d");
    this.sides = sides;
    this.levels = sides.map(levelsOf);
    this.lit = sides.map(() => ({ sheet: document.createElement("canvas"), light: "" }));
  }

  /** The photograph, or the heights lit with as many points as the stage can show. */
  picture(view, layer, ratio) {
    const side = this.sides[layer.index];
    if (side.picture) {
      return side.picture;
    }
    const levels = this.levels[layer.index];
    const shown = (Math.hypot(layer.matrix.a, layer.matrix.b) * ratio * side.width) / side.columns;
    const level = clamp(Math.floor(-Math.log2(shown)), 0, levels.length - 1);
    const lamp = view.lampOn(layer);
    const light = [level, layer.missing, ...lamp, view.exaggeration].map((value) => value.toFixed(4)).join(" ");
    const held = this.lit[layer.index];
    if (held.light !== light) {
      held.light = light;
      shine(levels[level], held.sheet, lamp, view.exaggeration, layer.missing);
    }
    return held.sheet;
  }

  draw(view, ratio) {
    const { pen } = this;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
    for (const layer of view.layers()) {
      const { box, matrix } = layer;
      const { width, height, picture } = this.sides[layer.index];
      pen.save();
      pen.scale(ratio, ratio);
      pen.beginPath();
      pen.rect(box.x, box.y, box.w, box.h);
      pen.clip();
      pen.globalAlpha = layer.opacity;
      pen.imageSmoothingQuality = picture ? "high" : "low";
      pen.transform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
      pen.drawImage(this.picture(view, layer, ratio), -width / 2, -height / 2, width, height);
      pen.restore();
    }
  }
}

/** Light slopes into a canvas as the shader does. */
function shine({ slopes, columns, rows }, sheet, [lampX, lampY, lampZ], relief, missing) {
  if (sheet.width !== columns || sheet.height !== rows) {
    Object.assign(sheet, { width: columns, height: rows });
  }
  const pen = sheet.getContext("2d");
  const picture = pen.createImageData(columns, rows);
  const points = new Uint32Array(picture.data.buffer);
  const ambient = 255 * AMBIENT + 0.5;
  const direct = 255 * (1 - AMBIENT);
  const grey = Math.round(255 * MISSING_GREY);
  const unknown = missing ? (0xff000000 | (grey * 0x010101)) >>> 0 : 0;
  for (let i = 0, k = 0; i < points.length; i += 1, k += 4) {
    if (slopes[k + 2]) {
      const x = slopes[k] * relief;
      const y = slopes[k + 1] * relief;
      const light = (lampZ - lampX * x - lampY * y) / Math.sqrt(1 + x * x + y * y);
      points[i] = 0xff000000 | (((ambient + direct * (light < 0 ? 0 : light > 1 ? 1 : light)) | 0) * 0x010101);
    } else {
      points[i] = unknown;
    }
  }
  pen.putImageData(picture, 0, 0);
}
