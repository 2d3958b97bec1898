// What a key signs: the SSHSIG bytes of OpenSSH PROTOCOL.sshsig, and those of a security key (PROTOCOL.u2f) around them.

import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concat, u32be, utf8, utf8Text } from './bytes.js';
import { KEY_APPLICATION_BYTES_MAX } from './limits.js';

const POINT_BYTES = 32;
const SIGNATURE_BYTES = 64;
const USER_PRESENT = 1;

/** The bytes that a plain key signs for a message in a namespace. */
export function signedBytes(namespace, message) {
  const parts = [utf8(namespace), new Uint8Array(), utf8('sha512'), sha512(message)];
  return concat(utf8('SSHSIG'), ...parts.flatMap((part) => [u32be(part.length), part]));
}

/** Whether a key in hexadecimal is a point alone, and no security key's. */
export function isPoint(key) {
  return key.length === 2 * POINT_BYTES;
}

/** A key of the format: the point, and the application where it is a security key's. Null where it is neither. */
export function parseKey(key) {
  if (key.length === POINT_BYTES) return { point: key, application: null };
  const application = key.subarray(POINT_BYTES);
  if (key.length < POINT_BYTES || application.length > KEY_APPLICATION_BYTES_MAX) return null;
  const text = utf8Text(application);
  if (text === null || !/^ssh:[\x20-\x7e]*$/.test(text)) return null;
  return { point: key.subarray(0, POINT_BYTES), application };
}

/**
 * What Ed25519 is asked about one signature of `parseKey`'s key: `{ signature, message }`. Null where the signature has another
 * length than its key asks for, or where the owner of a security key was not present.
 */
export function signatureQuestion({ application }, signature, signed) {
  if (application === null) return signature.length === SIGNATURE_BYTES ? { signature, message: signed } : null;
  if (signature.length !== SIGNATURE_BYTES + 5) return null;
  const flagsAndCounter = signature.subarray(SIGNATURE_BYTES);
  if ((flagsAndCounter[0] & USER_PRESENT) === 0) return null;
  const message = concat(sha256(application), flagsAndCounter, sha256(signed));
  return { signature: signature.subarray(0, SIGNATURE_BYTES), message };
}
