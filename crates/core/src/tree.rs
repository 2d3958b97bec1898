//! The Merkle tree over entries (RFC 6962 section 2.1, RFC 9162 section 2.1), SHA-256, with every complete node kept.
//!
//! - [`Tree::push`] appends; a node once complete never changes, so a tree can answer for every size it ever had.
//! - Proofs are verified by the iterative algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2, never by rebuilding the
//!   shape recursively from what an attacker sent.
//!
//! It costs 64 bytes of memory an entry.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::digest::TreeHash;
use crate::state::rows::{Presence, Shelf};

/// Size and root of a tree: what a signed head commits to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// Root hash of the tree over them.
    pub root: TreeHash,
}

impl Head {
    /// The head of the empty log: size 0 and SHA-256 of nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self { size: 0, root: TreeHash::from_bytes(Sha256::digest(b"").into()) }
    }
}

/// Hash of a leaf: SHA-256 of `0x00` and the entry.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> TreeHash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(entry);
    TreeHash::from_bytes(hasher.finalize().into())
}

/// Hash of an inner node: SHA-256 of `0x01` and its two children.
#[must_use]
pub fn node_hash(left: &TreeHash, right: &TreeHash) -> TreeHash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    TreeHash::from_bytes(hasher.finalize().into())
}

/// A complete node: the root of `2^level` entries starting at `index * 2^level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// 0 for leaves.
    pub level: u8,
    /// Position within the level.
    pub index: u64,
    /// The node's hash.
    pub hash: TreeHash,
}

/// A tree with all its complete nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    levels: Vec<Vec<TreeHash>>,
    /// How many entries there are and which nodes are here, of a tree in a view of a state.
    viewed: (u64, BTreeMap<(u8, u64), TreeHash>),
    presence: Presence,
}

/// Why a proof cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The index is not below the size.
    #[error("no entry {index} in a tree of size {size}")]
    Index {
        /// Entry asked for.
        index: u64,
        /// Size asked for.
        size: u64,
    },
    /// The size is beyond the tree, or zero where a proof would say nothing.
    #[error("no proof for size {size} in a tree of size {have}")]
    Size {
        /// Size asked for.
        size: u64,
        /// Size at hand.
        have: u64,
    },
}

impl Tree {
    /// Appends an entry and returns the nodes that it completes, leaf first.
    pub fn push(&mut self, entry: &[u8]) -> Vec<Node> {
        self.push_hash(leaf_hash(entry))
    }

    /// A tree of `size` entries without a node; those that are asked for can be brought.
    pub(crate) fn view(size: u64) -> Self {
        Self { viewed: (size, BTreeMap::new()), ..Self::default() }
    }

    /// Appends a leaf by its hash.
    pub fn push_hash(&mut self, leaf: TreeHash) -> Vec<Node> {
        if self.presence.is_view() {
            return self.push_in_view(leaf);
        }
        let mut done = Vec::new();
        let mut hash = leaf;
        for level in 0_u8.. {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(at) else { break };
            row.push(hash);
            let index = as_u64(row.len()).saturating_sub(1);
            done.push(Node { level, index, hash });
            match row.as_slice() {
                [.., left, right] if index % 2 == 1 => hash = node_hash(left, right),
                _ => break,
            }
        }
        done
    }

    fn push_in_view(&mut self, leaf: TreeHash) -> Vec<Node> {
        let mut done = Vec::new();
        let (mut hash, mut index) = (leaf, self.viewed.0);
        for level in 0_u8.. {
            self.viewed.1.insert((level, index), hash);
            done.push(Node { level, index, hash });
            let left =
                index.checked_sub(1).filter(|_| !index.is_multiple_of(2)).and_then(|left| self.node(level, left));
            let Some(left) = left else { break };
            (hash, index) = (node_hash(&left, &hash), index / 2);
        }
        self.viewed.0 = self.viewed.0.saturating_add(1);
        done
    }

