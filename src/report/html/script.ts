/**
 * Shows what lies under the pointer or has the focus at once, moves along the runs with the arrow keys, and says how old the
 * page is. Without it the titles still show.
 */
export const script = `
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
  const onPointer = (event) => {
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
  document.addEventListener('scroll', hide, { passive: true });
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
