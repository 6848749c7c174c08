/** What is looked at and how: the state of the microscope and its geometry. Knows nothing of the page. */

const REFERENCE = 0;
const QUESTIONED = 1;
const CLOSEST = 40;
const FARTHEST = 0.2;
const MARGIN = 0.94;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const wrapped = (degrees) => degrees - 360 * Math.round(degrees / 360);
const turned = (x, y, degrees) => new DOMMatrix().rotate(degrees).transformPoint({ x, y });

class View {
  /** Lengths are those of the exhibits (micrometres where known), angles degrees clockwise. */
  constructor(exhibits) {
    this.sides = exhibits.sides;
    this.found = exhibits.placement;
    this.baseRelief = exhibits.relief;
    this.width = 1;
    this.height = 1;
    this.mode = "beside";
    this.line = 0.5;
    this.level = false;
    this.opacity = 0.5;
    this.rate = 1;
    this.shown = REFERENCE;
    this.alone = false;
    this.azimuth = 45;
    this.elevation = 45;
    this.relief = 0;
    this.lampTurns = false;
    this.points = false;
    this.cells = false;
    this.turn = 0;
    this.centre = { x: 0, y: 0 };
    this.zoom = 1;
    this.listeners = [];
    this.lay();
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  update(values = {}) {
    Object.assign(this, values);
    this.listeners.forEach((listener) => listener(this));
  }

  /** Lay the questioned side as it was found, or middle on middle. */
  lay() {
    const { x, y, angle, size } = this.found ?? { x: 0, y: 0, angle: 0, size: 1 };
    Object.assign(this, { x, y, placedAngle: wrapped(angle), placedSize: size, mirrored: false, moved: false });
  }

  /** How the questioned side came to lie where it is. */
  get laid() {
    if (this.moved) {
      return "by_hand";
    }
    return this.found ? "found" : "no_pose";
  }

  get exaggeration() {
    return this.baseRelief * 2 ** this.relief;
  }

  /** From a side's own coordinates to those of the reference. */
  placement(index) {
    if (index === REFERENCE) {
      return new DOMMatrix();
    }
    const flip = this.mirrored ? -1 : 1;
    return new DOMMatrix()
      .translate(this.x, this.y)
      .rotate(this.placedAngle)
      .scale(flip * this.placedSize, this.placedSize);
  }

  /** The panes to draw, lowest first: whose they are, their box on the stage, how opaque they are. */
  layers() {
    const { width: w, height: h, line } = this;
    const all = { x: 0, y: 0, w, h };
    const pane = (index, box, opacity = 1, missing = 1) => ({
      index, box, opacity, missing, matrix: this.matrix(index, this.mode === "beside" ? box : all),
    });
    switch (this.mode) {
      case "beside":
        return [pane(REFERENCE, { ...all, w: w / 2 }), pane(QUESTIONED, { ...all, x: w / 2, w: w / 2 })];
      case "split":
        return this.level
          ? [pane(REFERENCE, { ...all, h: line * h }), pane(QUESTIONED, { ...all, y: line * h, h: (1 - line) * h })]
          : [pane(REFERENCE, { ...all, w: line * w }), pane(QUESTIONED, { ...all, x: line * w, w: (1 - line) * w })];
      case "overlay":
        return [pane(REFERENCE, all), pane(QUESTIONED, all, this.opacity, 0)];
      default:
        return [pane(this.shown, all)];
    }
  }

  /** From a side's own coordinates to points of the stage. */
  matrix(index, box) {
    return new DOMMatrix()
      .translate(box.x + box.w / 2, box.y + box.h / 2)
      .scale(this.zoom)
      .rotate(this.turn)
      .translate(-this.centre.x, -this.centre.y)
      .multiply(this.placement(index));
  }

  /** Direction to the lamp (x right, y down, z up), as a layer's own axes see it. */
  lampOn(layer) {
    const azimuth = (this.azimuth * Math.PI) / 180;
    const elevation = (this.elevation * Math.PI) / 180;
    const x = Math.sin(azimuth) * Math.cos(elevation);
    const y = -Math.cos(azimuth) * Math.cos(elevation);
    const z = Math.sin(elevation);
    if (this.lampTurns) {
      return [x, y, z];
    }
    const { a, b, c, d } = layer.matrix;
    return [(a * x + b * y) / Math.hypot(a, b), (c * x + d * y) / Math.hypot(c, d), z];
  }

  /** The same direction as it looks on the stage. */
  lampSeen(layer) {
    const [x, y] = this.lampOn(layer);
    const { a, b, c, d } = layer.matrix;
    const size = Math.hypot(a, b);
    return [(a * x + c * y) / size, (b * x + d * y) / size];
  }

  /** Stage pixels that a micrometre of a side takes, or null where its scale is unknown. */
  pixelsPerUm(index) {
    const known = this.sides[index].unit_um;
    return known ? (this.zoom * (index === QUESTIONED ? this.placedSize : 1)) / known : null;
  }

  get paneWidth() {
    return this.mode === "beside" ? this.width / 2 : this.width;
  }

  /** Show all that was measured: on the reference where the questioned side lies on it, else on both sides. */
  fit() {
    const laid = this.found && !this.moved;
    const corners = this.sides.slice(0, laid ? 1 : 2).flatMap(({ extent, width, height }, index) => {
      const onView = new DOMMatrix().rotate(this.turn).multiply(this.placement(index));
      return [0, 1, 2, 3].map((corner) => onView.transformPoint({
        x: (extent[corner & 1 ? 2 : 0] - 0.5) * width,
        y: (extent[corner & 2 ? 3 : 1] - 0.5) * height,
      }));
    });
    const [left, right] = [Math.min, Math.max].map((end) => end(...corners.map(({ x }) => x)));
    const [top, bottom] = [Math.min, Math.max].map((end) => end(...corners.map(({ y }) => y)));
    const { x, y } = turned((left + right) / 2, (top + bottom) / 2, -this.turn);
    this.fitted = MARGIN * Math.min(this.paneWidth / (right - left), this.height / (bottom - top));
    this.update({ centre: { x, y }, zoom: this.fitted });
  }

  resize(width, height) {
    this.update({ width, height });
  }

  pan(dx, dy) {
    const { x, y } = turned(dx / this.zoom, dy / this.zoom, -this.turn);
    if (this.alone) {
      this.update({ x: this.x + x, y: this.y + y, moved: true });
    } else {
      this.update({ centre: { x: this.centre.x - x, y: this.centre.y - y } });
    }
  }

  /** Enlarge about a point of the stage, or about the middle. */
  zoomBy(factor, at = null) {
    const finest = Math.min(...this.sides.map(({ width, columns }) => width / columns));
    const zoom = clamp(this.zoom * factor, FARTHEST * this.fitted, Math.max(CLOSEST / finest, this.fitted));
    if (at) {
      const pane = this.paneWidth;
      const dx = (this.mode === "beside" && at.x >= pane ? at.x - pane : at.x) - pane / 2;
      const dy = at.y - this.height / 2;
      const { x, y } = turned(dx, dy, -this.turn);
      const share = 1 / this.zoom - 1 / zoom;
      this.centre = { x: this.centre.x + x * share, y: this.centre.y + y * share };
    }
    this.update({ zoom });
  }

  get angle() {
    return this.placedAngle;
  }

  /** Turn the questioned side about the middle of the view. */
  set angle(degrees) {
    const away = turned(this.x - this.centre.x, this.y - this.centre.y, degrees - this.placedAngle);
    Object.assign(this, { x: this.centre.x + away.x, y: this.centre.y + away.y, moved: true });
    this.placedAngle = wrapped(degrees);
  }

  get size() {
    return this.placedSize;
  }

  /** Enlarge the questioned side about the middle of the view. */
  set size(factor) {
    const ratio = factor / this.placedSize;
    this.x = this.centre.x + (this.x - this.centre.x) * ratio;
    this.y = this.centre.y + (this.y - this.centre.y) * ratio;
    Object.assign(this, { placedSize: factor, moved: true });
  }

  set mirror(mirrored) {
    Object.assign(this, { mirrored, moved: true });
  }

  get mirror() {
    return this.mirrored;
  }
}
