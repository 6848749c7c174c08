/** Puts the parts together: exhibits, view, panes, drawing, controls, saving. */

const opened = new Date().toISOString().replace(/\.\d+Z$/, "Z");

/** WebGL on a graphics card, else a plain canvas; the address can end in #webgl or #canvas to ask for one. */
function panesOn(stage, sides, wanted) {
  const canvas = document.createElement("canvas");
  stage.prepend(canvas);
  if (wanted !== "#canvas") {
    try {
      return { canvas, panes: new WebglPanes(canvas, sides, wanted === "#webgl") };
    } catch {
      canvas.remove();
      return panesOn(stage, sides, "#canvas");
    }
  }
  return { canvas, panes: new CanvasPanes(canvas, sides) };
}

class Microscope {
  constructor(exhibits) {
    this.exhibits = exhibits;
    this.stage = document.getElementById("stage");
    this.over = document.getElementById("over");
    this.view = new View(exhibits);
    this.drawing = new Drawing(this.over, exhibits);
    this.setPanes(location.hash);
    this.controls = new Controls(this.view, exhibits, () => this.save());
    document.getElementById("save").addEventListener("click", () => this.save());
    this.view.onChange(() => this.ask());
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.resize();
    this.view.fit();
  }

  setPanes(wanted) {
    Object.assign(this, panesOn(this.stage, this.exhibits.sides, wanted));
    this.canvas.addEventListener("webglcontextlost", () => {
      this.canvas.remove();
      this.setPanes("#canvas");
      this.resize();
    });
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    const whole = this.view.zoom === this.view.fitted;
    this.ratio = devicePixelRatio;
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.round(clientWidth * this.ratio);
      canvas.height = Math.round(clientHeight * this.ratio);
    }
    this.view.resize(clientWidth, clientHeight);
    if (whole) {
      this.view.fit();
    }
    this.draw();
  }

  /** Draw once before the next frame, however often the view changes until then. */
  ask() {
    if (!this.asked) {
      this.asked = requestAnimationFrame(() => this.draw());
    }
  }

  draw() {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    this.panes.draw(this.view, this.ratio);
    this.drawing.draw(this.view, this.ratio);
  }

  record() {
    return recordOf(this.view, this.exhibits, opened, this.panes.constructor.name);
  }

  async save() {
    this.draw();
    const background = getComputedStyle(this.stage).backgroundColor;
    const png = viewAsPng([this.canvas, this.over], this.ratio, this.record(), this.view.laid, background);
    download(await png, fileName(this.exhibits));
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const followSystem = () => { document.documentElement.dataset.theme = dark.matches ? "dark" : "light"; };
followSystem();
dark.addEventListener("change", followSystem);

let microscope = null;
readExhibits().then((exhibits) => {
  microscope = new Microscope(exhibits);
  document.documentElement.dataset.ready = "yes";
}).catch((error) => {
  document.getElementById("failed").hidden = false;
  console.error(error);
});
