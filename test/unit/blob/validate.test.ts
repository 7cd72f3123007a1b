import { describe, expect, it } from 'vitest';
import { packBlob } from '../../../src/blob/pack.ts';
import { validateBlob } from '../../../src/blob/validate.ts';

const validate = (metadata: string, name = 'metadata.fcl') =>
  validateBlob(packBlob(5, [{ name, text: metadata }], new Date(0)));

describe('the validation of a blob', () => {
  const whole = 'components: ["a", "b"] \n\nconfig_name: "x" \n\nsbndaq_commit_or_version: "v1 " \n';

  it('states the values if no required parameter is missing', () => {
    expect(validate(whole)).toEqual({
      errors: 0,
      summary: 'components: [a, b], configuration: x, projectversion: v1',
    });
  });

  it('counts each parameter that is missing or doubled', () => {
    expect(validate('config_components: 1 \ntable: { components: 1 } \nconfig_name: "x" \n')).toEqual({
      errors: 2,
      summary:
        "components: Error: no matches for parameter 'components', configuration: x, " +
        "projectversion: Error: no matches for parameter 'sbndaq_commit_or_version'",
    });
    expect(validate(`${whole}\ncomponents: [] \n`)).toEqual({
      errors: 1,
      summary: expect.stringContaining("components: Error: multiple matches for parameter 'components'"),
    });
  });

  it('counts all parameters of a missing file, but one error for what is no blob', () => {
    expect(validate(whole, 'boot.fcl')).toEqual({
      errors: 3,
      summary: expect.stringMatching(
        /^components: Error: file 'metadata.fcl' not found, configuration: Error/,
      ),
    });
    expect(validate('components: {')).toEqual({
      errors: 1,
      summary: expect.stringContaining('metadata.fcl, line 1'),
    });
    expect(validateBlob(Buffer.from('nonsense'))).toEqual({
      errors: 1,
      summary: expect.stringContaining('not a run record'),
    });
  });
});
