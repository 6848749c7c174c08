"use strict";
(() => {
  const stage = document.querySelector(".stage");
  const choose = (button) => {
    for (const other of button.parentElement.children) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  };

  if (stage) {
    const divider = document.getElementById("divider");
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    let timer = 0;
    const place = (percent) => {
      stage.style.setProperty("--cut", percent + "%");
      stage.style.setProperty("--share", String(percent / 100));
    };
    const flicker = (on) => {
      clearInterval(timer);
      stage.classList.remove("off");
      if (on && !still.matches) {
        timer = setInterval(() => stage.classList.toggle("off"), 600);
      }
    };
    const follow = (event) => {
      const box = stage.getBoundingClientRect();
      const share = stage.dataset.way === "level"
        ? (event.clientY - box.top) / box.height
        : (event.clientX - box.left) / box.width;
      divider.value = String(Math.min(100, Math.max(0, 100 * share)));
      place(divider.value);
    };
    divider.addEventListener("input", () => place(divider.value));
    stage.addEventListener("pointerdown", (event) => {
      if (stage.dataset.mode === "flicker") {
        stage.classList.toggle("off");
        return;
      }
      stage.setPointerCapture(event.pointerId);
      follow(event);
    });
    stage.addEventListener("pointermove", (event) => {
      if (stage.hasPointerCapture(event.pointerId)) {
        follow(event);
      }
    });
    for (const button of document.querySelectorAll(".scope button")) {
      button.addEventListener("click", () => {
        choose(button);
        stage.dataset[button.dataset.set] = button.dataset.value;
        if (button.dataset.set === "way") {
          divider.value = stage.dataset[button.dataset.value];
          place(divider.value);
        }
        if (button.dataset.set === "mode") {
          flicker(button.dataset.value === "flicker");
        }
      });
    }
    place(divider.value);
  }

  const section = document.getElementById("cells");
  if (section) {
    for (const button of section.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        choose(button);
        section.dataset.direction = button.dataset.value;
      });
    }
    const cells = [...section.querySelectorAll(".cell")];
    document.getElementById("rule").addEventListener("change", (event) => {
      for (const cell of cells) {
        const counts = cell.dataset.rules.split(" ").includes(event.target.value);
        cell.classList.toggle("yes", counts);
        cell.classList.toggle("no", !counts);
      }
    });
    const light = (name) => {
      for (const cell of cells) {
        cell.classList.toggle("lit", cell.dataset.cell === name);
      }
    };
    for (const cell of cells) {
      cell.addEventListener("pointerenter", () => light(cell.dataset.cell));
      cell.addEventListener("pointerleave", () => light(null));
    }
  }

  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) {
      part.open = true;
    }
  });
})();
