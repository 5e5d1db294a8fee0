// samples.js -- points where two parameters change together.

function samples(host) {
    const [sx, sy] = [sideOf(state.x), sideOf(state.y)];
    const x = layOut(sx, "samples"), y = layOut(sy, "samples");
    const scale = colourScale(state.metric, state.log);
    const p = plot(host, {x, y, label: figureLabel("Samples"), right: barRoom(scale),
                          aspect: 0.8, lines: true});
    const set = markSet(), n = lengthOf(sx), r = Math.max(3, Math.min(8, 90 / Math.sqrt(n)));
    for (let i = 0; i < n; i++) {
        const cell = cellOn(sx, null, i), kind = kindOf(state.metric, cell);
        const [left, top] = [p.px(x.at[i]), p.py(y.at[i])];
        const colour = kind === "measured" ? scale.css(valueOf(state.metric, cell)) : `url(#${kind})`;
        set.add(cell, draw("circle", {class: "cell sample", cx: left, cy: top, r, fill: colour}),
                {x: left, y: top});
    }
    p.svg.append(frameOf(p), set.group);
    const point = scale ? colourBar(p, scale, []) : () => {};
    showLegend(set.cells(), []);
    const order = set.cells().sort((a, b) => set.boxOf(a).x - set.boxOf(b).x);
    finishMarks(p, set, (cell, dx, dy) => order[order.indexOf(cell) + dx + dy], point);
}
