// Draws the runs that the page carries (report/explain/story_json.h says how they are
// written). What is drawn is written into the elements' data, for tests too.
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
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
  let state = {vmas: {}, files: {...run.files}, held: {}, holds: {},
               passes: {}, in_flight: {}, zapped: new Set()};
  const states = [state];
  for (const row of run.rows) {
    const next = {...state, zapped: new Set(state.zapped)};
    for (const [kind, changes] of Object.entries(row.set)) {
      next[kind] = {...state[kind]};
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
  if (run.high === 0) { run.low = 0; run.high = 1; }
  run.pages = Math.max(1, ...Object.values(run.files).map((f) => f.size),
      ...run.rows.flatMap((row) => Object.values(row.set.files || {})
          .map((f) => Math.max(f.size, f.cached.length))));
  // Of files that show folios: lines under them, at most, and samples over them.
  run.folios = {};
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

// ---- address spaces, drawn to scale

const text = (x, y, cls, words, more = '') =>
    `<text x="${x}" y="${y}" class="${cls}" ${more}>${escaped(words)}</text>`;

function drawCell(run, state, vma, i, x, y, w, h) {
  const addr = vma.start + i;
  const sign = vma.ptes[i];
  const page = pageOf(vma, i);
  const [cls, words] = SIGNS[sign];
  const zapped = sign === '.' && state.zapped.has(vma.mm + ' ' + addr);
  const present = sign !== '.' && sign !== 'f';
  const title = `address ${addr} of ${vma.mm}: ` +
      (zapped ? 'unmapped by this pass' : words) +
      (present ? `, page ${page} of ${vma.file}` :
                 `, would be page ${page} of ${vma.file}`);
  let svg = `<g class="pte" data-mm="${escaped(vma.mm)}" data-addr="${addr}" ` +
      `data-slot="${vma.slot}" data-sign="${escaped(sign)}" ` +
      `data-zapped="${zapped ? 1 : 0}"><title>${escaped(title)}</title>` +
      `<rect class="cell ${cls}" x="${x}" y="${y}" width="${w}" height="${h}"/>`;
  if (cls === 'past')
    svg += `<path class="hatch" d="M${x} ${y + h}L${x + w} ${y}` +
        `M${x} ${y + h / 2}L${x + w / 2} ${y}M${x + w / 2} ${y + h}` +
        `L${x + w} ${y + h / 2}"/>`;
  if (zapped)
    svg += `<path class="zap" d="M${x + w * .3} ${y + h * .3}L${x + w * .7} ` +
        `${y + h * .7}M${x + w * .7} ${y + h * .3}L${x + w * .3} ${y + h * .7}"/>`;
  if (present && w >= 15)
    svg += text(x + w / 2, y + h / 2 + 4, 'num ' + cls,
        sign === 'c' || sign === 'C' ? 'c' : sign === 'x' ? page + '!' : page);
  if (cls === 'past' && run.victims.has(`${vma.mm} ${addr} ${page}`))
    svg += `<rect class="victim" x="${x + 1.5}" y="${y + 1.5}" ` +
        `width="${w - 3}" height="${h - 3}"/>`;
  return svg + '</g>';
}

// Where marks begin; in the film the addresses are in larger letters.
const belowAddresses = (y, small) => y + (small ? 12 : 0);

// A restart address, in the count or in a pass's own note.
function restartsOf(vma) {
  const marks = [];
  if (vma.mark?.is === 'restart')
    marks.push({addr: vma.mark.at, words: vma.count});
  for (const {task, addr} of vma.points || [])
    marks.push({addr, hollow: true, words: `${addr} by ${task}'s note`});
  return marks;
}

// What the pass passes by in this step.
function drawSkipped(vma, skips, x, cell, y, h, small) {
  if (!skips || skips.slot !== vma.slot) return '';
  const from = x + (skips.first - vma.start) * cell;
  const to = x + (skips.last + 1 - vma.start) * cell;
  const low = belowAddresses(y + h, small);
  return `<g class="skip" data-first="${skips.first}" data-last="${skips.last}">` +
      `<path class="skipped" d="M${from + 1} ${low + 29}v7H${to - 2}v-7"/>` +
      text(from + 3, low + 50, 'skipped', 'left out') + '</g>';
}

function drawVma(run, state, vma, x0, cell, y, small, until, skips) {
  const h = 28;
  const x = x0 + (vma.start - run.low) * cell;
  const w = (vma.end - vma.start) * cell;
  const odd = vma.state || vma.unindexed;
  const notes = [`slot ${vma.slot}`];
  if (vma.count) notes.push('count: ' + vma.count);
  for (const [is, word] of [[vma.state, vma.state], [vma.private, 'private'],
       [vma.nonlinear, 'nonlinear'],
       [!vma.state && vma.unindexed, 'not in the index']])
    if (is) notes.push(word);
  const label = `[${vma.start}, ${vma.end})`;
  let svg = `<g class="v" data-slot="${vma.slot}" data-start="${vma.start}" ` +
      `data-end="${vma.end}" data-mm="${escaped(vma.mm)}" ` +
      `data-count="${escaped(vma.count)}"><title>${escaped(
          `${label} of ${vma.mm}: pages ${vma.pgoff}..${vma.pgoff +
          vma.end - vma.start - 1} of ${vma.file}; ${notes.join(', ')}`)}</title>`;
  for (let i = 0; i < vma.end - vma.start; ++i)
    svg += drawCell(run, state, vma, i, x + i * cell, y, cell, h);
  svg += drawSkipped(vma, skips, x, cell, y, h, small);
  svg += `<rect class="vma${odd ? ' odd' : ''}" x="${x}" y="${y}" ` +
      `width="${w}" height="${h}"/>`;
  // Addresses, where there is room.
  const every = cell >= 24 ? 1 : cell >= 12 ? 2 : 0;
  for (let i = 0; every && i < vma.end - vma.start; i += every)
    svg += text(x + (i + .5) * cell, y + h + (small ? 14 : 12), 'addr',
        vma.start + i);
  return svg + '</g>' + drawNotes(vma, notes, label, x, until - x, y, small) +
      drawMarks(run, state, vma, x0, cell, y, h, small);
}

// Words cut to a width; the whole is in the title.
function fitted(words, width, perSign) {
  const signs = Math.floor(width / perSign);
  return words.length <= signs ? words :
      signs < 4 ? '' : words.slice(0, signs - 1) + '\u2026';
}

// Over the vma: what it is, up to where the next one begins.
function drawNotes(vma, notes, label, x, room, y, small) {
  const size = small ? 7.6 : 6.6;
  const lines = small ? [notes[0], notes[1] || ''] :
      [`${label} ${notes[0]}`, notes.slice(1).join(', ')];
  return text(x, y - 20, '', fitted(lines[0], room, size)) +
      text(x, y - 6, 'soft', fitted(lines[1], room, size));
}

function drawMarks(run, state, vma, x0, cell, y, h, small) {
  let svg = '';
  const low = belowAddresses(y + h, small);
  const here = Object.values(state.passes).filter((pass) => pass.slot === vma.slot)
      .map((pass) => pass.addr);
  for (const mark of restartsOf(vma)) {
    if (here.includes(mark.addr)) mark.words = '';  // the walk is there
    const x = x0 + (Math.min(mark.addr, run.high) - run.low) * cell;
    svg += `<g class="mark" data-addr="${mark.addr}"><path ` +
        `class="restart${mark.hollow ? ' hollow' : ''}" d="M${x} ${low + 15}l-6 11h12z"/>` + text(x + 9, low + 26, 'restart',
        small && mark.words && !mark.hollow ? 'restart' : mark.words) + '</g>';
  }
  for (const [task, pass] of Object.entries(state.passes))
    if (pass.slot === vma.slot) {
      const x = x0 + (pass.addr - run.low) * cell;
      svg += `<g class="walker" data-task="${escaped(task)}" ` +
          `data-addr="${pass.addr}"><path class="walk" ` +
          `d="M${x - 2} ${y - 3}h4v${h + 6}h-4z"/>` +
          text(x + 9, low + 26, 'walk', `${task} is here`) + '</g>';
    }
  return svg;
}

// The room over and under a file's pages: i_size and its samples, folios.
const overFile = (run, name) => run.folios[name] ? 18 * (1 + run.samples) : 0;
const underFile = (run, name) => run.folios[name] ? 16 * run.folios[name] + 12 : 0;

// What is said of a folio, a line each.
function linesOf(folio) {
  const pages = folio.last - folio.first + 1;
  const lines = pages > 1 ? [`order ${Math.log2(pages)}`] : [];
  if (folio.dirty) lines.push('dirty');
  if (folio.pins) lines.push('pinned');
  for (const task of folio.held_by || []) lines.push(`held by ${task}`);
  if (folio.locked_by) lines.push(`locked by ${folio.locked_by}`);
  if (folio.old) lines.push('old data');
  return lines;
}

function folioTitle(name, folio) {
  const is = [];
  if (folio.dirty) is.push('dirty');
  if (folio.pins) is.push(`a script holds references by pages ${folio.pins.join(', ')}`);
  if (folio.held_by) is.push(`faults of ${folio.held_by.join(', ')} hold references`);
  if (folio.locked_by) is.push(`locked by ${folio.locked_by}`);
  if (folio.old) is.push(`what was cut off is in pages ${folio.old.join(', ')}`);
  return `folio of pages ${folio.first}..${folio.last} of ${name}: ` +
      (is.join('; ') || 'clean');
}

function drawFolio(name, folio, x0, w, h, y, small) {
  const x = x0 + folio.first * w, width = (folio.last - folio.first + 1) * w;
  const busy = folio.locked_by ? ' locked' : '';
  const per = small ? 7.6 : 6.2;
  let svg = `<g class="folio" data-first="${folio.first}" data-last="${folio.last}" ` +
      `data-pins="${(folio.pins || []).join(' ')}" data-dirty="${folio.dirty ? 1 : 0}" ` +
      `data-held="${escaped((folio.held_by || []).join(' '))}" ` +
      `data-locked="${escaped(folio.locked_by || '')}" ` +
      `data-old="${(folio.old || []).join(' ')}"><title>${
      escaped(folioTitle(name, folio))}</title>` +
      `<rect class="folio${busy}" x="${x + 1}" y="${y - 3}" width="${width - 2}" ` +
      `height="${h + 6}" rx="5"/>`;
  for (const page of folio.pins || [])
    svg += `<circle class="pin" cx="${x0 + (page + .5) * w}" cy="${y - 3}" r="4"/>`;
  for (const page of folio.old || [])
    svg += `<path class="old" d="M${x0 + page * w + 3} ${y + h - 3}h${w - 6}"/>`;
  linesOf(folio).forEach((line, i) => {
    svg += text(x + 3, y + h + 17 + 16 * i, /^locked|^held|^pinned/.test(line) ? 'grip' : 'soft',
        fitted(line, width, per));
  });
  return svg + '</g>';
}

// The i_size by which faults will map, read before.
function drawSamples(run, file, x0, w, h, y, small) {
  return (file.samples || []).map(({task, size}, i) => {
    const x = x0 + size * w, top = y - (small ? 25 : 22) - 18 * i;
    const late = size !== file.size;
    return `<g class="sample" data-task="${escaped(task)}" data-size="${size}">` +
        `<path class="sample" d="M${x} ${top - 8}V${y + h + 4}"/>` +
        text(x + 5, top, 'sample', small ? `i_size by ${task}: ${size}` :
            `${task} will map by the i_size that it has read: ${size}${
            late ? `, though it is ${file.size} now` : ''}`) + '</g>';
  }).join('');
}

function drawFile(run, name, file, x0, width, y, small) {
  const folios = Boolean(run.folios[name]);
  const w = Math.min(folios ? small ? 80 : 76 : 30, width / run.pages), h = 20;
  y += overFile(run, name);
  let svg = text(4, y + 15, '', 'file ' + name);
  for (let page = 0; page < run.pages; ++page) {
    const cached = file.cached[page] === '1';
    const x = x0 + page * w;
    svg += `<g class="fp" data-page="${page}" data-cached="${cached ? 1 : 0}">` +
        `<title>page ${page} of ${escaped(name)}: ` +
        `${cached ? 'in the page cache' : 'not in the page cache'}</title>` +
        `<rect class="cell ${cached ? (page < file.size ? 'page' : 'past') :
        'none'}" x="${x}" y="${y}" width="${w}" height="${h}"/>` +
        (cached && w >= 15 ? text(x + w / 2, y + 14,
            'num ' + (page < file.size ? 'page' : 'past'), page) : '') + '</g>';
  }
  const x = x0 + file.size * w;
  return svg + `<g class="i_size" data-size="${file.size}"><path class="size" ` +
      `d="M${x} ${y - 5}v${h + 10}"/>` +
      text(x + 5, folios ? y - 8 : y + h + 14, 'size', `i_size = ${file.size}`) + '</g>' +
      (file.folios || []).map((it) => drawFolio(name, it, x0, w, h, y, small)).join('') +
      drawSamples(run, file, x0, w, h, y, small);
}

// What a pass remembers itself, and which struct that leads to.
function drawPassNotes(run, state, x0, y, small) {
  const holders = Object.entries(state.passes).filter(([, pass]) => pass.restart);
  let svg = '';
  holders.forEach(([task, {restart}], i) => {
    const slot = run.slots.indexOf(restart.slot);
    const x = x0 + slot * slotWidth(run, small) + 16;
    svg += `<g class="pass-note" data-task="${escaped(task)}" data-slot="${
        restart.slot}" data-addr="${restart.addr}">` +
        `<path class="note" d="M${x} ${y - 3}v-9m-4 5l4 -5l4 5"/>` +
        text(x + 9, y + 6 + 14 * i, 'restart', `${task}'s note: the vma in slot ` +
            `${restart.slot}, resume at ${restart.addr}`) + '</g>';
  });
  return svg;
}

const slotWidth = (run, small) => Math.min(small ? 225 : 240,
    (small ? 465 : 990) / run.slots.length);

// Slots of the slab that are ever in use, each with who has it.
function drawSlab(run, state, x0, y, small) {
  const w = slotWidth(run, small);
  let svg = text(4, y + 15, '', 'slab');
  run.slots.forEach((slot, i) => {
    const vma = state.vmas[slot];
    const x = x0 + i * w;
    const again = vma && vma.birth > 1 ? ' reused' : '';
    const words = vma ? `${vma.mm} [${vma.start}, ${vma.end})` : 'free';
    svg += `<g class="slot" data-slot="${slot}" data-births="${
        vma ? vma.birth : 0}"><title>slot ${slot}: ${escaped(words + again)}` +
        `</title><rect class="slot${again ? ' again' : ''}" x="${x}" y="${y}" ` +
        `width="${w - 6}" height="22"/>` + text(x + 5, y + 15, vma ? '' : 'soft',
        fitted(`${slot}: ${words}${again}`, w - 12, small ? 7.6 : 6.6)) + '</g>';
  });
  return svg;
}

// The world after a row. `small`: a picture of the film.
function drawWorld(run, row, small) {
  const state = run.states[row + 1], skips = run.rows[row].skips;
  const width = small ? 520 : 1100, x0 = small ? 45 : 100;
  const cell = Math.min(small ? 50 : 64, (width - x0 - (small ? 60 : 180)) /
      (run.high - run.low));
  let y = 10;
  let svg = '';
  for (const [name, file] of Object.entries(state.files)) {
    svg += drawFile(run, name, file, x0, width - x0 - 90, y, small);
    y += 46 + overFile(run, name) + underFile(run, name);
  }
  if (run.slots.length && run.slots.length <= 12) {
    svg += drawSlab(run, state, x0, y, small);
    y += 34;
    if (run.notes) {
      svg += drawPassNotes(run, state, x0, y, small);
      y += 14;
    }
  }
  for (const mm of run.mms) {
    // Detached and new vmas share addresses with others: a line of their own.
    const vmas = vmasOf(state).filter((vma) => vma.mm === mm);
    const lines = [vmas.filter((vma) => !vma.state)];
    const odd = vmas.filter((vma) => vma.state);
    if (odd.length) lines.push(odd);
    svg += text(4, y + 54, '', small ? mm : 'memory of ' + mm);
    svg += `<path class="axis" d="M${x0} ${y + 64}H${width - 20}"/>`;
    for (const line of lines) {
      line.forEach((vma, i) => {
        const until = i + 1 === line.length ? width :
            x0 + (line[i + 1].start - run.low) * cell - 6;
        svg += drawVma(run, state, vma, x0, cell, y + 36, small, until, skips);
      });
      y += small ? 132 : 118;
    }
  }
  return `<svg viewBox="0 0 ${width} ${y + 4}" role="img" aria-label="${
      escaped(inWords(run, state))}">${svg}</svg>`;
}

// The same, read out.
function inWords(run, state) {
  const words = [];
  for (const [name, file] of Object.entries(state.files))
    words.push([`file ${name} has ${file.size} pages`,
        ...(file.folios || []).map((it) => folioTitle(name, it)),
        ...(file.samples || []).map((it) =>
            `${it.task} will map by an i_size of ${it.size}`)].join('. '));
  for (const vma of vmasOf(state)) {
    const present = [...vma.ptes].map((sign, i) => [sign, vma.start + i])
        .filter(([sign]) => sign !== '.' && sign !== 'f');
    const past = present.filter(([sign]) => SIGNS[sign][0] === 'past');
    words.push(`[${vma.start}, ${vma.end}) of ${vma.mm}, slot ${vma.slot}` +
        (vma.count ? `, ${vma.count}` : '') + `: ${present.length} pages mapped` +
        (past.length ? `, past the end at ${past.map((p) => p[1]).join(', ')}` : ''));
  }
  return words.join('. ');
}

// ---- lifelines

function drawLife(run, at) {
  const x0 = 90, width = 1100;
  const step = (width - x0 - 20) / Math.max(1, run.rows.length);
  const lane = 44;
  const x = (row) => x0 + row * step;
  let svg = '';
  const height = 24 + run.lanes.length * lane + (run.loop ? 34 : 18);
  if (run.loop) {
    const first = run.rows.findIndex((r) => r.event > run.loop.after_event);
    const last = run.rows.findLastIndex((r) => r.event !== 0);
    svg += `<rect class="loop" x="${x(first)}" y="14" width="${
        x(last + 1) - x(first)}" height="${height - 48}"/>` +
        text(x(first), height - 4, 'restart', 'the loop: its end leads back to its begin');
  }
  run.lanes.forEach((task, n) => {
    const y = 22 + n * lane;
    svg += text(4, y + 18, '', 'task ' + task) +
        `<path class="life" d="M${x0} ${y + 14}H${width - 20}"/>`;
    svg += drawLane(run, task, x, step, y);
  });
  svg += drawMoments(run, x, step, height, at);
  return `<svg viewBox="0 0 ${width} ${height}" role="img" ` +
      `aria-label="who moves when, and who holds which lock">${svg}</svg>`;
}

// Bars over rows for which `word` says the same.
function bars(run, word, draw) {
  let svg = '';
  for (let i = 0; i < run.rows.length;) {
    const is = word(i);
    let j = i + 1;
    while (j < run.rows.length && is && word(j) === is) ++j;
    if (is) svg += draw(i, j, is);
    i = j;
  }
  return svg;
}

function drawLane(run, task, x, step, y) {
  const moves = (i) => run.rows[i].task === task;
  const busy = (i) => (run.states[i + 1].in_flight[task] || moves(i)) ?
      (moves(i) ? run.rows[i].verb : run.states[i + 1].in_flight[task]) : '';
  let svg = bars(run, busy, (i, j, verb) =>
      `<g><title>${escaped(`${task}: ${verb}`)}</title><rect class="op" x="${
      x(i)}" y="${y}" width="${x(j) - x(i)}" height="28" rx="3"/></g>` +
      (x(j) - x(i) > 8 * verb.length ? text(x(i) + 3, y + 12, 'soft', verb) : ''));
  svg += bars(run, (i) => moves(i) ? 'x' : '', (i, j) =>
      `<rect class="walk" x="${x(i)}" y="${y + 29}" width="${x(j) - x(i)}" height="3"/>`);
  const isWalks = (it) => it.lock === 'i_mmap_lock';
  const holds = (walks) => (i) => (run.states[i + 1].holds[task] || [])
      .some((it) => isWalks(it) === walks) ? 'held' : '';
  const dropped = (i) => run.states[i + 1].passes[task]?.dropped ? 'd' : '';
  svg += bars(run, holds(true), (i, j) => lockBar(run, task, i, j, x, y + 15, 8, 'lock'));
  svg += bars(run, holds(false), (i, j) => lockBar(run, task, i, j, x, y + 24, 4, 'olock'));
  svg += bars(run, dropped, (i, j) => `<g><title>${escaped(
      `${task} has dropped i_mmap_lock`)}</title><rect class="dropped" x="${
      x(i) + 1}" y="${y + 15}" width="${x(j) - x(i) - 2}" height="8"/></g>` +
      (x(j) - x(i) > 55 ? text(x(i) + 4, y + 12, 'restart', 'dropped') : ''));
  // Locks that are taken and released in one row.
  run.rows.forEach((row, i) => {
    if (moves(i) && row.lock_moves.some((it) =>
        isWalks(it) && it.takes && it.lets_go))
      svg += `<rect class="lock" x="${x(i) + step / 3}" y="${y + 15}" width="${
          Math.max(2, step / 3)}" height="8"><title>${escaped(
          `${task} takes and releases i_mmap_lock`)}</title></rect>`;
  });
  return svg;
}

function lockBar(run, task, i, j, x, y, h, cls) {
  const names = new Set();
  for (let k = i; k < j; ++k)
    for (const name of run.states[k + 1].held[task] || []) names.add(name);
  return `<g><title>${escaped(`${task} holds ${[...names].join(', ')}`)}</title>` +
      `<rect class="${cls}" x="${x(i)}" y="${y}" width="${x(j) - x(i)}" height="${h}"/></g>`;
}

function drawMoments(run, x, step, height, at) {
  let svg = '';
  const late = run.cause?.no_return;
  const bottom = 24 + run.lanes.length * 44;
  if (late) svg += `<path class="late" d="M${x(late.row)} 16V${bottom}"/>` +
      text(x(late.row) + 3, bottom + 12, 'restart',
          late.settled ? 'point of no return' : 'too late here') ;
  if (run.broken_row !== undefined)
    svg += `<path class="broke" d="M${x(run.broken_row + 1)} 4V${bottom}"/>` +
        text(x(run.broken_row + 1) - 4, 12, 'size', 'violated', 'text-anchor="end"');
  svg += `<rect class="here" x="${x(at)}" y="16" width="${step}" height="${bottom - 16}"/>`;
  run.rows.forEach((row, i) => {
    svg += `<rect class="hit" data-row="${i}" x="${x(i)}" y="14" width="${step}" ` +
        `height="${height - 14}"><title>${escaped(stepsOf(row) + ': ' + row.task +
        ': ' + row.deeds.join('; '))}</title></rect>`;
  });
  return svg;
}

// ---- words

const numbersOf = (row) => row.steps[0] === row.steps[1] ? `${row.steps[0]}` :
    `${row.steps[0]}\u2013${row.steps[1]}`;
const stepsOf = (row) =>
    (row.steps[0] === row.steps[1] ? 'step ' : 'steps ') + numbersOf(row);
const eventOf = (run, row) => row.event === 0 ?
    'at the end: what is in flight runs on' :
    `event ${row.event}: ${run.events[row.event - 1]}`;

function alarmsOf(run, i) {
  const alarms = [];
  const row = run.rows[i];
  const before = run.rows[i - 1];
  if (row.event !== 0 && (!before || before.event !== row.event))
    for (const it of run.cause?.switches || [])
      if (it.event === row.event)
        alarms.push(`The processor goes from ${it.from} to ${row.task} here, ` +
            `while ${it.from} is in the middle of its work. ` + (it.decides ?
            `Had ${it.from} run to its end first, this would not break.` :
            'It is violated without this switch too.'));
  const late = run.cause?.no_return;
  if (late && late.row === i)
    alarms.push(late.settled ? 'Before this step there was a way out (' +
        (late.moves.length ? late.moves[0].words : 'nothing more begins') +
        ' first); after it there is none.' : 'From here on, perhaps from before, there is no way out.');
  if (run.broken_row === i)
    alarms.push(`Here ${run.property.name} is violated. It must hold that ` +
        `${run.property.text}. But: ${run.detail}.`);
  return alarms;
}

function nowHtml(run, i) {
  const row = run.rows[i];
  const does = (it) => !it.lets_go ? 'takes ' :
      it.takes ? 'takes and releases ' : 'releases ';
  const locks = row.lock_moves.length ?
      `<p class="soft">Locks: ${row.lock_moves.map((it) =>
          escaped(does(it) + it.words)).join('; ')}.</p>` : '';
  return `<p class="event">${escaped(eventOf(run, row))}</p>` +
      `<p><strong>${escaped(stepsOf(row))}, task ${escaped(row.task)}:</strong> ` +
      `${escaped(row.deeds.join('; '))}.</p>` +
      locks +
      alarmsOf(run, i).map((a) => `<p class="alarm">${escaped(a)}</p>`).join('') +
      `<details><summary class="soft">where it stands</summary><p class="soft">` +
      `from \u201c${escaped(row.from)}\u201d to \u201c${
          escaped(row.to || 'done')}\u201d</p></details>`;
}

// ---- the page

let current = {run: 0, row: 0};

function show(run, row, keepHash) {
  const story = data.runs[run];
  if (story.rows.length === 0) return;
  row = Math.max(0, Math.min(row, story.rows.length - 1));
  const other = run !== current.run;
  current = {run, row};
  $('world').innerHTML = drawWorld(story, row, false);
  $('life').innerHTML = drawLife(story, row);
  $('now').innerHTML = nowHtml(story, row);
  const life = $('life');  // wider than it is, on a narrow screen
  const here = life.querySelector('.here').getBBox();
  const width = life.firstElementChild.viewBox.baseVal.width;
  life.scrollLeft = here.x / width * life.scrollWidth - life.clientWidth / 2;
  const slider = $('slider');
  slider.max = story.rows.length - 1;
  slider.value = row;
  slider.setAttribute('aria-valuetext',
      `${stepsOf(story.rows[row])} of ${story.kernel}`);
  $('count').textContent = `${stepsOf(story.rows[row])} of ` +
      `${story.rows[story.rows.length - 1].steps[1]}`;
  const stage = document.querySelector('.stage');
  stage.dataset.run = run;
  stage.dataset.row = row;
  if (other) showRun(run);
  document.querySelectorAll('#steps tr.current').forEach((tr) =>
      tr.classList.remove('current'));
  $(`row-${run}-${row}`)?.classList.add('current');
  if (!keepHash)
    history.replaceState(null, '', hashOf(run, story.rows[row].steps[0]));
}

function showRun(run) {
  document.querySelectorAll('.tabs button').forEach((tab, i) =>
      tab.setAttribute('aria-selected', i === run));
  $('steps').innerHTML = stepsHtml(run);
  $('film').innerHTML = filmHtml(run);
  $('chips').innerHTML = chipsHtml(run);
  $('rules').innerHTML = rulesHtml(data.runs[run]);
}

const hashOf = (run, step) =>
    `#k=${encodeURIComponent(data.runs[run].kernel)}&step=${step}`;
const linkTo = (run, row) =>
    escaped(hashOf(run, data.runs[run].rows[row].steps[0]));

function stepsHtml(run) {
  const story = data.runs[run];
  const head = '<caption class="sr">each step of the run</caption><thead><tr>' +
      '<th scope="col">step</th><th scope="col">event</th><th scope="col">task' +
      '</th><th scope="col">does</th><th scope="col">locks (+ takes, - releases)' +
      '</th></tr></thead>';
  let last = -1;
  return head + '<tbody>' + story.rows.map((row, i) => {
    const fresh = row.event !== last;
    last = row.event;
    const alarms = alarmsOf(story, i).map((a) =>
        `<br><strong>${escaped(a)}</strong>`).join('');
    return `<tr id="row-${run}-${i}" class="${i === story.broken_row ? 'brk' : ''}">` +
        `<th scope="row"><a href="${linkTo(run, i)}">${escaped(
            numbersOf(row))}</a></th>` +
        `<td>${fresh ? escaped(row.event ? `${row.event}: ${
            story.events[row.event - 1]}` : 'at the end') : ''}</td>` +
        `<td>${escaped(row.task)}</td>` +
        `<td>${escaped(row.deeds.join('; '))}${alarms}</td>` +
        `<td>${row.locks.map((lock) => `<code>${escaped(lock)}</code>`)
            .join(' ')}</td></tr>`;
  }).join('') + '</tbody>';
}

// The rows that tell the story by themselves: at most so many, those next to
// where it is violated.
const kMostPictures = 24;
function chipsHtml(run) {
  const story = data.runs[run];
  return 'Steps that matter: ' + story.rows.map((row, i) => [row, i])
      .filter(([row]) => row.key).slice(0, 40).map(([row, i]) =>
          `<a href="${linkTo(run, i)}" class="${i === story.broken_row ?
              'broke' : ''}" title="${escaped(row.deeds.join('; '))}">${
              row.steps[1]}</a>`).join('');
}

// Both kernels where they part, and where the one goes wrong.
function pairsHtml() {
  const rows = [data.parting_row, data.runs[0].skipped_row]
      .filter((row, i, all) => row !== undefined && all.indexOf(row) === i);
  return rows.flatMap((row) => data.runs.map((story, run) => {
    const i = Math.min(row, story.rows.length - 1);
    return `<figure>${drawWorld(story, i, true)}<figcaption><strong>${
        escaped(story.kernel)}</strong>, <a href="${linkTo(run, i)}">${
        escaped(stepsOf(story.rows[i]))}</a>: ${escaped(story.rows[i].task)}: ${
        escaped(story.rows[i].deeds.join('; '))}.</figcaption></figure>`;
  })).join('');
}

function filmHtml(run) {
  const story = data.runs[run];
  let rows = story.rows.map((row, i) => i).filter((i) => story.rows[i].key);
  if (rows.length > kMostPictures) {
    const end = rows.filter((i) => i <= (story.broken_row ?? Infinity)).length + 2;
    rows = rows.slice(Math.max(0, Math.min(end, rows.length) - kMostPictures),
        Math.max(kMostPictures, end));
  }
  return rows.map((i) => {
    const row = story.rows[i];
    const broke = i === story.broken_row;
    return `<figure class="${broke ? 'broke' : ''}">` +
        drawWorld(story, i, true) +
        `<figcaption><a href="${linkTo(run, i)}">${escaped(stepsOf(row))}</a>, ` +
        `<code>${escaped(row.event ? story.events[row.event - 1] : 'at the end')}` +
        `</code>: ${escaped(row.task)}: ${escaped(row.deeds.join('; '))}.` +
        alarmsOf(story, i).map((a) => ` <strong>${escaped(a)}</strong>`).join('') +
        '</figcaption></figure>';
  }).join('');
}

function rulesHtml(story) {
  const rules = story.cause?.rules || [];
  const kernel = `<p>On ${escaped(story.kernel)}:</p>`;
  if (!rules.length) return kernel + '<p>It holds: no rule is to blame.</p>';
  const deciding = rules.filter((rule) => rule.decides)
      .sort((a, b) => b.main - a.main);
  const others = rules.filter((rule) => !rule.decides);
  return kernel + ruleTable(story, deciding) +
      (others.length ? `<details><summary>${others.length} rules that do not ` +
          `decide</summary>${ruleTable(story, others)}</details>` : '');
}

function ruleTable(story, rules) {
  if (!rules.length) return '<p>No rule alone decides it.</p>';
  return '<table><thead><tr><th scope="col">rule</th><th scope="col">' +
      escaped(story.kernel) + '</th><th scope="col">if it alone is changed</th>' +
      '<th scope="col">what it decides</th></tr></thead><tbody>' +
      rules.map((rule) =>
        `<tr class="${rule.main ? 'holds' : ''}"><th scope="row"><code>${
        escaped(rule.name)}</code>${rule.main ? ' \u2190 the one that matters: the fix' : ''}</th>` +
        `<td>${rule.has ? 'has it' : 'lacks it'}</td>` +
        `<td>${rule.decides ? '<strong>the script holds</strong>' :
               'still violated'}</td>` +
        `<td>${escaped(rule.text)}${rule.flip ? ` <span class="soft">Known ` +
        `bugs: ${escaped(rule.flip)}</span>` : ''}</td></tr>`).join('') +
      '</tbody></table>';
}

// Where a reader begins: where the runs part, or the page is skipped, or the property is violated.
const firstRow = (story) =>
    data.parting_row ?? story.skipped_row ?? story.broken_row ?? 0;

function fromHash() {
  const kernel = /[#&]k=([^&]*)/.exec(location.hash);
  const step = /[#&]step=(\d+)/.exec(location.hash);
  const run = kernel ? data.runs.findIndex((r) =>
      r.kernel === decodeURIComponent(kernel[1])) : 0;
  const story = data.runs[Math.max(0, run)];
  const at = step ? Number(step[1]) : 0;
  const row = step ? story.rows.findIndex(
      (r) => r.steps[0] <= at && at <= r.steps[1]) : firstRow(story);
  return {run: Math.max(0, run), row: Math.max(0, row), asked: Boolean(step)};
}

// The row to which the arrow leads: +-1, or the next that begins an event.
function nextRow(direction, byEvent) {
  const rows = data.runs[current.run].rows;
  let row = current.row + direction;
  if (byEvent)
    while (row > 0 && row < rows.length - 1 && rows[row].event === rows[row - 1].event)
      row += direction;
  return row;
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const typing = event.target.matches('input:not([type=range]), textarea, select');
  const go = {ArrowRight: () => nextRow(1), ArrowLeft: () => nextRow(-1),
    PageDown: () => nextRow(1, true), PageUp: () => nextRow(-1, true),
    Home: () => 0, End: () => 1e9}[event.key];
  if (typing || !go || event.target.matches('[role=tab]')) return;
  // Keys that scroll are the run's where the run has the focus.
  if (!event.key.startsWith('Arrow') && !event.target.closest('.stage')) return;
  event.preventDefault();
  show(current.run, go());
}

function onTabKey(event) {
  const to = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  if (!to) return;
  event.preventDefault();
  const run = (current.run + to + data.runs.length) % data.runs.length;
  choose(run);
  $('tabs').children[run].focus();
}

// The same moment of another run: the first row of the same event.
function choose(run) {
  const event = data.runs[current.run].rows[current.row]?.event;
  const row = data.runs[run].rows.findIndex((r) => r.event === event);
  show(run, Math.max(0, row));
}

// The steps in the answers lead there.
function linkSteps() {
  document.querySelectorAll('.answer').forEach((answer) => {
    const run = Number(answer.dataset.run);
    answer.querySelectorAll('a[data-step]').forEach((link) => {
      link.href = hashOf(run, link.dataset.step);
    });
  });
}

// The run to the top, unless its top is on the screen with room below it.
function bringIntoView() {
  const stage = document.querySelector('.stage');
  const top = stage.getBoundingClientRect().top;
  if (top < 0 || top > innerHeight / 3) stage.scrollIntoView({block: 'start'});
  stage.focus({preventScroll: true});
}

function begin() {
  linkSteps();
  if (data.runs.some((run) => Object.keys(run.folios).length))
    document.querySelectorAll('.of-folios').forEach((it) => { it.hidden = false; });
  if ($('pairs')) $('pairs').innerHTML = pairsHtml();
  data.runs.forEach((story, run) => {
    const tab = document.createElement('button');
    tab.type = 'button';
    tab.setAttribute('role', 'tab');
    tab.textContent = `${story.kernel}: ${story.holds ? 'holds' : 'violated'}`;
    tab.onclick = () => choose(run);
    tab.onkeydown = onTabKey;
    $('tabs').append(tab);
  });
  $('slider').oninput = (event) => show(current.run, Number(event.target.value));
  for (const [id, go] of [['first', () => 0], ['back', () => nextRow(-1)],
       ['forward', () => nextRow(1)], ['last', () => 1e9],
       ['back-event', () => nextRow(-1, true)],
       ['forward-event', () => nextRow(1, true)]])
    $(id).onclick = () => show(current.run, go());
  $('life').onclick = (event) => {
    const hit = event.target.closest('.hit');
    if (hit) show(current.run, Number(hit.dataset.row));
  };
  document.addEventListener('keydown', onKey);
  window.addEventListener('hashchange', () => {
    const {run, row} = fromHash();
    show(run, row, true);
    bringIntoView();
  });
  const {run, row, asked} = fromHash();
  showRun(run);
  current.run = run;
  show(run, row, !asked);
  if (asked) {
    history.scrollRestoration = 'manual';  // the address says where to look
    bringIntoView();
  }
  document.body.dataset.ready = '1';
}
begin();
