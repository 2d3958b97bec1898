// Audits what Rollcall publishes with the Go project's own transparency log code (golang.org/x/mod), not with Rollcall's.
//
//	export GO111MODULE=off GOPATH=/usr/share/gocode
//	go run audit.go DIR VKEY [WITNESSVKEY...]      a folder that `rollcall publish` has written
//	go run audit.go -proof FILE.tlog-proof ENTRYFILE VKEY
//	go run audit.go -vectors                       roots of the trees of entry-0, entry-1, ...
//
// One JSON line says what agreed; anything that does not agree ends the program with exit code 1.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8    // C2SP tlog-tiles knows no other
	sample = 2000 // entries whose inclusion is proved; beyond it, about as many evenly spaced ones
)

func main() {
	var report interface{}
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 1 && args[0] == "-vectors":
		report, err = vectors()
	case len(args) == 4 && args[0] == "-proof":
		report, err = proof(args[1], args[2], args[3])
	case len(args) >= 2 && !strings.HasPrefix(args[0], "-"):
		report, err = audit(args[0], args[1], args[2:])
	default:
		fmt.Fprintln(os.Stderr, "usage: audit.go DIR VKEY [WITNESSVKEY...] | -proof FILE ENTRYFILE VKEY | -vectors")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(1)
	}
	line, _ := json.Marshal(report)
	fmt.Println(string(line))
}

// audited is the answer of an audit.
type audited struct {
	Size        int64    `json:"size"`
	Root        string   `json:"root"`
	Entries     int64    `json:"entries"`
	Tiles       int      `json:"tiles"`
	Older       int      `json:"older"` // partial tiles and bundles of earlier heads, which readers may still ask for
	Proofs      int      `json:"proofs"`
	Consistency int      `json:"consistency"`
	Cosigned    []string `json:"cosigned"`
}

func audit(dir, vkey string, witnesses []string) (*audited, error) {
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	tree, opened, err := checkpoint(signed, vkey)
	if err != nil {
		return nil, err
	}
	out := &audited{Size: tree.N, Root: hex.EncodeToString(tree.Hash[:]), Cosigned: []string{}}
	for _, witness := range witnesses {
		name, err := cosigned(opened, witness)
		if err != nil {
			return nil, err
		}
		out.Cosigned = append(out.Cosigned, name)
	}

	// The tree, made of the entries alone.
	log := &published{dir: dir, cache: map[tlog.Tile][]byte{}}
	var stored hashes
	var leaves []tlog.Hash
	for _, tile := range tiles(tree.N) {
		if tile.L != 0 {
			continue
		}
		bundle := tile
		bundle.L = -1
		entries, err := log.bundle(bundle)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			leaves = append(leaves, tlog.RecordHash(entry))
			more, err := tlog.StoredHashes(int64(len(leaves)-1), entry, stored)
			if err != nil {
				return nil, err
			}
			stored = append(stored, more...)
		}
	}
	out.Entries = int64(len(leaves))
	if out.Entries != tree.N {
		return nil, fmt.Errorf("%d entries, but the checkpoint says %d", out.Entries, tree.N)
	}
	root, err := treeHash(tree.N, stored)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, fmt.Errorf("the entries make the root %x, but the checkpoint says %x", root[:], tree.Hash[:])
	}

	// Every tile of this size holds what these entries make, and so does every file of an earlier one.
	for _, tile := range tiles(tree.N) {
		if err := log.same(tile, stored); err != nil {
			return nil, err
		}
		out.Tiles++
	}
	if out.Older, err = log.rest(tree.N, leaves, stored); err != nil {
		return nil, err
	}

	// Proofs are computed from the published tiles, which the reader checks against the root on its way.
	reader := tlog.TileHashReader(tree, log)
	step := (tree.N + sample - 1) / sample
	if step == 0 {
		step = 1
	} else if step > 256 {
		step = 256 // no tile is left out
	}
	for i := int64(0); i < tree.N; i += step {
		path, err := tlog.ProveRecord(tree.N, i, reader)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		if err := tlog.CheckRecord(path, tree.N, tree.Hash, i, leaves[i]); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		out.Proofs++
	}
	for _, older := range sizes(tree.N) {
		path, err := tlog.ProveTree(tree.N, older, reader)
		if err != nil {
			return nil, fmt.Errorf("head of %d: %w", older, err)
		}
		root, err := treeHash(older, stored)
		if err != nil {
			return nil, err
		}
		if err := tlog.CheckTree(path, tree.N, tree.Hash, older, root); err != nil {
			return nil, fmt.Errorf("head of %d: %w", older, err)
		}
		out.Consistency++
	}
	return out, nil
}

