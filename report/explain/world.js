// Draws the world after a row: files, the slab, and address spaces to scale. What
// is drawn is written into the elements' data, for tests too.

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

// The room for frames of locks around a vma.
const frameRoom = (run) => run.lockLines ? 7 : 0;

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

function drawVma(run, state, vma, x0, cell, y, small, until, row) {
  const h = 28;
  const x = x0 + (vma.start - run.low) * cell;
  const w = (vma.end - vma.start) * cell;
  const odd = vma.state || vma.unindexed;
  const notes = [`slot ${vma.slot}`];
  if (vma.count) notes.push('count: ' + vma.count);
  for (const [is, word] of [[vma.state, vma.state], [vma.private, 'private'],
       [vma.nonlinear, 'nonlinear'],
       [(!vma.state || run.tlb.lines[vma.mm] && vma.state === 'off its mm') && vma.unindexed, 'not in the index']])
    if (is) notes.push(word);
  const label = `[${vma.start}, ${vma.end})`;
  let svg = `<g class="v" data-slot="${vma.slot}" data-start="${vma.start}" ` +
      `data-end="${vma.end}" data-mm="${escaped(vma.mm)}" ` +
      `data-count="${escaped(vma.count)}"><title>${escaped(
          `${label} of ${vma.mm}: pages ${vma.pgoff}..${vma.pgoff +
          vma.end - vma.start - 1} of ${vma.file}; ${notes.join(', ')}`)}</title>`;
  for (let i = 0; i < vma.end - vma.start; ++i)
    svg += drawCell(run, state, vma, i, x + i * cell, y, cell, h);
  svg += drawSkipped(vma, row.skips, x, cell, y, h, small);
  svg += `<rect class="vma${odd ? ' odd' : ''}" x="${x}" y="${y}" ` +
      `width="${w}" height="${h}"/>`;
  // Addresses, where there is room.
  const every = cell >= 24 ? 1 : cell >= 12 ? 2 : 0;
  for (let i = 0; every && i < vma.end - vma.start; i += every)
    svg += text(x + (i + .5) * cell, y + h + (small ? 14 : 12) + frameRoom(run), 'addr',
        vma.start + i);
  return svg + '</g>' + drawNotes(vma, notes, label, x, until - x, y - frameRoom(run) / 2, small) +
      drawMarks(run, state, vma, x0, cell, y, h, small) +
      drawVmaLock(run, state, row, vma, {x, y, w, h}, until - x, small);
}

// Frames around the vma for who holds its lock, and lines under it, which leave
// room for a walk that is there.
function drawVmaLock(run, state, row, vma, {x, y, w, h}, room, small) {
  const lines = vmaLockLines(state, vma, row);
  if (!lines.length) return '';
  const frame = (cls, far) => `<rect class="vlock ${cls}" x="${x - far}" y="${y - far}" ` +
      `width="${w + 2 * far}" height="${h + 2 * far}" rx="${far}"/>`;
  const walked = Object.values(state.passes).some((pass) => pass.slot === vma.slot);
  const low = belowAddresses(y + h, small) + frameRoom(run) + 27;
  const line = small ? 18 : 14;
  const waits = lines.filter((it) => it.waiter).map((it) => it.waiter);
  const released = lines.find((it) => it.releaser)?.releaser || '';
  return `<g class="vlock" data-slot="${vma.slot}" data-locked="${
      escaped(vma.locked_by || '')}" data-read="${escaped((vma.read_by || []).join(' '))}" ` +
      `data-waits="${escaped(waits.join(' '))}" data-released="${
      escaped(released)}"><title>${escaped(
      `lock of [${vma.start}, ${vma.end}) of ${vma.mm}: ${lines.map((it) => it.words).join('; ')}`)}</title>` +
      (vma.locked_by ? frame('write', 3) : '') + (vma.read_by ? frame('read', vma.locked_by ? 7 : 4) : '') +
      lines.map((it, i) => text(x, low + line * (i + walked),
          it.waiter ? 'grip waiting' : it.releaser ? 'soft' : 'grip',
          fittest(it.words, it.short, room, small ? 7.6 : 6.4))).join('') + '</g>';
}

// Who holds an mm's mmap_sem: a line each, or all in one.
function drawSem(state, mm, x, y, small) {
  const sem = semOf(state, mm), lines = semLines(sem);
  if (!lines.length) return '';
  const shown = small ? [`mmap_sem: ${lines.join('; ')}`] : ['mmap_sem', ...lines];
  return `<g class="sem" data-mm="${escaped(mm)}" data-write="${escaped(sem.write.join(' '))}" ` +
      `data-read="${escaped(sem.read.join(' '))}" data-waits="${
      escaped(sem.waits.map((it) => it.task).join(' '))}"><title>${escaped(
      `mmap_sem of ${mm}: ${lines.join('; ')}`)}</title>` +
      shown.map((it, i) => text(x, y + 14 * i, small || i ? 'grip' : 'soft',
          fitted(it, small ? 460 : 92, small ? 7.6 : 6.6))).join('') + '</g>';
}

