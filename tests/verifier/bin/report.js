// A verdict as text for a terminal. What a ledger says is shown with its control characters made visible.

import { visible } from '../src/visible.js';

export function report(file, verdict) {
  return [`${visible(file)}: ${verdict.outcome}`, ...details(verdict)].join('\n') + '\n';
}

function details(verdict) {
  if (verdict.outcome === 'unreadable') return [`  ${visible(verdict.what)}`];
  const faults = verdict.faults.map(fault);
  if (verdict.ledger === null) return faults;
  return [...facts(verdict), ...faults, ...roster(verdict)];
}

function fault({ entry, code, what }) {
  return `  ${entry === null ? 'whole' : `entry ${entry}`}: ${visible(what)} (${code})`;
}

function facts({ ledger, origin, size, root, index, act, by, isRehearsal, signers }) {
  const lines = [`  ledger ${ledger}`];
  if (isRehearsal) lines.push('  a rehearsal: times are declared and keys are public');
  if (signers?.log === 'absent') lines.push('  the log\'s key has not signed the checkpoint: entries may have been cut off');
  if (act !== undefined) lines.push(`  entry ${index}: ${act} by ${visible(by)}`);
  if (origin !== undefined) lines.push(`  origin ${visible(origin ?? 'unknown')}`, `  size ${size}`, `  root ${root}`);
  return lines;
}

function roster({ roster: tenures = [] }) {
  return tenures.map(({ unit, role, person, isAsserted }) => {
    const mark = isAsserted ? ' (asserted)' : '';
    return `  ${visible(unit)}  ${visible(role)}: ${visible(person)}${mark}`;
  });
}
