// The page around the drawings: words, controls, links.

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
  const state = run.states[i + 1];
  const holds = (state.holds[row.task] || []).map((it) => wordsOf(state, row.task, it));
  const held = holds.length ?
      `<p class="soft">Holds now: ${holds.map(escaped).join('; ')}.</p>` : '';
  const waits = Object.keys(state.waits).map((task) => `<p class="waits">${escaped(
      `${task} waits now: ${waitOf(state, task)}`)}.</p>`).join('');
  return `<p class="event">${escaped(eventOf(run, row))}</p>` +
      `<p><strong>${escaped(stepsOf(row))}, task ${escaped(row.task)}:</strong> ` +
      `${escaped(row.deeds.join('; '))}.</p>` +
      locks + held + waits +
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
  for (const [cls, is] of [['folios', (run) => Object.keys(run.folios).length],
       ['vma-locks', (run) => run.lockLines || run.finders],
       ['tlb', (run) => run.tlb.frames || Object.keys(run.tlb.lines).length],
       ['tables', (run) => Object.keys(run.tables).length],
       ['waits', (run) => run.states.some((it) => Object.keys(it.waits).length)]])
    if (data.runs.some(is))
      document.querySelectorAll('.of-' + cls).forEach((it) => { it.hidden = false; });
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
