import { createHash } from 'node:crypto';
import { html, Markup } from './markup.ts';

/** A whole document around a body. Its policy forbids it to load anything, and to run any script but its own. */
export function pageOf(title: string, body: Markup): string {
  const hash = createHash('sha256').update(SCRIPT).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="run-record-archiver">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}<div id="tip" hidden></div>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`.text;
}

/** Dark if the reader's system is dark, but light in print; only fonts of the system. */
const STYLE = `
:root{color-scheme:light;--paper:#f6f7f7;--card:#fff;--ink:#1c2426;--quiet:#5f6c70;--line:#dde3e4;--lane:#e4e9ea;
--present:#2f7f86;--waiting:#b98a1c;--skipped:#c2571a;--failed:#c1272d;--absent:#8a979b;--good:#2c7a4b;--tip:#1c2426;--tip-ink:#f6f7f7}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--paper:#12181a;--card:#1a2225;--ink:#dfe6e7;--quiet:#93a2a6;--line:#2c373b;--lane:#2a3539;
--present:#4aa3a8;--waiting:#d8ac45;--skipped:#ec8745;--failed:#f2605f;--absent:#839296;--good:#62bd86;--tip:#e8eeee;--tip-ink:#12181a}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:12px}
body{margin:0 auto;padding:20px 24px 40px;max-width:1360px;background:var(--paper);color:var(--ink);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
header{display:flex;flex-wrap:wrap;gap:2px 20px;justify-content:space-between;align-items:baseline}
h1{font-size:19px;margin:0;font-weight:650}
h2{font-size:15px;margin:26px 0 8px;font-weight:650}
h3{font-size:14px;margin:0;font-weight:650}
.quiet,h1 .quiet,h3 .quiet{color:var(--quiet);font-weight:400}
.made{margin:0;color:var(--quiet);font-size:13px;overflow-wrap:anywhere}
.old{color:var(--skipped);font-weight:650}
.verdict{display:flex;gap:12px;align-items:center;margin:14px 0 10px;font-size:22px;font-weight:650;line-height:1.25;overflow-wrap:anywhere}
.verdict span{flex:none;width:32px;height:32px;border-radius:50%;display:grid;place-items:center;font-size:17px;color:var(--card);background:var(--good)}
.verdict.warning span{background:var(--skipped)}.verdict.error span{background:var(--failed)}
.figures{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(6,1fr);gap:1px;background:var(--line);border:1px solid var(--line);border-radius:8px;overflow:hidden}
.figures li{background:var(--card);padding:9px 14px}
.figures b{display:block;font-size:20px;font-weight:650;line-height:1.2}
.figures span{color:var(--quiet);font-size:12.5px}
.figures .error b{color:var(--failed)}
.figures .none b{color:var(--quiet);font-weight:400}
.figures a{color:inherit;text-decoration:none;display:block}
.figures a:hover span{text-decoration:underline}
.top{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:0 16px;align-items:start}
.top .card{margin:0}
.changes ol{list-style:none;margin:0;padding:0}
.todo code,.changes code{display:block;margin-top:5px;padding:4px 8px;background:var(--paper);border-radius:4px;font:12.5px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere;user-select:all}
.outage{margin:10px 0 0;padding:8px 12px;border-left:4px solid var(--failed);background:var(--card);overflow-wrap:anywhere}
figure{margin:0}
.coverage{display:grid;grid-template-columns:84px minmax(0,1fr);column-gap:10px;background:var(--card);border:1px solid var(--line);padding:10px 18px 8px 14px;border-radius:8px;margin-bottom:8px}
.coverage figcaption{grid-column:1/-1;font-weight:650;font-size:13px}
.names{padding-top:22px;color:var(--quiet);font-size:12.5px}
.names span{display:block;height:34px;line-height:26px;text-align:right}
.marks{position:relative;height:22px}
.coverage:has(.raised) .marks{height:40px}.coverage:has(.raised) .names{padding-top:40px}
.mark{position:absolute;bottom:2px;transform:translateX(-50%);text-decoration:none;font-weight:700;font-size:13px;height:18px;line-height:18px;white-space:nowrap;color:var(--quiet);padding:0 3px;border-radius:4px}
.mark.raised{bottom:21px}
.mark small{font-weight:600;font-size:11px;margin-left:2px}
.mark.error{color:var(--failed)}.mark.warning{color:var(--skipped)}
.plot{position:relative;line-height:0}
.plot svg{position:relative;display:block;width:100%}
.lane{position:absolute;left:0;right:0;background:var(--lane);border-radius:2px}
.lane.unknown{background:repeating-linear-gradient(-45deg,var(--failed) 0 1.5px,transparent 1.5px 7px);outline:1px solid var(--failed);outline-offset:-1px}
path{stroke-width:1.2px;vector-effect:non-scaling-stroke}
.present{fill:var(--present)}
.incomplete{fill:var(--lane);stroke:var(--present)}
.hole{fill:var(--lane);stroke:var(--lane)}
.absent{fill:var(--absent);stroke:var(--absent)}
.waiting{fill:var(--waiting);stroke:var(--waiting)}
.skipped{fill:var(--skipped);stroke:var(--skipped)}
.failed{fill:var(--failed);stroke:var(--failed)}
.break{fill:none;stroke:var(--quiet);stroke-dasharray:3 3}
.hits rect{fill:transparent;outline:none;stroke-width:1.5px;vector-effect:non-scaling-stroke}
.hits rect:hover{fill:var(--ink);fill-opacity:.12}
.hits rect:focus-visible{fill:var(--ink);fill-opacity:.16;stroke:var(--ink)}
.axis{position:relative;height:18px;margin-top:2px;font-size:11.5px;line-height:18px;color:var(--quiet)}
.axis span{position:absolute;transform:translateX(-50%)}
.axis .first{transform:none}.axis .last{transform:translateX(-100%)}
.legend{list-style:none;margin:0;padding:2px 0 0;display:flex;flex-wrap:wrap;gap:4px 18px;font-size:12.5px;color:var(--quiet)}
.legend li{display:flex;align-items:center;gap:6px}
.legend .lane{position:static;width:20px;height:14px}
.todo{margin:0;padding:0;list-style:none;display:grid;gap:6px}
.todo li{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--present);border-radius:4px;padding:7px 12px;overflow-wrap:anywhere}
.todo b{display:inline-block;min-width:72px;font-size:11.5px;text-transform:uppercase;letter-spacing:.04em;color:var(--quiet)}
.todo .warning{border-left-color:var(--skipped)}.todo .warning b{color:var(--skipped)}
.todo .error{border-left-color:var(--failed)}.todo .error b{color:var(--failed)}
.problem{padding:10px 0 14px;border-top:1px solid var(--line)}
.problem h3{display:flex;gap:8px;align-items:baseline;flex-wrap:wrap}
.problem .sign{width:14px;text-align:center;color:var(--quiet)}
.problem.error .sign{color:var(--failed)}.problem.warning .sign{color:var(--skipped)}
.count{color:var(--quiet);font-weight:400}
.advice{margin:0 0 8px 22px;color:var(--quiet);font-size:13px}
.reasons{list-style:none;margin:0 0 8px 22px;padding:0;font-size:13px;overflow-wrap:anywhere}
.reasons time{color:var(--quiet)}
.closeups{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr));gap:8px;margin-left:22px}
.closeups figure{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:7px 10px 2px;min-width:0}
.closeups figcaption{margin-bottom:5px;display:flex;gap:8px;justify-content:space-between}
.closeups figcaption>*{overflow-wrap:anywhere;min-width:0}
.closeups figcaption span{color:var(--quiet)}
.away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.closeups .axis{font-size:11px}
details{margin:8px 0 0 22px}
summary{cursor:pointer;color:var(--quiet)}
.ranges{margin:6px 0 0;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:8px;margin-bottom:8px}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:11px 14px;min-width:0}
dl{margin:6px 0 0;display:grid;grid-template-columns:max-content minmax(0,1fr);gap:3px 14px}
dl div{display:contents}
dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
dl .error dd{color:var(--failed);font-weight:600}dl .warning dd{color:var(--skipped);font-weight:600}
a:focus-visible,summary:focus-visible{outline:2px solid var(--present);outline-offset:2px}
.figures a:focus-visible{outline-offset:-2px}
#tip{position:fixed;z-index:9;max-width:min(380px,calc(100vw - 16px));background:var(--tip);color:var(--tip-ink);padding:7px 11px;border-radius:6px;font-size:13px;white-space:pre-line;pointer-events:none;box-shadow:0 3px 14px #0004;overflow-wrap:anywhere}
#tip::first-line{font-weight:700}
#tip[hidden]{display:none}
@media (max-width:760px){body{padding:14px 12px 30px}.figures{grid-template-columns:repeat(3,1fr)}.verdict{font-size:18px}
.coverage{grid-template-columns:minmax(0,1fr);padding:8px 10px 4px}.names,.coverage:has(.raised) .names{display:flex;justify-content:space-between;padding:2px 0 0}.names span{height:auto;line-height:18px}.names span::before{content:counter(lane)". "}.names span{counter-increment:lane}.names{counter-reset:lane}
.axis .inner:nth-child(even){display:none}.mark small{display:none}.closeups,.advice,.reasons,details{margin-left:0}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{body{max-width:none;padding:0;font-size:11px;background:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.card,.coverage,.closeups figure,.todo li{break-inside:avoid}h2,h3{break-after:avoid}#tip{display:none}}
`;

/**
 * Tells at once what is under the pointer or has the focus, moves along the runs with the arrow keys, and says how old the page
 * is. Without the script, the titles still show.
 */
const SCRIPT = `
'use strict';
(() => {
  const tip = document.getElementById('tip');
  for (const hit of document.querySelectorAll('.hits rect')) {
    const title = hit.querySelector('title');
    hit.setAttribute('aria-label', title.textContent);
    title.remove();
  }
  for (const mark of document.querySelectorAll('.mark')) mark.removeAttribute('title');
  const targetOf = (event) => event.target.closest('.hits rect, .mark');
  const hide = () => { tip.hidden = true; };
  const show = (target, x) => {
    const box = target.getBoundingClientRect();
    tip.textContent = target.getAttribute('aria-label');
    tip.hidden = false;
    const width = document.documentElement.clientWidth;
    const middle = x === undefined ? (Math.max(box.left, 0) + Math.min(box.right, width)) / 2 : x;
    const left = Math.min(Math.max(8, middle - tip.offsetWidth / 2), width - tip.offsetWidth - 8);
    const below = box.bottom + 8;
    const fits = below + tip.offsetHeight < window.innerHeight;
    tip.style.left = left + 'px';
    tip.style.top = (fits ? below : Math.max(4, box.top - tip.offsetHeight - 8)) + 'px';
  };
  let pointer = '';
  const onPointer = (event) => {
    // A page that scrolls under a pointer at rest tells of moves, too.
    const place = event.screenX + ',' + event.screenY;
    if (event.type === 'pointermove' && place === pointer) return;
    pointer = place;
    const target = targetOf(event);
    if (target) show(target, event.clientX); else hide();
  };
  document.addEventListener('pointermove', onPointer);
  document.addEventListener('pointerdown', onPointer);
  document.addEventListener('focusin', (event) => {
    const target = targetOf(event);
    if (target && target.matches(':focus-visible')) show(target); else if (!target) hide();
  });
  document.addEventListener('focusout', hide);
  // What gets the focus by a key is scrolled into view.
  const onScroll = () => {
    const focused = document.activeElement;
    if (focused.matches('.hits rect:focus-visible, .mark:focus-visible')) show(focused); else hide();
  };
  document.addEventListener('scroll', onScroll, { passive: true });
  document.documentElement.addEventListener('pointerleave', hide);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide();
    const current = targetOf(event);
    if (!current || !current.matches('rect')) return;
    const next = {
      ArrowRight: current.nextElementSibling,
      ArrowLeft: current.previousElementSibling,
      Home: current.parentNode.firstElementChild,
      End: current.parentNode.lastElementChild,
    }[event.key];
    if (!next) return;
    event.preventDefault();
    current.tabIndex = -1;
    next.tabIndex = 0;
    next.focus({ preventScroll: true });
  });
  const minutes = Math.floor((Date.now() - new Date(document.querySelector('time').dateTime)) / 60000);
  const age = minutes < 1 ? 'just now' : minutes < 120 ? minutes + ' min ago'
    : minutes < 2880 ? Math.floor(minutes / 60) + ' h ago' : Math.floor(minutes / 1440) + ' days ago';
  const shown = document.getElementById('age');
  shown.textContent = ' (' + age + ')';
  if (minutes >= 1440) shown.className = 'old';
})();
`;
