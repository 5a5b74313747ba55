package storetest

import (
	"os"
	"syscall"
)

// Tests do not wait for a disk where there is memory to keep files in: making a
// database is then ten times as fast, and nothing here is there to last.
func init() {
	const dir, room, noexec = "/dev/shm", 3 << 30, 8
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(dir, &fs) != nil || syscall.Access(dir, 2) != nil {
		return
	}
	if fs.Bavail*uint64(fs.Bsize) >= room && fs.Flags&noexec == 0 {
		os.Setenv("TMPDIR", dir)
	}
}
