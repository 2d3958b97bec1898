// An entry of the log: its frame, its signature, and the event that it carries. Nothing here knows a ledger.

import { ACTS } from './acts.js';
import { fromHex, hex } from './bytes.js';
import { decode } from './cbor.js';
import { eventId } from './digest.js';
import { attempt, attemptLater, Fault, refuse } from './fault.js';
import { isInteger, isTime, keys } from './field.js';
import { ENTRY_BYTES_MAX, FORMAT_VERSION, KEY_APPLICATION_BYTES_MAX, PAYLOAD_BYTES_MAX } from './limits.js';
import { readPayload } from './payload.js';
import { parseKey, signatureQuestion, signedBytes } from './sshsig.js';

const NAMESPACE = 'rollcall-event-v1';
const POINT_BYTES = 32;
const SIGNATURE_LENGTHS = new Set([64, 69]);

function isKeyLength(length) {
  return POINT_BYTES <= length && length <= POINT_BYTES + KEY_APPLICATION_BYTES_MAX;
}

function readFrame(bytes) {
  if (bytes.length > ENTRY_BYTES_MAX) refuse('too-long', `an entry of ${bytes.length} bytes`);
  const entry = decode(bytes);
  if (!Array.isArray(entry) || entry.length !== 3) refuse('not-an-entry', 'the entry is no array of three');
  const [version, acceptedAt, event] = entry;
  if (!isInteger(version) || !isInteger(acceptedAt)) refuse('not-an-entry', 'the entry has no version or no time');
  if (version !== FORMAT_VERSION) refuse('unknown-version', `an entry of version ${version}`);
  if (!isTime(acceptedAt)) refuse('not-an-entry', 'the entry has no time');
  const isEvent = Array.isArray(event) && event.length === 3 && event.every((part) => part instanceof Uint8Array);
  if (!isEvent) refuse('not-an-entry', 'the entry carries no event');
  const [payload, key, signature] = event;
  if (payload.length > PAYLOAD_BYTES_MAX) refuse('not-an-entry', `a payload of ${payload.length} bytes`);
  const isSigned = isKeyLength(key.length) && SIGNATURE_LENGTHS.has(signature.length);
  if (!isSigned) refuse('not-an-entry', 'no key or signature of any size');
  return { acceptedAt, payload, key, signature };
}

async function checkSignature({ payload, key, signature }, verifier) {
  const parsed = parseKey(key);
  if (parsed === null || !verifier.isGoodKey(parsed.point)) throw new Fault('bad-key', 'the key is none that the format accepts');
  const question = signatureQuestion(parsed, signature, signedBytes(NAMESPACE, payload));
  const isGood = question !== null && (await verifier.verify(parsed.point, question.signature, question.message));
  if (!isGood) throw new Fault('bad-signature', 'the signature is not that of the key over the payload');
}

/** The payload's act. A key that it names is judged when it first appears, as one that signs is. */
function readAct(payload, verifier) {
  const event = readPayload(payload);
  const named = keys(ACTS[event.act], event.fields).map(fromHex);
  if (!named.every((key) => verifier.isGoodKey(parseKey(key).point))) refuse('not-an-act', 'the act names a key that is none');
  return event;
}

/**
 * Reads one entry and checks everything that its bytes alone can show:
 * `{ entry: { acceptedAt, key, id, event }, fault, id }`, one of the first two null; the id of the event, where there is a frame.
 */
export async function readEntry(bytes, verifier) {
  const frame = attempt(() => readFrame(bytes));
  if (frame.fault !== null) return { entry: null, fault: frame.fault, id: null };
  const { acceptedAt, key, payload } = frame.value;
  const id = hex(eventId(payload));
  const signed = await attemptLater(() => checkSignature(frame.value, verifier));
  if (signed.fault !== null) return { entry: null, fault: signed.fault, id };
  const event = attempt(() => readAct(payload, verifier));
  if (event.fault !== null) return { entry: null, fault: event.fault, id };
  return { entry: { acceptedAt, key: hex(key), id, event: event.value }, fault: null, id };
}
