/** Sliders, buttons, pointer and keys: they change the view, and follow it when it changes. */

const TURN_STEP = 0.5;
const PAN_STEP = 24;
const GRAB = 14;
const RANGES = { rate: [0.5, 3], opacity: [0, 1], line: [0, 1], elevation: [5, 90], relief: [-3, 4], size: [0.25, 4] };

const degreesText = (value, digits) => `${value.toFixed(digits).replace("-", "−")}°`;
const TEXTS = {
  line: (value) => `${Math.round(100 * value)} %`,
  opacity: (value) => `${Math.round(100 * value)} %`,
  rate: (rate) => filled(WORDS.per_second, { rate }),
  turn: (value) => degreesText(value, 0),
  angle: (value) => degreesText(value, 1),
  size: (value) => `× ${value.toFixed(3)}`,
  azimuth: (value) => degreesText(value, 0),
  elevation: (value) => degreesText(value, 0),
  relief: (_, view) => filled(WORDS.relief, { relief: view.exaggeration.toPrecision(2) }),
};

class Controls {
  constructor(view, exhibits, save) {
    this.view = view;
    this.save = save;
    this.stage = document.getElementById("stage");
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.pointers = new Map();
    this.bindInputs();
    this.bindButtons();
    this.bindPointers();
    this.keys = this.keyTable();
    document.addEventListener("keydown", (event) => this.pressed(event));
    this.showKeys();
    view.onChange(() => this.follow());
  }

  step(key, by) {
    const [low, high] = RANGES[key];
    this.view.update({ [key]: clamp(Number((this.view[key] + by).toFixed(4)), low, high) });
  }

  bindInputs() {
    this.inputs = [...document.querySelectorAll("[data-key]")];
    for (const input of this.inputs) {
      input.addEventListener("input", () => {
        this.view.update({ [input.dataset.key]: input.type === "checkbox" ? input.checked : Number(input.value) });
      });
    }
  }

