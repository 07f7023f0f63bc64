/* The panels over the card: the keys, which can be changed there, and the definitions of the classes. */
const FOLD_DEFINITION_AT = 600;

/** A modal dialog: the browser keeps the focus inside, closes it with Escape and gives the focus back. */
class Panel {
  /** `command` opens it; its key closes it too. */
  constructor(dialog, command) {
    this.dialog = dialog;
    this.command = command;
    this.body = dialog.querySelector(".panel-body");
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) this.close();
    });
  }

  get isOpen() {
    return this.dialog.open;
  }

  show() {
    this.dialog.showModal();
  }

  close() {
    this.dialog.close();
  }

  /** Tab goes round inside, instead of on to the browser's own buttons. */
  onKey(event) {
    if (event.key !== "Tab") return;
    const inside = [...this.dialog.querySelectorAll("button, input")].filter((node) => !node.disabled && node.checkVisibility());
    const place = inside.indexOf(this.dialog.getRootNode().activeElement);
    const next = event.shiftKey ? Math.max(place, 0) - 1 : place + 1;
    event.preventDefault();
    inside.at(next % inside.length).focus();
  }
}

class KeyPanel extends Panel {
  constructor(dialog, keyMap, onChange) {
    super(dialog, "help");
    this.keyMap = keyMap;
    this.onChange = onChange;
    this.waitsFor = null; // the command whose new key is to be pressed
    dialog.addEventListener("close", () => this.#wait(null));
  }

  show(numClasses) {
    this.#build(numClasses);
    super.show();
  }

  /** A key that was pressed while the panel is open. */
  onKey(event) {
    if (!this.waitsFor) {
      super.onKey(event);
      return;
    }
    if (event.repeat || ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"].includes(event.key)) return;
    event.preventDefault();
    const command = this.waitsFor;
    if (event.key === "Escape") {
      this.#wait(null);
      this.words.textContent = "Nothing was changed.";
      return;
    }
    const key = plainKey(event);
    const refusal = classPlace(event) !== null ? "Digits choose the classes."
      : key === null ? "Take a key without Ctrl, Alt or Shift." : this.keyMap.change(command, key);
    if (refusal) {
      this.words.textContent = `${refusal} Press another key, or Escape.`;
      return;
    }
    this.#wait(null);
    this.words.textContent = `${COMMAND_MEANINGS[command]}: now “${printedKey(key)}”.`;
    this.#changed();
  }

  #build(numClasses) {
    this.rows = {};
    const list = element("dl");
    for (const [keys, meaning] of classRows(numClasses)) list.append(...keyRow(keys, meaning));
    for (const [command, meaning] of Object.entries(COMMAND_MEANINGS)) {
      const [term, detail] = keyRow(this.keyMap.printed(command), meaning);
      const button = element("button", "quiet", "Change");
      button.type = "button";
      button.setAttribute("aria-label", `Change the key: ${meaning}`);
      button.addEventListener("click", () => this.#wait(command));
      detail.append(button);
      this.rows[command] = { term, button };
      list.append(term, detail);
    }
    this.enter = element("input");
    this.enter.type = "checkbox";
    this.enter.checked = this.keyMap.acceptsByEnter;
    this.enter.addEventListener("change", () => {
      this.words.textContent = this.keyMap.setEnter(this.enter.checked);
      this.#changed();
    });
    const label = element("label", "enter-choice");
    label.append(this.enter, "Enter accepts the suggested label too");
    const reset = element("button", "", "Back to the usual keys");
    reset.type = "button";
    reset.addEventListener("click", () => {
      this.keyMap.reset();
      this.words.textContent = "Every key is the usual one again.";
      this.#changed();
    });
    this.words = element("p", "key-words");
    this.words.setAttribute("role", "status");
    const rule = "Keys work while no text box has the focus. The number pad works too.";
    this.body.replaceChildren(list, label, reset, this.words, element("p", "muted small", rule));
  }

  #wait(command) {
    const before = this.rows?.[this.waitsFor];
    if (before) {
      before.button.textContent = "Change";
      before.button.classList.remove("waits");
    }
    this.waitsFor = command;
    if (!command) return;
    this.rows[command].button.textContent = "Press a key";
    this.rows[command].button.classList.add("waits");
    this.words.textContent = `${COMMAND_MEANINGS[command]}: press the new key, or Escape.`;
  }

  #changed() {
    this.enter.checked = this.keyMap.acceptsByEnter;
    for (const [command, { term }] of Object.entries(this.rows)) term.replaceChildren(...keyNodes(this.keyMap.printed(command)));
    this.onChange();
  }
}

class DefinitionPanel extends Panel {
  constructor(dialog) {
    super(dialog, "definitions");
  }

  /** `first` are the classes on the card: [name, word]. */
  show({ classes, hidden, guidelines }, first) {
    const named = new Map(first);
    const others = classes.filter((name) => !named.has(name) && !hidden.includes(name));
    const list = element("dl");
    for (const name of [...named.keys(), ...others]) {
      const definition = definitionOf(name, guidelines);
      if (!definition) continue;
      const term = element("dt");
      term.append(nameNode(name), ...(named.has(name) ? [element("span", "muted small", named.get(name))] : []));
      list.append(term, foldingText("dd", "", definition, FOLD_DEFINITION_AT));
    }
    this.body.replaceChildren(list);
    super.show();
  }
}

function keyNodes(keys) {
  return keys.map((key) => (key === "…" ? key : element("kbd", "", key)));
}

function keyRow(keys, meaning) {
  const term = element("dt");
  const detail = element("dd");
  term.append(...keyNodes(keys));
  detail.append(element("span", "", meaning));
  return [term, detail];
}

/** Rows for the digits: [keys, meaning]. */
function classRows(numClasses) {
  const rows = [[["1", "…", "9", "0"], numClasses > 10 ? "Set class 1 to 10" : "Set the class with that number"]];
  if (numClasses > 10) rows.push([["⇧1", "…", "⇧0"], "Set class 11 to 20"]);
  if (numClasses > 20) rows.push([["⇧⌥1", "…", "⇧⌥0"], "Set class 21 to 30 (⌥ is Alt)"]);
  return rows;
}
