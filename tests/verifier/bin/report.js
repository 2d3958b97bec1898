// A verdict as text for a terminal. What a ledger says is shown with its control characters made visible.

import { visible } from '../src/visible.js';

export function report(file, verdict) {
  return [`${visible(file)}: ${verdict.outcome}`, ...details(verdict)].join('\n') + '\n';
}

function details(verdict) {
  if (verdict.outcome === 'unreadable') return [`  ${visible(verdict.what)}`];
  const faults = verdict.faults.map(fault);
  return [...facts(verdict), ...faults, ...missing(verdict), ...roster(verdict)];
}

function fault({ entry, code, what }) {
  return `  ${entry === null ? 'whole' : `entry ${entry}`}: ${visible(what)} (${code})`;
}

function facts({ ledger, origin, oldSize, size, root, index, act, by, isRehearsal, signers }) {
  const lines = ledger === null ? [] : [`  ledger ${ledger}`];
  if (isRehearsal) lines.push('  a rehearsal: times are declared and keys are public');
  if (signers?.log === 'unread') lines.push('  nobody looked at the checkpoint');
  if (signers?.log === 'absent') lines.push('  the log\'s key has not signed the checkpoint: entries may have been cut off');
  if (index !== undefined) lines.push(act === undefined ? `  entry ${index}` : `  entry ${index}: ${act} by ${visible(by)}`);
  if (oldSize !== undefined) lines.push(`  grown from size ${oldSize}`);
  if (origin !== undefined) lines.push(`  origin ${visible(origin ?? 'unknown')}`, `  size ${size}`, `  root ${root}`);
  return lines;
}

/** Events that somebody named as missing, and that are not in the log still. */
function missing({ neverCame = [] }) {
  return neverCame.map((id) => `  missing: ${id}`);
}

function roster({ roster: tenures = [] }) {
  return tenures.map(({ unit, role, person, isAsserted }) => {
    const mark = isAsserted ? ' (asserted)' : '';
    return `  ${visible(unit)}  ${visible(role)}: ${visible(person)}${mark}`;
  });
}
