// learning.js -- the course of training in the pinned cells.

const pinsMax = 7;

// The cell's curve: points [epoch, median, first quartile, third quartile] where it was measured.
function courseOf(name, cell) {
    const of = suffix => courses.get(name + suffix).values, points = [];
    for (let e = 0, k = cell * epochs; e < epochs; e++, k++)
        if (of("")[k] !== null) points.push([e + 1, of("")[k], of("_q1")[k], of("_q3")[k]]);
    return points;
}
const courseNames = [...courses.keys()].filter(name => courses.has(name + "_q1"));

function showPins() {
    const host = byId("pins");
    if (!state.pins.length) {
        host.replaceChildren(make("p", {class: "hint"},
            "Choose a cell to see how its training went; with Shift, several."));
        return;
    }
    host.replaceChildren(...state.pins.map((cell, i) =>
        make("span", {class: "chip", style: `--hue: ${hue(i)}`},
             make("b", {class: "letter"}, letterOf(i)), " ", placeText(cell), " ",
             make("button", {type: "button", "data-cell": cell, "aria-label":
                 `remove ${letterOf(i)}, ${placeText(cell)}`}, "×"))));
}

function courseRange(name) {
    return rangeOf(state.pins.flatMap(cell => courseOf(name, cell).flatMap(p => p.slice(1))));
}

function drawCourses(host) {
    const name = state.course, range = courseRange(name);
    if (!range) {
        host.replaceChildren(make("p", {class: "hint"},
            "No finished trial of what is chosen has a curve of this metric."));
        return;
    }
    const x = {lo: epochs > 1 ? 1 : 0.5, hi: epochs > 1 ? epochs : 1.5, title: "epoch",
               ticks: niceTicks(1, Math.max(epochs, 2), 7).filter(t => Number.isInteger(t.at) &&
                                                                    t.at <= epochs)};
    const y = {...valueScale(...range, state.log, 5), title: "median " + name, name};
    const p = plot(host, {x, y, label: "", right: 26, aspect: 0.66, most: 380, lines: true});
    fill(p.svg, {role: "img", tabindex: 0, "aria-label": `Learning curves: ${name} over epochs, ` +
                 "with quartile bands; arrow keys move from epoch to epoch; values in the table"}, []);
    const all = state.pins.map(cell => courseOf(name, cell));
    const at = point => [p.px(point[0]), p.py(y.of(point[1]))], ends = [];
    all.forEach((points, i) => {
        if (!points.length) return;
        const style = `--hue: ${hue(i)}`, up = points.map(q => [p.px(q[0]), p.py(y.of(q[3]))]);
        const down = points.map(q => [p.px(q[0]), p.py(y.of(q[2]))]).reverse();
        p.svg.append(draw("path", {class: "band", style, d: pathOf(up.concat(down)) + "Z"}));
        p.svg.append(draw("path", {class: "curve", style, d: pathOf(points.map(at))}));
        if (points.length === 1) p.svg.append(barOf(up[0][0], down[0][1], up[0][1], style));
        if (points.length <= 40)
            for (const q of points) p.svg.append(shape(i, ...at(q), 2.8, {class: "point", style}));
        ends.push({i, at: at(points[points.length - 1])[1]});
    });
    const labels = apart(ends.map(e => e.at), 14, p.top + p.h);
    ends.forEach(({i}, k) => p.svg.append(draw("text", {
        class: "letter", x: p.left + p.w + 8, y: labels[k] + 0.36 * em,
        style: `--hue: ${hue(i)}`}, letterOf(i))));
    p.svg.append(frameOf(p));
    follow(p, all, x);
}