    /// Number of entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        if self.presence.is_view() {
            return self.viewed.0;
        }
        self.levels.first().map_or(0, |leaves| as_u64(leaves.len()))
    }

    /// The head at the current size.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head_at(self.size()).unwrap_or_else(Head::empty)
    }

    /// The head that the tree had at `size`, if it ever had that size.
    #[must_use]
    pub fn head_at(&self, size: u64) -> Option<Head> {
        Nodes::new(self.size(), &|level, index| self.node(level, index)).head_at(size)
    }

    /// The stored hash of a complete node.
    #[must_use]
    pub fn node(&self, level: u8, index: u64) -> Option<TreeHash> {
        if self.presence.is_view() {
            let found = self.viewed.1.get(&(level, index)).copied();
            if found.is_none() {
                self.presence.ask(|| node_key(level, index));
            }
            return found;
        }
        self.levels.get(usize::from(level))?.get(usize::try_from(index).ok()?).copied()
    }

    /// The audit path of entry `index` in the tree of `size` entries, sibling of the leaf first.
    ///
    /// # Errors
    /// [`RangeError`] when the entry or the size does not exist.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<TreeHash>, RangeError> {
        Nodes::new(self.size(), &|level, index| self.node(level, index)).inclusion(index, size)
    }

    /// The proof that the tree of `old` entries is a prefix of the tree of `new` entries.
    ///
    /// # Errors
    /// [`RangeError::Size`] when `old` is zero, above `new`, or `new` beyond the tree.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<TreeHash>, RangeError> {
        Nodes::new(self.size(), &|level, index| self.node(level, index)).consistency(old, new)
    }
}

fn node_key(level: u8, index: u64) -> Vec<u8> {
    [&[level][..], &index.to_be_bytes()].concat()
}

impl Shelf for Tree {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (level, index) = key.split_first()?;
        let place = (*level, u64::from_be_bytes(index.try_into().ok()?));
        self.viewed.1.insert(place, TreeHash::from_bytes(value.try_into().ok()?));
        Some(())
    }

    fn row(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn each(&self, _: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {}
}

/// The complete nodes of a tree, wherever they are kept: heads and proofs from a number of lookups that grows with the
/// logarithm of the size.
#[derive(Clone, Copy)]
pub struct Nodes<'a> {
    size: u64,
    node: &'a dyn Fn(u8, u64) -> Option<TreeHash>,
}

impl std::fmt::Debug for Nodes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nodes").field("size", &self.size).finish_non_exhaustive()
    }
}

impl<'a> Nodes<'a> {
    /// The nodes of a tree of `size` entries; `node` finds one by level and index.
    #[must_use]
    pub const fn new(size: u64, node: &'a dyn Fn(u8, u64) -> Option<TreeHash>) -> Self {
        Self { size, node }
    }

    /// The head that the tree had at `size`, if it ever had that size.
    #[must_use]
    pub fn head_at(&self, size: u64) -> Option<Head> {
        if size == 0 {
            return Some(Head::empty());
        }
        self.root(0, size).map(|root| Head { size, root })
    }

    /// Root of the entries `from..to`, where `from` is a multiple of the least power of two not below `to - from`.
    fn root(&self, from: u64, to: u64) -> Option<TreeHash> {
        let width = to.checked_sub(from)?;
        if width.is_power_of_two() {
            let level = u8::try_from(width.trailing_zeros()).ok()?;
            return (self.node)(level, from >> level);
        }
        let split = from.saturating_add(left_width(width)?);
        Some(node_hash(&self.root(from, split)?, &self.root(split, to)?))
    }

