// One value has one encoding: every other one is refused, and no length is believed before there are bytes for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex } from '../src/bytes.js';
import { decode } from '../src/cbor.js';
import { encode } from './forge.js';

const ACCEPTED = [
  ['00', 0], ['17', 23], ['1818', 24], ['1901f4', 500], ['1a00010000', 65536], ['1bffffffffffffffff', 2n ** 64n - 1n],
  ['f4', false], ['f5', true], ['60', ''], ['63e4b880', '一'], ['80', []], ['820102', [1, 2]],
  ['a2616101616202', new Map([['a', 1], ['b', 2]])], ['a261620262616101', new Map([['b', 2], ['aa', 1]])],
];

const REFUSED = {
  'nothing': '', 'bytes after the item': '0000', 'a long integer': '1817', 'a longer integer': '190017', 'a long length': '7800',
  'a negative integer': '20', 'null': 'f6', 'undefined': 'f7', 'a float': 'f90000', 'a long float': 'fb0000000000000000',
  'a tag': 'c000', 'an indefinite text': '7f6161ff', 'an indefinite array': '9fff', 'an indefinite map': 'bfff',
  'a reserved length': '1c', 'a break': 'ff', 'a simple value': 'e0', 'a long simple value': 'f8f5', 'a text cut off': '6261',
  'a length beyond everything': '5bffffffffffffffff', 'an array beyond what is left': '9b00000000ffffffff',
  'a map beyond what is left': 'bb00000000ffffffff', 'keys out of order': 'a2616201616102', 'longer key first': 'a262616101616202',
  'a key twice': 'a2616101616102', 'a key that is no text': 'a10001', 'bytes as a key': 'a1416101',
  'a surrogate': '63eda080', 'an overlong text': '62c080', 'a text that is no UTF-8': '61ff',
  'nested nine deep': '818181818181818181' + '00',
};

test('values have their one encoding', () => {
  for (const [bytes, value] of ACCEPTED) {
    assert.deepEqual(decode(fromHex(bytes)), value, bytes);
    const plain = value instanceof Map ? Object.fromEntries(value) : value;
    assert.deepEqual(encode(plain), fromHex(bytes));
  }
});

test('every other encoding is refused', () => {
  for (const [name, bytes] of Object.entries(REFUSED)) {
    assert.throws(() => decode(fromHex(bytes)), { code: 'not-canonical' }, name);
  }
});

test('eight levels and 8192 items are the limits', () => {
  assert.ok(decode(fromHex('8181818181818180')));
  assert.ok(decode(encode(new Array(8191).fill(0))));
  assert.throws(() => decode(encode(new Array(8192).fill(0))), { code: 'not-canonical' });
});
