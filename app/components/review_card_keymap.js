/* Which key does what. Each command's keys can be changed; the browser keeps them. No DOM here.
 * A key is written as KeyboardEvent.key in lower case. Digits belong to the classes, Ctrl Z to undo and redo.
 */
const USUAL_KEYS = {
  accept: ["a", "w"], keep: ["x", "q"], skip: [" "], flag: ["f", "n"], exclude: ["e"], find: ["/"], note: ["m"],
  undo: ["backspace"], redo: [], back: ["arrowleft"], forth: ["arrowright"], definitions: ["d"], help: ["h"],
};
const COMMAND_MEANINGS = {
  accept: "Accept the suggested label",
  keep: "Keep the given label",
  skip: "Skip: no decision, comes back later",
  flag: "Ask for a second opinion",
  exclude: "Exclude from the corrected file",
  find: "Choose a class by its name",
  note: "Write a note",
  undo: "Undo",
  redo: "Redo",
  back: "Look back without deciding",
  forth: "Look forth without deciding",
  definitions: "Show or hide the definitions",
  help: "Show or hide this list",
};
const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const CTRL = IS_MAC ? "⌘" : "Ctrl";
const FIXED_KEYS = { undo: `${CTRL} Z`, redo: `${CTRL} ⇧ Z` };
const FIXED_SHORTCUTS = { undo: "Control+Z", redo: "Control+Shift+Z" };
const NAMED_KEYS = {
  " ": ["space", "Space"], backspace: ["⌫", "Backspace"], delete: ["del", "Delete"], enter: ["enter", "Enter"],
  arrowleft: ["←", "ArrowLeft"], arrowright: ["→", "ArrowRight"], arrowup: ["↑", "ArrowUp"],
  arrowdown: ["↓", "ArrowDown"], home: ["home", "Home"], end: ["end", "End"], pageup: ["page up", "PageUp"],
  pagedown: ["page down", "PageDown"], insert: ["ins", "Insert"], "+": ["+", "Plus"],
};
const KEYS_STORAGE = "lane-review-keys";

function canBeMapped(key) {
  return Object.hasOwn(NAMED_KEYS, key) || ([...key].length === 1 && !/\d/.test(key));
}

function printedKey(key) {
  return NAMED_KEYS[key]?.[0] ?? key;
}

class KeyMap {
  constructor() {
    this.reset(false);
    try {
      this.#restore(JSON.parse(localStorage.getItem(KEYS_STORAGE) ?? "{}"));
    } catch {
      this.reset(false);
    }
  }

  /** The command of a key, or undefined. */
  command(key) {
    return Object.keys(this.keys).find((name) => this.keys[name].includes(key));
  }

  /** What is printed for a command, the first key first. */
  printed(command) {
    const fixed = FIXED_KEYS[command];
    return [...this.keys[command].map(printedKey), ...(fixed ? [fixed] : [])];
  }

  /** The same for aria-keyshortcuts. */
  shortcuts(command) {
    const own = this.keys[command].map((key) => NAMED_KEYS[key]?.[1] ?? key.toUpperCase());
    return [...own, FIXED_SHORTCUTS[command]].filter(Boolean).join(" ");
  }

  /** Gives a command this key and no other. Returns why not, or "". */
  change(command, key) {
    const refusal = this.#refusal(command, key);
    if (!refusal) {
      this.keys[command] = [key];
      this.#save();
    }
    return refusal;
  }

  get acceptsByEnter() {
    return this.keys.accept.includes("enter");
  }

  /** Enter accepts as well, or no longer does. Returns why not, or "". */
  setEnter(isOn) {
    const others = this.keys.accept.filter((key) => key !== "enter");
    if (!isOn && !others.length) return "Enter is the only key for this: change it first.";
    const refusal = isOn ? this.#refusal("accept", "enter") : "";
    if (!refusal) {
      this.keys.accept = isOn ? [...others, "enter"] : others;
      this.#save();
    }
    return refusal;
  }

  reset(isSaved = true) {
    this.keys = Object.fromEntries(Object.entries(USUAL_KEYS).map(([name, keys]) => [name, [...keys]]));
    if (isSaved) this.#save();
  }

  #refusal(command, key) {
    const user = this.command(key);
    if (user && user !== command) return `“${printedKey(key)}” is used by: ${COMMAND_MEANINGS[user]}.`;
    return canBeMapped(key) ? "" : "This key cannot be used: take a letter, a sign, an arrow or the like.";
  }

  /** Takes what the browser kept, if every key of it is one and means one thing. */
  #restore(kept) {
    for (const name of Object.keys(USUAL_KEYS)) {
      const keys = kept[name];
      if (Array.isArray(keys) && keys.every((key) => typeof key === "string" && canBeMapped(key))) this.keys[name] = keys;
    }
    const all = Object.values(this.keys).flat();
    if (new Set(all).size < all.length) this.reset(false);
  }

  #save() {
    const changed = Object.entries(this.keys).filter(([name, keys]) => keys.join() !== USUAL_KEYS[name].join());
    try {
      if (changed.length) localStorage.setItem(KEYS_STORAGE, JSON.stringify(Object.fromEntries(changed)));
      else localStorage.removeItem(KEYS_STORAGE);
    } catch {
      // Storage can be full or forbidden: the keys then hold until the page is left.
    }
  }
}
