// The page's pure functions, without a browser: numbers as text, ticks, limits and the nearest miss, rows of maps.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const templates = new URL("../../planner/report/templates/", import.meta.url);
const payload = {
  units: { symbol: "€", money: 0, cx: 2, cases: 20 },
  words: { points: "{value} points" },
  plans: {
    id: ["today", "p001", "p002", "p003", "p004"],
    name: ["Today", "", "", "", ""],
    cx: [3.8, 3.9, 4.0, 3.7, null],
    cost: [100, 90, 120, 80, 95],
    headroom: [-0.4, 0, 0.1, 0.3, 0.2],
  },
  details: {},
};
const names = ["fixed", "money", "score", "percent", "points", "count", "cases", "objective", "reached", "signed", "fill", "ticks", "miss",
  "passes", "nearestMiss", "plans", "candidates", "ranges", "extent", "AXES", "numbersOf"];

function page() {
  const document = { getElementById: () => ({ textContent: JSON.stringify(payload) }) };
  const source = ["basics.js", "state.js", "heat.js"].map((name) => readFileSync(new URL(name, templates), "utf8"));
  return vm.runInNewContext(`${source.join("\n")}\n;({ ${names.join(", ")} })`, { document });
}
const own = page();
const candidates = Array.from(own.candidates);
const plain = (value) => JSON.parse(JSON.stringify(value)); // objects of another context have other prototypes

test("numbers are written with their sign, separators and gaps", () => {
  assert.equal(own.fixed(-1234.56, 1), "−1,234.6");
  assert.equal(own.fixed(-0.004, 2), "0.00");
  assert.equal(own.money(null), "–");
  assert.equal(own.money(-1000), "−€1,000");
  assert.equal(own.score(3.456), "3.46");
  assert.equal(own.percent(0.125, 1), "12.5%");
  assert.equal(own.points(-0.05), "5 points");
  assert.equal(own.count(2.25), "2.3");
  assert.equal(own.count(2000), "2,000");
  assert.deepEqual([0, 0.016, 0.5, 0.984, 1].map(own.cases), ["0 of 20", "1 of 20", "10 of 20", "19 of 20", "20 of 20"]);
  assert.deepEqual([[0.8, false], [1, true], [4.52, true], [25, true]].map((one) => own.reached(...one)), ["80.0%", "1.0 s", "4.5 s", "25 s"]);
  assert.equal(own.objective({ money: true }, -1234.5), "−€1,235");
  assert.equal(own.objective({ money: false }, 0.7512), "0.751");
  assert.deepEqual([own.signed("0.00", -1), own.signed("0.10", -1), own.signed("2", 1)], ["±0", "−0.10", "+2"]);
});

test("what is filled in is never filled in again", () => {
  assert.equal(own.fill("{a} and {b}", { a: "{b}", b: "$&" }), "{b} and $&");
  assert.equal(own.fill("{unknown}", {}), "{unknown}");
});

test("ticks are round, rising, within the range and not too many", () => {
  assert.deepEqual(plain(own.ticks(0, 1, 4)), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(plain(own.ticks(5, 5, 4)), [5]);
  for (let k = 0; k < 500; k++) {
    const low = Math.sin(k) * 10 ** (k % 7);
    const high = low + Math.abs(Math.cos(3 * k)) * 10 ** ((k % 5) - 2) + 1e-6;
    const wanted = 2 + (k % 8);
    const found = plain(own.ticks(low, high, wanted));
    const slack = 1e-6 * (high - low) + 1e-9 * Math.abs(high);
    assert.ok(found.length <= wanted + 2, `${low} ${high} ${wanted}: ${found}`);
    assert.ok(found.every((tick, i) => tick >= low - slack && tick <= high + slack && (!i || tick > found[i - 1])));
  }
});

test("limits keep what brute force keeps, and the nearest miss is the least sum of misses", () => {
  const short = (plan, key, limit) => {
    if (limit === null || plan[key] === null) return 0;
    const gap = own.AXES[key].better * (limit - plan[key]);
    return gap > 1e-9 ? gap / own.ranges[key] : 0;
  };
  const keys = ["cx", "cost", "headroom"];
  for (let k = 0; k < 200; k++) {
    const limits = {
      cx: k % 3 ? 3.6 + 0.5 * Math.abs(Math.sin(k)) : null,
      cost: k % 4 ? 75 + 50 * Math.abs(Math.cos(k)) : null,
      headroom: k % 5 ? -0.1 + 0.5 * Math.abs(Math.sin(2 * k)) : null,
    };
    const sums = candidates.map((plan) => keys.reduce((sum, key) => sum + short(plan, key, limits[key]), 0));
    const kept = candidates.map((plan) => own.passes(plan, limits, own.ranges));
    assert.deepEqual(plain(kept), sums.map((sum) => sum === 0));
    const found = own.nearestMiss(own.candidates, limits, own.ranges);
    assert.ok(Math.abs(found.total - Math.min(...sums)) < 1e-12);
    assert.equal(found.plan.id, candidates[sums.indexOf(Math.min(...sums))].id);
    assert.deepEqual(plain(found.misses), keys.filter((key) => short(found.plan, key, limits[key]) > 0));
  }
  assert.equal(own.nearestMiss([], { cx: 1, cost: null, headroom: null }, own.ranges), null);
});

test("axes span what is known, Today included", () => {
  assert.deepEqual(plain(own.extent("cx")), [3.7, 4.0]);
  assert.deepEqual(plain(own.extent("headroom")), [-0.4, 0.3]);
  assert.equal(own.plans.length, own.candidates.length + 1);
});

test("rows of maps are read as they are written", () => {
  assert.deepEqual(plain(own.numbersOf("2000z--10zz")), [0, 35, null, 36, 1295]);
  assert.deepEqual(plain(own.numbersOf("1--")), [null, null]);
  assert.deepEqual(plain(own.numbersOf("1")), []);
  assert.deepEqual(plain(own.numbersOf([1.5, null])), [1.5, null]);
});
