//go:build ignore

// The generator of common.bin: go run secret/common_generate.go list.txt. The
// list has one password a line, the most common first.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// Of the first ones all are taken, of the others those that are long enough to
// be allowed at all.
const (
	always = 10_000
	length = 8
	most   = 200_000
)

func main() {
	if err := generate(os.Args[1], "secret/common.bin"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(from, to string) error {
	list, err := os.Open(from)
	if err != nil {
		return err
	}
	defer list.Close()
	seen := map[uint32]bool{}
	lines := bufio.NewScanner(list)
	for n := 0; lines.Scan() && len(seen) < most; n++ {
		word := strings.ToLower(lines.Text())
		if word == "" || n >= always && utf8.RuneCountInString(word) < length {
			continue
		}
		sum := sha256.Sum256([]byte(word))
		seen[binary.BigEndian.Uint32(sum[:4])] = true
	}
	if err := lines.Err(); err != nil {
		return err
	}
	sums := make([]uint32, 0, len(seen))
	for s := range seen {
		sums = append(sums, s)
	}
	slices.Sort(sums)
	var out []byte
	last := uint32(0)
	for _, s := range sums {
		out = binary.AppendUvarint(out, uint64(s-last))
		last = s
	}
	fmt.Println(len(sums), "passwords,", len(out), "bytes")
	return os.WriteFile(to, out, 0o644)
}
