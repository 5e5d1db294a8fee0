// about.js -- what the campaign asked, how its trials ended, and where all of it comes from.

const numberOf = status => {
    const found = data.statuses.find(s => s.status === status);
    return found ? found.n : 0;
};

function showHeader() {
    byId("question").textContent = data.question || "";
    const failed = data.statuses.filter(s => s.failed).reduce((n, s) => n + s.n, 0);
    const facts = [count(data.trials, "trial"), `${numberOf("done")} finished`,
                   `${failed} failed`];
    if (numberOf("pending")) facts.push(`${numberOf("pending")} not run yet`);
    if (numberOf("unsampled")) facts.push(`${numberOf("unsampled")} not sampled`);
    facts.push(count(cells, "cell"), `made ${data.made.replace("T", " ").replace("Z", " UTC")}`);
    if (data.where.length) facts.push(`only ${data.where.join(", ")}`);
    byId("facts").replaceChildren(...facts.map(f => make("span", {}, f)));
}

// Bars for numbers from -1 to 1, or from 0.
function bar(x, both) {
    const width = 120, zero = both ? width / 2 : 0;
    const to = zero + (x || 0) * (both ? width / 2 : width);
    return draw("svg", {class: "share", width, height: 12, viewBox: `0 0 ${width} 12`,
                        "aria-hidden": "true"},
        draw("path", {class: "rule", d: `M0 6H${width}`}),
        draw("rect", {x: Math.min(zero, to), y: 2, height: 8, width: Math.abs(to - zero)}),
        draw("path", {class: "tick", d: `M${zero} 0V12`}));
}

function showRanking() {
    const all = data.sensitivity;
    if (!all) return;
    const of = name => all.vars.find(v => v.name === name).values;
    const cell = (x, both) => [make("td", {class: "number"}, format(x, 3)),
                               make("td", {}, x === null ? "" : bar(x, both))];
    const rows = all.axes[0].values.map((parameter, i) => make("tr", {"data-parameter": parameter},
        make("th", {scope: "row"}, parameter), make("td", {}, of("role")[i]),
        make("td", {class: "number"}, format(of("values")[i])),
        cell(of("eta_squared")[i], false), cell(of("spearman")[i], true)));
    const head = [["parameter"], ["swept as"], ["values", "number"],
                  ["share of variance", "number"], [""], ["rank correlation", "number"], [""]];
    byId("ranking").hidden = false;
    byId("ranking-body").replaceChildren(
        make("p", {class: "about"}, `How ${all.metric} depends on each swept parameter, over all ` +
             `${Math.max(...of("n"))} finished trials` + (Object.keys(data.tuned).length
                 ? ", settings that were not the best included" : "") +
             ": the share of its variance that lies between the parameter's values (eta squared), " +
             "and Spearman's rank correlation."),
        make("div", {class: "scroll"}, make("table", {class: "ranking"},
            make("thead", {}, make("tr", {}, head.map(([text, kind]) =>
                make(text ? "th" : "td", {scope: text ? "col" : null, class: kind}, text)))),
            make("tbody", {}, rows))));
}

function showFailures() {
    const host = byId("failures-body");
    const failed = data.statuses.filter(s => s.failed).reduce((n, s) => n + s.n, 0);
    if (!failed) {
        host.replaceChildren(make("p", {}, numberOf("done") ? "No trial failed."
            : "No trial failed; none has finished yet."));
        return;
    }
    const head = ["trials", "status", "reason, of one of them", "its key", "where"];
    const helps = new Map(data.statuses.map(s => [s.status, s.help]));
    host.replaceChildren(
        make("p", {}, `${failed} of ${count(data.trials, "trial")} failed. Reasons that differ in ` +
             "numbers only are counted together."),
        make("div", {class: "scroll"}, make("table", {class: "failures"},
            make("thead", {}, make("tr", {}, head.map(h => make("th", {scope: "col"}, h)))),
            make("tbody", {}, data.failures.map(f => make("tr", {},
                make("td", {class: "number"}, String(f.n)),
                make("td", {title: helps.get(f.status)}, f.status),
                make("td", {}, f.reason || "none stated"),
                make("td", {}, make("code", {title: f.key}, f.key.slice(0, 12))),
                make("td", {}, f.at)))))));
}

function showReading() {
    const tuned = Object.values(data.tuned);
    const lines = [
        "Each cell is one set of parameters. Its value is the median over the replicates that " +
        "finished, seeds of devices and of training; quartiles by linear interpolation; the " +
        "95 % interval is that of the median by the percentile bootstrap, exact.",
        tuned.length ? `${tuned.join(", ")}: chosen anew in each cell, by the lowest median ` +
        "validation_error; all else is told at that choice." : null,
        "Hover over a cell, or move to it with Tab and the arrow keys, for its numbers; a click or " +
        "Enter shows its learning curves, with Shift beside those of others.",
        data.left_out ? `Left out for want of room: ${data.left_out}. A part of the map, chosen ` +
        "with --where, has room for them; map.csv and map.nc hold them all." : null,
        data.learning.left_out && courseNames.length
            ? `Learning curves left out for want of room: ${data.learning.left_out}.` : null,
    ];
    byId("reading-body").replaceChildren(...lines.filter(Boolean).map(l => make("p", {}, l)));
}

const listed = (texts, most) => {
    const some = texts.slice(0, most).map(t => `${t.text} (${count(t.n, "trial")})`).join(", ");
    return texts.length > most ? `${some}, and ${texts.length - most} more` : some;
};

function showProvenance() {
    const known = data.palettes[data.palette] || data.palettes.viridis;
    const rows = [
        ["Campaign", data.campaign], ["Files", data.files.join(", ")],
        ["Only trials with", data.where.join(", ")],
        ["Trained by", data.source], ["Kernels", listed(data.isa, 8)],
        ["Hosts", listed(data.hosts, 8)],
        ["Time", `${duration(data.seconds)} of training, all trials together`],
        ["This page", `nudge ${data.nudge}, commit ${data.commit}, ${data.made}`],
        ["Colours", known.source],
    ].filter(([, text]) => text);
    const long = (summary, text, open) => text
        ? make("details", {class: "long", open}, make("summary", {}, summary),
               make("pre", {tabindex: 0}, text)) : null;
    byId("provenance-body").replaceChildren(
        make("dl", {}, rows.map(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])),
        ...[long("Commands that made it", data.history, true),
            long("The sweep, as it was run", data.spec, false)].filter(Boolean));
}
