// The runs that the page carries (report/explain/story_json.h says how they are
// written), and what drawing them needs. It comes first: then world.js and life.js,
// which draw, and page.js. They are one script, and share their names.
'use strict';
// A map by names. It inherits nothing: a task may be named constructor, or __proto__.
const named = (from = {}) => Object.assign(Object.create(null), from);
const data = JSON.parse(document.getElementById('data').textContent, (key, value) =>
    value === null || typeof value !== 'object' || Array.isArray(value) ? value : named(value));
const $ = (id) => document.getElementById(id);
const escaped = (text) => String(text).replace(/[&<>"']/g,
    (c) => '&#' + c.charCodeAt(0) + ';');

// A pte: how it is drawn, and what it is.
const SIGNS = {
  '#': ['page', 'page, within the file'], '!': ['past', 'page past i_size'],
  'c': ['copy', 'private copy'], 'C': ['past', 'private copy past i_size'],
  'x': ['past', 'page that is in no cache any more, still mapped'],
  'f': ['fpte', 'file pte'], '.': ['none', 'nothing mapped']};

// The state after each row, from what each row sets. [0]: before the first.
function statesOf(run) {
  let state = {vmas: named(), files: named(run.files), held: named(), holds: named(),
               waits: named(), found: named(), passes: named(), in_flight: named(),
               tlb: named(), gathers: named(), frames: named(), tables: named(),
               readers: named(), zapped: new Set()};
  const states = [state];
  for (const row of run.rows) {
    const next = {...state, zapped: new Set(state.zapped)};
    for (const [kind, changes] of Object.entries(row.set)) {
      next[kind] = named(state[kind]);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) delete next[kind][name];
        else next[kind][name] = value;
      }
    }
    if (row.pass_begins) next.zapped.clear();
    for (const [mm, addr] of row.zaps || []) next.zapped.add(mm + ' ' + addr);
    states.push(state = next);
  }
  return states;
}

const pageOf = (vma, i) => vma.nonlinear ? vma.pages[i] : vma.pgoff + i;
const vmasOf = (state) => Object.entries(state.vmas)
    .map(([slot, vma]) => ({slot: Number(slot), ...vma}))
    .sort((a, b) => a.start - b.start || a.slot - b.slot);

// ---- locks

const listed = (them) => them.join(' and ');

// Tasks that wait for a lock of which `is` says so, each with whom it waits for.
function waitersFor(state, is) {
  return Object.entries(state.waits).map(([task, holders]) => ({task,
      on: holders.filter((it) => is(it.lock)).map((it) => it.task)}))
      .filter(({on}) => on.length);
}

// Who holds the lock of a vma, who waits for it, and whether the row releases it, a
// line each.
function vmaLockLines(state, vma, row) {
  const lines = [];
  if (vma.locked_by) lines.push({words: `locked by ${vma.locked_by}`});
  if (vma.read_by) lines.push({words: `read by ${listed(vma.read_by)}`});
  for (const {task, on} of waitersFor(state,
      (lock) => lock.lock === 'vma' && lock.slot === vma.slot))
    lines.push({words: `${task} waits for ${listed(on)}`, short: `${task} waits`,
                waiter: task});
  if (row?.lock_moves.some((it) => it.lets_go && it.lock === 'vma' &&
      it.slot === vma.slot))
    lines.push({words: `released by ${row.task}`, releaser: row.task});
  return lines;
}

// The same of an mm's mmap_sem: who has it for write, or for read.
function semOf(state, mm) {
  const is = (lock) => lock.lock === 'mmap_sem' && lock.mm === mm;
  const holders = (shared) => Object.entries(state.holds).filter(([, locks]) =>
      locks.some((it) => is(it) && it.shared === shared)).map(([task]) => task);
  return {write: holders(false), read: holders(true), waits: waitersFor(state, is)};
}

function semLines({write, read, waits}) {
  return [...(write.length ? [`write: ${write}`] : []),
          ...(read.length ? [`read: ${listed(read)}`] : []),
          ...waits.map(({task}) => `${task} waits`)];
}

// The words for a lock that a task holds.
function wordsOf(state, task, lock) {
  const as = JSON.stringify(lock);
  const at = state.holds[task].findIndex((it) => JSON.stringify(it) === as);
  const vma = lock.lock === 'vma' && state.vmas[lock.slot];
  return state.held[task][at] + (vma ? `, [${vma.start}, ${vma.end}) of ${vma.mm}` : '');
}

// ---- each run

for (const run of data.runs) {
  run.states = statesOf(run);
  // Address spaces and what of them is ever mapped.
  run.mms = [];
  run.slots = [];
  run.low = 256; run.high = 0;
  for (const state of run.states)
    for (const vma of vmasOf(state)) {
      if (!run.mms.includes(vma.mm)) run.mms.push(vma.mm);
      if (!run.slots.includes(vma.slot)) run.slots.push(vma.slot);
      run.low = Math.min(run.low, vma.start);
      run.high = Math.max(run.high, vma.end);
    }
  run.mms.sort();
  run.slots.sort((a, b) => a - b);
  run.notes = run.states.some((state) =>
      Object.values(state.passes).some((pass) => pass.restart));
  // Lines under a vma about its lock, at most; faults at once that have found one.
  run.lockLines = Math.max(0, ...run.states.flatMap((state, i) =>
      vmasOf(state).map((vma) => vmaLockLines(state, vma, run.rows[i - 1]).length)));
  run.finders = Math.max(0, ...run.states.map((it) => Object.keys(it.found).length));
  if (run.high === 0) { run.low = 0; run.high = 1; }
  run.pages = Math.max(1, ...Object.values(run.files).map((f) => f.size),
      ...run.rows.flatMap((row) => Object.values(row.set.files || {})
          .map((f) => Math.max(f.size, f.cached.length))));
  // Of files that show folios: lines under them, at most, and samples over them.
  run.folios = named();
  run.samples = 0;
  for (const state of run.states)
    for (const [name, file] of Object.entries(state.files))
      if (file.folios) {
        run.folios[name] = Math.max(run.folios[name] || 1,
            ...file.folios.map((it) => linesOf(it).length));
        run.samples = Math.max(run.samples, (file.samples || []).length);
      }
  // What is past the end of the file where it is violated: mm, address, page.
  run.victims = new Set();
  if (run.broken_row !== undefined)
    for (const vma of vmasOf(run.states[run.broken_row + 1]))
      [...vma.ptes].forEach((sign, i) => {
        if (sign !== '#' && SIGNS[sign][0] === 'past')
          run.victims.add(`${vma.mm} ${vma.start + i} ${pageOf(vma, i)}`);
      });
  // All tasks that move or are declared.
  run.lanes = [...(run.tasks || [])];
  for (const row of run.rows)
    if (!run.lanes.includes(row.task)) run.lanes.push(row.task);
}
