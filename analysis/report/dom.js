"use strict";
// dom.js -- elements, and numbers as text.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {}))
        if (value === true) element.setAttribute(name, "");
        else if (value !== false && value !== null && value !== undefined)
            element.setAttribute(name, value);
    // append() takes strings as text, never as markup
    element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined));
    return element;
}

// make("td", {class: "number"}, "0.1"); draw() likewise, in SVG
const make = (name, attributes, ...children) =>
    fill(document.createElement(name), attributes, children);
const draw = (name, attributes, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const superscript = n =>
    String(n).replace("-", "⁻").replace(/\d/g, d => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]);

// Four digits: 0.3570, 12, 1.235 × 10⁷; "–" where there is none.
function format(x, digits = 4) {
    if (x === null || x === undefined || x === "") return "–";
    if (typeof x === "string") return x;
    const size = Math.abs(x);
    let text;
    if (Number.isInteger(x) && size < 1e6) text = String(x);
    else if (size >= 1e6 || size < 1e-4) {
        const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
        text = `${mantissa} × 10${superscript(Number(exponent))}`;
    } else text = size >= 10 ** digits ? x.toFixed(0) : x.toPrecision(digits);
    return text.replace("-", "−");
}

// As short as it goes: 0.1, 10000, 1e-7.
const short = x => typeof x === "string" ? x : String(Number(x.toPrecision(5)));

const count = (n, one, many) => `${n} ${n === 1 ? one : many || one + "s"}`;

function duration(seconds) {
    if (seconds < 120) return `${format(seconds, 3)} s`;
    if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
    return `${(seconds / 3600).toFixed(seconds < 36000 ? 1 : 0)} h`;
}
