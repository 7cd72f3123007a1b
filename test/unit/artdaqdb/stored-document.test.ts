import { describe, expect, it } from 'vitest';
import { assignedTime, latest } from '../../../src/artdaqdb/stored-document.ts';

describe('assignedTime', () => {
  it('reads local times with their offset', () => {
    expect(assignedTime('2026-11-24T10:30:40.700+0000')).toBe(Date.UTC(2026, 10, 24, 10, 30, 40, 700));
    expect(assignedTime('2026-11-24T10:30:40.700-0600')).toBe(Date.UTC(2026, 10, 24, 16, 30, 40, 700));
    expect(assignedTime('2026-11-24T10:30:40.700+0530')).toBe(Date.UTC(2026, 10, 24, 5, 0, 40, 700));
  });

  it('leaves the order to the stamps that can be read', () => {
    expect(latest([assignedTime('notprovided'), 5, 3])).toBe(5);
    expect(latest([assignedTime('notprovided')])).toBe(Number.NEGATIVE_INFINITY);
  });
});
