// What ECharts is told: from the figures of a report as the server sends them to an option.

//   data: {kind, lying, stacked, categories: [text], colours: [token] of a pie's slices,
//          format: {style: "decimal"|"currency"|"percent", currency, whole: no halves on the axis},
//          series: [{name, colour: token, values: [number|null], texts: [text], urls: [address]}]}
const PALETTE = ["accent", "blue", "amber", "violet", "teal", "pink", "orange", "green", "red", "grey"];
const LANGUAGE = document.documentElement.lang || "en";
const FONT = { fontFamily: "Inter, system-ui, sans-serif", fontSize: 12 };
/** The space beside an axis for its texts, and the longest text of it, in pixels. */
const NAMES = { wide: 200, narrow: 104 };

/** A figure of an axis, short: 1.2 M€, 40 %. */
function shortFigure({ style, currency }) {
  const options = style === "currency" ? { style, currency, notation: "compact", maximumFractionDigits: 1 }
    : style === "percent" ? { style, maximumFractionDigits: 0 } : { notation: "compact", maximumFractionDigits: 1 };
  const format = new Intl.NumberFormat(LANGUAGE === "en" ? "en-GB" : LANGUAGE, options);
  return (value) => format.format(value);
}

const colourOf = (series, index) => series.colour || PALETTE[index % PALETTE.length];

function common(data, colour) {
  const ink = colour("ink");
  return {
    animation: false,
    textStyle: { ...FONT, color: colour("ink-2") },
    tooltip: {
      renderMode: "richText",
      confine: true,
      backgroundColor: colour("raised"),
      borderColor: colour("line-strong"),
      borderWidth: 1,
      padding: [6, 10],
      textStyle: { ...FONT, color: ink },
    },
    legend: {
      type: "scroll",
      show: data.kind === "pie" || data.series.length > 1,
      top: 0,
      left: 0,
      icon: "roundRect",
      itemWidth: 10,
      itemHeight: 10,
      itemGap: 14,
      textStyle: { ...FONT, color: colour("ink-2") },
      inactiveColor: colour("ink-3"),
      pageIconColor: colour("ink-2"),
      pageIconInactiveColor: colour("line-strong"),
      pageTextStyle: { ...FONT, color: colour("ink-2") },
    },
  };
}

function pie(data, colour, { narrow }) {
  const [series] = data.series;
  const slices = series.values.map((value, index) => ({
    value: value ?? 0,
    name: data.categories[index],
    itemStyle: { color: colour(data.colours?.[index] || PALETTE[index % PALETTE.length]) },
  }));
  const base = common(data, colour);
  return {
    ...base,
    tooltip: { ...base.tooltip, trigger: "item", formatter: ({ dataIndex }) => `${data.categories[dataIndex]}\n${series.texts[dataIndex]}` },
    legend: narrow ? { ...base.legend, bottom: 0, top: "auto" } : { ...base.legend, orient: "vertical", left: "auto", right: 0, top: "middle" },
    series: [{
      type: "pie",
      radius: ["48%", "78%"],
      center: narrow ? ["50%", "42%"] : ["36%", "50%"],
      label: { show: false },
      itemStyle: { borderColor: colour("surface"), borderWidth: 2 },
      emphasis: { scale: false },
      data: slices,
    }],
  };
}

/** What a point of the axis has in each series, the name first. */
function tooltipOf(data) {
  return (points) => {
    const index = points[0].dataIndex;
    const lines = points
      .filter(({ seriesIndex }) => data.series[seriesIndex].values[index] !== null)
      .map(({ seriesIndex }) => `${data.series[seriesIndex].name}: ${data.series[seriesIndex].texts[index]}`);
    return [data.categories[index], ...lines].join("\n");
  };
}

function axes(data, colour, { narrow }) {
  const names = {
    type: "category",
    data: data.categories,
    inverse: data.lying,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colour("line-strong") } },
    axisLabel: { ...FONT, color: colour("ink-2"), hideOverlap: !data.lying, ...(data.lying
      ? { width: NAMES[narrow ? "narrow" : "wide"], overflow: "truncate", interval: 0 } : {}) },
  };
  const figures = {
    type: "value",
    splitNumber: narrow ? 2 : 4,
    minInterval: data.format.whole ? 1 : 0,
    splitLine: { lineStyle: { color: colour("line") } },
    axisLabel: { ...FONT, color: colour("ink-3"), hideOverlap: true, formatter: shortFigure(data.format) },
  };
  return data.lying ? { xAxis: figures, yAxis: names } : { xAxis: names, yAxis: figures };
}

function oneSeries(data, series, index, colour) {
  const mark = colour(colourOf(series, index));
  const type = data.kind === "line" ? "line" : "bar";
  return {
    type,
    name: series.name,
    data: series.values.map((value) => value ?? (type === "line" ? "-" : 0)),
    stack: data.stacked ? "all" : undefined,
    color: mark,
    itemStyle: { color: mark, borderRadius: data.stacked ? 0 : 2 },
    emphasis: { disabled: true },
    ...(type === "line" ? { lineStyle: { width: 2, color: mark }, symbol: "circle", symbolSize: 6 } : { barMaxWidth: 28, cursor: series.urls.some(Boolean) ? "pointer" : "default" }),
  };
}

/** The option of a chart. `colour` gives the colour of a token; a narrow chart keeps less room for names. */
export function chartOption(data, colour, look) {
  if (data.kind === "pie") return pie(data, colour, look);
  const base = common(data, colour);
  return {
    ...base,
    tooltip: { ...base.tooltip, trigger: "axis", axisPointer: { type: data.kind === "line" ? "line" : "shadow", shadowStyle: { color: colour("hover") }, lineStyle: { color: colour("control") }, z: 0 }, formatter: tooltipOf(data) },
    grid: { left: 2, right: 16, top: base.legend.show ? 36 : 8, bottom: 6, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    ...axes(data, colour, look),
    series: data.series.map((series, index) => oneSeries(data, series, index, colour)),
  };
}
