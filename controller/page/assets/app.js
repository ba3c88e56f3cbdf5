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

  // What is drawn of a sample: all of a router, or one VIF on its own page.
  const lines = (sample) => {
    const all = [...sample.interfaces.map((line) => [`i:${line.name}`, line]), ...sample.vifs.map((line) => [`v:${line.id}`, line])];
    const only = $("#plot")?.dataset.only;
    return only ? all.filter(([key]) => key === only) : all;
  };

  // Times without a sample stay empty: a gap is shown as a gap.
  const push = (sample) => {
    const at = new Date(sample.at).getTime() / 1000;
    const last = rates.xs.at(-1);
    if (last !== undefined && at <= last) return false;
    if (last !== undefined && at - last > 2.5 * Math.max(sample.over_ms, 1000) / 1000) row(last + 0.5, new Map());
    const values = new Map(lines(sample));
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

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const chart = (box, data, scales, series) => {
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    box.textContent = "";
    return new uPlot({
      width: box.clientWidth, height: 240, cursor: { show: false }, legend: { show: false }, scales,
      axes: [axis, { ...axis, size: 84, values: (_, ticks) => ticks.map(bits) }],
      series: [{}, ...series.map((line) => ({ spanGaps: false, points: { show: false }, ...line }))],
    }, data, box);
  };

  const make = (box, data) => {
    const known = names();
    const keys = [...rates.lines.keys()];
    const look = keys.map((key, index) => ({
      key, stroke: colour(`--s${(index % 6) + 1}`), dash: DASHES[Math.floor(index / 6) % DASHES.length],
      label: key.startsWith("v:") ? `VIF ${known[key.slice(2)] ?? key.slice(2)}` : key.slice(2),
    }));
    legend(look);
    return chart(box, data, { x: { time: true, auto: false }, y: { auto: false } },
      look.flatMap(({ stroke, dash }) => [{ stroke, dash, width: 2 }, { stroke, dash, width: 1.5, alpha: 0.8 }]));
  };

  // What was carried over a longer time: it comes with its part of the page, its gaps as nulls. A point between two gaps
  // is no line, so it is drawn as a point.
  const alone = (plot, series) => {
    const ys = plot.data[series];
    return ys.flatMap((y, at) => (y !== null && (ys[at - 1] ?? null) === null && (ys[at + 1] ?? null) === null ? [at] : []));
  };

  const history = () => {
    for (const box of $$(".plot[data-points]")) {
      if (box.plot || !window.uPlot) continue;
      const points = JSON.parse(box.dataset.points);
      const data = [points.map(([at]) => at), points.map(([, down]) => down), points.map(([, , up]) => (up === null ? null : -up))];
      const peak = Math.max(1000, ...points.map(([, down, up]) => Math.max(down ?? 0, up ?? 0)));
      const fill = colour("--accent-soft");
      const line = { stroke: colour("--s1"), fill, width: 1.5, points: { show: true, size: 4, filter: alone } };
      box.plot = chart(box, data, {
        x: { time: true, range: [+box.dataset.from, +box.dataset.until] }, y: { range: [-peak * 1.1, peak * 1.1] },
      }, [line, { ...line, stroke: colour("--s2") }]);
    }
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
    for (const [key, line] of lines(sample)) {
      const row = $(`[data-rate="${CSS.escape(key)}"]`);
      if (!row) continue;
      $("[data-down]", row).textContent = bits(line.rx_bps);
      $("[data-up]", row).textContent = bits(line.tx_bps);
    }
  };

  // The page brings the last minute; what was sampled before it comes when the rest is there.
  const earlier = async () => {
    const { live } = document.body.dataset;
    if (!$("#plot") || !live) return;
    const answer = await fetch(`/api/v1/routers/${live}/traffic`);
    if (!answer.ok) return;
    const samples = await answer.json();
    rates.plot?.destroy();
    rates.plot = null;
    rates.xs = [];
    rates.lines.clear();
    samples.forEach(push);
    draw();
  };

  const redraw = () => {
    rates.plot?.destroy();
    rates.plot = null;
    draw();
    for (const box of $$(".plot[data-points]")) { box.plot?.destroy(); box.plot = undefined; }
    history();
  };

  const begin = () => {
    localTimes();
    copying();
    const kept = $("#samples");
    if (kept) JSON.parse(kept.textContent).forEach(push);
    draw();
    history();
    window.addEventListener("resize", () => {
      for (const box of $$(".plot")) (box.plot ?? rates.plot)?.setSize({ width: box.clientWidth, height: 240 });
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    follow();
    new MutationObserver(() => { localTimes(); copying(); history(); }).observe($("#main"), { childList: true, characterData: true, subtree: true });
  };
  // What is not seen first is asked for when the rest is there.
  const ready = () => {
    document.body.dispatchEvent(new CustomEvent("page-ready"));
    earlier().catch(() => {});
  };
  if (document.readyState === "complete") ready();
  else window.addEventListener("load", () => setTimeout(ready, 250));
  // All deferred scripts have run then, the plot's too.
  if (document.readyState === "complete") begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
