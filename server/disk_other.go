//go:build !linux && !darwin

package server

// freeBytes does not know how to ask this system.
func freeBytes(string) (uint64, bool) { return 0, false }
