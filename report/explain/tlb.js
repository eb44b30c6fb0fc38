// Draws what processors may still use after a pte has gone: translations at their
// addresses, what tasks have yet to flush, and frames. Of runs that have any.

const pageName = (it) => `page ${it.page} of ${it.file}`;

// What a frame that was a page is by now; '' if nothing is to be said.
function useWords(use) {
  const words = {held: () => `has left the page cache, held by the gather of ${listed(use.held_by)}`,
    free: () => 'its frame is free', page: () => `its frame is ${pageName(use.page)} now`,
    copy: () => `its frame is a private copy at ${use.addr} of ${use.mm} now`,
    'being-revoked': () => 'its driver is taking it back',
    revoked: () => 'its driver has taken it back'}[use.is];
  return words ? words() : '';
}

const madeFor = (it) => it.made_for ? pageName(it.made_for) : 'what was there';

function translationWords(it) {
  const use = useWords(it.use);
  return `TLB at ${it.addr}: ${madeFor(it)}${it.stale ? ', stale' : ''}${use ? `: ${use}` : ''}`;
}

const rangeOf = ({first, last}) => first === last ? `${first}` : `${first}..${last}`;

function gatherWords(task, it) {
  const owes = [];
  if (it.first !== undefined) owes.push(`${rangeOf(it)} to flush`);
  if (it.frames) owes.push(`${it.frames} ${it.frames === 1 ? 'frame' : 'frames'} to release` +
      (it.pages ? ` (${it.pages.map(pageName).join(', ')})` : ''));
  return `${it.move ? 'move' : 'gather'} of ${task}: ` +
      (owes.join(', ') || 'nothing to flush') + (it.full ? ', full' : '');
}

const gathersOf = (state, mm) => Object.entries(state.gathers).filter(([, it]) => it.mm === mm);

// The lines under the addresses of an mm: more would be no picture.
const kMostTlbLines = 6;
function tlbLines(state, mm) {
  const lines = [...(state.tlb[mm] || []).map((it) => ({words: translationWords(it),
      cls: it.stale ? 'size' : 'soft'})), ...gathersOf(state, mm).map(([task, it]) => ({
      words: gatherWords(task, it), cls: it.first === undefined ? 'soft' : 'grip'}))];
  if (lines.length <= kMostTlbLines) return lines;
  const more = lines.length - kMostTlbLines + 1;
  return [...lines.slice(0, kMostTlbLines - 1), {words: `and ${more} more`, cls: 'soft'}];
}

// For each run: which mms have such lines, how many at most, and whether there are
// frames.
for (const run of data.runs) {
  run.tlb = {lines: named(), frames: run.states.some((it) => Object.keys(it.frames).length)};
  for (const state of run.states)
    for (const mm of run.mms) {
      const lines = tlbLines(state, mm).length;
      if (lines) run.tlb.lines[mm] = Math.max(run.tlb.lines[mm] || 0, lines);
    }
}

const kTlbCells = 24;
const tlbLine = (small) => small ? 19 : 16;
const tlbHeight = (run, mm, small) =>
    run.tlb.lines[mm] ? kTlbCells + 8 + tlbLine(small) * run.tlb.lines[mm] + 14 : 0;

function drawTranslation(run, mm, it, x, y, w) {
  const h = kTlbCells - 4;
  const victim = run.tlb_story && run.tlb_story.mm === mm && run.tlb_story.addr === it.addr;
  return `<g class="tr" data-mm="${escaped(mm)}" data-addr="${it.addr}" data-page="${
      it.made_for ? escaped(pageName(it.made_for)) : ''}" data-use="${it.use.is}" data-frame="${
      it.frame ?? ''}" data-stale="${it.stale ? 1 : 0}"><title>${escaped(translationWords(it) +
      `; ${it.writable ? 'read and write' : 'read'}`)}</title>` +
      `<rect class="tr${it.stale ? ' stale' : ''}" x="${x + 1}" y="${y}" width="${w - 2}" height="${h}"/>` +
      (it.stale ? `<path class="hatch" d="M${x} ${y + h}L${x + w} ${y}M${x} ${y + h / 2}L${
          x + w / 2} ${y}M${x + w / 2} ${y + h}L${x + w} ${y + h / 2}"/>` : '') +
      (w >= 15 ? text(x + w / 2, y + 14, it.stale ? 'num past' : 'num',
          it.made_for ? it.made_for.page : 'c') : '') +
      (it.stale && victim ? `<rect class="victim" x="${x + 1.5}" y="${y + 1.5}" width="${
          w - 3}" height="${h - 3}"/>` : '') + '</g>';
}

// The addresses of which a task owes a flush, under the cells.
function drawGather(run, mm, task, it, x0, cell, y) {
  const from = x0 + ((it.first ?? 0) - run.low) * cell, to = x0 + ((it.last ?? 0) + 1 - run.low) * cell;
  return `<g class="gather" data-mm="${escaped(mm)}" data-task="${escaped(task)}" data-first="${
      it.first ?? ''}" data-last="${it.last ?? ''}" data-frames="${it.frames}" data-pages="${
      escaped((it.pages || []).map(pageName).join(', '))}" data-full="${it.full ? 1 : 0}" data-move="${
      it.move ? 1 : 0}"><title>${escaped(gatherWords(task, it))}</title>` +
      (it.first === undefined ? '' :
      `<path class="owes" d="M${from + 2} ${y}v5H${to - 2}v-5"/>`) + '</g>';
}

// The TLB of an mm, beside its ptes.
function drawTlb(run, state, mm, x0, cell, y, width, small) {
  const lines = tlbLines(state, mm);
  if (!lines.length) return '';
  let svg = text(4, y + 14, 'soft', small ? 'TLB' : 'TLB of ' + mm);
  for (const it of state.tlb[mm] || [])
    svg += drawTranslation(run, mm, it, x0 + (it.addr - run.low) * cell, y, cell);
  for (const [task, it] of gathersOf(state, mm))
    svg += drawGather(run, mm, task, it, x0, cell, y + kTlbCells - 2);
  const low = y + kTlbCells + 6 + tlbLine(small);
  return svg + lines.map((it, i) => text(x0, low + tlbLine(small) * i, it.cls,
      fitted(it.words, width - x0, small ? 7.6 : 6.2), `data-line="${escaped(mm)}"`)).join('');
}

const frameWords = (number, it) => `frame ${number}, was ${
    it.was ? pageName(it.was) : 'a page'}: ${useWords(it.use).replace(/^its frame /, '')}`;

// Frames that have a number: what each was, and is.
function drawFrames(run, state, x0, y, small) {
  if (!Object.keys(state.frames).length) return '';
  const w = small ? 460 : 330;
  return (small ? '' : text(4, y + 15, '', 'frames')) + Object.entries(state.frames)
      .slice(0, small ? 1 : 3).map(([number, it], i) =>
      `<g class="frame" data-number="${number}" data-was="${
          it.was ? escaped(pageName(it.was)) : ''}" data-use="${it.use.is}"><title>${
          escaped(frameWords(number, it))}</title><rect class="slot ${it.use.is === 'held' ? '' : 'loose'}" x="${
          x0 + i * w}" y="${y}" width="${w - 6}" height="22"/>` + text(x0 + i * w + 5, y + 15, '',
          fitted(frameWords(number, it), w - 12, small ? 7.6 : 6.6)) + '</g>').join('');
}

// The same, read out.
const tlbInWords = (run, state) => [...run.mms.flatMap((mm) => tlbLines(state, mm)
    .map((it) => `${mm}: ${it.words}`)), ...Object.entries(state.frames)
    .map(([number, it]) => frameWords(number, it))];
