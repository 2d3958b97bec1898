// A fault: why bytes are not what they claim to be. Codes are those of docs/format.md, section 16, and docs/refusals.md.

export class Fault extends Error {
  constructor(code, what) {
    super(what);
    this.code = code;
  }
}

/** A fault as a verdict lists it: of an entry, or of the whole. */
export function faultOf(code, what, entry = null) {
  return { entry, code, what };
}

export function refuse(code, what) {
  throw new Fault(code, what);
}

/** What `judge` returns, or the fault that it raised; anything else that is thrown is a mistake of ours and passes. */
export function attempt(judge) {
  try {
    return { value: judge(), fault: null };
  } catch (error) {
    if (error instanceof Fault) return { value: null, fault: error };
    throw error;
  }
}

/** `attempt` of what takes its time. */
export async function attemptLater(judge) {
  try {
    return { value: await judge(), fault: null };
  } catch (error) {
    if (error instanceof Fault) return { value: null, fault: error };
    throw error;
  }
}
