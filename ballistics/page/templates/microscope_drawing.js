/** Draws what lies over the panes: names, scale bars, lamp, dividing line, cells, match points. */

const FONT = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif';
const EDGE = 12;
const POINT_COLOUR = "#ffd400";
const CROWDED = 26;

const lengthText = (um) => (um >= 1000 ? `${um / 1000} mm` : `${um} µm`);

/** The longest length of the series 1, 2, 5, 10, 20, ... that is not above `longest`. */
function roundLength(longest) {
  const power = 10 ** Math.floor(Math.log10(longest));
  return Number((power * [5, 2, 1].find((step) => step * power <= longest)).toPrecision(1));
}

class Drawing {
  constructor(canvas, exhibits) {
    this.pen = canvas.getContext("2d");
    this.exhibits = exhibits;
  }

  draw(view, ratio) {
    const { pen } = this;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, view.width, view.height);
    const layers = view.layers();
    for (const layer of layers) {
      pen.save();
      pen.beginPath();
      pen.rect(layer.box.x, layer.box.y, layer.box.w, layer.box.h);
      pen.clip();
      if (view.cells) {
        this.cells(layer, view.mode === "overlay" && layer.index === QUESTIONED);
      }
      if (view.points) {
        this.points(layer);
      }
      pen.restore();
    }
    if (view.points && view.mode === "beside") {
      this.connections(layers);
    }
    this.divider(view);
    for (const layer of layers) {
      this.caption(view, layer);
    }
  }

  text(words, x, y, { align = "left", size = 12, weight = 600, colour = "#fff" } = {}) {
    const { pen } = this;
    pen.font = `${weight} ${size}px ${FONT}`;
    pen.textAlign = align;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 3;
    pen.strokeStyle = "#000c";
    pen.strokeText(words, x, y);
    pen.fillStyle = colour;
    pen.fillText(words, x, y);
  }

  /** Name, lamp and scale bar of a side: the reference's at the left edge, the questioned one's at the right. */
  caption(view, layer) {
    const { pen } = this;
    const right = layer.index === QUESTIONED;
    const x = right ? view.width - EDGE : EDGE;
    const inward = right ? -1 : 1;
    const align = right ? "right" : "left";
    const below = right && view.mode === "split" && view.level;
    const top = below ? view.height - 92 : EDGE + 10;
    const side = this.exhibits.sides[layer.index];
    pen.font = `600 12px ${FONT}`;
    const name = shortened(pen, filled(WORDS.sides[layer.index], side), view.width / 2 - 60);
    const wide = pen.measureText(name).width + 16;
    pen.fillStyle = "#000b";
    pen.beginPath();
    pen.roundRect(right ? x - wide + 4 : x - 4, top - 11, wide, 22, 4);
    pen.fill();
    pen.textAlign = align;
    pen.textBaseline = "middle";
    pen.fillStyle = "#fff";
    pen.fillText(name, x + 4 * inward, top + 0.5);
    if (side.slopes) {
      this.lamp(view.lampSeen(layer), x + 12 * inward, top + 28);
    }
    this.scaleBar(view.pixelsPerUm(layer.index), x, view.height - EDGE - 4, inward, align);
  }

  lamp([towardsX, towardsY], x, y) {
    const { pen } = this;
    pen.beginPath();
    pen.arc(x, y, 13, 0, 2 * Math.PI);
    pen.fillStyle = "#000b";
    pen.fill();
    pen.strokeStyle = "#fff8";
    pen.lineWidth = 1;
    pen.stroke();
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + 10 * towardsX, y + 10 * towardsY);
    pen.strokeStyle = "#ffd400";
    pen.lineWidth = 1.5;
    pen.stroke();
    pen.beginPath();
    pen.arc(x + 10 * towardsX, y + 10 * towardsY, 3.5, 0, 2 * Math.PI);
    pen.fillStyle = "#ffd400";
    pen.fill();
  }

  scaleBar(pixelsPerUm, x, y, inward, align) {
    if (!pixelsPerUm) {
      this.text(WORDS.no_scale, x, y - 4, { align });
      return;
    }
    const { pen } = this;
    const um = roundLength(160 / pixelsPerUm);
    const long = um * pixelsPerUm * inward;
    pen.fillStyle = "#000c";
    pen.fillRect(x - inward, y - 1, long + 2 * inward, 6);
    pen.fillStyle = "#fff";
    pen.fillRect(x, y, long, 4);
    this.text(lengthText(um), x, y - 11, { align });
  }

  divider(view) {
    if (view.mode !== "beside" && view.mode !== "split") {
      return;
    }
    const { pen } = this;
    const { width: w, height: h } = view;
    const share = view.mode === "beside" ? 0.5 : view.line;
    const level = view.mode === "split" && view.level;
    const [x, y] = level ? [w / 2, share * h] : [share * w, h / 2];
    for (const [wide, colour] of [[4, "#0009"], [1.5, "#fff"]]) {
      pen.lineWidth = wide;
      pen.strokeStyle = colour;
      pen.beginPath();
      pen.moveTo(level ? 0 : x, level ? y : 0);
      pen.lineTo(level ? w : x, level ? y : h);
      pen.stroke();
    }
    if (view.mode === "split") {
      pen.beginPath();
      pen.arc(x, y, 11, 0, 2 * Math.PI);
      pen.fillStyle = "#0009";
      pen.fill();
      pen.stroke();
    }
  }

  /** Outlines with labels; a second set over the first is dashed and has none. */
  cells({ index, matrix }, second) {
    const { pen } = this;
    pen.setLineDash(second ? [6, 4] : []);
    for (const { outlines, colours, labels } of this.exhibits.cells) {
      outlines[index].forEach((corners, i) => {
        if (!corners) {
          return;
        }
        const shape = corners.map(([x, y]) => matrix.transformPoint({ x, y }));
        pen.beginPath();
        shape.forEach(({ x, y }) => pen.lineTo(x, y));
        pen.closePath();
        pen.fillStyle = colours[i] + (second ? "00" : "1c");
        pen.fill();
        pen.lineWidth = 3.5;
        pen.strokeStyle = "#000a";
        pen.stroke();
        pen.lineWidth = 1.75;
        pen.strokeStyle = colours[i];
        pen.stroke();
        if (!second && Math.hypot(shape[1].x - shape[0].x, shape[1].y - shape[0].y) > CROWDED) {
          const [x, y] = ["x", "y"].map((axis) => shape.reduce((sum, at) => sum + at[axis], 0) / shape.length);
          this.text(labels[i], x, y, { align: "center", size: 10.5 });
        }
      });
    }
    pen.setLineDash([]);
  }

  points({ index, matrix }) {
    const { pen } = this;
    for (const { outlines } of this.exhibits.points) {
      const numbered = outlines[index].length <= 60;
      outlines[index].forEach((point, i) => {
        if (!point) {
          return;
        }
        const { x, y } = matrix.transformPoint({ x: point[0], y: point[1] });
        for (const [wide, colour] of [[4, "#000b"], [1.75, POINT_COLOUR]]) {
          pen.beginPath();
          pen.arc(x, y, 5, 0, 2 * Math.PI);
          pen.lineWidth = wide;
          pen.strokeStyle = colour;
          pen.stroke();
        }
        if (numbered) {
          this.text(String(i + 1), x + 9, y - 7, { size: 10.5, colour: POINT_COLOUR });
        }
      });
    }
  }

  connections(layers) {
    const { pen } = this;
    pen.lineWidth = 1;
    pen.strokeStyle = POINT_COLOUR + "70";
    for (const { outlines } of this.exhibits.points) {
      outlines[REFERENCE].forEach((from, i) => {
        const to = outlines[QUESTIONED][i];
        if (from && to) {
          const ends = [from, to].map(([x, y], index) => layers[index].matrix.transformPoint({ x, y }));
          if (ends.every(({ x, y }, index) => within(layers[index].box, x, y))) {
            pen.beginPath();
            ends.forEach(({ x, y }) => pen.lineTo(x, y));
            pen.stroke();
          }
        }
      });
    }
  }
}

const within = ({ x, y, w, h }, atX, atY) => atX >= x && atX <= x + w && atY >= y && atY <= y + h;

/** A text with its middle left out where it is too wide for the pen's font. */
function shortened(pen, words, wide) {
  let kept = words.length;
  let text = words;
  while (pen.measureText(text).width > wide && kept > 8) {
    kept -= 2;
    text = `${words.slice(0, Math.ceil(kept / 2))}…${words.slice(-Math.floor(kept / 2))}`;
  }
  return text;
}
