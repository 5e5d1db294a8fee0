// figure.js -- the figure: a heat map over two sides, curves over one, samples, or a table.

// The cell at i along the side x and j along y, where the other axes stand.
function cellOn(x, y, i, j) {
    const at = [...state.at];
    if (x) at[x.d] = i;
    if (y) at[y.d] = j;
    return cellAt(at);
}
const lengthOf = side => side ? side.v.values.length : 1;
const lone = {kind: "index", at: [0], edges: [-0.5, 0.5], lo: -0.5, hi: 0.5, ticks: [],
              title: "", name: ""};

// ---- colour bar and legend ----

function colourBar(p, scale, levels) {
    const x = p.left + p.w + 18, width = 13, group = draw("g", {"aria-hidden": "true"});
    const at = x => p.top + p.h * (1 - (scale.of(x) - scale.lo) / (scale.hi - scale.lo));
    const stops = scale.palette.map((rgb, i) => draw("stop", {
        offset: i / (scale.palette.length - 1), "stop-color": `rgb(${channels(rgb)})`}));
    group.append(draw("linearGradient", {id: "bar", x1: 0, x2: 0, y1: 1, y2: 0}, stops));
    group.append(draw("rect", {class: "frame", x, y: p.top, width, height: p.h,
                               style: "fill: url(#bar)"}));
    const ticks = thinned(scale.ticks, p.h, 1.5 * em);
    for (const t of ticks) {
        const y = p.top + p.h * (1 - (t.at - scale.lo) / (scale.hi - scale.lo));
        group.append(tickAt(x + width, y, 0, 0), tickAt(x + width, y, 4, 0), draw("text", {
            x: x + width + 7, y: y + 0.36 * em}, t.text));
    }
    for (const level of levels)
        if (scale.of(level) > scale.lo && scale.of(level) < scale.hi)
            group.append(draw("path", {class: "level", d: `M${x} ${at(level)}h${width}`}));
    const name = wordOf(state.metric) + spellingOf(state.metric);
    group.append(draw("text", {class: "title", "text-anchor": "middle", transform:
        `translate(${p.width - 6} ${p.top + p.h / 2}) rotate(-90)`}, name));
    const pointer = draw("path", {class: "pointer", d: "M0 0l-8 -5v10z", visibility: "hidden"});
    group.append(pointer);
    p.svg.append(group);
    return cell => {
        const value = cell === undefined ? null : valueOf(state.metric, cell);
        pointer.setAttribute("visibility", value === null ? "hidden" : "visible");
        if (value !== null) pointer.setAttribute("transform", `translate(${x - 1} ${at(value)})`);
    };
}

const swatch = (...content) =>
    draw("svg", {class: "swatch", width: 18, height: 14, viewBox: "0 0 18 14",
                 "aria-hidden": "true"}, ...content);
const patterned = kind =>
    swatch(draw("rect", {class: "cell", x: 0.5, y: 0.5, width: 17, height: 13,
                         fill: `url(#${kind})`}));

// Entries for the kinds of cells that are in sight.
function showLegend(shown, entries) {
    const seen = new Set(shown.map(cell => kindOf(state.metric, cell)));
    for (const kind of Object.keys(kinds))
        if (seen.has(kind)) entries.push([patterned(kind), kinds[kind]]);
    byId("legend").replaceChildren(...entries.map(([mark, text]) =>
        make("span", {class: "entry"}, mark, " " + text)));
}
const partly = cell =>
    kindOf(state.metric, cell) === "measured" && valueOf("n_failed", cell) > 0;
const corner = (x, y, size) =>
    draw("path", {class: "partly", d: `M${x} ${y}h${-size}L${x} ${y + size}Z`});
const partlyEntry = shown => shown.some(partly)
    ? [[swatch(draw("rect", {class: "cell plain", x: 0.5, y: 0.5, width: 17, height: 13}),
               corner(17.5, 0.5, 9)), "some trials failed"]] : [];

// ---- heat map ----

function labelPlace(line, x, y) {
    // where a line is clearest of the centres of cells, whose values are printed there
    const wide = x.hi - x.lo, high = y.hi - y.lo;
    let best = -1, place = line[0];
    for (let k = 1; k < line.length; k++)
        for (const part of [0.25, 0.5, 0.75]) {
            const [u, v] = [0, 1].map(c =>
                line[k - 1][c] + part * (line[k][c] - line[k - 1][c]));
            let clear = Math.min((u - x.lo) / wide, (x.hi - u) / wide,
                                 (v - y.lo) / high, (y.hi - v) / high);
            for (const a of x.at)
                for (const b of y.at)
                    clear = Math.min(clear, Math.hypot((u - a) / wide, (v - b) / high));
            if (clear > best) [best, place] = [clear, [u, v]];
        }
    return place;
}