// checkpoint opens a signed note with the log's key and reads its text by hand: C2SP tlog-checkpoint.
func checkpoint(signed []byte, vkey string) (tlog.Tree, *note.Note, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, nil, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, nil, err
	}
	// x/mod passes over a second line of a key that it knows; Rollcall promises that there is none.
	prefix := fmt.Sprintf("\n— %s ", verifier.Name())
	count := 0
	for _, line := range strings.Split(string(signed), prefix)[1:] {
		raw, err := base64.StdEncoding.DecodeString(strings.SplitN(line, "\n", 2)[0])
		if err == nil && len(raw) > 4 && binary.BigEndian.Uint32(raw) == verifier.KeyHash() {
			count++
		}
	}
	if count != 1 {
		return tree, nil, fmt.Errorf("the log's key has %d signature lines", count)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, nil, errors.New("the checkpoint is not of three lines")
	}
	if lines[0] != verifier.Name() {
		return tree, nil, fmt.Errorf("origin %q, but the key is that of %q", lines[0], verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tree, nil, fmt.Errorf("size %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, nil, fmt.Errorf("root %q", lines[2])
	}
	tree.N = size
	copy(tree.Hash[:], root)
	return tree, opened, nil
}

// cosigned verifies a cosignature/v1 line, a type of signature that x/mod does not know.
func cosigned(opened *note.Note, vkey string) (string, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return "", fmt.Errorf("%q is no verifier key", vkey)
	}
	name := parts[0]
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return "", fmt.Errorf("%q is no key of cosignature/v1", vkey)
	}
	sum := sha256.Sum256([]byte(name + "\n" + string(key)))
	if parts[1] != hex.EncodeToString(sum[:4]) {
		return "", fmt.Errorf("%q has another key's id", vkey)
	}
	var found []byte
	for _, line := range opened.UnverifiedSigs {
		if line.Name != name || line.Hash != binary.BigEndian.Uint32(sum[:4]) {
			continue
		}
		if found != nil {
			return "", fmt.Errorf("%s has cosigned twice", name)
		}
		if found, err = base64.StdEncoding.DecodeString(line.Base64); err != nil {
			return "", err
		}
	}
	if len(found) != 4+8+ed25519.SignatureSize {
		return "", fmt.Errorf("%s has not cosigned", name)
	}
	seconds := binary.BigEndian.Uint64(found[4:])
	if seconds == 0 || seconds > 1<<63-1 {
		return "", fmt.Errorf("%s has cosigned at %d", name, seconds)
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, opened.Text)
	if !ed25519.Verify(key[1:], []byte(message), found[12:]) {
		return "", fmt.Errorf("the cosignature of %s is bad", name)
	}
	return name, nil
}

// published is a log's folder, read as a static server would hand it out.
type published struct {
	dir   string
	cache map[tlog.Tile][]byte
}

// path turns x/mod's `tile/8/L/N` and `tile/8/data/N` into tlog-tiles' `tile/L/N` and `tile/entries/N`.
func path(tile tlog.Tile) string {
	name := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	if rest := strings.TrimPrefix(name, "data/"); rest != name {
		name = "entries/" + rest
	}
	return "tile/" + name
}

// read asks for a partial tile and then, as clients of tlog-tiles do, for the full one that may have replaced it.
func (p *published) read(tile tlog.Tile) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(p.dir, path(tile)))
	if errors.Is(err, fs.ErrNotExist) && tile.W < 1<<height {
		tile.W = 1 << height
		return os.ReadFile(filepath.Join(p.dir, path(tile)))
	}
	return data, err
}

func (p *published) bundle(tile tlog.Tile) ([][]byte, error) {
	data, err := p.read(tile)
	if err != nil {
		return nil, err
	}
	entries, err := frames(data)
	if err != nil || len(entries) != tile.W && len(entries) != 1<<height {
		return nil, fmt.Errorf("%s: %d entries, %v", path(tile), len(entries), err)
	}
	return entries[:tile.W], nil
}

func frames(data []byte) (entries [][]byte, err error) {
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return entries, errors.New("an entry is cut off")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	return entries, nil
}

// same compares a tile with the one that x/mod makes of the entries.
func (p *published) same(tile tlog.Tile, stored hashes) error {
	made, err := tlog.ReadTileData(tile, stored)
	if err != nil {
		return err
	}
	data, err := p.ReadTiles([]tlog.Tile{tile})
	if err != nil {
		return err
	}
	if !bytes.Equal(made, data[0]) {
		return fmt.Errorf("%s is not what the entries make", path(tile))
	}
	return nil
}

// rest looks at files that this size does not need. What lies beyond the checkpoint is left by a publication that was
// interrupted; a partial tile within it must still be true; and nothing else has a place there.
func (p *published) rest(size int64, leaves []tlog.Hash, stored hashes) (older int, err error) {
	needed := map[string]bool{}
	for _, tile := range tiles(size) {
		needed[path(tile)] = true
		if tile.L == 0 {
			tile.L = -1
			needed[path(tile)] = true
		}
	}
	err = filepath.WalkDir(filepath.Join(p.dir, "tile"), func(file string, found fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an empty log has no tiles
		}
		if err != nil || found.IsDir() {
			return err
		}
		name, err := filepath.Rel(p.dir, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if needed[name] {
			return nil
		}
		theirs := strings.Replace(name, "tile/", fmt.Sprintf("tile/%d/", height), 1)
		tile, err := tlog.ParseTilePath(strings.Replace(theirs, "/entries/", "/data/", 1))
		if err != nil {
			return fmt.Errorf("%s has no place in a log: %w", name, err)
		}
		end := tile.N<<height + int64(tile.W) // in nodes of the tile's own level
		if tile.L > 0 {
			end <<= uint(height * tile.L)
		}
		if end > size {
			return nil
		}
		older++
		if tile.L >= 0 {
			return p.same(tile, stored)
		}
		entries, err := p.bundle(tile)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != leaves[tile.N<<height+int64(i)] {
				return fmt.Errorf("%s holds another entry %d", name, i)
			}
		}
		return nil
	})
	return older, err
}

