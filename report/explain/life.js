// Draws the lifelines of tasks: who moves when, and who holds which lock.

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
  svg += bars(run, (i) => JSON.stringify(run.states[i + 1].waits[task]), (i, j) =>
      `<g class="waits" data-task="${escaped(task)}" data-rows="${i} ${j - 1}"><title>${
      escaped(`${task} waits: ${waitOf(run.states[i + 1], task)}`)}</title><path class="waits" d="M${x(i)} ${
      y + 35}H${x(j)}"/></g>`);
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

// Who holds what the next step of the task would wait for; or nothing.
const waitOf = (state, task) => (state.waits[task] || []).map((it) =>
    `${it.task} holds ${wordsOf(state, it.task, it.lock)}`).join('; ');

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