// A line at the epoch under the pointer, with what the curves are there.
function follow(p, all, x) {
    const line = draw("path", {class: "guide", visibility: "hidden"});
    p.svg.append(line);
    let epoch = null;
    const show = e => {
        epoch = e;
        line.setAttribute("visibility", e === null ? "hidden" : "visible");
        if (e === null) return hideTip();
        line.setAttribute("d", `M${p.px(e)} ${p.top}v${p.h}`);
        const rows = all.map((points, i) => [i, points.find(q => q[0] === e)])
            .filter(([, q]) => q)
            .map(([i, q]) => ["epoch", letterOf(i),
                              `${format(q[1])}  (${format(q[2])} to ${format(q[3])})`]);
        tip.replaceChildren(make("p", {class: "place"}, "epoch ", make("b", {}, String(e))),
                            tableOf(rows));
        delete tip.dataset.cell;
        tip.hidden = false;
        const box = p.svg.getBoundingClientRect(), scale = box.width / p.width;
        const left = box.left + p.px(e) * scale + 14, {width} = tip.getBoundingClientRect();
        const flips = left + width > document.documentElement.clientWidth;
        tip.style.left = `${(flips ? left - width - 28 : left) + window.scrollX}px`;
        tip.style.top = `${box.top + 0.25 * box.height + window.scrollY}px`;
    };
    const clamp = e => Math.min(Math.max(e, 1), epochs);
    p.svg.addEventListener("pointermove", event => {
        const box = p.svg.getBoundingClientRect();
        const u = (event.clientX - box.left) * p.width / box.width;
        const e = Math.round(x.lo + (u - p.left) / p.w * (x.hi - x.lo));
        show(u < p.left - 8 || u > p.left + p.w + 8 ? null : clamp(e));
    });
    p.svg.addEventListener("pointerleave", () => show(null));
    p.svg.addEventListener("blur", () => show(null));
    p.svg.addEventListener("keydown", event => {
        const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
        if (!by) return;
        show(clamp(epoch === null ? (by > 0 ? 1 : epochs) : epoch + by));
        event.preventDefault();
    });
}

// The numbers of the pinned cells, side by side; and those of the curves.
function showCells(host) {
    if (!state.pins.length) return host.replaceChildren();
    const rows = new Map();
    state.pins.forEach((cell, i) => {
        for (const [key, label, text] of statisticsOf(state.metric, cell, true)) {
            if (!rows.has(key)) rows.set(key, {label, texts: []});
            rows.get(key).texts[i] = text;
        }
    });
    const head = make("thead", {}, make("tr", {}, make("th", {scope: "col"}, spellingOf(state.metric)),
        state.pins.map((_, i) => make("th", {scope: "col", class: "number"}, letterOf(i)))));
    const line = ([key, {label, texts}]) => make("tr", {"data-row": key},
        make("th", {scope: "row"}, label),
        state.pins.map((_, i) => make("td", {class: "number"}, texts[i] === undefined ? "–" : texts[i])));
    const parts = [make("div", {class: "scroll"},
        make("table", {class: "statistics wide"}, head, make("tbody", {}, [...rows].map(line))))];
    if (courses.has(state.course)) parts.push(courseTable());
    host.replaceChildren(...parts);
}

function courseTable() {
    const all = state.pins.map(cell => new Map(courseOf(state.course, cell).map(q => [q[0], q])));
    const measured = [...Array(epochs).keys()].map(e => e + 1)
        .filter(e => all.some(course => course.has(e)));
    const rows = measured.map(e => make("tr", {"data-epoch": e}, make("th", {scope: "row"}, String(e)),
        all.map(course => make("td", {class: "number"}, course.has(e)
            ? `${format(course.get(e)[1])} (${format(course.get(e)[2])} to ${format(course.get(e)[3])})`
            : "–"))));
    return make("details", {class: "values"},
        make("summary", {}, `Values of ${state.course}, epoch by epoch`),
        make("div", {class: "scroll"}, make("table", {class: "statistics wide"},
            make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "epoch"),
                state.pins.map((_, i) => make("th", {scope: "col", class: "number"}, letterOf(i))))),
            make("tbody", {}, rows))));
}

function showLearning() {
    const open = document.querySelector("details.values[open]") !== null;
    showPins();
    if (!state.pins.length) byId("curves").replaceChildren();
    else if (!courseNames.length)
        byId("curves").replaceChildren(make("p", {class: "hint"}, data.learning.left_out
            ? "Learning curves had no room in this page; a part of the map, chosen with --where, has."
            : "The trials of this map have no learning curves."));
    else drawCourses(byId("curves"));
    showCells(byId("cells"));
    const details = document.querySelector("details.values");
    if (details) details.open = open;
}

// add: beside those that are pinned; the same cell again takes it out.
function pin(cell, add) {
    const there = state.pins.includes(cell), beside = add || state.compare;
    if (there && (beside || state.pins.length === 1))
        state.pins = state.pins.filter(c => c !== cell);
    else if (beside)
        state.pins = [...state.pins, cell].slice(-pinsMax);
    else
        state.pins = [cell];
    state.repin();
    showLearning();
    remember();
    const went = state.pins.includes(cell) ? `Learning curves of ${placeText(cell)}`
        : `${placeText(cell)} taken out`;
    const last = courses.has(state.course) ? courseOf(state.course, cell).pop() : null;
    byId("said").textContent = state.pins.includes(cell) && last
        ? `${went}: ${state.course} after epoch ${last[0]}: median ${format(last[1])}` : went;
}
