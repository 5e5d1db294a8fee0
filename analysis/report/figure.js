// figure.js -- what all figures have in common: sides, colour bar, legend, marks; and which is shown.

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

// px, for the bar, its ticks and its title; `scale` may be null.
const barRoom = scale => Math.max(
    96, 68 + Math.max(0, ...(scale ? scale.ticks : []).map(t => widthOf(t.text))));

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

// ---- marks ----

// The elements of a figure that stand for cells, and where they are.
function markSet() {
    const group = draw("g", {class: "marks"}), marks = new Map(), boxes = new Map();
    return {
        group, marks,
        add(cell, mark, box) {
            group.append(mark);
            marks.set(cell, mark);
            boxes.set(cell, box);
        },
        boxOf: cell => boxes.get(cell),
        cells: () => [...marks.keys()],
    };
}

// To the cell beside, along the sides of the figure.
const stepOn = (sx, sy) => (cell, dx, dy) => {
    const at = positionsOf(cell);
    if (sx) at[sx.d] += dx;
    if (sy) at[sy.d] += dy;
    for (const s of [sx, sy])
        if (s && (at[s.d] < 0 || at[s.d] >= lengthOf(s))) return undefined;
    return cellAt(at);
};

// What is drawn over the marks, and how they answer. over(cell): as of activate().
function finishMarks(p, set, step, over) {
    const cursor = draw("rect", {class: "cursor", visibility: "hidden", "aria-hidden": "true"});
    p.svg.append(cursor);
    activate(set.group, set.marks, step, cell => {
        over(cell);
        const box = cell === undefined ? null : set.boxOf(cell), seen = box && box.width;
        cursor.setAttribute("visibility", seen ? "visible" : "hidden");
        if (seen) fill(cursor, box, []);
    });
    let pins = null;
    state.repin = () => {
        for (const [cell, mark] of set.marks)
            mark.setAttribute("aria-pressed", state.pins.includes(cell));
        if (pins) pins.remove();
        pins = badges(set.boxOf);
        p.svg.append(pins);
    };
    state.repin();
}

// ---- all of it ----

// Levels of the contour lines: those typed, else those asked for or followed, else half way.
function levelsOf() {
    if (state.asked !== null)
        return state.asked.split(/[\s,;]+/).filter(s => s && !isNaN(s)).map(Number);
    if (data.levels && state.metric === data.metric) return data.levels;
    const [name, ...followed] = (data.followed || "").split(" ");
    if (name === state.metric && followed.length) return followed.map(Number);
    const scale = colourScale(state.metric, state.log);
    if (!scale || scale.settings || isSetting(variables.get(state.metric))) return [];
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
