/* Words and the nodes that hold them. Whatever comes from a data set is set as text, never as markup. */
const LONGEST_NAME = 120; // characters of a class, an id or a person that are shown; more in the tooltip
const LONGEST_TOOLTIP = 1000;

const DECISION_WORDS = { keep: "Kept", relabel: "Corrected", exclude: "Excluded", flag: "Second opinion" };

function decisionWords(action, label) {
  return action === "relabel" ? `Corrected to ${clipped(label)}` : DECISION_WORDS[action] ?? "";
}

// Kept: making one takes longer than drawing a card.
const WHOLE_NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const ONE_DECIMAL = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

function counted(number) {
  return WHOLE_NUMBERS.format(number);
}

function percent(fraction) {
  const value = fraction * 100;
  if (value > 0 && value < 0.05) return "< 0.1 %";
  return `${(value >= 10 ? WHOLE_NUMBERS : ONE_DECIMAL).format(value)} %`;
}

function hundredths(value) {
  return value === null ? "not known" : value.toFixed(2);
}

function clipped(text, length = LONGEST_NAME) {
  // Not in the middle of a surrogate pair.
  return text.length > length ? `${text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "")}…` : text;
}

/** "" for a class that has none. */
function definitionOf(name, guidelines) {
  return Object.hasOwn(guidelines, name) ? guidelines[name] : ""; // a class may be called "constructor"
}

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** A <bdi>, so that a name written from right to left leaves the words around it in order. */
function nameNode(name, className, length = LONGEST_NAME) {
  const node = element("bdi", className, clipped(name, length));
  if (name.length > length) node.title = clipped(name, LONGEST_TOOLTIP);
  return node;
}

function commandButton(command, className, text) {
  const button = element("button", className, text);
  button.type = "button";
  button.dataset.command = command;
  return button;
}

function folded(text, length) {
  const cut = text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
  const space = cut.search(/\s+\S*$/);
  return `${space > length - 60 ? cut.slice(0, space) : cut} …`;
}

/** A node with a text of any length; a long one is folded behind a button. */
function foldingText(name, className, text, length) {
  const node = element(name, className);
  node.dir = "auto";
  if (text.length <= length) {
    node.textContent = text;
    return node;
  }
  const button = element("button", "quiet unfold", `Show all ${counted(text.length)} characters`);
  button.type = "button";
  button.addEventListener("click", () => {
    node.textContent = text;
    node.tabIndex = -1;
    node.focus(); // the button that had it is gone
  });
  node.append(folded(text, length), " ", button);
  return node;
}
