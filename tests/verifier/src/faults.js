// The faults that an audit has found, in the order in which they are said. Beyond a thousand nobody reads on.

import { faultOf } from './fault.js';
import { FAULTS_MAX } from './limits.js';

export class Faults {
  #list = [];

  get list() {
    return this.#list;
  }

  get isEmpty() {
    return this.#list.length === 0;
  }

  get isFull() {
    return this.#list.length > FAULTS_MAX;
  }

  add(...faults) {
    for (const fault of faults) {
      if (this.isFull) return;
      this.#list.push(fault);
      if (this.#list.length === FAULTS_MAX) this.#list.push(faultOf('too-many-faults', 'the rest was not read'));
    }
  }
}
