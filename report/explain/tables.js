// Draws page tables, where one has moved or gone: what the entry of each range of 16
// addresses leads to, and who relies on an entry that it has read.

const isLost = ({table}) => !table.now || table.now.first !== table.first;

function readerWords(task, it) {
  const where = !it.table.now ? ', which is free' :
      isLost(it) ? `, which is at ${rangeOf(it.table.now)} by now` : '';
  return `${it.move ? 'mremap' : 'the pass'} of ${task} relies on the entry at ${
      rangeOf(it.table)}: page table ${it.table.number}${where}`;
}

// Where a table is by now that has left an entry.
function fateOf(state, mm, number) {
  const entry = (state.tables[mm] || []).find((it) => it.number === number);
  return entry ? `is at ${rangeOf(entry)} by now` : 'is free';
}

const entryWords = (state, mm, it) => it.number ?
    `the entry at ${rangeOf(it)} leads to page table ${it.number}` :
    `no page table at ${rangeOf(it)}: page table ${it.was}, which was there, ${
        fateOf(state, mm, it.was)}`;

const readersOf = (state, mm) => Object.entries(state.readers)
    .filter(([, it]) => it.mm === mm);

// The lines under the tables of an mm.
const tableLines = (state, mm) => [
  ...(state.tables[mm] || []).filter((it) => !it.number).map((it) =>
      ({words: entryWords(state, mm, it), cls: 'soft'})),
  ...readersOf(state, mm).map(([task, it]) =>
      ({words: readerWords(task, it), cls: isLost(it) ? 'size' : 'walk'}))];

// For each run: which mms have tables to draw, and how many lines at most.
for (const run of data.runs) {
  run.tables = named();
  for (const state of run.states)
    for (const mm of Object.keys(state.tables))
      run.tables[mm] = Math.max(run.tables[mm] || 0, tableLines(state, mm).length);
}

const kTableBox = 22;  // and under it what points to where a table is by now
const tablesHeight = (run, mm, small) => mm in run.tables ?
    kTableBox + 20 + tlbLine(small) * run.tables[mm] + 12 : 0;

// The part of an entry's addresses that is drawn.
function tableSpan(run, it, x0, cell) {
  const from = Math.max(it.first, run.low), to = Math.min(it.last + 1, run.high);
  return from < to ? {x: x0 + (from - run.low) * cell, w: (to - from) * cell} : null;
}

function drawEntry(run, state, mm, it, x0, cell, y, small) {
  const span = tableSpan(run, it, x0, cell);
  if (!span) return '';
  const words = it.number ? `page table ${it.number}` : `none; ${it.was} was here`;
  const per = small ? 7.6 : 6.6;
  return `<g class="table" data-mm="${escaped(mm)}" data-first="${it.first}" data-number="${
      it.number ?? ''}" data-was="${it.was ?? ''}"><title>${
      escaped(entryWords(state, mm, it))}</title><rect class="table${it.number ? '' : ' gone'}" x="${
      span.x + 1}" y="${y}" width="${span.w - 2}" height="${kTableBox}"/>` +
      text(span.x + 6, y + 15, it.number ? '' : 'soft',
          fittest(words, it.number ? `${it.number}` : 'none', span.w - 10, per)) + '</g>';
}

// A mark in the entry that a task relies on, and where its table is by now.
function drawReader(run, mm, task, it, number, x0, cell, y) {
  const span = tableSpan(run, it.table, x0, cell);
  if (!span) return '';
  const lost = isLost(it), low = y + kTableBox;
  const x = span.x + span.w - 12 - (span.w > 150 ? 40 : 14) * number;
  const there = lost && it.table.now && tableSpan(run, it.table.now, x0, cell);
  return `<g class="reader" data-task="${escaped(task)}" data-mm="${escaped(mm)}" data-first="${
      it.table.first}" data-number="${it.table.number}" data-now="${
      it.table.now ? it.table.now.first : ''}" data-move="${it.move ? 1 : 0}"><title>${
      escaped(readerWords(task, it))}</title><path class="reader${lost ? ' lost' : ''}" d="M${
      x - 5} ${y + 4}h10v${kTableBox - 8}h-10z"/>` +
      (span.w > 150 ? text(x - 9, y + 15, `end ${lost ? 'size' : 'walk'}`, task) : '') +
      (there ? `<path class="led" d="M${x} ${low - 4}v11H${there.x + there.w / 2}v-6m-4 4l4 -5l4 5"/>` : '') +
      '</g>';
}

// The page tables of an mm, under its ptes.
function drawTables(run, state, mm, x0, cell, y, width, small) {
  if (!(state.tables[mm] || []).length) return '';
  let svg = text(4, y + 15, 'soft', small ? 'PT' : 'page tables');
  for (const it of state.tables[mm])
    svg += drawEntry(run, state, mm, it, x0, cell, y, small);
  readersOf(state, mm).forEach(([task, it], i) => {
    svg += drawReader(run, mm, task, it, i, x0, cell, y);
  });
  const low = y + kTableBox + 12 + tlbLine(small);
  return svg + tableLines(state, mm).map((it, i) => text(x0, low + tlbLine(small) * i,
      it.cls, fitted(it.words, width - x0, small ? 7.6 : 6.2),
      `data-tables="${escaped(mm)}"`)).join('');
}

// The same, read out.
const tablesInWords = (run, state) => run.mms.flatMap((mm) => [
  ...(state.tables[mm] || []).map((it) => `${mm}: ${entryWords(state, mm, it)}`),
  ...readersOf(state, mm).map(([task, it]) => readerWords(task, it))]);
