// The charts of reports: ECharts draws into each [data-chart], whose JSON holds what is to be drawn. Its colours are the
// page's tokens, and its tooltips are drawn as well: nothing is written as HTML or as a style attribute, which the policy
// forbids. The table beside a chart has the same figures and links.
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { chartOption } from "./report-options.js";

echarts.use([BarChart, LineChart, PieChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

let paper = false;
/** What a sheet of A4 has between its margins, in pixels. */
const PAPER_WIDTH = 680;
const ROW = 26;
const AROUND = 64;
const drawn = new Map();

/** A token as the colour that it is just now; on paper always the light one. */
function colourReader(element) {
  const probe = document.createElement("span");
  probe.hidden = true;
  if (paper) probe.style.colorScheme = "light";
  element.append(probe);
  const read = (name) => {
    probe.style.color = `var(--k-${name})`;
    return getComputedStyle(probe).color;
  };
  return { read, done: () => probe.remove() };
}

/** Bars that lie take as much room as there are of them; else the style sheet says how high a chart is. */
function setHeight(element, data) {
  if (!data.lying) return;
  const bars = data.stacked ? 1 : data.series.length;
  const row = Math.max(ROW, bars * 14 + 10);
  element.style.height = `${data.categories.length * row + AROUND}px`;
}

class Chart {
  constructor(element) {
    this.element = element;
    this.data = JSON.parse(element.querySelector("[data-chart-data]").textContent);
    this.place = element.querySelector("[data-chart-place]");
    setHeight(this.place, this.data);
    this.chart = echarts.init(this.place, null, { renderer: "svg" });
    this.chart.on("click", ({ seriesIndex, dataIndex }) => this.follow(seriesIndex, dataIndex));
    this.observer = new ResizeObserver(() => paper || this.chart.resize());
    this.observer.observe(this.place);
    this.draw();
  }

  draw() {
    const colours = colourReader(this.element);
    const narrow = !paper && this.place.clientWidth < 520;
    this.chart.setOption(chartOption(this.data, colours.read, { narrow }), true);
    colours.done();
    this.chart.resize({ width: paper ? PAPER_WIDTH : "auto" });
    // Nothing waits for the next frame on the way to paper.
    this.chart.getZr().flush();
  }

  follow(series, index) {
    const address = this.data.series[series]?.urls[index];
    if (address) window.location.assign(address);
  }

  dispose() {
    this.observer.disconnect();
    this.chart.dispose();
  }
}

function drawCharts(root) {
  for (const [element, chart] of drawn) {
    if (element.isConnected) continue;
    chart.dispose();
    drawn.delete(element);
  }
  for (const element of root.querySelectorAll("[data-chart]")) {
    if (!drawn.has(element)) drawn.set(element, new Chart(element));
  }
}

function redraw() {
  for (const chart of drawn.values()) chart.draw();
}

drawCharts(document);
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
// A part that another script put into the page says so.
document.addEventListener("k-part", (event) => drawCharts(event.target));
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
for (const [event, printed] of [["beforeprint", true], ["afterprint", false]]) {
  window.addEventListener(event, () => {
    paper = printed;
    redraw();
  });
}
// The letters are measured: with the page's own font they are wider or narrower than with the system's.
document.fonts.ready.then(redraw);
