//! The log as static files: paths and contents of tiles and entry bundles (C2SP tlog-tiles).
//! A path has one form; another spelling of it is none.

use crate::digest::TreeHash;
use crate::tree::Tree;

/// Hashes of a full tile, entries of a full bundle.
pub const WIDTH: u64 = 256;
/// Where the checkpoint lies.
pub const CHECKPOINT: &str = "checkpoint";

/// One file of the layout: a tile of hashes, or a bundle of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// The level, of which each spans eight of the tree's; none for a bundle of entries.
    pub level: Option<u8>,
    /// Position within the level.
    pub index: u64,
    /// Hashes or entries in it: 1 to 256.
    pub width: u64,
}

impl Tile {
    /// Its path.
    #[must_use]
    pub fn path(&self) -> String {
        let level = self.level.map_or_else(|| "entries".to_owned(), |level| level.to_string());
        let partial = if self.width < WIDTH { format!(".p/{}", self.width) } else { String::new() };
        format!("tile/{level}/{}{partial}", groups(self.index))
    }

    /// The file that a path names, if it is one of the layout.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let level = if level == "entries" { None } else { Some(level.parse().ok().filter(|level| *level < 64)?) };
        let (index, width) = place(rest)?;
        let tile = Self { level, index, width };
        (tile.path() == path).then_some(tile)
    }

    /// Tells whether a log of `size` entries has everything that the file holds.
    #[must_use]
    pub fn is_within(&self, size: u64) -> bool {
        let rows = size.checked_shr(u32::from(self.level.unwrap_or(0)).saturating_mul(8)).unwrap_or(0);
        self.index.checked_mul(WIDTH).and_then(|first| first.checked_add(self.width)).is_some_and(|end| end <= rows)
    }

    /// The full tile in whose place a partial one was published.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: WIDTH, ..self }
    }

    /// The hashes of a tile, one after the other, as the tree has them.
    #[must_use]
    pub fn hashes(&self, tree: &Tree) -> Option<Vec<u8>> {
        let level = self.level?.checked_mul(8)?;
        let first = self.index.checked_mul(WIDTH)?;
        let nodes = (first..first.checked_add(self.width)?).map(|index| tree.node(level, index));
        nodes.collect::<Option<Vec<TreeHash>>>().map(|hashes| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
    }
}

/// Index and width that a path's last parts name: `x001/234.p/17`.
fn place(text: &str) -> Option<(u64, u64)> {
    let (path, width) = match text.split_once(".p/") {
        Some((path, width)) => (path, crate::proof::decimal(width).filter(|width| (1..WIDTH).contains(width))?),
        None => (text, WIDTH),
    };
    let digits: String = path.split('/').map(|part| part.strip_prefix('x').unwrap_or(part)).collect();
    let index = digits.parse().ok()?;
    (groups(index) == path).then_some((index, width))
}

/// Groups of three digits, all but the last with an `x` before it.
fn groups(index: u64) -> String {
    let mut rest = index / 1_000;
    let mut path = format!("{:03}", index % 1_000);
    while 0 < rest {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    path
}

/// The tiles of a log of `size` entries that the one of `published` entries does not have, hash tiles of low levels first.
pub fn added(published: u64, size: u64) -> impl Iterator<Item = Tile> {
    let levels = (0_u8..8).map(|level| (Some(level), u32::from(level).saturating_mul(8)));
    [(None, 0)].into_iter().chain(levels).flat_map(move |(level, shift)| {
        let (before, now) = (published >> shift, size >> shift);
        let (first, end) = if before < now { (before / WIDTH, now.div_ceil(WIDTH)) } else { (0, 0) };
        (first..end).map(move |index| {
            let width = now.saturating_sub(index.saturating_mul(WIDTH)).min(WIDTH);
            Tile { level, index, width }
        })
    })
}

/// An entry as a bundle carries it: its length as 2 bytes big-endian, and its bytes.
///
/// An entry is at most 65,535 bytes long, so the length always fits.
#[must_use]
pub fn frame(entry: &[u8]) -> Vec<u8> {
    let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
    [length.to_be_bytes().as_slice(), entry].concat()
}

/// The entries of a bundle, if it is made of whole ones.
#[must_use]
pub fn entries(mut bundle: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (entry, rest) = next_entry(bundle)?;
        entries.push(entry.to_vec());
        bundle = rest;
    }
    Some(entries)
}

/// The first framed entry and what follows it, if it is whole.
#[must_use]
pub fn next_entry(framed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = framed.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(published: u64, size: u64) -> Vec<String> {
        added(published, size).map(|tile| tile.path()).collect()
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        for (index, path) in [
            (0, "000"),
            (999, "999"),
            (1_000, "x001/000"),
            (1_234_067, "x001/x234/067"),
            (123_456_789, "x123/x456/789"),
        ] {
            assert_eq!(Tile { level: Some(0), index, width: 256 }.path(), format!("tile/0/{path}"));
        }
        let all = paths(0, 70_000);
        let under = |folder: &str| all.iter().filter(|path| path.starts_with(folder)).count();
        assert_eq!((under("tile/entries/"), under("tile/0/"), under("tile/1/"), under("tile/2/")), (274, 274, 2, 1));
        for path in ["tile/0/273.p/112", "tile/entries/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"] {
            assert!(all.iter().any(|known| known == path), "{path}");
        }
        assert_eq!(paths(0, 256), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(paths(256, 257), ["tile/entries/001.p/1", "tile/0/001.p/1"]);
        for path in &all {
            let tile = Tile::at(path);
            assert!(tile.is_some_and(|tile| tile.path() == *path && tile.is_within(70_000)), "{path}");
        }
        for path in [
            "tile/0/1",
            "tile/0/0000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/00/000",
            "tile/64/000",
            "tile/x/000",
        ] {
            assert_eq!(Tile::at(path), None, "{path}");
        }
        assert!(!Tile { level: Some(1), index: 0, width: 2 }.is_within(511));
        assert_eq!(paths(257, 257), Vec::<String>::new());
        assert_eq!(paths(0, 0), Vec::<String>::new());
    }

    #[test]
    fn a_bundle_is_made_of_whole_entries() {
        let bundle = [frame(b"one"), frame(b""), frame(&[7; 300])].concat();
        assert_eq!(entries(&bundle), Some(vec![b"one".to_vec(), Vec::new(), vec![7; 300]]));
        assert_eq!(entries(bundle.get(..bundle.len() - 1).unwrap_or_default()), None);
        assert_eq!(entries(&[0]), None);
        assert_eq!(entries(&[]), Some(Vec::new()));
    }
}
