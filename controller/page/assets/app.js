// What the page does beyond plain links and forms: it follows the controller's live events, draws the traffic plot
// and shows times in the reader's own zone. Every page also works without it.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Times ---------------------------------------------------------------------------------------------------------

  const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const localTimes = () => {
    for (const time of $$("time[datetime]")) {
      // A morph puts the server's text back; ours is recognised by being the same as before.
      if (time.dataset.local === time.dateTime && time.textContent === time.dataset.shown) continue;
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.textContent = clock.format(at);
      time.dataset.local = time.dateTime;
      time.dataset.shown = time.textContent;
    }
  };

  // Forms ---------------------------------------------------------------------------------------------------------

  // A second click must not send a form twice. The button is switched off after its value has gone along.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button) setTimeout(() => { button.disabled = true; });
  });
  window.addEventListener("pageshow", () => $$("button:disabled").forEach((button) => { button.disabled = false; }));

  const copying = () => {
    for (const button of $$("button[data-copy]")) {
      if (!navigator.clipboard || button.dataset.ready) continue;
      button.dataset.ready = "1";
      button.hidden = false;
      button.addEventListener("click", async () => {
        const source = document.getElementById(button.dataset.copy);
        await navigator.clipboard.writeText(source.value ?? source.textContent);
        $("#said").textContent = "Copied.";
      });
    }
  };

  // Live events ---------------------------------------------------------------------------------------------------

  // htmx fetches the page again and morphs what changed; here it is only told when: at once for the first event, then
  // at most once in a while. A router is told of with each of its samples, for the time when it was last heard of.
  const PAUSE_MS = { router: 5000 };
  const due = new Map();
  const told = new Map();
  const refresh = (noun) => {
    if (due.has(noun)) return;
    const since = performance.now() - (told.get(noun) ?? -Infinity);
    due.set(noun, setTimeout(() => {
      due.delete(noun);
      told.set(noun, performance.now());
      document.body.dispatchEvent(new CustomEvent(`live-${noun}`));
    }, Math.max(100, (PAUSE_MS[noun] ?? 700) - since)));
  };

  const follow = () => {
    const { live, watch } = document.body.dataset;
    if (live === undefined || !window.EventSource) return;
    const query = new URLSearchParams();
    if (live) query.set("router", live);
    if (watch !== undefined) query.set("watch", "true");
    let source;
    const close = () => { source?.close(); source = undefined; };
    const open = () => {
      if (source) return;
      source = new EventSource(`/api/v1/events?${query}`);
      for (const noun of ["router", "vif", "change_set", "event"]) source.addEventListener(noun, () => refresh(noun));
      source.addEventListener("resync", () => refresh("open"));
      source.addEventListener("traffic", (event) => traffic(JSON.parse(event.data)));
      // What happened between the page and its stream is in no event: the page is asked for once more.
      source.addEventListener("open", () => { document.body.removeAttribute("data-cut"); refresh("open"); });
      source.addEventListener("error", () => { document.body.dataset.cut = ""; });
    };
    // Who looks at another tab does not look at this one: the agent need not sample for it.
    const turn = () => { if (document.hidden) close(); else open(); };
    document.addEventListener("visibilitychange", turn);
    window.addEventListener("pagehide", close);
    window.addEventListener("pageshow", turn);
    turn();
    // A stream that was refused (the session is over) does not come back by itself.
    setInterval(() => {
      if (document.hidden || document.body.dataset.cut === undefined) return;
      if (source?.readyState === EventSource.CLOSED) close();
      turn();
      refresh("open");
    }, 15000);
  };

  // Traffic plot --------------------------------------------------------------------------------------------------

  const SPAN_S = 180;
  const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];
  const rates = { xs: [], lines: new Map(), plot: null };

  const bits = (value) => {
    const size = Math.abs(value);
    if (size >= 1e9) return `${(size / 1e9).toFixed(1)} Gbit/s`;
    if (size >= 1e6) return `${(size / 1e6).toFixed(1)} Mbit/s`;
    if (size >= 1e3) return `${(size / 1e3).toFixed(0)} kbit/s`;
    return `${size.toFixed(0)} bit/s`;
  };

  const names = () => {
    const box = $("#plot");
    return box ? JSON.parse(box.dataset.names || "{}") : {};
  };

  // Times without a sample stay empty: a gap is shown as a gap.
  const push = (sample) => {
    const at = new Date(sample.at).getTime() / 1000;
    const last = rates.xs.at(-1);
    if (last !== undefined && at <= last) return false;
    if (last !== undefined && at - last > 2.5 * Math.max(sample.over_ms, 1000) / 1000) row(last + 0.5, new Map());
    const values = new Map();
    for (const line of sample.interfaces) values.set(`i:${line.name}`, line);
    for (const line of sample.vifs) values.set(`v:${line.id}`, line);
    row(at, values);
    while (rates.xs.length && rates.xs[0] < at - SPAN_S) {
      rates.xs.shift();
      for (const line of rates.lines.values()) { line.down.shift(); line.up.shift(); }
    }
    return true;
  };

  const row = (at, values) => {
    for (const key of values.keys()) {
      if (rates.lines.has(key)) continue;
      const empty = () => rates.xs.map(() => null);
      rates.lines.set(key, { down: empty(), up: empty() });
      rates.plot?.destroy();
      rates.plot = null;
    }
    rates.xs.push(at);
    for (const [key, line] of rates.lines) {
      const value = values.get(key);
      line.down.push(value ? value.rx_bps : null);
      line.up.push(value ? -value.tx_bps : null);
    }
  };

  const draw = () => {
    const box = $("#plot");
    if (!box || !window.uPlot || !rates.xs.length) return;
    const end = rates.xs.at(-1);
    const data = [rates.xs, ...[...rates.lines.values()].flatMap((line) => [line.down, line.up])];
    if (!rates.plot) rates.plot = make(box, data);
    rates.plot.setData(data, false);
    rates.plot.batch(() => {
      const peak = Math.max(1000, ...data.slice(1).flat().map((value) => Math.abs(value ?? 0)));
      rates.plot.setScale("x", { min: end - SPAN_S, max: end });
      rates.plot.setScale("y", { min: -peak * 1.1, max: peak * 1.1 });
    });
  };

  const make = (box, data) => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const known = names();
    const keys = [...rates.lines.keys()];
    const look = keys.map((key, index) => ({
      key, stroke: colour(`--s${(index % 6) + 1}`), dash: DASHES[Math.floor(index / 6) % DASHES.length],
      label: key.startsWith("v:") ? `VIF ${known[key.slice(2)] ?? key.slice(2)}` : key.slice(2),
    }));
    legend(look);
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    box.textContent = "";
    return new uPlot({
      width: box.clientWidth, height: 240, cursor: { show: false }, legend: { show: false },
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      axes: [axis, { ...axis, size: 84, values: (_, ticks) => ticks.map(bits) }],
      series: [{}, ...look.flatMap(({ stroke, dash }) => [
        { stroke, dash, width: 2, spanGaps: false, points: { show: false } },
        { stroke, dash, width: 1.5, spanGaps: false, points: { show: false }, alpha: 0.8 },
      ])],
    }, data, box);
  };

  const legend = (look) => {
    const list = $("#plot-legend");
    if (!list) return;
    list.textContent = "";
    for (const { stroke, dash, label } of look) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      const draw = { x1: 0, x2: 24, y1: 4, y2: 4, stroke, "stroke-width": 3, "stroke-dasharray": dash.join(" ") };
      for (const [name, value] of Object.entries(draw)) line.setAttribute(name, value);
      svg.setAttribute("viewBox", "0 0 24 8");
      svg.setAttribute("aria-hidden", "true");
      svg.append(line);
      const item = document.createElement("li");
      item.append(svg, label);
      list.append(item);
    }
  };

  const traffic = (sample) => {
    if (!push(sample)) return;
    draw();
    const cells = [...sample.interfaces.map((line) => [`i:${line.name}`, line]), ...sample.vifs.map((line) => [`v:${line.id}`, line])];
    for (const [key, line] of cells) {
      const row = $(`tr[data-rate="${CSS.escape(key)}"]`);
      if (!row) continue;
      $("[data-down]", row).textContent = bits(line.rx_bps);
      $("[data-up]", row).textContent = bits(line.tx_bps);
    }
  };

  const redraw = () => { rates.plot?.destroy(); rates.plot = null; draw(); };

  const begin = () => {
    localTimes();
    copying();
    const kept = $("#samples");
    if (kept) JSON.parse(kept.textContent).forEach(push);
    draw();
    const box = $("#plot");
    if (box && window.ResizeObserver) {
      let width = box.clientWidth;
      new ResizeObserver(() => {
        if (Math.abs(box.clientWidth - width) < 2) return;
        width = box.clientWidth;
        rates.plot?.setSize({ width, height: 240 });
      }).observe(box);
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    follow();
    new MutationObserver(() => { localTimes(); copying(); }).observe($("#main"), { childList: true, characterData: true, subtree: true });
  };
  // All deferred scripts have run then, the plot's too.
  if (document.readyState === "complete") begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