    /// The audit path of entry `index` in the tree of `size` entries, sibling of the leaf first.
    ///
    /// # Errors
    /// [`RangeError`] when the entry or the size does not exist.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<TreeHash>, RangeError> {
        if self.size < size {
            return Err(RangeError::Size { size, have: self.size });
        }
        let missing = RangeError::Index { index, size };
        if size <= index {
            return Err(missing);
        }
        let (mut from, mut to) = (0_u64, size);
        let mut path = Vec::new();
        while to.saturating_sub(from) > 1 {
            let split = from.saturating_add(left_width(to.saturating_sub(from)).ok_or(missing)?);
            if index < split {
                path.push(self.root(split, to).ok_or(missing)?);
                to = split;
            } else {
                path.push(self.root(from, split).ok_or(missing)?);
                from = split;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// The proof that the tree of `old` entries is a prefix of the tree of `new` entries.
    ///
    /// # Errors
    /// [`RangeError::Size`] when `old` is zero, above `new`, or `new` beyond the tree.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<TreeHash>, RangeError> {
        let have = self.size;
        if have < new {
            return Err(RangeError::Size { size: new, have });
        }
        let missing = RangeError::Size { size: old, have: new };
        if old == 0 || new < old {
            return Err(missing);
        }
        let (mut from, mut to, mut whole) = (0_u64, new, true);
        let mut path = Vec::new();
        while old != to {
            let split = from.saturating_add(left_width(to.saturating_sub(from)).ok_or(missing)?);
            if old <= split {
                path.push(self.root(split, to).ok_or(missing)?);
                to = split;
            } else {
                path.push(self.root(from, split).ok_or(missing)?);
                from = split;
                whole = false;
            }
        }
        if !whole {
            path.push(self.root(from, to).ok_or(missing)?);
        }
        path.reverse();
        Ok(path)
    }
}

/// Largest power of two below `width`.
fn left_width(width: u64) -> Option<u64> {
    let below = width.checked_sub(1)?;
    below.checked_ilog2().map(|log| 1_u64 << log)
}

fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Tells whether `path` proves that `leaf` is entry `index` under `head` (RFC 9162 section 2.1.3.2).
#[must_use]
pub fn proves_inclusion(leaf: &TreeHash, index: u64, path: &[TreeHash], head: &Head) -> bool {
    if head.size <= index {
        return false;
    }
    let (mut node, mut last) = (index, head.size.saturating_sub(1));
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node.is_multiple_of(2) && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == head.root
}

/// Tells whether `path` proves that `old` is a prefix of `new` (RFC 9162 section 2.1.4.2). An old size of zero proves
/// nothing and is refused; equal sizes need an empty path and equal roots.
#[must_use]
pub fn proves_consistency(old: &Head, new: &Head, path: &[TreeHash]) -> bool {
    if old.size == 0 || new.size < old.size {
        return false;
    }
    if old.size == new.size {
        return path.is_empty() && old.root == new.root;
    }
    let mut rest = path.iter();
    let first = if old.size.is_power_of_two() { Some(&old.root) } else { rest.next() };
    let Some(first) = first else { return false };
    let mut node = old.size.saturating_sub(1);
    let mut last = new.size.saturating_sub(1);
    while node % 2 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    let mut used = 0_usize;
    for hash in rest {
        used = used.saturating_add(1);
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            old_hash = node_hash(hash, &old_hash);
            new_hash = node_hash(hash, &new_hash);
            while node.is_multiple_of(2) && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    used > 0 && last == 0 && old_hash == old.root && new_hash == new.root
}

/// The root that a proof of consistency with `new` implies at the size `old`, if it is one at all. A size that is a power
/// of two is not in its own proof, so none follows there.
#[must_use]
pub fn implied_root(old: u64, new: &Head, path: &[TreeHash]) -> Option<TreeHash> {
    if old.is_power_of_two() {
        return None;
    }
    let mut node = old.checked_sub(1)?;
    let mut hash = None;
    let mut rest = path.iter();
    while node % 2 == 1 {
        node >>= 1;
    }
    let first = rest.next()?;
    let mut last = new.size.checked_sub(1)? >> (old.saturating_sub(1)).trailing_ones();
    for sibling in rest {
        let own = hash.unwrap_or(*first);
        if node % 2 == 1 || node == last {
            hash = Some(node_hash(sibling, &own));
            while node.is_multiple_of(2) && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        }
        node >>= 1;
        last >>= 1;
    }
    let root = hash.unwrap_or(*first);
    proves_consistency(&Head { size: old, root }, new, path).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn the_known_roots_come_out() {
        let inputs =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let mut tree = Tree::default();
        for (input, root) in inputs.iter().zip(ROOTS) {
            tree.push(&hex::decode(input).unwrap_or_default());
            assert_eq!(tree.head().root.to_string(), root);
        }
        assert_eq!(Head::empty().root.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn every_proof_of_a_small_tree_verifies_and_no_neighbour_does() {
        let mut tree = Tree::default();
        for number in 0..40_u8 {
            tree.push(&[number]);
        }
        for size in 1..=40 {
            let head = tree.head_at(size).unwrap_or_else(Head::empty);
            for index in 0..size {
                let leaf = tree.node(0, index).unwrap_or(head.root);
                let path = tree.inclusion(index, size).unwrap_or_default();
                assert!(proves_inclusion(&leaf, index, &path, &head));
                assert!(!proves_inclusion(&leaf, index.saturating_add(1), &path, &head));
            }
            for old in 1..=size {
                let older = tree.head_at(old).unwrap_or_else(Head::empty);
                let path = tree.consistency(old, size).unwrap_or_default();
                assert!(proves_consistency(&older, &head, &path), "{old} to {size}");
                let forged = Head { size: old, root: head.root };
                assert!(old == size || !proves_consistency(&forged, &head, &path));
                let implied = (!old.is_power_of_two() && old < size).then_some(older.root);
                assert_eq!(implied_root(old, &head, &path), implied, "{old} to {size}");
            }
        }
    }
}
