import { describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { RequestValidationPipe } from './request.pipe.js';

class Asked {
  @IsString()
  name!: string;
}

describe('RequestValidationPipe', () => {
  const transform = (value: object) =>
    new RequestValidationPipe().transform(value, { type: 'query', metatype: Asked });

  it.each([10, 5_000])('drops %i keys that nobody declared', async (count) => {
    const others = Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, 'x']));
    const dto = await transform({ ...others, name: 'Ada' });
    expect(dto).toBeInstanceOf(Asked);
    expect({ ...(dto as object) }).toEqual({ name: 'Ada' });
  });

  it('looks at each of a crowd of them once, and compares none with another', async () => {
    let reads = 0;
    const crowd = Object.defineProperties(
      { name: 'Ada' },
      Object.fromEntries(
        Array.from({ length: 5_000 }, (_, i) => [`key${i}`, { enumerable: true, get: () => (reads += 1) }]),
      ),
    );
    await transform(crowd);
    expect(reads).toBe(5_000);
  });

  it('leaves all of them where there is no DTO', async () => {
    const crowd = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key${i}`, 'x']));
    const given = await new RequestValidationPipe().transform(crowd, { type: 'query', metatype: Object });
    expect(given).toEqual(crowd);
  });

  it('finds what is missing in a crowd', async () => {
    const crowd = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, 'x']));
    await expect(transform(crowd)).rejects.toMatchObject({ definition: { code: 'validation_failed' } });
  });
});
