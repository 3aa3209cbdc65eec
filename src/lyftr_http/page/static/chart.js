// The chart of messages an hour, drawn from the table below it.

import { visit } from "./view.js";

let chart = null;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function hours() {
  return [...document.querySelectorAll("#hours > tr")].map((row) => ({
    at: Date.parse(row.dataset.since) / 1000,
    count: Number(row.dataset.count),
    name: row.querySelector("a").textContent,
    search: new URL(row.querySelector("a").href).search,
  }));
}

function short(value) {
  return new Intl.NumberFormat("en", { notation: "compact" }).format(value);
}

function axes() {
  const common = { stroke: colour("--muted"), font: "12px system-ui, sans-serif", ticks: { show: false } };
  return [
    { ...common, size: 22, gap: 3, grid: { show: false }, space: 54, values: "{HH}:{mm}" },
    { ...common, size: 40, gap: 4, space: 28, grid: { stroke: colour("--line"), width: 1 },
      values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? short(tick) : "")) },
  ];
}

function options(place, data) {
  const name = document.getElementById("hour");
  const usual = name.textContent;
  return {
    width: place.clientWidth,
    height: place.clientHeight,
    padding: [8, 22, 0, 0],
    legend: { show: false },
    tzDate: (at) => window.uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    scales: {
      x: { range: [data[0].at - 1800, data.at(-1).at + 1800] },
      y: { range: (_, low, high) => [0, Math.max(high, 1) * 1.08] },
    },
    axes: axes(),
    series: [{}, {
      fill: colour("--accent"),
      stroke: colour("--accent"),
      width: 0,
      paths: window.uPlot.paths.bars({ size: [0.72, 60], radius: 0.15 }),
      points: { show: false },
    }],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    hooks: {
      setCursor: [({ cursor }) => {
        const hour = data[cursor.idx];
        name.textContent = hour && cursor.left >= 0 ? `${hour.name} UTC: ${hour.count.toLocaleString("en")}` : usual;
      }],
    },
  };
}

export function drawHours() {
  chart?.destroy();
  chart = null;
  const place = document.getElementById("chart");
  const data = hours();
  if (!place || !data.length) return;
  place.replaceChildren();
  chart = new window.uPlot(options(place, data), [data.map(({ at }) => at), data.map(({ count }) => count)], place);
  chart.over.addEventListener("click", () => {
    const hour = data[chart.cursor.idx];
    if (hour) visit(hour.search);
  });
}

export function redrawHours() {
  window.requestAnimationFrame(drawHours);
}

window.addEventListener("resize", () => {
  const place = document.getElementById("chart");
  if (chart && place) chart.setSize({ width: place.clientWidth, height: place.clientHeight });
});
