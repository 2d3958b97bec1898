//! Every limit of format version 1 in one place. A limit is checked before memory is taken for what it bounds.
//!
//! These numbers decide verdicts, so they belong to the format version: a change makes a new version and the old one
//! stays executable. `docs/format.md` prints the same table and a test compares the two.

macro_rules! limits {
    ($( $(#[doc = $doc:literal])+ $name:ident: $ty:ty = $value:expr; )*) => {
        $( $(#[doc = $doc])+ pub const $name: $ty = $value; )*

        /// Name and value of every limit, for the table in `docs/format.md`.
        pub const TABLE: &[(&str, u64)] = &[$( (stringify!($name), $value), )*];
    };
}

limits! {
    /// Version that the first element of every entry carries.
    FORMAT_VERSION: u64 = 1;
    /// Bytes of one entry, the bound of C2SP tlog-tiles entry bundles.
    ENTRY_BYTES_MAX: u64 = 65_535;
    /// Bytes of one payload: an entry less its frame.
    PAYLOAD_BYTES_MAX: u64 = 65_280;
    /// Nesting of arrays and maps in a payload.
    CBOR_DEPTH_MAX: u64 = 8;
    /// Items (values and map keys) in one payload.
    CBOR_ITEMS_MAX: u64 = 8_192;
    /// Bytes of a handle.
    HANDLE_BYTES_MAX: u64 = 64;
    /// Bytes of a unit id.
    UNIT_BYTES_MAX: u64 = 128;
    /// Bytes of a role name, a unit kind or another name that a charter declares.
    NAME_BYTES_MAX: u64 = 64;
    /// Bytes of a free text field.
    TEXT_BYTES_MAX: u64 = 16_384;
    /// Bytes of the text that one `charter-part` carries.
    CHARTER_PART_BYTES_MAX: u64 = 49_152;
    /// Bytes of a whole charter document.
    CHARTER_BYTES_MAX: u64 = 1_048_576;
    /// Drafts of amended charters that one person may have waiting.
    DRAFTS_MAX: u64 = 8;
    /// Items of a list field: agenda, references, members.
    LIST_ITEMS_MAX: u64 = 1_024;
    /// Persons in one pinned electorate.
    ELECTORATE_MAX: u64 = 512;
    /// Persons of an appointing authority.
    AUTHORITY_MAX: u64 = 64;
    /// Bytes of the application that a security key's public key names.
    KEY_APPLICATION_BYTES_MAX: u64 = 128;
    /// Signature lines of one note.
    NOTE_SIGNATURES_MAX: u64 = 64;
    /// Bytes of one signed note in a bundle.
    NOTE_BYTES_MAX: u64 = 131_072;
    /// Names in one witness policy.
    POLICY_NAMES_MAX: u64 = 1_024;
    /// Bytes of one receipt file.
    RECEIPT_BYTES_MAX: u64 = 262_144;
    /// Events that one payload may name as missing.
    MISSING_MAX: u64 = 16;
    /// Milliseconds by which a claimed time may run ahead of the acceptance time.
    CLOCK_TOLERANCE_MS: u64 = 300_000;
    /// Milliseconds by which the log's clock may run on between two entries, where the log names witnesses, before an
    /// anchor is needed: 24 hours.
    CLOCK_JUMP_MS: u64 = 86_400_000;
    /// Milliseconds after the claimed time at which a payload lapses unless it says otherwise: 14 days.
    NOT_AFTER_DEFAULT_MS: u64 = 1_209_600_000;
    /// Milliseconds after the claimed time beyond which no payload may stay valid: 366 days.
    NOT_AFTER_MAX_MS: u64 = 31_622_400_000;
    /// Milliseconds for which a person's older keys may object to a key that the authority binds: 7 days.
    KEY_WAIT_MS: u64 = 604_800_000;
    /// Milliseconds for which a person's older keys may take back the binding of a newer one: 72 hours.
    KEY_CANCEL_MS: u64 = 259_200_000;
    /// Milliseconds that a key must have been bound before it may end another: 7 days.
    KEY_AGE_MS: u64 = 604_800_000;
    /// Largest instant, 2100-01-01T00:00:00Z in Unix milliseconds: the end of every zone table.
    TIME_MS_MAX: u64 = 4_102_444_800_000;
}