// Lines, then what is printed in cells, then the lines' labels. Returns the levels that pass.
function drawContours(p, x, y, z, levels, printed) {
    const group = draw("g", {class: "contours", "aria-hidden": "true"}), labels = draw("g", {});
    const passes = levels.filter(level => {
        const lines = contours(x.at, y.at, z, level);
        for (const line of lines) {
            const d = pathOf(line.map(([u, v]) => [p.px(u), p.py(v)]));
            group.append(draw("path", {class: "under", d}), draw("path", {class: "over", d}));
        }
        if (!lines.length) return false;
        const longest = lines.reduce((a, b) => b.length > a.length ? b : a);
        const [u, v] = labelPlace(longest, x, y), text = short(level);
        labels.append(draw("g", {transform: `translate(${p.px(u)} ${p.py(v)})`},
            draw("rect", {x: -widthOf(text) / 2 - 4, y: -8, width: widthOf(text) + 8,
                          height: 16, rx: 3}),
            draw("text", {"text-anchor": "middle", y: 0.34 * em}, text)));
        return true;
    });
    group.append(printed, labels);
    p.svg.append(group);
    return passes;
}

function heatmap(host) {
    const [sx, sy] = [sideOf(state.x), sideOf(state.y)];
    const x = sx ? layOut(sx, "cells") : lone, y = sy ? layOut(sy, "cells") : lone;
    const scale = colourScale(state.metric, state.log), levels = scale ? levelsOf() : [];
    const p = plot(host, {x, y, label: figureLabel("Heat map"), right: 96, aspect: sy ? 0.8 : 0.2});
    const marks = new Map(), boxes = new Map();
    const group = draw("g", {class: "marks"}), printed = draw("g", {class: "printed"});
    // below the middle, where lines pass least
    const shown = [], lined = sx && sy && levels.length > 0;
    for (let i = 0; i < lengthOf(sx); i++)
        for (let j = lengthOf(sy) - 1; j >= 0; j--) {
            const cell = cellOn(sx, sy, i, j), value = valueOf(state.metric, cell);
            const kind = kindOf(state.metric, cell);
            const left = p.px(x.edges[i]), top = p.py(y.edges[j + 1]);
            const box = {x: left, y: top, width: p.px(x.edges[i + 1]) - left,
                         height: p.py(y.edges[j]) - top};
            const mark = draw("rect", {class: "cell", ...box,
                fill: kind === "measured" ? scale.css(value) : `url(#${kind})`});
            group.append(mark);
            marks.set(cell, mark);
            boxes.set(cell, box);
            shown.push(cell);
            if (partly(cell))
                printed.append(corner(left + box.width, top,
                                      Math.min(10, 0.4 * box.width, 0.4 * box.height)));
            if (kind === "measured" && box.width > 44 && box.height > 18)
                printed.append(draw("text", {
                    x: left + box.width / 2, y: top + 0.5 * box.height + (lined ? 0.2 * box.height : 0) + 0.36 * em,
                    "text-anchor": "middle", style: `fill: ${inkOn(scale.rgb(value))}`},
                    textOf(state.metric, cell, 3)));
        }
    p.svg.append(group, frameOf(p));
    const z = (i, j) => valueOf(state.metric, cellOn(sx, sy, i, j));
    const passes = lined ? drawContours(p, x, y, z, levels, printed) : [];
    if (!lined) p.svg.append(printed);
    const point = scale ? colourBar(p, scale, passes) : () => {};
    const entries = partlyEntry(shown);
    if (passes.length)
        entries.unshift([swatch(draw("path", {class: "under", d: "M0 7h18"}),
                                draw("path", {class: "over", d: "M0 7h18"})),
                         `${state.metric} = ${passes.map(short).join(", ")}`]);
    const missed = levels.filter(l => !passes.includes(l));
    if (missed.length && state.asked && sy)
        entries.push([swatch(), `nowhere ${missed.map(short).join(", ")}`]);
    showLegend(shown, entries);
    const grid = {sx, sy};
    finishMarks(p, group, marks, stepOn(grid), cell => boxes.get(cell), point);
}

// To the cell beside, along the sides of the figure.
const stepOn = ({sx, sy}) => (cell, dx, dy) => {
    const at = positionsOf(cell);
    if (sx) at[sx.d] += dx;
    if (sy) at[sy.d] += dy;
    for (const s of [sx, sy])
        if (s && (at[s.d] < 0 || at[s.d] >= lengthOf(s))) return undefined;
    return cellAt(at);
};

