// contour.js -- lines of equal value, as contour.c traces them: marching squares over the grid
// z(i, j), null where there is none; squares with such a corner have no line.

// Lists of points [x, y] at positions x(i), y(j); a closed line ends where it began.
function contours(x, y, z, level) {
    const ny = y.length, links = new Map(); // of an edge to the next along the line
    const link = (a, b) => {
        for (const [from, to] of [[a, b], [b, a]])
            links.set(from, (links.get(from) || []).concat(to));
    };
    // edge 2 c goes from node c = i ny + j to (i + 1, j), edge 2 c + 1 to (i, j + 1)
    for (let i = 0; i + 1 < x.length; i++)
        for (let j = 0; j + 1 < ny; j++) {
            const c = i * ny + j;
            const edge = [2 * c, 2 * (c + ny) + 1, 2 * (c + 1), 2 * c + 1];
            const corner = [z(i, j), z(i + 1, j), z(i + 1, j + 1), z(i, j + 1)];
            if (corner.includes(null)) continue;
            const above = corner.map(v => v > level);
            const crossed = edge.filter((e, k) => above[k] !== above[(k + 1) % 4]);
            if (crossed.length === 2) link(...crossed);
            if (crossed.length < 4) continue;
            // a saddle: its middle decides which corners are cut off
            const middle = corner.reduce((sum, v) => sum + v, 0) / 4 > level;
            const s = middle === above[0] ? 0 : 1;
            link(edge[s], edge[1 + s]);
            link(edge[2 + s], edge[(3 + s) % 4]);
        }
    const point = e => {
        const c = e >> 1, i = Math.floor(c / ny), j = c % ny;
        const a = z(i, j), b = e % 2 ? z(i, j + 1) : z(i + 1, j), part = (level - a) / (b - a);
        return e % 2 ? [x[i], y[j] + part * (y[j + 1] - y[j])]
            : [x[i] + part * (x[i + 1] - x[i]), y[j]];
    };
    const follow = start => {
        const line = [point(start)];
        for (let at = start, next; (next = (links.get(at) || [])[0]) !== undefined; at = next) {
            for (const [from, to] of [[at, next], [next, at]]) {
                const left = links.get(from);
                left.splice(left.indexOf(to), 1);
            }
            line.push(point(next));
        }
        return line;
    };
    const lines = [];
    for (const ends of [1, 2]) // open lines from an end, then what is left: rings
        for (const [e, to] of links) if (to.length === ends) lines.push(follow(e));
    return lines;
}
