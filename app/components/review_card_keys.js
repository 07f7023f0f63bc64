/* Which key means what, and when a key press is meant for the card at all. */
const KEY_COMMANDS = {
  a: "accept", w: "accept", x: "keep", q: "keep", f: "flag", n: "flag", e: "exclude", h: "help",
  " ": "skip", backspace: "undo", arrowleft: "back", arrowright: "forth",
};
const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const KEYED_CLASSES = 30;

const TEXT_BOX =
  "textarea, select, [contenteditable]:not([contenteditable='false']), [role='textbox'], [role='combobox'], " +
  "[role='searchbox'], [role='spinbutton'], [role='grid'], canvas[data-testid='data-grid-canvas'], " +
  "input:not([type='button'], [type='submit'], [type='reset'], [type='checkbox'], [type='radio'], " +
  "[type='range'], [type='color'], [type='file'])";
// Focused by keyboard, these want the space bar and the arrows for themselves.
const USES_SPACE_AND_ARROWS = "button, a[href], summary, input, [role='slider'], [role='tab'], [role='radio'], " +
  "[role='option'], [role='menuitem'], [role='switch'], [role='checkbox'], [role='button']";

/** The key printed on the nth class button ("" where it has none). */
function classKey(place) {
  if (place >= KEYED_CLASSES) return "";
  return ["", "⇧", "⇧⌥"][Math.floor(place / 10)] + ((place + 1) % 10);
}

/** The same for aria-keyshortcuts. */
function classShortcut(place) {
  return ["", "Shift+", "Shift+Alt+"][Math.floor(place / 10)] + ((place + 1) % 10);
}

function classPlace(event) {
  // The physical key, because shift turns "1" into "!" here and into something else on other keyboards.
  // Number pad keys carry a digit only with num lock on.
  const [, row, digit] = /^(Digit|Numpad)([0-9])$/.exec(event.code) ?? [null, "", event.key];
  if (!/^[0-9]$/.test(digit) || (row === "Numpad" && event.key !== digit)) return null;
  if (event.altKey && !event.shiftKey) return null;
  return (event.shiftKey ? (event.altKey ? 20 : 10) : 0) + ((Number(digit) + 9) % 10);
}

/** {name, place} for a key of the map, or null. */
function commandOf(event) {
  if (event.isComposing) return null;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    return key === "z" && !event.altKey ? { name: event.shiftKey ? "redo" : "undo" } : null;
  }
  const place = classPlace(event);
  if (place !== null) return { name: "relabel", place };
  if (event.altKey || event.shiftKey) return null;
  return Object.hasOwn(KEY_COMMANDS, key) ? { name: KEY_COMMANDS[key] } : null;
}

/**
 * True if something else on the page has a better claim to this key than the card.
 * What a mouse click left focused has none: after a click on a filter the space bar still skips.
 */
function belongsElsewhere(event, cardHost, walksByKeyboard) {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  const inCard = event.composedPath().includes(cardHost);
  if (target.matches(TEXT_BOX) || target.isContentEditable) return true;
  if (!inCard && target.closest("[role='dialog'], [role='grid']")) return true;
  const isNative = event.key === " " || event.key.startsWith("Arrow");
  const isChosenByKeyboard = walksByKeyboard || (inCard && target.matches(":focus-visible"));
  return isNative && target.matches(USES_SPACE_AND_ARROWS) && isChosenByKeyboard;
}

/** Rows of the help panel: [keys, meaning]. */
function helpRows(numClasses) {
  const ctrl = IS_MAC ? "⌘" : "Ctrl";
  const rows = [[["1", "…", "9", "0"], numClasses > 10 ? "Set class 1 to 10" : "Set the class with that number"]];
  if (numClasses > 10) rows.push([["⇧1", "…", "⇧0"], "Set class 11 to 20"]);
  if (numClasses > 20) rows.push([["⇧⌥1", "…", "⇧⌥0"], "Set class 21 to 30 (⌥ is Alt)"]);
  return [
    ...rows,
    [["a", "w"], "Accept the suggested label"],
    [["x", "q"], "Keep the given label"],
    [["space"], "Skip: no decision, comes back later"],
    [["f", "n"], "Ask for a second opinion"],
    [["e"], "Exclude from the corrected file"],
    [["⌫", `${ctrl} Z`], "Undo"],
    [[`${ctrl} ⇧ Z`], "Redo"],
    [["←", "→"], "Look back and forth without deciding"],
    [["h"], "Show or hide this list"],
  ];
}