// The marks of a figure, what is drawn over them, and how both follow the pins.
function finishMarks(p, group, marks, step, boxOf, over) {
    const cursor = draw("rect", {class: "cursor", visibility: "hidden", "aria-hidden": "true"});
    p.svg.append(cursor);
    activate(group, marks, step, cell => {
        over(cell);
        const box = cell === undefined ? null : boxOf(cell);
        cursor.setAttribute("visibility", box && box.width ? "visible" : "hidden");
        if (box && box.width) fill(cursor, box, []);
    });
    let pins = null;
    state.repin = () => {
        for (const [cell, mark] of marks)
            mark.setAttribute("aria-pressed", state.pins.includes(cell));
        if (pins) pins.remove();
        pins = badges(cell => boxOf(cell));
        p.svg.append(pins);
    };
    state.repin();
}

// ---- curves ----

// The heights of labels, moved apart by at least `gap`.
function apart(heights, gap, lowest) {
    const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
    const out = [];
    let last = -Infinity;
    for (const i of order) last = out[i] = Math.max(heights[i], last + gap);
    for (let k = order.length - 1, next = lowest + gap; k >= 0; k--)
        next = out[order[k]] = Math.min(out[order[k]], next - gap);
    return out;
}

const linesMax = 12;

// Which lines are drawn: all, or so many of them, evenly.
function lineNumbers(n) {
    if (n <= linesMax) return [...Array(n).keys()];
    return [...Array(linesMax).keys()].map(k => Math.round(k * (n - 1) / (linesMax - 1)));
}

function curves(host) {
    const [sx, sy] = [sideOf(state.x), sideOf(state.y)];
    if (!sx) return heatmap(host);
    const metric = state.metric, x = layOut(sx, "curve");
    const spread = suffix => (variables.get(metric + suffix) || variables.get(metric)).values;
    const range = rangeOf([].concat(variables.get(metric).values, spread("_q1"), spread("_q3")));
    const v = variables.get(metric);
    const y = {...(range ? valueScale(...range, state.log) : {of: Number, lo: 0, hi: 1, ticks: []}),
               title: `${wordOf(metric)}${labelOf(v)}`, name: wordOf(metric) + metric};
    const numbers = lineNumbers(lengthOf(sy)), name = sy ? nameOf(sy.v) : "";
    const labels = numbers.map(j => sy ? short(sy.v.values[j]) : "");
    const right = sy ? 30 + Math.min(180, Math.max(widthOf(name) - 20, ...labels.map(widthOf))) : 20;
    const p = plot(host, {x, y, label: figureLabel("Curves"), right, lines: true});
    const group = draw("g", {class: "marks"}), marks = new Map(), places = new Map();
    const lines = draw("g", {"aria-hidden": "true"}), shown = [], ends = [];
    numbers.forEach((j, k) => {
        const hueStyle = `--hue: ${hue(k)}`;
        let run = [], end = null;
        const flush = () => {
            if (run.length > 1) lines.append(draw("path", {
                class: "curve", style: hueStyle, d: pathOf(run),
                "stroke-dasharray": k >= data.hues.length ? "5 3" : null}));
            run = [];
        };
        for (let i = 0; i < lengthOf(sx); i++) {
            const cell = cellOn(sx, sy, i, j), value = valueOf(metric, cell);
            const left = p.px(x.at[i]);
            shown.push(cell);
            if (value === null) {
                flush();
                const top = p.top + p.h - 12 - 12 * k;
                const mark = draw("rect", {class: "cell", x: left - 5, y: top, width: 10, height: 10,
                                           fill: `url(#${kindOf(metric, cell)})`});
                group.append(mark);
                marks.set(cell, mark);
                places.set(cell, {x: left, y: top});
                continue;
            }
            const top = p.py(y.of(value));
            const [q1, q3] = ["_q1", "_q3"].map(s => valueOf(metric + s, cell));
            if (typeof q1 === "number" && typeof q3 === "number")
                lines.append(barOf(left, p.py(y.of(q1)), p.py(y.of(q3)), hueStyle));
            run.push([left, top]);
            end = top;
            const mark = shape(k, left, top, 4.6, {class: "point", style: hueStyle});
            group.append(mark);
            marks.set(cell, mark);
            places.set(cell, {x: left, y: top});
        }
        flush();
        if (sy) ends.push({k, at: end === null ? p.top + p.h - 7 - 12 * k : end});
    });
    const labelAt = apart(ends.map(e => e.at), 15, p.top + p.h);
    ends.forEach(({k}, i) => lines.append(
        shape(k, p.left + p.w + 14, labelAt[i], 4, {class: "point", style: `--hue: ${hue(k)}`}),
        draw("text", {x: p.left + p.w + 23, y: labelAt[i] + 0.36 * em}, labels[i])));
    if (sy && ends.length) lines.append(draw("text", {class: "title", x: p.left + p.w + 7,
        y: Math.max(em, Math.min(...labelAt) - 14)}, name));
    p.svg.append(lines, group, frameOf(p));
    const entries = range && isMetric(metric)
        ? [[swatch(barOf(9, 12, 2, "--hue: var(--ink)")), "quartiles"]] : [];
    if (lengthOf(sy) > linesMax)
        entries.push([swatch(), `${linesMax} of ${lengthOf(sy)} values of ${name}`]);
    showLegend(shown, entries);
    finishMarks(p, group, marks, stepAmong(sx, sy, numbers), cell => places.get(cell), () => {});
}