// Height, ReadTiles and SaveTiles make it a tlog.TileReader.
func (p *published) Height() int { return height }

func (p *published) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, ok := p.cache[tile]
		if !ok {
			var err error
			if data, err = p.read(tile); err != nil {
				return nil, err
			}
			if len(data) != tile.W*tlog.HashSize && len(data) != tlog.HashSize<<height {
				return nil, fmt.Errorf("%s has %d bytes", path(tile), len(data))
			}
			data = data[:tile.W*tlog.HashSize]
			p.cache[tile] = data
		}
		all = append(all, data)
	}
	return all, nil
}

func (p *published) SaveTiles([]tlog.Tile, [][]byte) {}

// hashes is a tree in memory, in x/mod's order.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, index := range indexes {
		if index < 0 || index >= int64(len(h)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		all = append(all, h[index])
	}
	return all, nil
}

// treeHash is tlog.TreeHash, which gives zeros for the empty tree where RFC 6962 has the hash of nothing.
func treeHash(size int64, stored hashes) (tlog.Hash, error) {
	if size == 0 {
		return tlog.Hash(sha256.Sum256(nil)), nil
	}
	return tlog.TreeHash(size, stored)
}

// tiles lists what a log of a size consists of. (tlog.NewTiles adds every smaller partial tile.)
func tiles(size int64) (all []tlog.Tile) {
	for level := 0; size > 0; level++ {
		for n := int64(0); n < size>>height; n++ {
			all = append(all, tlog.Tile{H: height, L: level, N: n, W: 1 << height})
		}
		if width := int(size % (1 << height)); width > 0 {
			all = append(all, tlog.Tile{H: height, L: level, N: size >> height, W: width})
		}
		size >>= height
	}
	return all
}

// sizes picks older heads: the ends, the middle, and both sides of every power of two.
func sizes(size int64) (all []int64) {
	set := map[int64]bool{1: true, size / 2: true, size - 1: true}
	for power := int64(2); power <= size; power *= 2 {
		set[power-1], set[power], set[power+1] = true, true, true
	}
	for older := range set {
		if older > 0 && older < size {
			all = append(all, older)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return all
}

// proof verifies a C2SP tlog-proof.
func proof(file, entryFile, vkey string) (interface{}, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return nil, err
	}
	parts := strings.SplitN(string(data), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, errors.New("this is no tlog-proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		// The proof does not vouch for it.
		if _, err := base64.StdEncoding.Strict().DecodeString(lines[0][len("extra "):]); err != nil {
			return nil, err
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return nil, errors.New("the proof has no index")
	}
	index, err := strconv.ParseInt(lines[0][len("index "):], 10, 64)
	if err != nil || lines[0] != fmt.Sprintf("index %d", index) {
		return nil, fmt.Errorf("the proof says %q", lines[0])
	}
	var path tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		path = append(path, hash)
	}
	tree, _, err := checkpoint([]byte(parts[1]), vkey)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return nil, err
	}
	return map[string]interface{}{"index": index, "size": tree.N, "root": hex.EncodeToString(tree.Hash[:])}, nil
}

// known are the roots that Rollcall's own tests hold its tree to.
var known = map[int64]string{
	0:     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	1:     "40766b2033429026f53d54502679a839706b4741f8dcaf3a8bba5f41b5ffe075",
	2:     "2f27a5082c1d42afa488ac350a9fc4390c084f54f71ecdff859e98db8429b479",
	255:   "45da9f374748e17a372f71c00422b12e2bf96842f1f61c5740fe494e4becff0f",
	256:   "f85f4ead34080710b4d1e808301543aaab81aa04deb88599350dc26a4f2f58de",
	257:   "918b1cec64f317c76e3cf55c0536841c039eff06772ebb8828ce7c176028b5ac",
	70000: "a62a54be33294ffd5a5c4c637fd754630b71a892e8356e3a666a5c8a7ffd1518",
}

func vectors() (interface{}, error) {
	var stored hashes
	roots := map[string]string{}
	for i := int64(0); i <= 70000; i++ {
		if want, ok := known[i]; ok {
			root, err := treeHash(i, stored)
			if err != nil {
				return nil, err
			}
			got := hex.EncodeToString(root[:])
			if got != want {
				return nil, fmt.Errorf("the tree of %d entries has the root %s, not %s", i, got, want)
			}
			roots[strconv.FormatInt(i, 10)] = got
		}
		more, err := tlog.StoredHashes(i, []byte(fmt.Sprintf("entry-%d", i)), stored)
		if err != nil {
			return nil, err
		}
		stored = append(stored, more...)
	}
	return roots, nil
}
