// The limits of the format, version 1: docs/format.md, section 7. A length is compared with its limit before it is used.

export const FORMAT_VERSION = 1;
export const ENTRY_BYTES_MAX = 65_535;
export const PAYLOAD_BYTES_MAX = 65_280;
export const CBOR_DEPTH_MAX = 8;
export const CBOR_ITEMS_MAX = 8_192;
export const HANDLE_BYTES_MAX = 64;
export const UNIT_BYTES_MAX = 128;
export const NAME_BYTES_MAX = 64;
export const TEXT_BYTES_MAX = 16_384;
export const CHARTER_PART_BYTES_MAX = 49_152;
export const CHARTER_BYTES_MAX = 1_048_576;
export const LIST_ITEMS_MAX = 1_024;
export const AUTHORITY_MAX = 64;
export const KEY_APPLICATION_BYTES_MAX = 128;
export const ORIGIN_BYTES_MAX = 255;
export const NOTE_SIGNATURES_MAX = 64;
export const NOTE_BYTES_MAX = 131_072;
export const POLICY_NAMES_MAX = 1_024;
export const RECEIPT_BYTES_MAX = 262_144;
export const MISSING_MAX = 16;
export const CLOCK_TOLERANCE_MS = 300_000;
export const CLOCK_JUMP_MS = 86_400_000;
export const NOT_AFTER_MAX_MS = 31_622_400_000;
export const KEY_WAIT_MS = 604_800_000;
export const KEY_CANCEL_MS = 259_200_000;
export const KEY_AGE_MS = 604_800_000;
export const TIME_MS_MAX = 4_102_444_800_000;

/** Faults after which an audit reads no further: section 16. */
export const FAULTS_MAX = 1_000;
