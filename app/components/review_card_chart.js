/* The small line chart of one example's margin over the epochs, as inline SVG. */
const CHART = { width: 304, height: 152, left: 44, right: 8, top: 8, bottom: 20 };

function svgNode(name, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function marginNumber(value) {
  return value.toFixed(1).replace("-", "−").replace("−0.0", "0.0");
}

/** One path for each unbroken stretch of numbers, and a dot where a stretch is a single epoch. */
function seriesNodes(values, x, y, name) {
  const nodes = [];
  let stretch = [];
  const finish = () => {
    if (stretch.length > 1) nodes.push(svgNode("path", { class: name, d: `M${stretch.join("L")}` }));
    if (stretch.length === 1) {
      const [cx, cy] = stretch[0].split(",");
      nodes.push(svgNode("circle", { class: `${name} dot`, cx, cy, r: 3 }));
    }
    stretch = [];
  };
  values.forEach((value, place) => {
    if (value === null) finish();
    else stretch.push(`${x(place + 1).toFixed(1)},${y(value).toFixed(1)}`);
  });
  finish();
  return nodes;
}

function marginSummary(margins, means) {
  const ends = (values) => {
    const seen = values.filter((value) => value !== null);
    return seen.length ? `from ${marginNumber(seen[0])} to ${marginNumber(seen.at(-1))}` : "not known";
  };
  return `Margin over ${margins.length} epochs: this example ${ends(margins)}, mean ALM of its label ${ends(means)}`;
}

/** An <svg> for the margins (null = gap), or null if there is nothing to draw. */
function marginChart(margins, means) {
  const all = [...margins, ...means].filter((value) => value !== null);
  if (!all.length) return null;
  const epochs = Math.max(margins.length, means.length);
  const low = Math.min(0, ...all);
  const high = Math.max(0, ...all);
  const room = (high - low || 1) * 0.06;
  const { width, height, left, right, top, bottom } = CHART;
  const x = (epoch) => left + ((epoch - 1) / Math.max(1, epochs - 1)) * (width - left - right);
  const y = (value) => top + ((high + room - value) / (high - low + 2 * room)) * (height - top - bottom);
  const svg = svgNode("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  svg.setAttribute("aria-label", marginSummary(margins, means));

  // Lowest and highest value, and 0 unless its number would touch one of them.
  const far = [low, high].filter((value) => Math.abs(y(value) - y(0)) > 14);
  for (const value of [0, ...far]) {
    svg.append(svgNode("text", { class: "tick", x: left - 8, y: y(value) + 4, "text-anchor": "end" }, marginNumber(value)));
  }
  for (const epoch of new Set([1, epochs])) {
    svg.append(svgNode("text", { class: "tick", x: x(epoch), y: height - 4, "text-anchor": "middle" }, epoch));
  }
  svg.append(
    svgNode("line", { class: "zero", x1: left, x2: width - right, y1: y(0), y2: y(0) }),
    svgNode("text", { class: "axis", x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, "epoch"),
    svgNode("text", { class: "axis", transform: `translate(10 ${(top + height - bottom) / 2}) rotate(-90)`,
      "text-anchor": "middle" }, "margin"),
    ...seriesNodes(means, x, y, "mean"),
    ...seriesNodes(margins, x, y, "this"),
  );
  return svg;
}