// Left and right along a line, up and down between lines.
const stepAmong = (sx, sy, numbers) => (cell, dx, dy) => {
    const at = positionsOf(cell);
    at[sx.d] += dx;
    if (at[sx.d] < 0 || at[sx.d] >= lengthOf(sx)) return undefined;
    if (sy && dy) {
        const next = numbers[numbers.indexOf(at[sy.d]) + dy];
        if (next === undefined) return undefined;
        at[sy.d] = next;
    }
    return cellAt(at);
};

// ---- samples: points where two parameters change together ----

function samples(host) {
    const [sx, sy] = [sideOf(state.x), sideOf(state.y)];
    const x = layOut(sx, "samples"), y = layOut(sy, "samples");
    const scale = colourScale(state.metric, state.log);
    const p = plot(host, {x, y, label: figureLabel("Samples"), right: 96, aspect: 0.8, lines: true});
    const group = draw("g", {class: "marks"}), marks = new Map(), places = new Map();
    const n = lengthOf(sx), r = Math.max(3, Math.min(8, 90 / Math.sqrt(n)));
    for (let i = 0; i < n; i++) {
        const cell = cellOn(sx, null, i), kind = kindOf(state.metric, cell);
        const [left, top] = [p.px(x.at[i]), p.py(y.at[i])];
        const mark = draw("circle", {class: "cell sample", cx: left, cy: top, r,
            fill: kind === "measured" ? scale.css(valueOf(state.metric, cell)) : `url(#${kind})`});
        group.append(mark);
        marks.set(cell, mark);
        places.set(cell, {x: left, y: top});
    }
    p.svg.append(frameOf(p), group);
    const point = scale ? colourBar(p, scale, []) : () => {};
    showLegend([...marks.keys()], []);
    const order = [...marks.keys()].sort((a, b) => places.get(a).x - places.get(b).x);
    const step = (cell, dx, dy) => order[order.indexOf(cell) + dx + dy];
    finishMarks(p, group, marks, step, cell => places.get(cell), point);
}

// ---- table ----

const rowsMax = 2000;

function tableColumns() {
    const metric = state.metric, v = name => cell => valueOf(name, cell);
    const columns = [];
    for (const s of [...axes, ...data.coords.filter(c => c.dim >= 0)])
        columns.push({name: nameOf(s), of: cell => s.values[positionsOf(cell)[s.dim]], key: true});
    columns.push({name: wordOf(metric) + metric, of: v(metric), kind: true});
    if (isMetric(metric))
        for (const [suffix, name] of [["_q1", "quartile 1"], ["_q3", "quartile 3"],
                                      ["_low", "95 % from"], ["_high", "95 % to"]])
            columns.push({name, of: v(metric + suffix)});
    for (const name of ["n", "n_failed", "n_pending", "n_unsampled"])
        if (name !== metric && (name === "n" || variables.get(name).values.some(x => x > 0)))
            columns.push({name, of: v(name)});
    for (const b of data.vars)
        if (b.name.startsWith("best_") && b.name !== metric)
            columns.push({name: spellingOf(b.name), of: v(b.name), key: true});
    return columns;
}

function sortedCells(columns) {
    const all = [...Array(cells).keys()];
    const {column, down} = state.sort;
    if (column === undefined || !columns[column]) return all;
    const of = columns[column].of, last = x => x === null || x === "";
    return all.sort((a, b) => {
        const [x, y] = [of(a), of(b)];
        if (last(x) || last(y)) return last(x) - last(y) || a - b;
        return ((x > y) - (x < y)) * (down ? -1 : 1) || a - b;
    });
}

