// Draws the figures in the colours of the page, and again when those change: another scheme, or paper.
(() => {
  const PAPER_WIDTH = 660;
  const charts = [...document.querySelectorAll(".chart")].map((place) => ({
    place,
    figure: JSON.parse(document.getElementById(place.dataset.figure).textContent),
  }));

  const template = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = {
      automargin: true,
      gridcolor: colour("--grid"),
      linecolor: colour("--line"),
      tickcolor: colour("--line"),
      zerolinecolor: colour("--line"),
    };
    return {
      layout: {
        font: { color: colour("--ink"), family: getComputedStyle(document.body).fontFamily, size: 12 },
        title: { x: 0, xref: "container", xanchor: "left", font: { size: 15 } },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        hoverlabel: { bgcolor: colour("--band"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
        xaxis: axis,
        yaxis: axis,
      },
    };
  };

  const draw = (width) => {
    for (const { place, figure } of charts) {
      const own = figure.layout.width;
      const size = width ? { width: Math.min(own ?? width, width), autosize: false } : { autosize: !own };
      const layout = { ...figure.layout, ...size, dragmode: "zoom", template: template() };
      Plotly.react(place, figure.data, layout, {
        responsive: !own,
        displaylogo: false,
        // Plotly's own button would send the data to another machine.
        showSendToCloud: false,
        plotlyServerURL: "",
        modeBarButtonsToRemove: ["select2d", "lasso2d"],
        toImageButtonOptions: { format: "svg", filename: place.dataset.figure },
      });
    }
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  addEventListener("beforeprint", () => {
    // Print styles do not hold yet, so a class says that the colours are those of paper.
    document.documentElement.classList.add("paper");
    draw(PAPER_WIDTH);
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("paper");
    draw();
  });
})();
