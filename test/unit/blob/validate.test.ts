import { describe, expect, it } from 'vitest';
import { packBlob } from '../../../src/blob/pack.ts';
import { validateBlob } from '../../../src/blob/validate.ts';

const validate = (metadata: string, name = 'metadata.fcl') =>
  validateBlob(packBlob(5, [{ name, text: metadata }], new Date(0)));

describe('the validation of a blob', () => {
  const whole = 'components: ["a"] \n\nconfig_name: "x" \n\nsbndaq_commit_or_version: "v1" \n';

  it('finds nothing where all required parameters are there', () => {
    expect(validate(whole)).toEqual([]);
  });

  it('names what is missing, doubled or unreadable', () => {
    expect(validate('config_components: 1 \ntable: { components: 1 } \nconfig_name: "x" \n')).toEqual([
      "metadata.fcl has no parameter 'components'",
      "metadata.fcl has no parameter 'sbndaq_commit_or_version'",
    ]);
    expect(validate(`${whole}\ncomponents: [] \n`)).toEqual([
      "metadata.fcl has more than one parameter 'components'",
    ]);
    expect(validate(whole, 'boot.fcl')).toEqual(["file 'metadata.fcl' not found"]);
    expect(validate('components: {')).toEqual([expect.stringContaining('metadata.fcl, line 1')]);
    expect(validateBlob(Buffer.from('nonsense'))).toEqual([expect.stringContaining('not a run record')]);
  });
});
