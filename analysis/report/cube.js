// cube.js -- what the data says: cells along axes, variables over cells.

const axes = data.axes; // from the slowest to the fastest
const cells = axes.reduce((n, axis) => n * axis.values.length, 1);
const variables = new Map(data.vars.map(v => [v.name, v]));
const courses = new Map(data.learning.vars.map(v => [v.name, v]));
const epochs = data.learning.epochs;
const nameOf = series => series.parameter || series.name;
// "best program.width" of best_program_width
const spellingOf = name => data.tuned[name] ? `best ${data.tuned[name]}` : name;

// at: positions along all axes
const cellAt = at => at.reduce((cell, i, d) => cell * axes[d].values.length + i, 0);
function positionsOf(cell) {
    const at = [];
    for (let d = axes.length - 1; d >= 0; d--) {
        at[d] = cell % axes[d].values.length;
        cell = Math.floor(cell / axes[d].values.length);
    }
    return at;
}

const valueOf = (name, cell) => {
    const v = variables.get(name);
    return v ? v.values[cell] : null;
};

// "measured", or why a cell has no value
function kindOf(name, cell) {
    if (valueOf(name, cell) !== null) return "measured";
    if (valueOf("n", cell) > 0) return "none";
    if (valueOf("n_failed", cell) > 0) return "failed";
    if (valueOf("n_pending", cell) > 0) return "pending";
    return valueOf("n_unsampled", cell) > 0 ? "unsampled" : "none";
}
const kinds = {failed: "all trials failed", pending: "not run yet",
               unsampled: "not sampled", none: "no value"};

// What a cell is: [["ep.beta", "0.1"], ...], of axes that vary, and of what changes with them where
// the axis is no name; `all`: there too
function placeOf(cell, all) {
    const at = positionsOf(cell);
    const of = v => [nameOf(v), short(v.values[at[v.dim]])];
    const place = axes.filter(a => a.values.length > 1).map(of);
    const told = c => c.dim >= 0 && (all || typeof axes[c.dim].values[0] === "number");
    return place.concat(data.coords.filter(told).map(of));
}
const placeText = cell =>
    placeOf(cell).map(([name, value]) => `${name} ${value}`).join(", ") || "all trials";

// ---- variables ----

const statistics = ["_q1", "_q3", "_low", "_high", "_mean", "_sd"];
const isMetric = name => variables.has(name + "_q1");
const wordOf = name => isMetric(name) ? "median " : "";

// What is told of: the first clause of its description.
const clause = v => (v.about || "").match(/^(?:\[[^\]]*\]?|[^:;,([])*/)[0].trim();
const labelOf = v => {
    const unit = v.unit ? ` (${v.unit})` : "";
    return clause(v) ? `${clause(v)}: ${nameOf(v)}${unit}` : nameOf(v) + unit;
};

// Variables that a figure can show, by group.
function shownVariables() {
    const groups = {"Metrics, median": [], "Settings": [], "Trials": [], "More": []};
    for (const v of data.vars) {
        const base = v.name.replace(/_(q1|q3|low|high|mean|sd)$/, "");
        if (base !== v.name && variables.has(base)) continue;
        if (!v.values.some(x => typeof x === "number") && v.name !== data.metric) continue;
        if (isMetric(v.name)) groups["Metrics, median"].push(v.name);
        else if (v.name.startsWith("best_") || v.parameter) groups.Settings.push(v.name);
        else if (/^(n|n_.*|fraction_diverged)$/.test(v.name)) groups.Trials.push(v.name);
        else groups.More.push(v.name);
    }
    return groups;
}

// A value as text; of a setting as short as it is, of what was measured with so many digits.
const isSetting = v => v.name.startsWith("best_") || v.parameter !== undefined;
const textOf = (name, cell, digits) => {
    const value = valueOf(name, cell);
    return typeof value === "number" && isSetting(variables.get(name)) ? short(value)
        : format(value, digits);
};

// Rows of a cell: [key, label, text], of what there is; `single`: one number in each.
function statisticsOf(name, cell, single) {
    const rows = [], of = suffix => valueOf(name + suffix, cell);
    const pair = (key, label, a, b, between) => {
        if (typeof of(a[0]) !== "number") return;
        if (single) for (const [suffix, what] of [a, b]) rows.push([what, what, format(of(suffix))]);
        else rows.push([key, label, format(of(a[0])) + between + format(of(b[0]))]);
    };
    if (valueOf(name, cell) !== null || !isMetric(name))
        rows.push(["median", isMetric(name) ? "median" : spellingOf(name), textOf(name, cell)]);
    if (isMetric(name) && of("") !== null) {
        pair("quartiles", "quartiles", ["_q1", "quartile 1"], ["_q3", "quartile 3"], " to ");
        pair("interval", "95 % interval", ["_low", "95 % from"], ["_high", "95 % to"], " to ");
        pair("mean", "mean, sd", ["_mean", "mean"], ["_sd", "sd"], ", ");
    }
    for (const [key, label] of [["n", "trials finished"], ["n_failed", "failed"],
                                ["n_pending", "not run yet"], ["n_unsampled", "not sampled"]])
        if (name !== key && (valueOf(key, cell) > 0 || key === "n" || key === "n_failed"))
            rows.push([key, label, format(valueOf(key, cell))]);
    for (const v of data.vars)
        if (v.name.startsWith("best_") && v.name !== name && valueOf(v.name, cell) !== null)
            rows.push([v.name, spellingOf(v.name), textOf(v.name, cell)]);
    return rows;
}
