/* What a key press means, and whether it is meant for the card at all. */
const KEYED_CLASSES = 30;

const TEXT_BOX =
  "textarea, select, [contenteditable]:not([contenteditable='false']), [role='textbox'], [role='combobox'], " +
  "[role='searchbox'], [role='spinbutton'], [role='grid'], canvas[data-testid='data-grid-canvas'], " +
  "input:not([type='button'], [type='submit'], [type='reset'], [type='checkbox'], [type='radio'], " +
  "[type='range'], [type='color'], [type='file'])";
// Focused by keyboard, these want the space bar, Enter and the arrows for themselves.
const USES_NATIVE_KEYS = "button, a[href], summary, input, [role='slider'], [role='tab'], [role='radio'], " +
  "[role='option'], [role='menuitem'], [role='switch'], [role='checkbox'], [role='button']";
const NATIVE_KEY = /^( |Enter|Home|End|Page(Up|Down)|Arrow.*)$/;

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

/** The key as the key map writes it; null if it was pressed together with another. */
function plainKey(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  const key = event.key.toLowerCase();
  const isSign = [...key].length === 1 && key === key.toUpperCase() && key !== " "; // may need shift, as "/" does in places
  return event.shiftKey && !isSign ? null : key;
}

/** {name, place} for a key of the map, or null. */
function commandOf(event, keyMap, numClasses) {
  if (event.isComposing) return null;
  if (event.ctrlKey || event.metaKey) {
    const isZ = event.key.toLowerCase() === "z" && !event.altKey;
    return isZ ? { name: event.shiftKey ? "redo" : "undo" } : null;
  }
  const place = classPlace(event);
  if (place !== null && (place < numClasses || !event.shiftKey)) return { name: "relabel", place };
  const name = keyMap.command(plainKey(event));
  return name ? { name } : null;
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
  const isChosenByKeyboard = walksByKeyboard || (inCard && target.matches(":focus-visible"));
  return NATIVE_KEY.test(event.key) && target.matches(USES_NATIVE_KEYS) && isChosenByKeyboard;
}