function table(host) {
    const columns = tableColumns(), order = sortedCells(columns).slice(0, rowsMax);
    const of = columns.map(c => c.of(order[0]));
    const head = columns.map((c, k) => make("th", {scope: "col", class:
        typeof of[k] === "string" ? null : "number", "aria-sort":
        state.sort.column === k ? (state.sort.down ? "descending" : "ascending") : null},
        make("button", {type: "button", "data-column": k}, c.name)));
    const rows = order.map(cell => make("tr", {"data-cell": cell},
        make("td", {}, make("button", {type: "button", class: "pin", "aria-label":
            `learning curves of ${placeText(cell)}`}, "·")),
        columns.map(c => make("td", {class: typeof c.of(cell) === "string" ? null : "number"},
            c.of(cell) === null && c.kind ? kinds[kindOf(state.metric, cell)]
                : c.of(cell) !== null && c.key ? short(c.of(cell)) : format(c.of(cell))))));
    const body = make("tbody", {}, rows);
    host.replaceChildren(make("div", {class: "scroll", tabindex: 0, role: "region",
                                      "aria-label": "Table of cells"},
        make("table", {class: "cells"}, make("thead", {}, make("tr", {}, make("th", {scope: "col"},
            make("span", {class: "unseen"}, "learning curves")), head)), body)));
    host.querySelector("thead").addEventListener("click", event => {
        const button = event.target.closest("[data-column]");
        if (!button) return;
        const column = Number(button.dataset.column);
        state.sort = {column, down: state.sort.column === column && !state.sort.down};
        table(host);
        host.querySelector(`[data-column="${column}"]`).focus();
    });
    body.addEventListener("click", event => {
        const row = event.target.closest("tr");
        if (row) pin(Number(row.dataset.cell), event.shiftKey || event.ctrlKey);
    });
    byId("legend").replaceChildren(order.length < cells
        ? `The first ${order.length} of ${cells} cells; all are in what nudge map -o map.csv writes.`
        : "");
    state.repin = () => {
        for (const row of rows) {
            const i = state.pins.indexOf(Number(row.dataset.cell));
            row.classList.toggle("pinned", i >= 0);
            const button = row.querySelector("button");
            button.textContent = i >= 0 ? letterOf(i) : "·";
            button.setAttribute("aria-pressed", i >= 0);
        }
    };
    state.repin();
}

// ---- all of it ----

// Levels of the contour lines: those typed, else those asked for or followed, else half way.
function levelsOf() {
    if (state.asked !== null)
        return state.asked.split(/[\s,;]+/).filter(s => s && !isNaN(s)).map(Number);
    if (data.levels && state.metric === data.metric)
        return data.levels === "none" ? [] : data.levels.split(",").map(Number);
    const [name, ...followed] = (data.followed || "").split(" ");
    if (name === state.metric && followed.length) return followed.map(Number);
    const scale = colourScale(state.metric, state.log);
    if (!scale || scale.settings) return [];
    if (scale.middle !== null) return [scale.middle];
    const [lo, hi] = scale.range;
    if (lo === hi) return [];
    const middle = scale.log ? Math.sqrt(lo * hi) : 0.5 * (lo + hi);
    const rounded = Number(middle.toPrecision(2));
    return [rounded > lo && rounded < hi ? rounded : middle];
}

function figureLabel(what) {
    const over = [state.x, state.y].map(sideOf).filter(Boolean).map(s => nameOf(s.v));
    return `${what} of ${wordOf(state.metric)}${spellingOf(state.metric)}` +
        (over.length ? ` over ${over.join(" and ")}` : "") +
        ". Arrow keys move between cells, Enter shows learning curves.";
}

// Do both sides change together, so that their points are scattered?
function scattered() {
    const [x, y] = [sideOf(state.x), sideOf(state.y)];
    return Boolean(x && y && x.d === y.d);
}

function showFigure() {
    const v = variables.get(state.metric), host = byId("chart");
    const word = wordOf(state.metric);
    byId("figure-title").replaceChildren(word ? "Median " : "", make("code", {}, spellingOf(state.metric)));
    const empty = rangeOf(v.values) ? "" : " No finished trial has a value yet.";
    const about = (v.about || "").replace(/: median over replicates$/, "");
    byId("figure-about").textContent = about && about !== v.name
        ? about[0].toUpperCase() + about.slice(1) + "." + empty : empty.trim();
    hideTip();
    byId("columns").classList.toggle("wide", state.view === "table");
    const drawn = {table, curves, map: scattered() ? samples : heatmap}[state.view];
    drawn(host);
}