// Words cut to a width; the whole is in the title.
function fitted(words, width, perSign) {
  const signs = Math.floor(width / perSign);
  return words.length <= signs ? words :
      signs < 4 ? '' : words.slice(0, signs - 1) + '\u2026';
}

// The words, or fewer where there is no room.
const fittest = (words, short, width, perSign) => fitted(
    short && words.length * perSign > width ? short : words, width, perSign);

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
  let svg = text(4, y + 15, '', (!file.device ? 'file ' : small ? 'dev ' : 'device ') + name);
  for (let page = 0; page < run.pages; ++page) {
    const cached = file.cached[page] === '1';
    const x = x0 + page * w;
    svg += `<g class="fp" data-page="${page}" data-cached="${cached ? 1 : 0}">` +
        `<title>page ${page} of ${escaped(name)}: ` + (file.device ?
        `memory of a device${cached ? '' : ', revoked'}` :
        `${cached ? 'in the page cache' : 'not in the page cache'}`) + '</title>' +
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

// Faults that have found a vma and hold nothing: the struct that they are about to
// lock, which may be another vma's by now.
function drawFinders(run, state, x0, y, small) {
  return Object.entries(state.found).map(([task, slot], i) => {
    const x = x0 + run.slots.indexOf(slot) * slotWidth(run, small) + 16;
    const low = y + 6 + (small ? 17 : 14) * i;
    return `<g class="found" data-task="${escaped(task)}" data-slot="${slot}">` +
        `<path class="note" d="M${x} ${y - 3}v-9m-4 5l4 -5l4 5"/>` +
        text(x + 9, low, 'grip', `${task} has found slot ${slot}${
            small ? '' : ', and has no lock of it yet'}`) + '</g>';
  }).join('');
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

// The room of a line of vmas: two lines are for other marks.
const vmaHeight = (run, small) => (small ? 132 : 118) +
    (small ? 18 : 14) * Math.max(0, run.lockLines - 1);

// The world after a row. `small`: a picture of the film.
function drawWorld(run, row, small) {
  const state = run.states[row + 1];
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
    svg += drawFinders(run, state, x0, y, small);
    y += (small ? 17 : 14) * run.finders;
  }
  svg += drawFrames(run, state, x0, y, small);
  y += run.tlb.frames ? 34 : 0;
  for (const mm of run.mms) {
    if (small && run.lockLines) {
      svg += drawSem(state, mm, 4, y + 14, small);
      y += 20;
    }
    // Detached and new vmas share addresses with others: a line of their own.
    const vmas = vmasOf(state).filter((vma) => vma.mm === mm);
    const lines = [vmas.filter((vma) => !vma.state)];
    const odd = vmas.filter((vma) => vma.state);
    if (odd.length) lines.push(odd);
    svg += text(4, y + 54, '', small ? mm : 'memory of ' + mm);
    if (!small) svg += drawSem(state, mm, 4, y + 72, small);
    svg += `<path class="axis" d="M${x0} ${y + 64}H${width - 20}"/>`;
    for (const line of lines) {
      line.forEach((vma, i) => {
        const until = i + 1 === line.length ? width :
            x0 + (line[i + 1].start - run.low) * cell - 6;
        svg += drawVma(run, state, vma, x0, cell, y + 36, small, until, run.rows[row]);
      });
      y += vmaHeight(run, small);
    }
    svg += drawTables(run, state, mm, x0, cell, y - 8, width, small);
    y += tablesHeight(run, mm, small);
    svg += drawTlb(run, state, mm, x0, cell, y - 14, width, small);
    y += tlbHeight(run, mm, small);
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
        (past.length ? `, past the end at ${past.map((p) => p[1]).join(', ')}` : '') +
        vmaLockLines(state, vma).map((it) => ', ' + it.words).join(''));
  }
  for (const mm of run.mms) {
    const lines = semLines(semOf(state, mm));
    if (lines.length) words.push(`mmap_sem of ${mm}, ${lines.join(', ')}`);
  }
  for (const [task, slot] of Object.entries(state.found))
    words.push(`${task} has found slot ${slot}`);
  words.push(...tablesInWords(run, state), ...tlbInWords(run, state));
  return words.join('. ');
}
