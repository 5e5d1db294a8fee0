// heatmap.js -- cells over two sides, coloured by value, with lines of equal value.

const printedMax = 400; // cells: of more there is no room for values

// Where a line is clearest of the centres of cells, whose values are printed there.
function labelPlace(line, x, y) {
    const centres = x.at.length * y.at.length > printedMax ? []
        : x.at.flatMap(a => y.at.map(b => [a, b]));
    const wide = x.hi - x.lo, high = y.hi - y.lo;
    let best = -1, place = line[0];
    for (let k = 1; k < line.length; k++)
        for (const part of [0.25, 0.5, 0.75]) {
            const [u, v] = [0, 1].map(c =>
                line[k - 1][c] + part * (line[k][c] - line[k - 1][c]));
            let clear = Math.min((u - x.lo) / wide, (x.hi - u) / wide,
                                 (v - y.lo) / high, (y.hi - v) / high);
            for (const [a, b] of centres)
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

// A cell with its value in it where there is room; `lined`: below the middle, where lines pass least.
function drawCell(set, printed, cell, box, scale, lined) {
    const kind = kindOf(state.metric, cell), value = valueOf(state.metric, cell);
    const measured = kind === "measured", middle = box.x + box.width / 2;
    set.add(cell, draw("rect", {class: "cell", ...box,
                                fill: measured ? scale.css(value) : `url(#${kind})`}), box);
    if (partly(cell))
        printed.append(corner(box.x + box.width, box.y,
                              Math.min(10, 0.4 * box.width, 0.4 * box.height)));
    const text = textOf(state.metric, cell, 3);
    if (measured && box.width > Math.max(44, widthOf(text) + 4) && box.height > 18)
        printed.append(draw("text", {
            x: middle, y: box.y + (lined ? 0.7 : 0.5) * box.height + 0.36 * em,
            "text-anchor": "middle", style: `fill: ${inkOn(scale.rgb(value))}`,
        }, text));
}

function contourEntries(levels, passes) {
    const entries = [], missed = levels.filter(l => !passes.includes(l));
    if (passes.length)
        entries.push([swatch(draw("path", {class: "under", d: "M0 7h18"}),
                             draw("path", {class: "over", d: "M0 7h18"})),
                      `${state.metric} = ${passes.map(short).join(", ")}`]);
    if (missed.length && state.asked)
        entries.push([swatch(), `nowhere ${missed.map(short).join(", ")}`]);
    return entries;
}

function heatmap(host) {
    const [sx, sy] = [sideOf(state.x), sideOf(state.y)];
    const x = sx ? layOut(sx, "cells") : lone, y = sy ? layOut(sy, "cells") : lone;
    const scale = colourScale(state.metric, state.log);
    // between names there is nothing
    const lined = scale && [sx, sy].every(s => s && isNumeric(s)), levels = lined ? levelsOf() : [];
    const p = plot(host, {x, y, label: figureLabel("Heat map"), right: barRoom(scale),
                          aspect: sy ? 0.8 : 0.2});
    const set = markSet(), printed = draw("g", {class: "printed"});
    for (let i = 0; i < lengthOf(sx); i++)
        for (let j = lengthOf(sy) - 1; j >= 0; j--) {
            const left = p.px(x.edges[i]), top = p.py(y.edges[j + 1]);
            const box = {x: left, y: top, width: p.px(x.edges[i + 1]) - left,
                         height: p.py(y.edges[j]) - top};
            drawCell(set, printed, cellOn(sx, sy, i, j), box, scale, levels.length > 0);
        }
    p.svg.append(set.group, frameOf(p));
    const z = (i, j) => valueOf(state.metric, cellOn(sx, sy, i, j));
    const passes = drawContours(p, x, y, z, levels, printed);
    const point = scale ? colourBar(p, scale, passes) : () => {};
    showLegend(set.cells(), [...contourEntries(levels, passes), ...partlyEntry(set.cells())]);
    finishMarks(p, set, stepOn(sx, sy), point);
}