  bindButtons() {
    this.modes = [...document.querySelectorAll("[data-mode]")];
    for (const button of this.modes) {
      button.addEventListener("click", () => this.choose(button.dataset.mode));
    }
    for (const button of document.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this[button.dataset.do]());
    }
  }

  choose(mode) {
    const refit = this.view.zoom === this.view.fitted;
    this.view.update({ mode, shown: REFERENCE });
    if (refit) {
      this.view.fit();
    }
  }

  fit() {
    this.view.fit();
  }

  align() {
    this.view.lay();
    this.view.update();
  }

  closer() {
    this.view.zoomBy(1.25);
  }

  farther() {
    this.view.zoomBy(0.8);
  }

  theme() {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  }

  help() {
    const dialog = document.getElementById("help");
    if (dialog.open) {
      dialog.close();
    } else {
      dialog.showModal();
    }
  }

  swap() {
    this.view.update({ shown: 1 - this.view.shown });
  }

  /** Make all controls show the state of the view. */
  follow() {
    const { view, stage } = this;
    for (const input of this.inputs) {
      const value = view[input.dataset.key];
      if (input.type === "checkbox") {
        input.checked = value;
        continue;
      }
      input.value = String(value);
      const text = TEXTS[input.dataset.key](value, view);
      input.nextElementSibling.value = text;
      input.setAttribute("aria-valuetext", text);
    }
    for (const button of this.modes) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === view.mode));
    }
    for (const part of document.querySelectorAll("[data-only]")) {
      part.hidden = part.dataset.only !== view.mode;
    }
    document.getElementById("laid").value = WORDS.laid[view.laid];
    stage.dataset.alone = view.alone;
    this.flicker(view.mode === "flicker" && !this.still.matches ? view.rate : 0);
  }

  flicker(rate) {
    if (rate !== this.rate) {
      this.rate = rate;
      clearInterval(this.timer);
      if (rate) {
        this.timer = setInterval(() => this.swap(), 1000 / rate);
      }
    }
  }

  bindPointers() {
    const { stage, view, pointers } = this;
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      view.zoomBy(Math.exp(-clamp(event.deltaY * lines, -120, 120) * 0.002), this.at(event));
    }, { passive: false });
    stage.addEventListener("pointerdown", (event) => {
      stage.setPointerCapture(event.pointerId);
      const at = this.at(event);
      pointers.set(event.pointerId, at);
      this.dragging = this.nearLine(at) ? "line" : event.shiftKey ? "turn" : "pan";
    });
    stage.addEventListener("pointermove", (event) => {
      if (pointers.has(event.pointerId)) {
        this.drag(event);
      } else {
        const level = view.level ? "level" : "upright";
        stage.dataset.near = this.nearLine(this.at(event)) ? level : "";
      }
    });
    for (const end of ["pointerup", "pointercancel"]) {
      stage.addEventListener(end, (event) => pointers.delete(event.pointerId));
    }
  }

  at(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  nearLine({ x, y }) {
    const { view } = this;
    const away = view.level ? y - view.line * view.height : x - view.line * view.width;
    return view.mode === "split" && Math.abs(away) <= GRAB;
  }

  drag(event) {
    const { view, pointers } = this;
    const before = pointers.get(event.pointerId);
    const at = this.at(event);
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    pointers.set(event.pointerId, at);
    if (others.length) {
      const [other] = others;
      const apart = (place) => Math.max(1, Math.hypot(place.x - other.x, place.y - other.y));
      view.zoomBy(apart(at) / apart(before), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
      view.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
    } else if (this.dragging === "line") {
      view.update({ line: clamp(view.level ? at.y / view.height : at.x / view.width, 0, 1) });
    } else if (this.dragging === "turn") {
      const middle = view.width - view.paneWidth / 2;
      const bearing = ({ x, y }) => (Math.atan2(y - view.height / 2, x - middle) * 180) / Math.PI;
      view.update({ angle: view.angle + wrapped(bearing(at) - bearing(before)) });
    } else {
      view.pan(at.x - before.x, at.y - before.y);
    }
  }

  /** Keys in the order of the help: what is pressed, what is said of it, what it does with or without Shift. */
  keyTable() {
    const { view } = this;
    const says = WORDS.keys;
    const flip = (key) => () => view.update({ [key]: !view[key] });
    return [
      { keys: ["1", "2", "3", "4"], says: says.modes,
        does: (key) => this.choose(["beside", "split", "overlay", "flicker"][key - 1]) },
      { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], shown: ["←", "→", "↑", "↓"], says: says.pan,
        does: (key) => {
          const [dx, dy] = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
          const along = view.alone ? -PAN_STEP / 8 : PAN_STEP;
          view.pan(along * dx, along * dy);
        } },
      { keys: ["+", "=", "-"], shown: ["+", "−"], says: says.zoom,
        does: (key) => view.zoomBy(key === "-" ? 0.8 : 1.25) },
      { keys: ["0", "f"], says: says.fit, does: () => view.fit() },
      { keys: ["r", "R"], says: filled(says.turn, { degrees: 5 }),
        does: (key) => view.update({ turn: wrapped(view.turn + (key === "r" ? 5 : -5)) }) },
      { keys: ["[", "]"], says: filled(says.angle, { degrees: TURN_STEP }),
        does: (key) => view.update({ angle: view.angle + (key === "]" ? TURN_STEP : -TURN_STEP) }) },
      { keys: ["u"], says: says.alone, does: flip("alone") },
      { keys: ["m"], says: says.mirror, does: flip("mirror") },
      { keys: ["a"], says: says.align, does: () => this.align() },
      { keys: [",", "."], says: says.line, does: (key) => this.step("line", key === "." ? 0.02 : -0.02) },
      { keys: ["h"], says: says.level, does: flip("level") },
      { keys: ["o", "O"], says: says.opacity,
        does: (key) => this.step("opacity", key === "o" ? 0.05 : -0.05) },
      { keys: [" "], shown: [says.space], says: says.swap, does: () => this.swap() },
      { keys: ["l", "L"], says: filled(says.azimuth, { degrees: 10 }),
        does: (key) => view.update({ azimuth: (view.azimuth + (key === "l" ? 10 : 350)) % 360 }) },
      { keys: ["k", "K"], says: says.elevation, does: (key) => this.step("elevation", key === "k" ? 5 : -5) },
      { keys: ["x", "X"], says: says.relief, does: (key) => this.step("relief", key === "x" ? 0.25 : -0.25) },
      { keys: ["p"], says: says.points, does: flip("points") },
      { keys: ["c"], says: says.cells, does: flip("cells") },
      { keys: ["s"], says: says.save, does: () => this.save() },
      { keys: ["t"], says: says.theme, does: () => this.theme() },
      { keys: ["?"], says: says.help, does: () => this.help() },
    ];
  }

  showKeys() {
    const list = document.getElementById("keys");
    for (const { keys, shown, says } of this.keys) {
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      for (const key of shown ?? keys) {
        term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      }
      text.textContent = says;
      list.append(term, text);
    }
  }

  pressed(event) {
    const { target, key } = event;
    const slider = target instanceof HTMLInputElement && target.type === "range";
    const pressable = target.closest?.("button, summary, input[type=checkbox], dialog");
    const taken = (slider && key.startsWith("Arrow")) || (pressable && (key === " " || key === "Enter"));
    const command = (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
    const found = this.keys.find(({ keys }) => keys.includes(key));
    if (!found || taken || command || (document.getElementById("help").open && key !== "?")) {
      return;
    }
    event.preventDefault();
    found.does(key);
  }
}
